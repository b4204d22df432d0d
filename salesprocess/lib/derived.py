"""Derived tables: what one queryset finds, joined to the rows of another one.

Django writes an annotated subquery anew wherever its name is used, and PostgreSQL runs every copy of it
for every row. What a derived table found stands in columns: it is found once, for all rows together.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Expression, Func, IntegerField, Q, QuerySet, Value
from django.db.models.sql.constants import INNER, LOUTER

MOST_ROWS = 2**31


class _DerivedTable:
    """What stands in the FROM of a query for a derived table (compatible with Django's `Join`)."""

    filtered_relation = None
    nullable = False

    def __init__(
        self,
        rows: QuerySet[Any],
        columns: tuple[str, ...],
        *,
        names: tuple[str, str, str],
        how: str,
    ) -> None:
        self.rows, self.columns, self.join_type = rows, columns, how
        self.table_name, self.table_alias, self.parent_alias = names

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        found, params = self.rows.query.get_compiler(connection=connection).as_sql()
        alias, parent = map(compiler.quote_name_unless_alias, (self.table_alias, self.parent_alias))
        quoted = [connection.ops.quote_name(name) for name in self.columns]
        key = connection.ops.quote_name(compiler.query.model._meta.pk.column)
        return (
            f"{self.join_type} ({found}) {alias} ({', '.join(quoted)})"
            f" ON ({alias}.{quoted[0]} = {parent}.{key})",
            tuple(params),
        )

    def relabeled_clone(self, change_map: Mapping[str, str]) -> Self:
        alias, parent = (
            change_map.get(name, name) for name in (self.table_alias, self.parent_alias)
        )
        names = (self.table_name, alias, parent)
        return self.__class__(self.rows, self.columns, names=names, how=self.join_type)

    def promote(self) -> Self:
        return self

    demote = promote


class _DerivedBase:
    """The same in place of the table of the query itself (compatible with Django's `BaseTable`)."""

    join_type = parent_alias = filtered_relation = None

    def __init__(
        self, rows: QuerySet[Any], columns: tuple[str, ...], table_name: str, alias: str
    ) -> None:
        self.rows, self.columns = rows, columns
        self.table_name, self.table_alias = table_name, alias

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        found, params = self.rows.query.get_compiler(connection=connection).as_sql()
        alias = compiler.quote_name_unless_alias(self.table_alias)
        columns = ", ".join(map(connection.ops.quote_name, self.columns))
        return f"({found}) {alias} ({columns})", tuple(params)

    def relabeled_clone(self, change_map: Mapping[str, str]) -> Self:
        alias = change_map.get(self.table_alias, self.table_alias)
        return self.__class__(self.rows, self.columns, self.table_name, alias)


def found_first(rows: QuerySet[Any], *columns: str) -> QuerySet[Any]:
    """The rows, of which nothing is left but their primary keys and some of their annotations, all of
    them found before anything else is asked of them."""
    # A limit that is none: without it PostgreSQL works a column out anew wherever it is used.
    inner = rows.order_by().values_list("pk", *columns)[:MOST_ROWS]
    outer: QuerySet[Any] = rows.model._base_manager.all()
    query: Any = outer.query
    alias = query.get_initial_alias()
    names = (rows.model._meta.pk.column, *columns)
    query.alias_map[alias] = _DerivedBase(inner, names, query.alias_map[alias].table_name, alias)
    found: QuerySet[Any] = outer.annotate(
        **{each: FoundColumn.of(alias, each, rows.query.annotations[each]) for each in columns}
    )
    return found


def with_found(
    rows: QuerySet[Any], found: QuerySet[Any], *columns: str, by: str, inner: bool = False
) -> QuerySet[Any]:
    """The rows, each annotated with columns of what was `found` for it, null where nothing was; with
    `inner`, only the rows for which anything was.

    `by` is the column of `found` that has the primary key of a row; of each there is at most one.
    """
    joined = rows.all()
    query: Any = joined.query
    parent = query.get_initial_alias()
    name = f"found_{columns[0]}"
    alias, _made = query.table_alias(name, create=True)
    query.alias_map[alias] = _DerivedTable(
        found.values_list(by, *columns),
        (by, *columns),
        names=(name, alias, parent),
        how=INNER if inner else LOUTER,
    )
    annotated: QuerySet[Any] = joined.annotate(
        **{each: FoundColumn.of(alias, each, found.query.annotations[each]) for each in columns}
    )
    return annotated


class _Spans:
    """What stands in the FROM of a query for some spans of time (compatible with Django's `Join`): each row
    whose instant lies in one of them is there once for it, with the number of the span."""

    join_type = INNER
    filtered_relation = None
    nullable = False

    def __init__(
        self, alias: str, at: "FoundColumn", spans: Mapping[int, tuple[Any, Any]], parent: str
    ) -> None:
        self.table_name = self.table_alias = alias
        self.at, self.spans, self.parent_alias = at, spans, parent

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        alias = compiler.quote_name_unless_alias(self.table_alias)
        at, params = self.at.as_sql(compiler, connection)
        rows = ", ".join(f"({number}, %s::timestamptz, %s::timestamptz)" for number in self.spans)
        return (
            f"{self.join_type} (VALUES {rows}) {alias} (number, starts, ends)"
            f" ON ({at} >= {alias}.starts AND {at} < {alias}.ends)",
            (*(each for span in self.spans.values() for each in span), *params),
        )

    def relabeled_clone(self, change_map: Mapping[str, str]) -> Self:
        alias, parent = (
            change_map.get(name, name) for name in (self.table_alias, self.parent_alias)
        )
        at = self.at.relabeled_clone(change_map)
        return self.__class__(alias, at, self.spans, parent)

    def promote(self) -> Self:
        return self

    demote = promote


def once_a_span(
    rows: QuerySet[Any], at: str, spans: Mapping[int, tuple[Any, Any]], *, name: str
) -> QuerySet[Any]:
    """The rows of `found_first`, each once for every span in which its instant `at` lies, and with the number
    of that span under a `name`. A span begins with its first instant and ends before its last."""
    joined = rows.all()
    query: Any = joined.query
    parent = query.get_initial_alias()
    alias, _made = query.table_alias("spans", create=True)
    query.alias_map[alias] = _Spans(alias, query.annotations[at], spans, parent)
    found: QuerySet[Any] = joined.annotate(
        **{name: FoundColumn.of(alias, "number", Value(0, IntegerField()))}
    )
    return found


class FoundColumn(Expression):
    """A column of a derived table (as Django's `Col` is of a model's), read as the expression that it
    was found by."""

    contains_column_references = True
    possibly_multivalued = False
    found_by: Any

    def __init__(self, alias: str, name: str, output_field: Any) -> None:
        super().__init__(output_field=output_field)
        self.alias, self.name = alias, name

    @classmethod
    def of(cls, alias: str, name: str, found_by: Any) -> "FoundColumn":
        column = cls(alias, name, found_by.output_field)
        column.found_by = found_by
        return column

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        alias = compiler.quote_name_unless_alias(self.alias)
        return f"{alias}.{connection.ops.quote_name(self.name)}", []

    def get_db_converters(self, connection: Any) -> list[Any]:
        converters: list[Any] = self.found_by.get_db_converters(connection)
        return converters

    def relabeled_clone(self, change_map: Mapping[str, str]) -> "FoundColumn":
        return self.of(change_map.get(self.alias, self.alias), self.name, self.found_by)

    def get_group_by_cols(self) -> list[Any]:
        return [self]


class _Place(Func):
    template = "(%(expressions)s)[%(place)s]"

    def _resolve_output_field(self) -> Any:
        (array,) = self.get_source_expressions()
        return array.output_field.base_field


def nth(of: Any, *, order: Sequence[str], where: Q | None = None, place: int = 1) -> Func:
    """The value of an expression in the first row of a group, or in a later one, in some order."""
    return _Place(ArrayAgg(of, filter=where, order_by=order), place=place)
