"""Queries that Django writes once and the database answers often.

Putting the SQL of a query with joins together costs Django a millisecond and more, each time anew,
which is several times what it takes to send it and to read the rows. A page that asks for one
record by its id asks with the same words every time: only the id differs, and whose reach it is.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Expression, Field, QuerySet

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


Statement = tuple[str, tuple[Any, ...]]


class Statements:
    """The statements of one query, by what they depend on besides what is `Asked`."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Statement] = {}

    def of(self, key: Hashable, write: Callable[[], QuerySet[Any, Any]]) -> Statement:
        """The one that is kept for `key`, else what `write` gives; None is not worth keeping.

        Its text is empty where nothing can be found.
        """
        found = self._kept.get(key)
        if found is None:
            try:
                found = write().query.sql_with_params()
            except EmptyResultSet:
                found = ("", ())
            if key is not None:
                while len(self._kept) >= KEPT:
                    self._kept.pop(next(iter(self._kept)), None)
                self._kept[key] = found
        return found


def ask(statement: Statement, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    sql, params = statement
    if not sql:
        return []
    values = [asked[one.name] if isinstance(one, Asked) else one for one in params]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


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
