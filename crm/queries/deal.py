"""What the deal page shows: one deal with its history and what is planned.

Rows are tuples of what is shown, by queries that are written once: the page asks half a dozen.
"""

import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Self

from django.db import DEFAULT_DB_ALIAS
from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from crm.events import ExpectedCloseChanged
from crm.models import (
    Activity,
    Deal,
    DealChange,
    DealLine,
    StageVisit,
    UndoableAct,
)
from crm.models.deal import DealQuerySet
from crm.models.due import Due
from crm.queries.deal_process import ids_of
from pipeline.models import User
from pipeline.people.access import Scope
from pipeline.process.stages import Outcome
from salesprocess.lib.prepared import Param, Prepared

# How many entries a timeline shows before one asks for more.
PAGE = 20
# What is planned on one deal at the same time; more than that is no plan.
PLANNED = 12

_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)
_DEAL = Param("deal", BigIntegerField())


class DealRecord(NamedTuple):
    """A deal with what one query can say about it; of other records, their names.

    `pushes` counts how often its closing date was moved to a later day (METRICS K13); `talks`,
    `edits` and `items` count the rows of its timeline and of what is to be sold.
    """

    pk: int
    version: int
    name: str
    company_id: int | None
    company: str | None
    owner_id: int | None
    owner: str | None
    team: str
    stage: int
    amount: Decimal | None
    currency: str
    expected_close_on: dt.date | None
    source: str | None
    source_detail: str
    source_company: str | None
    method: str | None
    outcome: str
    closed_at: dt.datetime | None
    initiator: str
    cause: str | None
    cause_key: str | None
    closing_note: str
    parked_until: dt.date | None
    team_id: int
    batch_id: int | None
    kept_version_ids: tuple[int, ...] | None
    may_edit: bool
    pushes: int
    talks: int
    edits: int
    items: int
    created_by_id: int | None

    @property
    def is_open(self) -> bool:
        return self.outcome == Outcome.OPEN

    def is_parked(self, today: dt.date) -> bool:
        return self.parked_until is not None and self.parked_until > today


def find(user: User, pk: int) -> DealRecord:
    """The deal within the reach of `user`. Raises Deal.DoesNotExist."""
    for found in _find(user.scope, deal=pk):
        return found
    raise Deal.DoesNotExist


def _within(scope: Scope) -> QuerySet[Deal, tuple[object, ...]]:
    changes = DealChange.objects.filter(deal=OuterRef("pk"))
    # Days are kept as ISO text, whose order is that of the days; a first or a last one has no other.
    dates = changes.filter(kind=ExpectedCloseChanged.kind)
    pushed = dates.alias(old=KT("data__old"), new=KT("data__new")).filter(new__gt=F("old"))
    return (
        Deal.objects.visible_to(scope)
        .filter(pk=_DEAL)
        .annotate(
            may_edit=Exists(Deal.objects.editable_by(scope).filter(pk=OuterRef("pk"))),
            pushes=_count(pushed),
            talks=_count(Activity.objects.done().filter(deal=OuterRef("pk"))),
            edits=_count(changes),
            items=_count(DealLine.objects.filter(deal=OuterRef("pk"))),
        )
        .values_list(
            "pk",
            "version",
            "name",
            "company_id",
            "company__name",
            "owner_id",
            "owner__name",
            "team__name",
            "stage",
            "amount",
            "currency",
            "expected_close_on",
            "source__name",
            "source_detail",
            "source_company__name",
            "method__name",
            "outcome",
            "closed_at",
            "initiator",
            "cause__name",
            "cause__key",
            "closing_note",
            "parked_until",
            "team_id",
            "batch_id",
            "kept_version_ids",
            "may_edit",
            "pushes",
            "talks",
            "edits",
            "items",
            "created_by_id",
        )
    )


def _found(row: Sequence[Any]) -> DealRecord:
    found = DealRecord._make(row)
    return found._replace(kept_version_ids=ids_of(row[_KEPT])) if row[_KEPT] else found


_KEPT = DealRecord._fields.index("kept_version_ids")
_find = Prepared(_found, _within)


def _count(rows: QuerySet) -> Coalesce:  # type: ignore[type-arg]  # of any model
    counted = rows.order_by().values("deal").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def editable(user: User, pk: int, *, lock: bool = False) -> Deal:
    """The deal itself, if `user` may change it; with `lock`, nobody else may until it is done.

    Raises Deal.DoesNotExist.
    """
    for deal in (_locked if lock else _editable)(user.scope, deal=pk):
        return deal
    raise Deal.DoesNotExist


_FIELDS = [field.attname for field in Deal._meta.concrete_fields]


def _whole(row: Sequence[object]) -> Deal:
    deal = Deal.from_db(DEFAULT_DB_ALIAS, _FIELDS, row)
    # A cursor gives JSON as it is written; models read it.
    if isinstance(deal.kept_version_ids, str):
        deal.kept_version_ids = json.loads(deal.kept_version_ids)
    return deal


def _to_edit(scope: Scope) -> DealQuerySet:
    return Deal.objects.editable_by(scope).filter(pk=_DEAL)


_editable = Prepared(_whole, lambda scope: _to_edit(scope).values_list(*_FIELDS))
_locked = Prepared(_whole, lambda scope: _to_edit(scope).select_for_update().values_list(*_FIELDS))


