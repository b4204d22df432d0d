"""What happened to a deal, the latest first: talks, changes and moves, merged from their tables."""

import datetime as dt
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple, Self

from django.db.models import (
    BigIntegerField,
    DateTimeField,
    Q,
    QuerySet,
)

from crm.models import (
    DealChange,
)
from crm.queries.deal import PAGE, DealRecord, Talk, VisitRecord, done_talks
from salesprocess.lib.dates import parse_instant
from salesprocess.lib.events import Event, event_of
from salesprocess.lib.keyset import Cursor, SortKey
from salesprocess.lib.prepared import Param, Prepared

_DEAL = Param("deal", BigIntegerField())
# Where a timeline was left off: entries of that instant below this id are older still.
_BEFORE_AT, _BELOW_ID = Param("at", DateTimeField()), Param("id", BigIntegerField())


class Rank(IntEnum):
    """Which of several entries of one instant is told first (the highest), as it came last."""

    TALK = 1
    CHANGE = 2
    MOVE = 3
    END = 4


def _cursor_key(key: Any) -> tuple[dt.datetime, Rank]:
    at, rank = key
    return parse_instant(at), Rank(int(rank))


# Of a timeline, which runs backwards; it is merged from several tables.
ORDER = SortKey(by=None, read=_cursor_key, never_null=True)


class DealChangeRecord(NamedTuple):
    """What happened to the deal, but for moves; who did it by name, and what was said of it."""

    id: int
    at: dt.datetime
    by: str | None
    event: Event
    reason: str

    @classmethod
    def of(cls, row: Sequence[Any]) -> Self:
        pk, at, by, kind, data, reason = row
        return cls(pk, at, by, event_of(kind, data), reason)


def _edited(older: Q) -> QuerySet[DealChange, tuple[object, ...]]:
    rows = DealChange.objects.filter(older, deal=_DEAL).order_by("-at", "-id")
    return rows.values_list("id", "at", "by__name", "kind", "data", "reason")[: PAGE + 1]


def _older(field: str) -> Q:
    return Q(**{f"{field}__lt": _BEFORE_AT}) | Q(**{field: _BEFORE_AT, "pk__lt": _BELOW_ID})


_changes = Prepared(DealChangeRecord.of, lambda: _edited(Q()))
_older_changes = Prepared(DealChangeRecord.of, lambda: _edited(_older("at")))
_older_talks = Prepared(Talk._make, lambda: done_talks(_older("done_at")))


class TimelineEntry(NamedTuple):
    at: dt.datetime
    rank: Rank
    record: Talk | DealChangeRecord | VisitRecord

    @property
    def cursor(self) -> Cursor:
        return Cursor((self.at, self.rank), self.record.id)


SHOWS = ("all", "talks", "changes")


def timeline(
    found: DealRecord,
    visits: Sequence[VisitRecord],
    done: Sequence[Talk],
    *,
    show: str = "all",
    before: Cursor | None = None,
) -> tuple[list[TimelineEntry], bool]:
    """The latest PAGE entries older than `before`, and whether there are older ones still.

    `done` is what `activities` gives: the newest talks. Each table gives at most PAGE + 1 rows
    along its own index; the merge is made here, because a union would read the whole of each.
    """
    entries: list[TimelineEntry] = []
    if show in ("all", "talks"):
        entries += _talks(found, done, before)
    if show in ("all", "changes"):
        entries += _edits(found, before)
        entries += [one for one in moves_of(visits) if before is None or one.cursor < before]
    entries.sort(key=lambda entry: entry.cursor, reverse=True)
    return entries[:PAGE], len(entries) > PAGE


def _talks(
    found: DealRecord, done: Sequence[Talk], before: Cursor | None
) -> Iterator[TimelineEntry]:
    if before is not None:
        done = _older_talks(deal=found.pk, **_left_off(before, Rank.TALK))
    for row in done:
        assert row.done_at is not None  # noqa: S101  # they are done
        yield TimelineEntry(row.done_at, Rank.TALK, row)


def _edits(found: DealRecord, before: Cursor | None) -> Iterator[TimelineEntry]:
    if not found.edits:
        return
    if before is None:
        rows = _changes(deal=found.pk)
    else:
        rows = _older_changes(deal=found.pk, **_left_off(before, Rank.CHANGE))
    for row in rows:
        yield TimelineEntry(row.at, Rank.CHANGE, row)


def moves_of(visits: Sequence[VisitRecord]) -> Iterator[TimelineEntry]:
    """Entries of stages that have a date, and the ends that closed the deal."""
    for visit in visits:
        if visit.entered_at is not None:
            yield TimelineEntry(visit.entered_at, Rank.MOVE, visit)
        if visit.left_at is not None and visit.left_how in ("won", "stopped"):
            yield TimelineEntry(visit.left_at, Rank.END, visit)


def _left_off(before: Cursor, of: Rank) -> dict[str, Any]:
    """The params of `_older` for entries of a rank: of the same instant those of a lower rank are
    older, those of a higher one are not."""
    at, rank = before.key
    if of == rank:
        return {"at": at, "id": before.id}
    return {"at": at, "id": 2**63 - 1 if of < rank else 0}
