"""The people whose figures stand side by side."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Lower

from pipeline.models import PeopleChange, Role, SellingStyle, User
from pipeline.people.events import StyleChanged
from reports.question import Question


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """A person in the reader's reach. `has_joined` says whether he or she can sign in; `is_led` whether
    the team has a manager who is here; `former_style` is what the style was at the start of the period,
    if it changed in it."""

    id: int
    name: str
    style: str
    sells: bool
    has_joined: bool
    is_led: bool
    former_style: str

    @property
    def style_name(self) -> str:
        return str(SellingStyle(self.style).label)


def colleagues(question: Question) -> list[Colleague]:
    """Those whom a question is about, from A to Z, managers too; whoever left is asked for by name.
    One query."""
    return question.once("colleagues", lambda: _colleagues(question))


def _colleagues(question: Question) -> list[Colleague]:
    people = User.objects.whose_records_are_visible_to(question.reader)
    people = people.filter(question.of_people())
    changed = PeopleChange.objects.filter(
        person=OuterRef("pk"),
        kind=StyleChanged.kind,
        at__gte=question.period.starts_at,
        at__lt=question.period.ends_at,
    ).order_by("at", "pk")
    rows = (
        people.order_by(Lower("name"), "pk")
        .annotate(
            former_style=Subquery(changed.values("data__old")[:1]),
            has_joined=Exists(User.objects.able_to_sign_in().filter(pk=OuterRef("pk"))),
        )
        .values_list(
            "pk", "name", "style", "role", "has_joined", "team__manager__is_active", "former_style"
        )
    )
    return [
        Colleague(
            id=pk,
            name=name,
            style=style,
            sells=role == Role.SALESPERSON,
            has_joined=has_joined,
            is_led=bool(led),
            former_style=former if former in SellingStyle.values else "",
        )
        for pk, name, style, role, has_joined, led, former in rows
    ]