def to_undo(user: User, pk: int, *, lock: bool = False) -> Deal:
    """As `editable`; also a deal that `user` has just handed over out of the own reach.

    Raises Deal.DoesNotExist.
    """
    try:
        return editable(user, pk, lock=lock)
    except Deal.DoesNotExist:
        given = UndoableAct.objects.editable_by(user).filter(verb=GIVEN_AWAY)
        deals = Deal.objects.filter(pk__in=given.values("deal"))
        return (deals.select_for_update() if lock else deals).get(pk=pk)


# The one verb that may take a record out of the reach of whoever does it (`UndoableAct.verb`).
GIVEN_AWAY = "hand_over"


def claimable(user: User, pk: int) -> Deal:
    """The deal in the pool of the team of `user`. Raises Deal.DoesNotExist."""
    return Deal.objects.claimable_by(user).get(pk=pk)


def visible(user: User, pk: int) -> Deal:
    """The deal itself within the reach of `user`. Raises Deal.DoesNotExist."""
    return Deal.objects.visible_to(user).get(pk=pk)


def is_visible(user: User, pk: int) -> bool:
    return Deal.objects.visible_to(user).filter(pk=pk).exists()


def with_companies(user: User, pk: int) -> Deal:
    """As `editable`, with its company and the customer it came from."""
    return Deal.objects.editable_by(user).select_related("company", "source_company").get(pk=pk)


def latest_visit(deal: Deal) -> StageVisit | None:
    return StageVisit.objects.filter(deal=deal).order_by("-sequence").first()


class VisitRecord(NamedTuple):
    """A visit of the deal in a stage; people by their names."""

    id: int
    stage: int
    entered_at: dt.datetime | None
    entered_how: str
    entered_by: str | None
    reason: str
    left_at: dt.datetime | None
    left_how: str | None
    left_by: str | None
    exit_amount: Decimal | None
    version_ids: tuple[int, ...]


def visits(deal: int) -> list[VisitRecord]:
    """Every visit of the deal, oldest first."""
    return _visits(deal=deal)


def _visit(row: Sequence[Any]) -> VisitRecord:
    return VisitRecord._make((*row[:-1], ids_of(row[-1])))


_visits = Prepared(
    _visit,
    lambda: (
        StageVisit.objects.filter(deal=_DEAL)
        .order_by("sequence")
        .values_list(
            "id",
            "stage",
            "entered_at",
            "entered_how",
            "entered_by__name",
            "reason",
            "left_at",
            "left_how",
            "left_by__name",
            "exit_amount",
            "version_ids",
        )
    ),
)


class Talk(NamedTuple):
    """An activity, done or planned; people by their names."""

    id: int
    kind: str
    subject: str
    body: str
    contact: str | None
    owner_id: int
    owner: str
    due_on: dt.date | None
    due_at: dt.datetime | None
    due_by: dt.datetime | None
    done_at: dt.datetime | None
    result: str

    @property
    def due(self) -> Due | None:
        return None if self.due_by is None else Due(on=self.due_on, at=self.due_at)

    @classmethod
    def of(cls, row: Activity) -> Self:
        return cls(
            id=row.pk,
            kind=row.kind,
            subject=row.subject,
            body=row.body,
            contact=row.contact.name if row.contact else None,
            owner_id=row.owner_id,
            owner=row.owner.name,
            due_on=row.due_on,
            due_at=row.due_at,
            due_by=row.due_by,
            done_at=row.done_at,
            result=row.result,
        )


_TALK = (
    "id",
    "kind",
    "subject",
    "body",
    "contact__name",
    "owner_id",
    "owner__name",
    "due_on",
    "due_at",
    "due_by",
    "done_at",
    "result",
)


def _planned() -> QuerySet[Activity, tuple[object, ...]]:
    rows = Activity.objects.filter(deal=_DEAL).planned()
    return rows.order_by("due_by", "id").values_list(*_TALK)[:PLANNED]


def done_talks(older: Q) -> QuerySet[Activity, tuple[object, ...]]:
    rows = Activity.objects.filter(older, deal=_DEAL).done()
    return rows.order_by("-done_at", "-id").values_list(*_TALK)[: PAGE + 1]


_plans = Prepared(Talk._make, _planned)


def planned_talks(deal: int) -> list[Talk]:
    """What is planned, the next one first."""
    return _plans(deal=deal)


_activities = Prepared(Talk._make, lambda: _planned().union(done_talks(Q()), all=True))


def activities(deal: int) -> tuple[list[Talk], list[Talk]]:
    """What is planned, the next one first, and what was done lately, the latest first. One query."""
    planned: list[Talk] = []
    done: list[Talk] = []
    for row in _activities(deal=deal):
        (planned if row.done_at is None else done).append(row)
    # SQL does not promise that a union keeps the order of its parts.
    planned.sort(key=lambda row: (row.due_by or _NEVER, row.id))
    return planned, done


class NextPlan(NamedTuple):
    """What comes next on a deal: on a day or at an hour, by when, and what; or nothing."""

    on: dt.date | None = None
    at: dt.datetime | None = None
    by: dt.datetime | None = None
    kind: str = ""

    @classmethod
    def of(cls, row: Activity) -> Self:
        return cls(row.due_on, row.due_at, row.due_by, row.kind)


def first_planned(deal: int) -> NextPlan:
    for row in _first_planned(deal=deal):
        return row
    return NextPlan()


_first_planned = Prepared(
    NextPlan._make,
    lambda: (
        Activity.objects.filter(deal=_DEAL)
        .planned()
        .order_by("due_by", "id")
        .values_list("due_on", "due_at", "due_by", "kind")[:1]
    ),
)
