"""What the lists read for each of their rows, beside what their lines are made of. Whose a record is
stands last everywhere."""

from collections.abc import Sequence
from typing import Any

from django.db.models import (
    CharField,
    Count,
    Func,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, Left

from crm.models import ContactPoint, Deal, PointKind
from crm.models.letters import Fold
from crm.queries.activity import stage_now
from pipeline.people.access import Scope

# What is read for each deal; a column less is a value less for each of 50 rows.
OF_DEAL = (
    *("id", "stage", "outcome", "name", "company__name", "amount", "currency", "owner__name"),
    *("next_on", "next_at", "next_kind", "parked_until", "closed_at", "team_id", "batch_id"),
    "version",
)
IN_STAGE = ("stage_entered_at", "cause__name")
OF_ACTIVITY = (
    "pk",
    "kind",
    "subject",
    Left("body", 160),
    "deal_id",
    "deal__name",
    "company_id",
    "company__name",
    "contact_id",
    "contact__name",
    "owner__name",
    "due_on",
    "due_at",
    "done_at",
    "cancelled_at",
    "result",
    stage_now(),
    "deal__outcome",
    "holder_id",
    "holder_team_id",
    "batch_id",
    "owner_id",
)


def of_company(scope: Scope) -> Sequence[Any]:
    return (
        "pk",
        "name",
        "industry",
        "relationship",
        "country",
        "employees",
        open_deals(scope),
        "owner__name",
        "batch_id",
        "owner_id",
    )


def of_contact(scope: Scope) -> Sequence[Any]:
    deals = Deal.objects.visible_to(scope).open().filter(contacts=OuterRef("pk"))
    return (
        "pk",
        "name",
        "job_title",
        "company_id",
        "company__name",
        first_point(PointKind.EMAIL),
        first_point(PointKind.PHONE),
        _count(deals, "contacts"),
        "owner__name",
        "batch_id",
        "owner_id",
    )


def open_deals(scope: Scope) -> Subquery:
    """How many open deals in sight the company of the outer query has."""
    found = Deal.objects.visible_to(scope).open().filter(company=OuterRef("pk"))
    return _count(found, "company")


def _count(rows: QuerySet[Any], by: str) -> Subquery:
    counted = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Subquery(counted, output_field=IntegerField())


def first_point(kind: PointKind) -> Subquery:
    """The first address or number of the contact of the outer query."""
    found = ContactPoint.objects.filter(contact=OuterRef("pk"), kind=kind).order_by("pk")
    return Subquery(found.values("typed")[:1])


def by_group(group: str, *, deals: bool) -> Concat:
    """What rows are put in order by, by "stage" or else by owner: those of one group together, two people
    of one name apart; in each of deals what asks for somebody first, of others the names."""
    if group == "stage":
        first: Any = Cast("stage", CharField())
    else:
        name = Coalesce(Fold("owner__name"), Value("~"), output_field=CharField())
        who = Coalesce(Cast("owner_id", CharField()), Value("0"), output_field=CharField())
        first = Concat(name, Value("|"), who, output_field=CharField())
    within: Any = Fold("name")
    if deals:
        within = Func(
            "attention_at",
            Value("YYYYMMDDHH24MISSUS"),
            function="to_char",
            output_field=CharField(),
        )
    within = Coalesce(within, Value(""), output_field=CharField())
    return Concat(first, Value("|"), within, output_field=CharField())
