"""Queries that Django writes once and the database answers often.

Putting the SQL of a query with joins together costs Django a millisecond and more, each time anew,
which is several times what it takes to send it and to read the rows. A page that asks for one
record by its id asks with the same words every time: only the id differs, and whose reach it is.
"""

from collections.abc import Callable, Hashable, Sequence
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
        self._written: dict[Hashable, tuple[str, tuple[Any, ...]]] = {}

    def __call__(self, user: "User | None" = None, /, **asked: Any) -> list[Row]:
        key = None if user is None else (user.is_active, user.scope)
        sql, params = self._written.get(key) or self._keep(key, user)
        if not sql:
            return []
        values = [asked[one.name] if isinstance(one, Asked) else one for one in params]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return [self._row(row) for row in cursor.fetchall()]

    def _keep(self, key: Hashable, user: "User | None") -> tuple[str, tuple[Any, ...]]:
        query = self._write() if user is None else self._write(user)
        try:
            written = query.query.sql_with_params()
        except EmptyResultSet:  # nothing is within the reach
            written = ("", ())
        while len(self._written) >= KEPT:
            self._written.pop(next(iter(self._written)), None)
        self._written[key] = written
        return written
