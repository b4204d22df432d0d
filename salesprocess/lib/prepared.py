"""Queries that are written once, planned once, and answered often.

Putting the SQL of a query with joins together costs Django a millisecond and more, each time anew,
and planning it costs PostgreSQL as much again: several times what it takes to find the rows. A page
that asks for one record by its id asks with the same words every time: only ids differ. So Django
writes such a query once (`Prepared`), and each connection has the server prepare it the first time
(`run`).

What differs from one asking to the next is a `Param`: ids, instants, and every id of the reader's
scope, whose lists are bound as arrays (`any_of`). Readers whose scopes have the same shape share
their statements, so that a connection needs no more of them however many people ask. Every other
value stands in the words, because the plan is made for the words alone (`plan_cache_mode`): only an
outcome that is written there lets the index of open deals serve.
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
# Of one query: what it depends on besides params may change with the day, as rates do.
KEPT = 128


class Param(Expression):
    """A place in a query for a value that is given each time it is asked."""

    def __init__(self, name: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


@Field.register_lookup
@ForeignObject.register_lookup  # which takes none of a field's
class AnyOf(In):  # type: ignore[type-arg]  # of any field
    """`owner_id__any_of=ids`: as `in`, of ids, of a `Param` for an array of them, or for the only
    one."""

    lookup_name = "any_of"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        if not isinstance(self.rhs, Param):
            return str(super().get_rhs_op(connection, rhs))
        return f"= ANY {rhs}" if isinstance(self.rhs.output_field, ArrayField) else f"= {rhs}"


class Shaped(Protocol):
    """A scope, as far as this module knows it.

    `shape` is the scope with a `Param` for each of its ids; `params` has the ids by their names.
    """

    @property
    def shape(self) -> Any: ...

    @property
    def params(self) -> Mapping[str, Any]: ...


# Gives a queryset of `values_list`; it is given a scope, if the query lies within one.
Write = Callable[..., QuerySet[Any, Any]]


class Statement(NamedTuple):
    """SQL with a %s for each of `params`, which are values or places for them (`Param`).

    It is empty where nothing can be found. What is `kept` is worth preparing.
    """

    sql: str
    params: tuple[Any, ...] = ()
    kept: bool = False


class Statements:
    """The statements of one query: one for each shape of a scope, and for each `key`."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Statement] = {}

    def of(self, write: Write, scope: Shaped | None = None, *, key: Hashable = "") -> Statement:
        """What `write` gives for the shape of `scope`, written once.

        `key` is all that it depends on besides. None is not worth keeping: it is written for the
        scope as it is.
        """
        if key is None:
            return _written(write, scope)
        shape = scope and scope.shape
        found = self._kept.get((key, shape))
        if found is None:
            too_many = len(self._kept) - KEPT + 1
            # From a copy, because other threads put in theirs meanwhile.
            for oldest in list(self._kept)[: max(too_many, 0)]:
                self._kept.pop(oldest, None)
            self._kept[key, shape] = found = _settled(_written(write, shape))
        return found


def _written(write: Write, scope: Any) -> Statement:
    found = write() if scope is None else write(scope)
    try:
        return Statement(*found.query.sql_with_params())
    except EmptyResultSet:
        return Statement("")


def _settled(statement: Statement) -> Statement:
    """With every value in its place, so that the plan is made for them."""
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


def ask(statement: Statement, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    if not statement.sql:
        return []
    values = [params[one.name] if isinstance(one, Param) else one for one in statement.params]
    if statement.kept:
        return run(statement.sql, values)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, values)
        return list(cursor.fetchall())


def run(sql: str, params: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of a query that is asked in these words again and again."""
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
    """Whole numbers of one type, those in lists as well: by itself psycopg takes the smallest that
    holds each of them, and a statement would be prepared for each."""
    if isinstance(params, Mapping):
        return {name: _bigint(one) for name, one in params.items()}
    return [_bigint(one) for one in params]


def _bigint(value: Any) -> Any:
    """A number that no column holds stays what it is."""
    if type(value) is list:
        return [_bigint(one) for one in value]
    return Int8(value) if type(value) is int and -(2**63) <= value < 2**63 else value


class Prepared(Generic[Row]):
    """A query by `write`, whose every row becomes what `row` makes of it.

    `write` gives a queryset of `values_list`, with `Param` for what differs from time to time. A
    query within somebody's reach is given the scope's shape, which holds nothing of the reader that
    could end up in the words.
    """

    def __init__(self, row: Callable[[Sequence[Any]], Row], write: Write) -> None:
        self._row = row
        self._write = write
        self._statements = Statements()

    def __call__(self, scope: Shaped | None = None, /, **params: Any) -> list[Row]:
        statement = self._statements.of(self._write, scope)
        given = params if scope is None else {**scope.params, **params}
        return [self._row(row) for row in ask(statement, given)]
