"""Long lists a page at a time: order by a closed map of columns, walk by key, count up to a cap.

A page is found by the keys of the row before it, never by how many rows precede it: the thousandth
page costs what the first one does, and a row that comes or goes shifts nothing.
"""

import datetime as dt
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import connection, transaction
from django.db.models import CharField, Count, F, Q, QuerySet

from crm import worth as worths
from crm.models import ListKind, SavedView
from crm.shipped import shown
from crm.worth import NOTHING, Worth
from pipeline.access import Scope
from pipeline.models import Team, User
from salesprocess.lib.dates import instant_of
from salesprocess.lib.prepared import Param, Statements, ask

PAGE = 50
# Counting goes no further: nobody reads on, and it would cost more than the page.
CAP = 10_000
CHUNK = 1000
# No key of ours is longer, in letters of an address.
LONGEST = 500

Rows = QuerySet[Any, Any]
Within = Callable[[Scope], Rows]


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    value.encode()  # half a character, which JSON can write, is an error here and not in SQL
    return value


def _number(value: Any) -> Decimal:
    number = Decimal(_text(value))
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise ValueError(value)
    return number


def _day(value: Any) -> dt.date:
    return dt.date.fromisoformat(_text(value))


def _instant(value: Any) -> dt.datetime:
    return instant_of(_text(value))


@dataclass(frozen=True, kw_only=True)
class Order:
    """One way to put a list in order. `by` is a field or an expression, unique only with the id.

    `read` takes a key back from an address. What has no value comes last in both directions,
    except where its absence is what matters most (`nothing_first`, upwards).
    """

    by: Any
    read: Callable[[Any], Any]
    nothing_first: bool = False
    # Never without a value: an index serves such an order only if it is not asked where nulls go.
    always: bool = False


def by_text(by: Any, *, always: bool = False) -> Order:
    return Order(by=by, read=_text, always=always)


def by_number(by: Any, *, always: bool = False) -> Order:
    return Order(by=by, read=_number, always=always)


def by_day(by: Any) -> Order:
    return Order(by=by, read=_day)


def by_instant(by: Any, *, always: bool = False, nothing_first: bool = False) -> Order:
    return Order(by=by, read=_instant, always=always, nothing_first=nothing_first)


@dataclass(frozen=True)
class Place:
    """A row's place in an order: its key and its id."""

    key: Any
    id: int

    def __str__(self) -> str:
        key = self.key
        if isinstance(key, dt.date):
            key = key.isoformat()
        elif isinstance(key, Decimal | int):
            key = str(key)
        return json.dumps([key, self.id], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str, order: Order) -> "Place":
        """Raises ValueError for what no page ever wrote."""
        try:
            if len(text) > LONGEST:
                raise ValueError(text)
            key, number = json.loads(text)
            if type(number) is not int or not 0 <= number < 2**63:
                raise ValueError(text)
            return cls(None if key is None else order.read(key), number)
        except (TypeError, ArithmeticError, InvalidOperation, RecursionError) as error:
            raise ValueError(text) from error


