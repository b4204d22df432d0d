"""Queries that are written once, planned once, and answered often.

Putting the SQL of a query with joins together costs Django a millisecond and more, each time anew,
and planning it costs PostgreSQL as much again: several times what it takes to find the rows. A page
that asks for one record by its id asks with the same words every time: only the id differs, and
whose reach it is. So Django writes such a query once (`Prepared`), and each connection has the
server prepare it the first time (`run`).
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import psycopg
from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Expression, Field, QuerySet
from psycopg import sql as words
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.numeric import Int8

if TYPE_CHECKING:  # this module lies below the apps
    from pipeline.models import User

Row = TypeVar("Row")
# Each reach of a person has words of its own; reaches change, so that the oldest are forgotten.
KEPT = 1024


class Asked(Expression):
    """A place in a query for a value that is given each time it is asked."""

    def __init__(self, name: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


class Statement(NamedTuple):
    """SQL with a %s for each of `params`, which are values or places for them (`Asked`).

    It is empty where nothing can be found. What is `kept` is worth preparing.
    """

    sql: str
    params: tuple[Any, ...] = ()
    kept: bool = False


class Statements:
    """The statements of one query, by what they depend on besides what is `Asked`."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Statement] = {}

    def of(self, key: Hashable, write: Callable[[], QuerySet[Any, Any]]) -> Statement:
        """The one that is kept for `key`, else what `write` gives; None is not worth keeping."""
        found = self._kept.get(key)
        if found is None:
            try:
                found = Statement(*write().query.sql_with_params())
            except EmptyResultSet:
                found = Statement("")
            if key is not None:
                too_many = len(self._kept) - KEPT + 1
                # From a copy, because other threads put in theirs meanwhile.
                for oldest in list(self._kept)[: max(too_many, 0)]:
                    self._kept.pop(oldest, None)
                self._kept[key] = found = _settled(found)
        return found


def _settled(statement: Statement) -> Statement:
    """With every value in its place, so that the plan is made for them: an index that serves open
    deals alone is of no use to a plan for any outcome."""
    connection.ensure_connection()
    rest = iter(statement.params)
    asked: list[Asked] = []

    def place(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return found[0]
        value = next(rest)
        if isinstance(value, Asked):
            asked.append(value)
            return found[0]
        return words.Literal(value).as_string(connection.connection).replace("%", "%%")

    return Statement(re.sub("%[s%]", place, statement.sql), tuple(asked), kept=True)


def ask(statement: Statement, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    if not statement.sql:
        return []
    values = [asked[one.name] if isinstance(one, Asked) else one for one in statement.params]
    if statement.kept:
        return run(statement.sql, values)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, values)
        return list(cursor.fetchall())


def run(sql: str, params: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of a query that is asked in these words again and again."""
    with _cursor() as cursor:
        cursor.execute(sql, _wide(params))
        return list(cursor.fetchall())


class _Preparing(psycopg.Cursor[Any]):
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__(connection)
        # Django's loader of instants does in Python what psycopg's own does in C: the connection is
        # in UTC, so are they.
        self.adapters.register_loader("timestamptz", TimestamptzLoader)

    def _send_query_prepared(self, name: bytes, pgq: Any, **options: Any) -> None:
        # What Django logs as the query; psycopg notes only what it sends with its words.
        self._query = pgq
        super()._send_query_prepared(name, pgq, **options)


@contextmanager
def _cursor() -> Iterator[Any]:
    if not settings.PREPARED_STATEMENTS:
        with connection.cursor() as cursor:
            yield cursor
        return
    # As Django does before each cursor of its own: a kept connection may have died meanwhile.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    # Django's cursors put the values into the text, so that they never prepare anything; psycopg's
    # own does it from the first time on (`parse_database_url`). It is in Django's wrapper, which
    # translates errors, counts queries and refuses what is not allowed just then.
    with connection._prepare_cursor(_Preparing(connection.connection)) as cursor:  # type: ignore[attr-defined]
        yield cursor


def _wide(params: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any] | Mapping[str, Any]:
    """Whole numbers of one type: by itself psycopg takes the smallest that holds each of them, and
    a statement would be prepared for each. A number that no column holds stays what it is."""
    if isinstance(params, Mapping):
        return {name: _bigint(one) for name, one in params.items()}
    return [_bigint(one) for one in params]


def _bigint(value: Any) -> Any:
    return Int8(value) if type(value) is int and -(2**63) <= value < 2**63 else value


class Prepared(Generic[Row]):
    """A query by `write`, whose every row becomes what `row` makes of it.

    `write` gives a queryset of `values_list`, with `Asked` for what differs from time to time. It
    is given the reader if the query lies within somebody's reach: what it says then may depend on
    nothing else of the reader than whether he or she is active, and the scope.
    """

    def __init__(
        self, row: Callable[[Sequence[Any]], Row], write: Callable[..., QuerySet[Any, Any]]
    ) -> None:
        self._row = row
        self._write = write
        self._statements = Statements()

    def __call__(self, user: "User | None" = None, /, **asked: Any) -> list[Row]:
        if user is None:
            statement = self._statements.of("", self._write)
        else:
            statement = self._statements.of(reach(user), lambda: self._write(user))
        return [self._row(row) for row in ask(statement, asked)]


def reach(user: "User") -> Hashable:
    """All that a query within somebody's reach depends on."""
    return user.is_active, user.scope
