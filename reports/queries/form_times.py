"""How long people type in forms: one's own, and the middle of several people."""

from collections.abc import Collection
from dataclasses import dataclass
from statistics import median

from django.db.models import Count, Sum

from pipeline.models import User
from reports.figures import Period
from reports.models import FormKind, FormTime

# A middle of fewer would tell of each; managers are told no more than others.
LEAST_PEOPLE = 5


@dataclass(frozen=True, kw_only=True)
class TypedTime:
    """Of one person in a period: how many forms of a kind were sent, and the seconds of them."""

    kind: FormKind
    sent: int
    seconds: int


@dataclass(frozen=True, kw_only=True)
class UsualTime:
    """The middle of so many people: seconds in forms on a day on which any was sent."""

    seconds_a_day: float
    people: int


def own_times(reader: User, period: Period) -> list[TypedTime]:
    """The reader's, of nobody else; one query."""
    rows = (
        FormTime.objects.visible_to(reader)
        .filter(on__range=(period.start_on, period.end_on))
        .values_list("kind")
        .annotate(sent=Sum("sent"), seconds=Sum("seconds"))
    )
    order = list(FormKind)
    found = [TypedTime(kind=FormKind(kind), sent=sent, seconds=s) for kind, sent, s in rows]
    return sorted(found, key=lambda each: order.index(each.kind))


def usual_time(people: Collection[int], period: Period) -> UsualTime | None:
    """The middle of the people, given by their ids; None of fewer than five who sent any. One query,
    whose rows are shown to nobody."""
    rows = (
        FormTime.objects.filter(
            person__in=people,
            person__form_times=True,
            on__range=(period.start_on, period.end_on),
        )
        .values_list("person")
        .annotate(days=Count("on", distinct=True), seconds=Sum("seconds"))
    )
    a_day = [seconds / days for _person, days, seconds in rows]
    if len(a_day) < LEAST_PEOPLE:
        return None
    return UsualTime(seconds_a_day=median(a_day), people=len(a_day))
