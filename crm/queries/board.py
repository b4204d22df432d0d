"""What the board shows: seven columns with their sums, and the cards that stand on top of them."""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from django.db.models import DateTimeField, Expression, IntegerField, Q

from crm.models.deal import DealQuerySet
from crm.worth import NOTHING, Worth
from pipeline.people.access import Scope
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.keyset import Cursor, Ordering, Rows, by_instant
from salesprocess.lib.prepared import Param, Statement, Statements, fetch

# How many cards a column shows before one asks for more, and the most that it will ever show.
PAGE = 20
MOST = 200
# Won and stopped deals stay in sight for this long.
CLOSED_DAYS = 90


class BoardRow(NamedTuple):
    """One deal as the board needs it: columns of one query, nothing formatted."""

    id: int
    version: int
    stage: int
    outcome: str
    name: str
    company: str | None
    source: str | None
    amount: Decimal | None
    currency: str
    owner_id: int | None
    owner: str | None
    team_id: int
    stage_entered_at: dt.datetime | None
    expected_close_on: dt.date | None
    next_on: dt.date | None
    next_at: dt.datetime | None
    next_kind: str
    parked_until: dt.date | None
    attention_at: dt.datetime | None
    created_at: dt.datetime
    touched_at: dt.datetime | None
    closed_at: dt.datetime | None
    cause: str | None
    batch_id: int | None


FIELDS = (
    "id",
    "version",
    "stage",
    "outcome",
    "name",
    "company__name",
    "source__name",
    "amount",
    "currency",
    "owner_id",
    "owner__name",
    "team_id",
    "stage_entered_at",
    "expected_close_on",
    "next_on",
    "next_at",
    "next_kind",
    "parked_until",
    "attention_at",
    "created_at",
    "touched_at",
    "closed_at",
    "cause__name",
    "batch_id",
)


@dataclass(frozen=True, kw_only=True)
class StageSum:
    count: int = 0
    worth: Worth = NOTHING


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Counts and values of a board, in the organisation's currency.

    `version` changes whenever anything in sight did: a deal was changed, came or went, or the
    clock made something overdue.
    """

    # By the number of the column.
    stages: Mapping[int, StageSum]
    closed: Mapping[Outcome, StageSum]
    version: str
    total: StageSum = field(default_factory=StageSum)


class Sight(Protocol):
    """What the reader may see and asks for, annotated by `with_value`."""

    @property
    def scope(self) -> Scope: ...

    @property
    def key(self) -> Hashable:
        """What the SQL of `deals` depends on besides, where it is worth keeping, else None."""

    def deals(self, scope: Scope) -> DealQuerySet: ...


_AT = Param("at", DateTimeField())
_SINCE = Param("since", DateTimeField())


def sums(
    sight: Sight, *, at: dt.datetime, today: dt.date, column: Expression | None = None
) -> Sums:
    """Sums over open deals by stage, or by what `column` says of each; and over those closed in the
    last CLOSED_DAYS by outcome.

    `today` is the reader's: what is due on a day changes at his or her midnight. One query, grouped
    in SQL.
    """
    key = sight.key if column is None else None
    found = _SUMS.get(lambda scope: _in_sums(sight, scope, column), sight.scope, key=key)
    statement = found._replace(sql=_SUMMED.format(rows=found.sql), params=(_AT, *found.params))
    times = {"at": at, "since": at - dt.timedelta(CLOSED_DAYS)}
    rows = fetch(statement, {**sight.scope.params, **times}) if found.sql else []
    stages: dict[int, list[StageSum]] = defaultdict(list)
    closed: dict[Outcome, list[StageSum]] = defaultdict(list)
    for outcome, stage, currency, count, value, valued, *_marks in rows:
        worth = Worth.of(currency, count=count, value=value, valued=valued)
        part = StageSum(count=count, worth=worth)
        if outcome == Outcome.OPEN:
            stages[stage].append(part)
        else:
            closed[Outcome(outcome)].append(part)
    digest = hashlib.sha256(repr((today, rows)).encode()).hexdigest()[:16]
    return Sums(
        stages={stage: _added(parts) for stage, parts in stages.items()},
        closed={outcome: _added(parts) for outcome, parts in closed.items()},
        version=digest,
        total=_added(part for parts in stages.values() for part in parts),
    )


_SUMS = Statements()
# By currency as well, because to gather the currencies of a group its rows would have to be sorted.
_SUMMED = """
    SELECT outcome, stage, currency, count(*), sum(value), count(value),
        sum(version), max(changed_at), count(*) FILTER (WHERE next_at < %s)
    FROM ({rows}) AS deal (outcome, stage, currency, value, version, changed_at, next_at)
    GROUP BY outcome, stage, currency ORDER BY outcome, stage, currency
