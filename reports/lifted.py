"""Aggregates of what is dear to find: what they ask of each row is found once, before it is counted."""

from collections.abc import Mapping
from typing import Any

from django.db.models import (
    Aggregate,
    BooleanField,
    Case,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import Col, CombinedExpression
from django.utils.hashable import make_hashable

from salesprocess.lib.derived import FoundColumn, found_first


def lifted(
    rows: QuerySet[Any],
    along: Mapping[str, Any],
    columns: Mapping[str, Aggregate],
    *,
    always: bool = False,
) -> tuple[QuerySet[Any], Mapping[str, Aggregate]]:
    """The rows with the values `along` some axes, and the aggregates over them.

    If what an aggregate counts, or its condition, has to be worked out of other tables or columns, then
    every part of it is found of each row first, and once: PostgreSQL would find it anew for every
    aggregate, Django for every use of its name. If `always`, however cheap it is.
    """
    placed = rows.annotate(**along)
    known = placed.query.annotations
    if not always and not any(_is_dear(known, column) for column in columns.values()):
        return placed, columns
    parts = LiftedParts(known)
    found = {name: parts.over_parts(column) for name, column in columns.items()}
    named = dict(parts.named.values())
    return found_first(placed.annotate(**named), *along, *parts.kept, *named), found


def only_where(plain: Q, dear: Q) -> Q:
    """What holds where both do; `dear`, which asks other tables, is asked only where `plain` holds.

    Parts of an AND are found each for itself and of every row, so that PostgreSQL could not stop at
    the first that does not hold.
    """
    asked = Case(When(dear, then=True), default=False)
    return Q(Case(When(plain, then=asked), default=False, output_field=BooleanField()))


class LiftedParts:
    """What aggregates ask of a row: the annotations that are `kept` under their names, and what is
    `named` anew, by what it is."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self._known = known
        self.kept: dict[str, None] = {}
        self.named: dict[Any, tuple[str, Any]] = {}

    def over_parts(self, column: Aggregate) -> Aggregate:
        """The same aggregate over columns of their own."""
        found = column.copy()
        found.set_source_expressions(
            [self._source(each) for each in column.get_source_expressions()]
        )
        return found

    def _source(self, expression: Any) -> Any:
        if not expression or getattr(expression, "name", "") == "pk":
            return expression
        # What the rows were annotated with is found once, however many aggregates are made of it.
        if read := self._read_of_known(expression):
            self.kept.update(dict.fromkeys(read))
            return expression
        is_condition = isinstance(expression, Q)
        return self._over(expression) if is_condition else F(self._name(expression, expression))

    def _read_of_known(self, expression: Any) -> list[str]:
        """The annotations of which an expression is made, if it is made of nothing else."""
        if isinstance(expression, F):
            return [expression.name] if expression.name in self._known else []
        if not isinstance(expression, CombinedExpression | ExpressionWrapper):
            return []
        sources = expression.get_source_expressions()
        parts = [self._read_of_known(each) for each in sources if not isinstance(each, Value)]
        return [name for part in parts for name in part] if all(parts) else []

    def _over(self, part: Any) -> Any:
        if isinstance(part, Q):
            found = part.copy()
            found.children = [self._over(each) for each in part.children]
            return found
        if isinstance(part, tuple) and not hasattr(part[1], "resolve_expression"):
            name = part[0].split("__")[0]
            if name in self._known:
                self.kept[name] = None
                return part
        return self._name(part, Case(When(Q(part), then=True), default=False)), True

    def _name(self, part: Any, expression: Any) -> str:
        named = (f"part_{len(self.named)}", expression)
        return self.named.setdefault(make_hashable(part), named)[0]


def _is_dear(known: Mapping[str, Any], part: Any) -> bool:
    """Whether what a condition or an expression is about stands in no column yet; `known` are the
    annotations of the rows."""
    if isinstance(part, Q):
        return any(_is_dear(known, each) for each in part.children)
    if isinstance(part, tuple):
        name, value = part
        annotation = known.get(name.split("__")[0])
        if not isinstance(annotation, FoundColumn | Col | None):
            return True
        return hasattr(value, "resolve_expression") and _is_dear(known, value)
    if isinstance(part, F):
        return _asks_others(known.get(part.name.split("__")[0]))
    if _asks_others(part):
        return True
    parts: Any = getattr(part, "get_source_expressions", list)()
    return any(_is_dear(known, each) for each in parts)


def _asks_others(expression: Any) -> bool:
    return getattr(expression, "subquery", False) or getattr(expression, "contains_subquery", False)
