"""Long lists a page at a time: order by a closed map of columns, walk by key, count up to a cap.

A page is found by the keys of the row before it, never by how many rows precede it: the thousandth
page costs what the first one does, and a row that comes or goes shifts nothing.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import CharField, DecimalField, Value
from django.db.models.functions import Cast

from crm.models import ListKind, SavedView
from crm.shipped import shipped_name
from crm.worth import NOTHING, Worth
from pipeline.models import Team, User
from pipeline.people.access import Scope
from salesprocess.lib.keyset import Cursor, Ordering, Rows
from salesprocess.lib.prepared import Param, Statements, fetch

PAGE = 50
# Counting goes no further: nobody reads on, and it would cost more than the page.
CAP = 10_000
CHUNK = 1000

Within = Callable[[Scope], Rows]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some rows of a list, and from where its neighbours go on (None: there are none); `preceding` is
    the row before the first."""

    rows: Sequence[tuple[Any, ...]]
    before: Cursor | None
    after: Cursor | None
    preceding: Cursor | None = None


# The lists as they open, which is how they are asked for most.
_PAGES, _TOTALS = Statements(), Statements()


def page(
    rows: Within,
    ordering: Ordering,
    fields: Callable[[Scope], Sequence[Any]],
    *,
    scope: Scope,
    after: Cursor | None = None,
    before: Cursor | None = None,
    key: Hashable = None,
) -> Page:
    """The PAGE rows after one place or before another, or the first ones. One query.

    Each row is a tuple of `fields`, whose first is the id. `key` is all that the query depends on
    besides the scope, if it is worth to be written once only.
    """
    back = before is not None and after is None
    place = before if back else after

    def written(scope: Scope) -> Rows:
        found = ordering.apply(rows(scope), back=back)
        if place is not None:
            found = found.filter(ordering.beyond(place, back=back))
        return found.values_list(*fields(scope), "row_key")[: PAGE + 1]

    if key is None:
        read = list(written(scope))
    else:
        read = fetch(_PAGES.get(written, scope, key=(key, PAGE)), scope.params)
    more, further, read = len(read) > PAGE, read[PAGE:], read[:PAGE]
    if back:
        read.reverse()
        place = Cursor(further[0][-1], further[0][0]) if further else None
    first, last = (Cursor(row[-1], row[0]) for row in (read[0], read[-1])) if read else (None, None)
    earlier, later = (more, True) if back else (place is not None, more)
    return Page(
        preceding=place,
        rows=[row[:-1] for row in read],
        before=first if earlier else None,
        after=last if later else None,
    )


