"""How a metric's value comes out of the rows of its population.

Each measure says which aggregates it needs, what they come to, and exactly which rows it counts, so
that a number and the list behind it cannot differ.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from django.db.models import Aggregate, Avg, Count, Q, QuerySet, Sum

from reports.figures import Unit
from salesprocess.lib.deadline import in_time

if TYPE_CHECKING:
    from reports.statistics import Curve


class Raw(NamedTuple):
    """What a measure found for one value of an axis. `known` of `n` rows have what it needs."""

    value: Decimal | int | None
    n: int
    part: int | None = None
    known: int | None = None
    half: tuple[Decimal, Decimal] | None = None
    bounds: tuple[float, float | None] | None = None
    curve: Curve | None = None


class FigureMeasure(Protocol):
    """How a metric's value comes out of the rows of its population."""

    @property
    def unit(self) -> Unit: ...

    def columns(self) -> dict[str, Any]:
        """The aggregates that it needs; one is called `n`, the rows that it counts."""

    def read(self, row: Mapping[str, Any]) -> Raw: ...

    def rows(self, rows: QuerySet[Any], *, part: bool) -> QuerySet[Any]:
        """Exactly the rows counted by `n`, or by the numerator."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How many rows."""

    where: Q = field(default_factory=Q)
    unit: Unit = Unit.COUNT
    # Whether the whole is the sum of its parts.
    adds_up: ClassVar = True

    def columns(self) -> dict[str, Any]:
        return {"n": Count("pk", filter=self.where)}

    def read(self, row: Mapping[str, Any]) -> Raw:
        return Raw(row["n"], row["n"])

    def rows(self, rows: QuerySet[Any], *, part: bool) -> QuerySet[Any]:
        return rows.filter(self.where)


@dataclass(frozen=True, kw_only=True)
class Share:
    """Which share of the rows that are `among` has the `part`."""

    part: Q
    among: Q = field(default_factory=Q)
    unit: Unit = Unit.SHARE
    adds_up: ClassVar = True

    def columns(self) -> dict[str, Any]:
        return {
            "n": Count("pk", filter=self.among),
            "part": Count("pk", filter=self.among & self.part),
        }

    def read(self, row: Mapping[str, Any]) -> Raw:
        n, part = row["n"], row["part"]
        return Raw(Decimal(part) / n if n else None, n, part)

    def rows(self, rows: QuerySet[Any], *, part: bool) -> QuerySet[Any]:
        return rows.filter(self.among & self.part if part else self.among)


@dataclass(frozen=True, kw_only=True)
class Summed:
    """What an expression adds up to; of rows without it that is not known. By default their value."""

    of: Any = "value"
    where: Q = field(default_factory=Q)
    unit: Unit = Unit.MONEY
    aggregate: type[Aggregate] = Sum

    @property
    def adds_up(self) -> bool:
        return self.aggregate is Sum

    def columns(self) -> dict[str, Any]:
        return {
            "n": Count("pk", filter=self.where),
            "known": Count(self.of, filter=self.where),
            "found": self.aggregate(self.of, filter=self.where),
        }

    def read(self, row: Mapping[str, Any]) -> Raw:
        nothing = 0 if self.aggregate is Sum and not row["n"] else None
        found = nothing if row["found"] is None else row["found"]
        return Raw(_in_days(found), row["n"], known=row["known"])

    def rows(self, rows: QuerySet[Any], *, part: bool) -> QuerySet[Any]:
        return rows.filter(self.where)


@dataclass(frozen=True, kw_only=True)
class ValueShare:
    """Which share of the rows' value those have that are `part`; unknown where no value is known."""

    part: Q
    unit: Unit = Unit.SHARE

    def columns(self) -> dict[str, Any]:
        return {
            "n": Count("pk"),
            "known": Count("value"),
            "found": Sum("value", filter=self.part),
            "whole": Sum("value"),
        }

    def read(self, row: Mapping[str, Any]) -> Raw:
        whole = row.get("whole")
        share = (row["found"] or Decimal(0)) / whole if whole else None
        return Raw(share, row["n"], known=row["known"])

    def rows(self, rows: QuerySet[Any], *, part: bool) -> QuerySet[Any]:
        return rows


@dataclass(frozen=True, kw_only=True)
class SumShare:
    """Which share of what the rows have of one number they have of another, all of them together: of
    the steps of some visits those that were done."""

    part: str
    of: str
    where: Q = field(default_factory=Q)
    unit: Unit = Unit.SHARE

    def columns(self) -> dict[str, Any]:
        return {
            "n": Count("pk", filter=self.where),
            "found": Sum(self.part, filter=self.where),
            "whole": Sum(self.of, filter=self.where),
        }

    def read(self, row: Mapping[str, Any]) -> Raw:
        whole = row.get("whole")
        return Raw(Decimal(row["found"] or 0) / whole if whole else None, row["n"])

    def rows(self, rows: QuerySet[Any], *, part: bool) -> QuerySet[Any]:
        return rows.filter(self.where)


