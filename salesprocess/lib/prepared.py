"""Prepared statements: queries whose SQL is compiled once and whose plan PostgreSQL keeps.

For a query with joins Django takes a millisecond and more to compile the SQL and PostgreSQL as much
to plan it: several times what it takes to find the rows. So the SQL is compiled once (`Prepared`),
and each connection prepares it at its first execution (`run`).

What differs between executions is a `Param`: ids, instants, and all ids of the reader's scope, whose
lists are bound as arrays (`any_of`). Readers whose scopes have the same shape share a statement, so
that the number of statements does not grow with the number of people. All other values are literals
in the SQL, because plans are generic (`plan_cache_mode`): the partial index of open deals, say, is
used only if the outcome is a literal.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import psycopg
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import NotSupportedError, connection
from django.db.models import Expression, Field, ForeignObject, QuerySet
from django.db.models.lookups import In
from psycopg import sql as words
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.numeric import Int8

Row = TypeVar("Row")
# Kept per query: its `key` may change from day to day, as rates do.
MAX_STATEMENTS = 128


class Param(Expression):
    """A placeholder in a query for a value that is passed at each execution."""

    def __init__(self, name: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


@Field.register_lookup
@ForeignObject.register_lookup  # which takes none of a field's
class AnyOf(In):  # type: ignore[type-arg]  # of any field
    """`owner_id__any_of=…`: like `in`, also for a `Param` that is one id or an array of ids."""

    lookup_name = "any_of"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        if not isinstance(self.rhs, Param):
            return str(super().get_rhs_op(connection, rhs))
        return f"= ANY {rhs}" if isinstance(self.rhs.output_field, ArrayField) else f"= {rhs}"


class HasShape(Protocol):
    """A scope that statements can be compiled for: `shape` is the scope with a `Param` in place of
    each id, `params` are the ids by the names of these."""

    @property
    def shape(self) -> Any: ...

    @property
    def params(self) -> Mapping[str, Any]: ...


# Returns a queryset of `values_list`; takes the scope, if the query is limited to one.
Write = Callable[..., QuerySet[Any, Any]]


class Statement(NamedTuple):
    """SQL with a %s for each of `params`: values, or a `Param` for one.

    `sql` is empty if no row can match. `kept` statements are executed as prepared ones.
    """

    sql: str
    params: tuple[Any, ...] = ()
    kept: bool = False


class Statements:
    """The compiled statements of one query, by shape of the scope and `key`."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Statement] = {}

    def get(self, write: Write, scope: HasShape | None = None, *, key: Hashable = "") -> Statement:
        """The statement of `write` for the shape of `scope`, compiled once.

        `key` is everything else that `write` depends on. With None it is compiled each time, for the
        ids of `scope` themselves.
        """
        if key is None:
            return _written(write, scope)
        shape = scope and scope.shape
        found = self._kept.get((key, shape))
        if found is None:
            too_many = len(self._kept) - MAX_STATEMENTS + 1
            # A copy, because other threads add theirs meanwhile.
            for oldest in list(self._kept)[: max(too_many, 0)]:
                self._kept.pop(oldest, None)
            self._kept[key, shape] = found = _with_literals(_written(write, shape))
        return found


def _written(write: Write, scope: Any) -> Statement:
    found = write() if scope is None else write(scope)
    try:
        return Statement(*found.query.sql_with_params())
    except EmptyResultSet:
        return Statement("")


def _with_literals(statement: Statement) -> Statement:
    """Every value but a `Param` written into the SQL as a literal."""
    connection.ensure_connection()
    rest = iter(statement.params)
    params: list[Param] = []

    def place(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return found[0]
        value = next(rest)
        if isinstance(value, Param):
            params.append(value)
            return found[0]
        return words.Literal(value).as_string(connection.connection).replace("%", "%%")

    return Statement(re.sub("%[s%]", place, statement.sql), tuple(params), kept=True)


def fetch(statement: Statement, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    if not statement.sql:
        return []
    values = [params[one.name] if isinstance(one, Param) else one for one in statement.params]
    if statement.kept:
        return run(statement.sql, values)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, values)
        return list(cursor.fetchall())


def run(sql: str, params: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Execute `sql` as a prepared statement; all its rows."""
    try:
        return _run(sql, params)
    except NotSupportedError:
        # The type of a column has changed since it was prepared: "cached plan must not change
        # result type". A new connection has nothing prepared. Inside a transaction it is too late
        # for one; but psycopg forgets at a rollback what it has prepared.
        if connection.in_atomic_block:
            raise
        connection.close()
        return _run(sql, params)


def _run(sql: str, params: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with _cursor() as cursor:
        cursor.execute(sql, _as_bigints(params))
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


def _as_bigints(params: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any] | Mapping[str, Any]:
    """All integers, also those in lists, as bigint: psycopg would take the smallest type that holds
    each, and prepare a statement for each combination."""
    if isinstance(params, Mapping):
        return {name: _bigint(one) for name, one in params.items()}
    return [_bigint(one) for one in params]


def _bigint(value: Any) -> Any:
    """Numbers beyond 64 bits stay as they are."""
    if type(value) is list:
        return [_bigint(one) for one in value]
    return Int8(value) if type(value) is int and -(2**63) <= value < 2**63 else value


class Prepared(Generic[Row]):
    """A callable query: `write` returns its queryset of `values_list`, `row` converts each row.

    What differs between calls is a `Param` in the queryset and a keyword of the call. `write` is
    given the shape of the scope, not the reader, so that no id of a reader can get into the SQL.
    """

    def __init__(self, row: Callable[[Sequence[Any]], Row], write: Write) -> None:
        self._row = row
        self._write = write
        self._statements = Statements()

    def __call__(self, scope: HasShape | None = None, /, **params: Any) -> list[Row]:
        statement = self._statements.get(self._write, scope)
        given = params if scope is None else {**scope.params, **params}
        return [self._row(row) for row in fetch(statement, given)]