def each(rows: Rows, ordering: Ordering, fields: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Every row in order, in pieces of CHUNK rows: any number of them in flat memory.

    Read in one snapshot, so that a change in between shows no row twice and hides none.
    """
    with _snapshot():
        place = None
        while True:
            found = ordering.apply(rows)
            if place is not None:
                found = found.filter(ordering.beyond(place))
            read = list(found.values_list(*fields, "row_key")[:CHUNK])
            for row in read:
                yield row[:-1]
            if len(read) < CHUNK:
                return
            place = Cursor(read[-1][-1], read[-1][0])


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
    # What there is in each currency that is not the organisation's.
    foreign: Mapping[str, Decimal] = field(default_factory=dict)
    # By what parts the rows and how that is called.
    groups: Mapping[tuple[Any, Any], "Total"] = field(default_factory=dict)


def total(
    rows: Within,
    *,
    scope: Scope,
    owned: bool = False,
    valued: bool = False,
    group: Sequence[Any] = (),
    key: Hashable = None,
) -> Total:
    """Count the very rows that the list shows, and where they are `valued` (annotated by
    `with_value`) add up what they are worth. One query.

    `owned` are those that one sees by their owner or pool; `key` is as for `page`. With `group`, two
    fields, also by each of the values of the first; the other one says what it is called.
    """
    columns: Sequence[Any] = ("value", "foreign") if valued else ("pk",)
    if group:
        known = ("value", "foreign", "amount") if valued else (_NO_SUM, _NO_TEXT, _NO_SUM)
        columns = (*known, *group)

    def within(scope: Scope) -> Rows:
        return rows(scope).order_by().values_list(*columns)[: CAP + 1]

    def written(scope: Scope) -> Rows:
        # What is filtered may cost a query to write.
        return within(scope) if key is None or not owned else scope.union(within)

    counted = _TOTALS.get(written, scope, key=None if key is None else (key, tuple(group), CAP))
    if not counted.sql:  # nothing is within the scope
        return Total(count=0)
    sql = _GROUPED if group else _WORTH if valued else _COUNT
    parts = fetch(counted._replace(sql=sql.format(rows=counted.sql)), scope.params)
    whole = _added_up(parts)
    if whole.count is None or not group:
        return whole
    values = dict.fromkeys(part[5:] for part in parts)
    groups = {one: _added_up([part for part in parts if part[5:] == one]) for one in values}
    return replace(whole, foreign={}, groups=groups)


def _added_up(parts: Sequence[tuple[Any, ...]]) -> Total:
    count = sum(part[1] for part in parts)
    if count > CAP:
        return Total(count=None)
    worths = (
        Worth.of(one, count=n, value=value, valued=known) for one, n, value, known, *_by in parts
    )
    foreign: dict[str, Decimal] = {}
    for currency, _n, _value, _known, *more in parts:
        if currency is not None and more and more[0] is not None:
            foreign[currency] = foreign.get(currency, Decimal(0)) + more[0]
    return Total(count=count, worth=sum(worths, NOTHING), foreign=foreign)


# Django's words for the rows, and ours around them.
_WORTH = """
    SELECT currency, count(*), sum(value), count(value) FROM ({rows}) AS counted (value, currency)
    GROUP BY currency
"""
_GROUPED = """
    SELECT currency, count(*), sum(value), count(value), sum(amount), kept, said
    FROM ({rows}) AS counted (value, currency, amount, kept, said) GROUP BY currency, kept, said
"""
_NO_TEXT = Cast(Value(None), CharField())
_NO_SUM = Cast(Value(None), DecimalField(max_digits=14, decimal_places=2))
_COUNT = "SELECT NULL, count(*), NULL, 0 FROM ({rows}) AS counted"


@dataclass(frozen=True, kw_only=True)
class View:
    id: int
    name: str
    query: str
    mine: bool
    shared: bool


@dataclass(frozen=True, kw_only=True)
class FilterChoices:
    """What there is to choose in the head of a list: people (id, name, still here), sources, teams, saved views."""

    people: Sequence[tuple[int, str, bool]]
    sources: Sequence[tuple[int, str]]
    # There only where the address asks for it, so that its deals can still be looked at.
    retired_sources: Sequence[tuple[int, str]]
    teams: Sequence[Team]
    views: Sequence[View]


# Four short lists in one: what, id, name and up to three texts. Names of sources and teams are
# common knowledge; people are those whose records one may see.
_CHOICES = """
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


def filter_choices(user: User, kind: ListKind) -> FilterChoices:
    """Four short lists by one query: a page should not cost more for its head than for its rows."""
    found: Mapping[str, list[Any]] = {"person": [], "source": [], "team": [], "view": []}
    for what, *row in _read_choices(user, kind) if user.is_active else ():
        found[what].append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (row[1].lower(), row[0]))
    sources = found["source"]
    return FilterChoices(
        people=[(pk, name, here == "true") for pk, name, here, _a, _b in found["person"]],
        sources=_by_name(
            (pk, shipped_name(name)) for pk, name, gone, *_ in sources if gone != "true"
        ),
        retired_sources=_by_name(
            (pk, shipped_name(name)) for pk, name, gone, *_ in sources if gone == "true"
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


def _read_choices(user: User, kind: ListKind) -> list[tuple[Any, ...]]:
    scope = user.scope
    views = _VIEWS.get(_view_choices, scope)
    statement = views._replace(
        sql=_CHOICES.replace("{views}", views.sql),
        params=(scope.everything, scope.params["owner_ids"], *views.params),
    )
    return fetch(statement, {**scope.params, "kind": str(kind)})


def _view_choices(scope: Scope) -> Rows:
    views = SavedView.objects.shown_to(scope).filter(kind=Param("kind", CharField()))
    return views.values_list(*_VIEW)


def view_to_change(user: User, pk: int) -> SavedView:
    """Raises SavedView.DoesNotExist."""
    return SavedView.objects.editable_by(user).get(pk=pk)


def ids(rows: Rows, *, most: int) -> list[int]:
    """The ids of the first `most` rows of a list."""
    return list(rows.order_by("pk").values_list("pk", flat=True)[:most])


def in_reach(model: type[Any], ids: Collection[int], *, user: User) -> tuple[int, int]:
    """How many of those rows `user` may see, and how many change."""
    rows = model.objects
    seen, editable = rows.visible_to(user), rows.editable_by(user)
    return seen.filter(pk__in=ids).count(), editable.filter(pk__in=ids).count()