"""
_IN_SUMS = ("outcome", "stage", "foreign", "value", "version", "changed_at", "next_at")


def _in_sums(sight: Sight, scope: Scope, column: Expression | None) -> Rows:
    """By stage, what the index `deal_sums` has of each deal, and no more."""

    def rows(scope: Scope) -> Rows:
        deals: Rows = sight.deals(scope).order_by()
        if column is not None:
            deals = deals.annotate(placed=column)
        fields = _IN_SUMS if column is None else (_IN_SUMS[0], "placed", *_IN_SUMS[2:])
        deals = deals.values_list(*fields)
        return deals.filter(Q(outcome=Outcome.OPEN) | Q(closed_at__gte=_SINCE))

    # What is filtered may cost a query to write.
    return rows(scope) if sight.key is None else scope.union(rows)


def _added(parts: Iterable[StageSum]) -> StageSum:
    parts = list(parts)
    return StageSum(
        count=sum(part.count for part in parts),
        worth=sum((part.worth for part in parts), NOTHING),
    )


def rows(
    sight: Sight,
    *,
    limits: Mapping[Stage, int],
    closed: Outcome | None = None,
    at: dt.datetime,
) -> tuple[dict[Stage, list[BoardRow]], list[BoardRow]]:
    """The first cards of each column, riskiest first, and the latest closed ones of one outcome.

    One query for all columns: stage by stage a short walk along the board's index, while a window
    over everything would sort all open deals, and a union of seven be planned seven times.
    """
    scope = sight.scope
    column = _COLUMN.get(lambda scope: _column(sight.deals(scope)), scope, key=sight.key)
    columns: dict[Stage, list[BoardRow]] = {stage: [] for stage in Stage}
    ended: list[BoardRow] = []
    if not column.sql:
        return columns, ended
    sql = _EACH_STAGE.replace("COLUMN", column.sql)
    params = (Stage.values, [limits.get(stage, PAGE) for stage in Stage], *column.params)
    kept = column.kept and closed is None
    if closed is not None:
        since = at - dt.timedelta(CLOSED_DAYS)
        late = (
            sight.deals(scope)
            .filter(outcome=closed, closed_at__gte=since)
            .order_by("-closed_at", "id")
        )
        more, its_params = late.values_list(*FIELDS)[:PAGE].query.sql_with_params()
        sql, params = f"{sql} UNION ALL ({more})", (*params, *its_params)
    for row in map(BoardRow._make, fetch(Statement(sql, params, kept), scope.params)):
        if row.outcome == Outcome.OPEN:
            columns[Stage(row.stage)].append(row)
        else:
            ended.append(row)
    # SQL does not promise that a union keeps the order of its parts.
    for cards in columns.values():
        cards.sort(key=urgency)
    ended.sort(key=lambda row: (row.closed_at is not None, row.closed_at), reverse=True)
    return columns, ended


_COLUMN = Statements()
_EACH_STAGE = """
    SELECT card.* FROM unnest(%s::int[], %s::int[]) AS wanted (stage, most)
    CROSS JOIN LATERAL (COLUMN LIMIT wanted.most) AS card
"""


class _Wanted(Expression):
    """The stage of the column that is wanted just then."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "wanted.stage", []


# What asks for somebody first comes first, and nothing planned asks most urgently.
ORDERING = Ordering(sort_key=by_instant("attention_at", nulls_first_upwards=True))


def more_rows(deals: DealQuerySet, *, stage: Stage, after: Cursor) -> list[BoardRow]:
    """The next PAGE cards of a column, below where it was left off."""
    rows = ORDERING.apply(deals.open().filter(stage=stage)).filter(ORDERING.beyond(after))
    return [BoardRow(*row) for row in rows.values_list(*FIELDS)[:PAGE]]


def _column(deals: DealQuerySet) -> Rows:
    wanted = _Wanted(IntegerField())
    return ORDERING.apply(deals.open().filter(stage=wanted)).values_list(*FIELDS)


def urgency(row: BoardRow) -> tuple[bool, dt.datetime, int]:
    nothing = dt.datetime.min.replace(tzinfo=dt.UTC)
    return row.attention_at is not None, row.attention_at or nothing, row.id