@dataclass(frozen=True, kw_only=True)
class Walk:
    """An order with its direction: what a list's `sort` says."""

    order: Order
    down: bool = False

    def of(self, rows: Rows, *, back: bool = False) -> Rows:
        """The rows in order (or in the opposite one), each with its key as `row_key`."""
        up = self.down == back
        nulls = {} if self.order.always else self._nulls(first=self._nothing_first != back)
        key = F("row_key").asc(**nulls) if up else F("row_key").desc(**nulls)
        by = self.order.by
        keyed = rows.annotate(row_key=F(by) if isinstance(by, str) else by)
        ordered: Rows = keyed.order_by(key, "pk" if up else "-pk")
        return ordered

    def beyond(self, place: Place, *, back: bool = False) -> Q:
        """A condition for the rows that come after `place` (or before it)."""
        up = self.down == back
        nothing_last = self._nothing_first == back
        side = "gt" if up else "lt"
        if place.key is None:
            later = Q(row_key=None, **{f"pk__{side}": place.id})
            return later if nothing_last else later | Q(row_key__isnull=False)
        later = Q(**{f"row_key__{side}": place.key})
        later |= Q(row_key=place.key, **{f"pk__{side}": place.id})
        return later | Q(row_key=None) if nothing_last and not self.order.always else later

    @staticmethod
    def _nulls(*, first: bool) -> dict[str, Any]:
        return {"nulls_first": True} if first else {"nulls_last": True}

    @property
    def _nothing_first(self) -> bool:
        return self.order.nothing_first and not self.down


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some rows of a list, and from where its neighbours go on (None: there are none)."""

    rows: Sequence[tuple[Any, ...]]
    before: Place | None
    after: Place | None


# The lists as they open, which is how they are asked for most.
_PAGES, _TOTALS = Statements(), Statements()


def page(
    rows: Within,
    walk: Walk,
    fields: Callable[[Scope], Sequence[Any]],
    *,
    scope: Scope,
    after: Place | None = None,
    before: Place | None = None,
    key: Hashable = None,
) -> Page:
    """The PAGE rows after one place or before another, or the first ones. One query.

    Each row is a tuple of `fields`, whose first is the id. `key` is all that the query depends on
    besides the scope, if it is worth to be written once only.
    """
    back = before is not None and after is None
    place = before if back else after

    def written(scope: Scope) -> Rows:
        found = walk.of(rows(scope), back=back)
        if place is not None:
            found = found.filter(walk.beyond(place, back=back))
        return found.values_list(*fields(scope), "row_key")[: PAGE + 1]

    if key is None:
        read = list(written(scope))
    else:
        read = ask(_PAGES.of(written, scope, key=key), scope.params)
    more, read = len(read) > PAGE, read[:PAGE]
    if back:
        read.reverse()
    first, last = (Place(row[-1], row[0]) for row in (read[0], read[-1])) if read else (None, None)
    earlier, later = (more, True) if back else (place is not None, more)
    return Page(
        rows=[row[:-1] for row in read],
        before=first if earlier else None,
        after=last if later else None,
    )


def each(rows: Rows, walk: Walk, fields: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Every row in order, in pieces of CHUNK rows: any number of them in flat memory.

    Read in one snapshot, so that a change in between shows no row twice and hides none.
    """
    with _snapshot():
        place = None
        while True:
            found = walk.of(rows)
            if place is not None:
                found = found.filter(walk.beyond(place))
            read = list(found.values_list(*fields, "row_key")[:CHUNK])
            for row in read:
                yield row[:-1]
            if len(read) < CHUNK:
                return
            place = Place(read[-1][-1], read[-1][0])


@contextmanager
def _snapshot() -> Iterator[None]:
    # Inside of another transaction it is too late to ask for it.
    fresh = not connection.in_atomic_block
    with transaction.atomic():
        if fresh:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@dataclass(frozen=True, kw_only=True)
class Total:
    """How many rows a list has and what they are worth in the organisation's currency.

    Beyond CAP neither is known: `count` is None.
    """

    count: int | None
    worth: Worth = NOTHING


def total(rows: Within, *, scope: Scope, valued: bool = False, key: Hashable = None) -> Total:
    """Count the very rows that the list shows, and where they are `valued` (annotated by
    `with_value`) add up what they are worth. One query.

    `key` is as for `page`.
    """
    if key is None:
        sums = worths.sums() if valued else {}
        found = rows(scope).order_by()[: CAP + 1].aggregate(count=Count("pk"), **sums)
        count, *worth = found.values()
    else:
        count, *worth = _total(rows, scope, valued, key)
    if count > CAP:
        return Total(count=None)
    return Total(count=count, worth=Worth.read(*worth) if worth else NOTHING)