def averaged(of: Any = "value", *, where: Q | None = None, unit: Unit = Unit.MONEY) -> Summed:
    """The mean of an expression over the rows that have it."""
    return Summed(of=of, where=Q() if where is None else where, unit=unit, aggregate=Avg)


class Percentile(Aggregate):
    """The value below which a share of the rows lies; exact, by PostgreSQL."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    allow_distinct = False


@dataclass(frozen=True, kw_only=True)
class Middle:
    """The value of an expression below which a share of the rows lies: the median by default."""

    of: Any
    share: str = "0.5"
    where: Q = field(default_factory=Q)
    unit: Unit = Unit.DAYS
    # Whether it also finds between which values the middle half lies.
    with_half: bool = False

    def columns(self) -> dict[str, Any]:
        shares = {"found": self.share}
        if self.with_half:
            shares |= {"low": "0.25", "high": "0.75"}
        return {
            "n": Count("pk", filter=self.where),
            "known": Count(self.of, filter=self.where),
            **{
                name: Percentile(self.of, share=share, filter=self.where)
                for name, share in shares.items()
            },
        }

    def read(self, row: Mapping[str, Any]) -> Raw:
        low, high = (_in_days(row.get(name)) for name in ("low", "high"))
        return Raw(
            _in_days(row["found"]),
            row["n"],
            known=row["known"],
            half=None if low is None or high is None else (low, high),
        )

    def rows(self, rows: QuerySet[Any], *, part: bool) -> QuerySet[Any]:
        return rows.filter(self.where)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the rows come to that a population tells, each for the `n` that are like it: how many
    there are or, with `of`, what it adds up to; of a row for which it is None that is not known. With
    `part`, which share of them has it."""

    where: Callable[[Any], bool]
    of: Callable[[Any], Decimal | None] | None = None
    part: Callable[[Any], bool] | None = None

    @property
    def unit(self) -> Unit:
        if self.part is not None:
            return Unit.SHARE
        return Unit.COUNT if self.of is None else Unit.MONEY

    def read(self, rows: Iterable[Any]) -> Raw:
        counted = [row for row in in_time(rows) if self.where(row)]
        n = sum(row.n for row in counted)
        if self.part is not None:
            part = sum(row.n for row in counted if self.part(row))
            return Raw(Decimal(part) / n if n else None, n, part)
        if self.of is None:
            return Raw(n, n)
        told = [(self.of(row), row.n) for row in counted]
        known = sum(count for value, count in told if value is not None)
        unknown = n > 0 and not known
        worth = sum((value for value, _count in told if value is not None), Decimal(0))
        return Raw(None if unknown else worth, n, known=known)

    def ids(self, rows: Iterable[Any], *, part: bool) -> list[int]:
        """Of exactly the rows counted by `n`, or by the numerator."""
        has = self.part if part and self.part else self.where
        return [row.pk for row in rows if self.where(row) and has(row)]


@dataclass(frozen=True, kw_only=True)
class Different:
    """How many different values of an expression the rows have; each of its rows is counted by `n`."""

    of: Any
    where: Q = field(default_factory=Q)
    unit: Unit = Unit.COUNT

    def columns(self) -> dict[str, Any]:
        return {
            "n": Count("pk", filter=self.where),
            "found": Count(self.of, filter=self.where, distinct=True),
        }

    def read(self, row: Mapping[str, Any]) -> Raw:
        return Raw(row["found"] or 0, row["n"])

    def rows(self, rows: QuerySet[Any], *, part: bool) -> QuerySet[Any]:
        return rows.filter(self.where)


@dataclass(frozen=True, kw_only=True)
class Unfolded:
    """A measure that along one axis counts a row under every value that it belongs to: who reached
    the proposal had reached the qualification before. `of` measures one value of that axis, `whole`
    all rows and any other axis. `values` finds the values that a question has; without it they are
    those of the axis."""

    whole: FigureMeasure
    of: Callable[[Any], FigureMeasure]
    axis: str
    values: Callable[[Any], Sequence[Any]] | None = None

    @property
    def unit(self) -> Unit:
        return self.whole.unit

    def columns(self) -> dict[str, Any]:
        return self.whole.columns()

    def read(self, row: Mapping[str, Any]) -> Raw:
        return self.whole.read(row)

    def rows(self, rows: QuerySet[Any], *, part: bool) -> QuerySet[Any]:
        return self.whole.rows(rows, part=part)


def _in_days(found: Any) -> Any:
    if isinstance(found, dt.timedelta):
        return (Decimal(found.total_seconds()) / 86400).quantize(Decimal("0.1"))
    return Decimal(str(found)) if isinstance(found, float) else found
