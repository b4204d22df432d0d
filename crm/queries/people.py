"""The open deals of people: who carries how many, and who left some behind."""

from dataclasses import dataclass

from django.db.models import Count
from django.db.models.functions import Lower

from crm.models import Deal
from pipeline.models import User
from pipeline.stages import Stage


@dataclass(frozen=True, kw_only=True)
class Load:
    """How many open deals somebody owns."""

    id: int
    name: str
    count: int
    has_left: bool


def loads(user: User) -> list[Load]:
    """The people in the reach of `user` who own open deals, by name; one query."""
    counted = (
        Deal.objects.visible_to(user)
        .open()
        .filter(owner__isnull=False)
        .values_list("owner_id", "owner__name", "owner__is_active")
        .annotate(count=Count("pk"))
        .order_by(Lower("owner__name"), "owner_id")
    )
    return [
        Load(id=pk, name=name, count=count, has_left=not active)
        for pk, name, active, count in counted
    ]


@dataclass(frozen=True, kw_only=True)
class Carried:
    """An open deal as a row that may be handed over."""

    id: int
    name: str
    company: str
    stage: int
    stage_name: str


def carried(person: User, *, by: User, most: int) -> tuple[list[Carried], int]:
    """The first open deals of a person that `by` may hand over, furthest first, and how many."""
    deals = Deal.objects.editable_by(by).open().filter(owner=person)
    rows = deals.order_by("-stage", "id").values_list("id", "name", "company__name", "stage")
    found = [
        Carried(
            id=pk,
            name=name,
            company=company if company and company != name else "",
            stage=stage,
            stage_name=str(Stage(stage).about.short),
        )
        for pk, name, company, stage in rows[:most]
    ]
    return found, deals.count()