_SUMMED = """
    SELECT count(*), sum(value), count(*) FILTER (WHERE value IS NULL AND currency IS NOT NULL),
        array_agg(DISTINCT currency) FILTER (WHERE currency IS NOT NULL)
    FROM ({rows}) AS counted (id, value, currency)
"""


def _total(rows: Within, scope: Scope, valued: bool, key: Hashable) -> tuple[Any, ...]:
    columns = ["pk", *(["value", "foreign"] if valued else [])]

    def written(scope: Scope) -> Rows:
        return rows(scope).order_by().values_list(*columns)[: CAP + 1]

    counted = _TOTALS.of(written, scope, key=(key, CAP))
    if not counted.sql:  # nothing is within the scope
        return (0,)
    # Both are Django's words for the rows, and ours around them.
    sql = _SUMMED if valued else "SELECT count(*) FROM ({rows}) AS counted"
    (found,) = ask(counted._replace(sql=sql.replace("{rows}", counted.sql)), scope.params)
    return found


@dataclass(frozen=True, kw_only=True)
class View:
    id: int
    name: str
    query: str
    mine: bool
    shared: bool


@dataclass(frozen=True, kw_only=True)
class Offers:
    """What the head of a list offers: people (id, name, still here), sources, teams, saved views."""

    people: Sequence[tuple[int, str, bool]]
    sources: Sequence[tuple[int, str]]
    # Offered only where the address asks for it, so that its deals can still be looked at.
    retired_sources: Sequence[tuple[int, str]]
    teams: Sequence[Team]
    views: Sequence[View]


# Four short lists in one: what, id, name and up to three texts. Names of sources and teams are
# common knowledge; people are those whose records one may see.
_OFFERED = """
    SELECT 'person', id, name, is_active::text, NULL, NULL FROM pipeline_user
    WHERE %s OR id = ANY(%s)
    UNION ALL
    SELECT 'source', id, name, retired::text, NULL, NULL FROM crm_source
    UNION ALL
    SELECT 'team', id, name, parent_id::text, NULL, NULL FROM pipeline_team
    UNION ALL
    SELECT 'view', id, name, query, owner_id::text, team_id::text
    FROM ({views}) AS view (id, name, query, owner_id, team_id)
"""


_VIEW = ("pk", "name", "query", "owner_id", "team_id")
_VIEWS = Statements()


def offers(user: User, kind: ListKind) -> Offers:
    """Four short lists by one query: a page should not cost more for its head than for its rows."""
    found: Mapping[str, list[Any]] = {"person": [], "source": [], "team": [], "view": []}
    for what, *row in _offered(user, kind) if user.is_active else ():
        found[what].append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (row[1].lower(), row[0]))
    sources = found["source"]
    return Offers(
        people=[(pk, name, here == "true") for pk, name, here, _a, _b in found["person"]],
        sources=_by_name((pk, shown(name)) for pk, name, gone, *_ in sources if gone != "true"),
        retired_sources=_by_name(
            (pk, shown(name)) for pk, name, gone, *_ in sources if gone == "true"
        ),
        teams=[
            Team(pk=pk, name=name, parent_id=int(parent) if parent else None)
            for pk, name, parent, _a, _b in found["team"]
        ],
        views=[
            View(id=pk, name=name, query=query, mine=owner == str(user.pk), shared=team is not None)
            for pk, name, query, owner, team in found["view"]
        ],
    )


def _by_name(rows: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    return sorted(rows, key=lambda row: (row[1].lower(), row[0]))


def _offered(user: User, kind: ListKind) -> list[tuple[Any, ...]]:
    scope = user.scope
    views = _VIEWS.of(_offered_views, scope)
    statement = views._replace(
        sql=_OFFERED.replace("{views}", views.sql),
        params=(scope.everything, scope.params["owner_ids"], *views.params),
    )
    return ask(statement, {**scope.params, "kind": str(kind)})


def _offered_views(scope: Scope) -> Rows:
    views = SavedView.objects.offered_to(scope).filter(kind=Param("kind", CharField()))
    return views.values_list(*_VIEW)
