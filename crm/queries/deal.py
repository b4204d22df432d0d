"""What the deal page shows: one deal with its history, its people, its lines and what is planned."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Self

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from crm.models import (
    Activity,
    Contact,
    Deal,
    DealChange,
    DealContact,
    DealLine,
    DealRole,
    Rate,
    StageVisit,
)
from pipeline.models import User

# How many entries a timeline shows before one asks for more.
PAGE = 20
# What is planned on one deal at the same time; more than that is no plan.
PLANNED = 12


@dataclass(frozen=True, kw_only=True)
class Found:
    """A deal with what one query can say about it.

    `pushes` counts how often its closing date was moved to a later day (METRICS K13); `talks` and
    `edits` count the rows of its timeline.
    """

    deal: Deal
    may_edit: bool
    pushes: int
    talks: int
    edits: int


def find(user: User, pk: int) -> Found:
    """The deal within the reach of `user`. Raises Deal.DoesNotExist."""
    changes = DealChange.objects.filter(deal=OuterRef("pk"))
    # Days are kept as ISO text, whose order is that of the days.
    pushed = changes.filter(field="expected_close_on", new__gt=F("old")).exclude(old="")
    deal = (
        Deal.objects.visible_to(user)
        .select_related(
            "company", "owner", "team", "source", "source_company", "method", "cause", "changed_by"
        )
        .annotate(
            may_edit=Exists(Deal.objects.editable_by(user).filter(pk=OuterRef("pk"))),
            pushes=_count(pushed),
            talks=_count(Activity.objects.done().filter(deal=OuterRef("pk"))),
            edits=_count(changes),
        )
        .get(pk=pk)
    )
    said = vars(deal)  # what was annotated, which the type of Deal does not know
    return Found(
        deal=deal, **{name: said[name] for name in ("may_edit", "pushes", "talks", "edits")}
    )


def _count(rows: QuerySet) -> Coalesce:  # type: ignore[type-arg]  # of any model
    counted = rows.order_by().values("deal").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def visits(deal: Deal) -> list[StageVisit]:
    """Every stay of the deal, oldest first."""
    return list(
        deal.visits.select_related("entered_by", "left_by", "entry_owner").order_by("sequence")
    )


def planned(deal: Deal) -> list[Activity]:
    """What is planned, the next one first."""
    rows = deal.activities.planned().select_related("owner", "contact")
    return list(rows.order_by("due_at", "id")[:PLANNED])


@dataclass(frozen=True, kw_only=True)
class Person:
    contact: Contact
    role: DealRole
    points: Sequence[tuple[str, str]]  # (kind, as typed)


def people(deal: Deal) -> list[Person]:
    """The other side's people, who decides first, with how to reach them. One query."""
    links = (
        DealContact.objects.filter(deal=deal)
        .select_related("contact", "contact__company")
        .annotate(kind=F("contact__points__kind"), typed=F("contact__points__typed"))
        .order_by("id", "kind", "typed")
    )
    found: dict[int, tuple[DealContact, list[tuple[str, str]]]] = {}
    for link in links:
        _link, points = found.setdefault(link.pk, (link, []))
        if link.typed:
            points.append((link.kind, link.typed))
    order = list(DealRole)
    rows = [
        Person(contact=link.contact, role=DealRole(link.role), points=points)
        for link, points in found.values()
    ]
    return sorted(rows, key=lambda person: order.index(person.role))


def lines(deal: Deal) -> list[DealLine]:
    return list(deal.lines.select_related("product").order_by("id"))


def total(rows: Sequence[DealLine]) -> Decimal | None:
    """What the lines come to, in the deal's currency; None while a price is not known."""
    prices = [line.unit_price for line in rows]
    if not rows or None in prices:
        return None
    return sum(
        (line.quantity * line.unit_price for line in rows if line.unit_price is not None),
        Decimal(0),
    ).quantize(Decimal("0.01"))


def currencies(user: User) -> list[str]:
    """The organisation's currency and those that have a rate, so that every sum can be made."""
    own = user.organisation.currency
    rated = Rate.objects.order_by("currency").values_list("currency", flat=True).distinct()
    return [own, *(code for code in rated if code != own)]


class Rank(IntEnum):
    """Which of several entries of one instant is told first (the highest), as it came last."""

    TALK = 1
    CHANGE = 2
    MOVE = 3
    END = 4


@dataclass(frozen=True, order=True)
class Place:
    """Where an entry stands in the order of a timeline, which runs backwards."""

    at: dt.datetime
    rank: int
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}_{self.rank}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError for what no entry ever wrote."""
        at, rank, number = text.split("_")
        moment = dt.datetime.fromisoformat(at)
        if moment.tzinfo is None or not 0 <= int(number) < 2**63:
            raise ValueError(text)
        return cls(moment, Rank(int(rank)), int(number))


@dataclass(frozen=True, kw_only=True)
class Entry:
    place: Place
    record: Activity | DealChange | StageVisit


SHOWS = ("all", "talks", "changes")


def timeline(
    deal: Deal, stays: Sequence[StageVisit], *, show: str = "all", before: Place | None = None
) -> tuple[list[Entry], bool]:
    """The latest PAGE entries older than `before`, and whether there are older ones still.

    Each table gives at most PAGE + 1 rows along its own index; the merge is made here, because a
    union would read the whole of each.
    """
    found: list[Entry] = []
    if show in ("all", "talks"):
        found += _talks(deal, before)
    if show in ("all", "changes"):
        found += _changes(deal, before)
        found += [entry for entry in moves_of(stays) if before is None or entry.place < before]
    found.sort(key=lambda entry: entry.place, reverse=True)
    return found[:PAGE], len(found) > PAGE


def _talks(deal: Deal, before: Place | None) -> Iterator[Entry]:
    rows = deal.activities.for_timeline()
    for row in rows.filter(_older("done_at", Rank.TALK, before))[: PAGE + 1]:
        assert row.done_at is not None  # noqa: S101  # for_timeline has done ones only
        yield Entry(place=Place(row.done_at, Rank.TALK, row.pk), record=row)


def _changes(deal: Deal, before: Place | None) -> Iterator[Entry]:
    rows = deal.changes.select_related("by").order_by("-at", "-id")
    for row in rows.filter(_older("at", Rank.CHANGE, before))[: PAGE + 1]:
        yield Entry(place=Place(row.at, Rank.CHANGE, row.pk), record=row)


def moves_of(stays: Sequence[StageVisit]) -> Iterator[Entry]:
    """Entries of stages that have a date, and the ends that closed the deal."""
    for stay in stays:
        if stay.entered_at is not None:
            yield Entry(place=Place(stay.entered_at, Rank.MOVE, stay.pk), record=stay)
        if stay.left_at is not None and stay.left_how in ("won", "stopped"):
            yield Entry(place=Place(stay.left_at, Rank.END, stay.pk), record=stay)


def _older(field: str, rank: Rank, before: Place | None) -> Q:
    if before is None:
        return Q()
    older = Q(**{f"{field}__lt": before.at})
    if rank < before.rank:
        older |= Q(**{field: before.at})
    elif rank == before.rank:
        older |= Q(**{field: before.at, "pk__lt": before.id})
    return older
