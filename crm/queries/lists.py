"""Long lists a page at a time: order by a closed map of columns, walk by key, count up to a cap.

A page is found by the keys of the row before it, never by how many rows precede it: the thousandth
page costs what the first one does, and a row that comes or goes shifts nothing.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import CharField, Count

from crm import worth as worths
from crm.models import ListKind, SavedView
from crm.shipped import shown
from crm.worth import NOTHING, Worth
from pipeline.models import Team, User
from pipeline.people.access import Scope
from salesprocess.lib.keyset import Cursor, Rows, Walk
from salesprocess.lib.prepared import Param, Statements, ask

PAGE = 50
# Counting goes no further: nobody reads on, and it would cost more than the page.
CAP = 10_000
CHUNK = 1000

Within = Callable[[Scope], Rows]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some rows of a list, and from where its neighbours go on (None: there are none)."""

    rows: Sequence[tuple[Any, ...]]
    before: Cursor | None
    after: Cursor | None


# The lists as they open, which is how they are asked for most.
_PAGES, _TOTALS = Statements(), Statements()


def page(
    rows: Within,
    walk: Walk,
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
        found = walk.of(rows(scope), back=back)
        if place is not None:
            found = found.filter(walk.beyond(place, back=back))
        return found.values_list(*fields(scope), "row_key")[: PAGE + 1]

    if key is None:
        read = list(written(scope))
    else:
        read = ask(_PAGES.of(written, scope, key=(key, PAGE)), scope.params)
    more, read = len(read) > PAGE, read[:PAGE]
    if back:
        read.reverse()
    first, last = (Cursor(row[-1], row[0]) for row in (read[0], read[-1])) if read else (None, None)
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
