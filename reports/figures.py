"""Figures: a value with its n, period, definition and coverage, so that a page cannot show one
without the others (ARCHITECTURE 9; CHECKLIST E9, E10).

Coverage is the share of a figure's population that has the data which the figure needs.
"""

from __future__ import annotations

import datetime as dt
import enum
import zoneinfo
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from django.utils.translation import gettext_lazy as _

from pipeline.process.stages import Stage
from reports.statistics import Curve, wilson

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

P = ParamSpec("P")
R = TypeVar("R")

# Below it a report says so and makes no ranking (METHOD, Management: "90 %").
RELIABLE_FROM = Decimal("0.90")
# Of fewer rows no sentence is made, and what is computed of them stands back.
MIN_ROWS = 10


@dataclass(frozen=True, kw_only=True)
class Period:
    """Whole days, both included, in the organisation's time zone."""

    start_on: dt.date
    end_on: dt.date
    zone: zoneinfo.ZoneInfo

    @property
    def starts_at(self) -> dt.datetime:
        return dt.datetime.combine(self.start_on, dt.time.min, tzinfo=self.zone)

    @property
    def ends_at(self) -> dt.datetime:
        """The first instant after the period."""
        return dt.datetime.combine(
            self.end_on + dt.timedelta(days=1), dt.time.min, tzinfo=self.zone
        )


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How much of a population has what a figure needs: `known` of `population` rows."""

    known: int
    population: int
    # The share from which on the organisation calls it reliable.
    reliable_from: Decimal = RELIABLE_FROM

    @property
    def missing(self) -> int:
        return self.population - self.known

    @property
    def share(self) -> Decimal | None:
        """Between 0 and 1; None where there is no population, which is not zero."""
        return Decimal(self.known) / self.population if self.population else None

    @property
    def is_reliable(self) -> bool:
        return self.share is not None and self.share >= self.reliable_from


@dataclass(frozen=True, kw_only=True)
class Definition:
    """An entry of METRICS. `key` is its K-number, `basis` says by which date a row is counted,
    `covers` what its coverage is the share of, `source` whose definition it is."""

    key: str
    name: StrOrPromise
    text: StrOrPromise
    basis: StrOrPromise
    formula: StrOrPromise = ""
    covers: StrOrPromise = ""
    source: StrOrPromise = ""


# K-numbers of the figures shown per stage, as registered by `shows_figures`.
_OF_STAGE: dict[Stage, set[str]] = {stage: set() for stage in Stage}


def shows_figures(
    *definitions: Definition, of: Iterable[Stage] = Stage
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Registers that the decorated query gives these figures for each of the stages `of`."""

    def mark(question: Callable[P, R]) -> Callable[P, R]:
        for stage in of:
            _OF_STAGE[stage].update(each.key for each in definitions)
        return question

    return mark


def figures_of_stages() -> dict[Stage, list[str]]:
    """The K-numbers of the figures that reports show of each stage."""
    return {stage: sorted(keys) for stage, keys in _OF_STAGE.items()}


class Unit(enum.Enum):
    """What a figure's value is a number of; how it is written follows from it."""

    COUNT = "count"
    SHARE = "share"
    DAYS = "days"
    HOURS = "hours"
    MONEY = "money"
    MONEY_A_DAY = "money_a_day"


@dataclass(frozen=True, kw_only=True)
class FigureCell:
    """Which number of a metric: that of the value `key` of the axis `by`, or of the whole without an
    axis; in a table of two axes that of `column` of the axis `across` as well. `part` asks for the
    numerator of a rate. A value of None is "not known"."""

    metric: str
    by: str = ""
    key: Any = None
    across: str = ""
    column: Any = None
    part: bool = False


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number as it may be shown. `value` None means unknown, never zero. `part` is the numerator
    of a rate whose denominator is `n`; `cell` names the rows that it counts.

    An estimate has its own `bounds`, between which it lies 9 times in 10 (the upper one None: no
    telling), and the `curve` from which it was read; `half` is between which values the middle half
    of the rows lies.
    """

    value: Decimal | int | None
    n: int
    definition: Definition
    period: Period
    coverage: Coverage
    part: int | None = None
    unit: Unit = Unit.COUNT
    cell: FigureCell | None = None
    half: tuple[Decimal, Decimal] | None = None
    bounds: tuple[float, float | None] | None = None
    curve: Curve | None = None

    @property
    def is_small_sample(self) -> bool:
        return self.n < MIN_ROWS

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where a rate lies 9 times in 10 (Wilson); None for what is no rate, or of nothing."""
        if self.part is None or not self.n:
            return None
        return wilson(self.part, self.n)


K1 = Definition(
    key="K1",
    name=_("Deals that entered"),
    text=_(
        "Visits to the stage that began in the period. They add up: advanced, moved back, stopped, "
        "won and still there. Visits whose date is unknown cannot be placed and lower the coverage."
    ),
    basis=_("by the day of entry; owner and team at entry"),
)
K2 = Definition(
    key="K2",
    name=_("Reached and skipped"),
    text=_(
        "Reached: the deal came as far as the stage. Visited: it stayed there. Skipped: reached, "
        "not visited, though the deal had begun before it."
    ),
    basis=_("by the day on which the deal began"),
)
K4_CLOSED = Definition(
    key="K4",
    name=_("Win rate, closed"),
    text=_(
        "Won ÷ (won + lost). Lost is what the customer stopped; what we stopped ourselves, such as "
        "a disqualification, is no loss."
    ),
    basis=_("by the day of closing"),
)
K5 = Definition(
    key="K5",
    name=_("Time in stage"),
    text=_(
        "Median and 75th percentile of the days of visits that ended in the period; visits that "
        "took no time (a one-call sale) stand aside."
    ),
    basis=_("by the day on which the visit ended; owner and team at entry"),
)
K8 = Definition(
    key="K8",
    name=_("Open pipeline"),
    text=_(
        "Number and value of the deals that are open now, in the organisation's currency: at the "
        "rates of the period's last day, else at the latest before it. Amounts without a rate are "
        "unknown and lower the coverage."
    ),
    basis=_("now; present owner and team"),
)
