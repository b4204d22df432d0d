"""How long people type in forms: one's own, and the middle of several people."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median

from django.db.models import Count, Sum, Value

from pipeline.models import User
from reports.figures import LEAST_PEOPLE, Period
from reports.models import FormKind, FormTime


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


@dataclass(frozen=True, kw_only=True)
class FormTimes:
    """The reader's own, of nobody else; and the middle of the people asked about, None of fewer than
    LEAST_PEOPLE who sent any: managers are told no more than others."""

    own: Sequence[TypedTime]
    usual: UsualTime | None


def times_in_forms(reader: User, people: Collection[int], period: Period) -> FormTimes:
    """`people` are ids; the rows of others are shown to nobody. One query."""
    days = (period.start_on, period.end_on)
    own = FormTime.objects.visible_to(reader).filter(person=reader, on__range=days)
    others = FormTime.objects.filter(
        person__in=people, person__form_times=True, on__range=days
    ).annotate(nobody=Value(""))
    rows = (
        own.order_by()
        .values_list("kind", "person")
        .annotate(count=Sum("sent"), total=Sum("seconds"))
        .union(
            others.order_by()
            .values_list("nobody", "person")
            .annotate(count=Count("on", distinct=True), total=Sum("seconds")),
            all=True,
        )
    )
    order = list(FormKind)
    mine, a_day = [], []
    for kind, _person, count, seconds in rows:
        if kind:
            mine.append(TypedTime(kind=FormKind(kind), sent=count, seconds=seconds))
        else:
            a_day.append(seconds / count)
    return FormTimes(
        own=sorted(mine, key=lambda each: order.index(each.kind)),
        usual=UsualTime(seconds_a_day=median(a_day), people=len(a_day))
        if len(a_day) >= LEAST_PEOPLE
        else None,
    )
