"""Figures: a value with its n, period, definition and coverage, so that a page cannot show one
without the others (ARCHITECTURE 9; CHECKLIST E9, E10).

Coverage is the share of a figure's population that has the data which the figure needs.
"""

from __future__ import annotations

import datetime as dt
import enum
import zoneinfo
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from reports.statistics import Curve
from salesprocess.lib.chance import wilson

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Below it a report says so and makes no ranking (METHOD, Management: "90 %").
RELIABLE_FROM = Decimal("0.90")
# Of fewer rows no sentence is made, and what is computed of them stands back.
MIN_ROWS = 10
# A middle of fewer people would tell of each.
LEAST_PEOPLE = 5


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

    @property
    def days(self) -> int:
        return (self.end_on - self.start_on).days + 1


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


class Goal(TextChoices):
    """What a figure is there to answer (METHOD, "Management" and "Optimisation questions"): the goals
    come first, and what serves none of them is no figure (CHECKLIST D20)."""

    PIPELINE = "pipeline", _("What is in the pipeline, is it qualified, and will they buy?")
    DEAL = "deal", _("Which deals ask for somebody, and how can they be improved?")
    STUCK = "stuck", _("Where do deals get stuck, and where would more be won?")
    FIT = "fit", _("How do the stages fit together and help each other?")
    BEST = "best", _("Is it the best process: what wins, and what does not?")
    EFFECTIVE = "effective", _("What is done, by whom, and how effective is it?")
    CONSISTENT = "consistent", _("Is the process followed, and how far can figures be trusted?")
    USEFUL = "useful", _("Does the process help, and is it used?")


@dataclass(frozen=True, kw_only=True)
class Definition:
    """An entry of METRICS. `key` is its K-number, `goal` what it is there to answer, `basis` says by
    which date a row is counted, `covers` what its coverage is the share of, `source` whose definition
    it is."""

    key: str
    goal: Goal
    name: StrOrPromise
    text: StrOrPromise
    basis: StrOrPromise
    formula: StrOrPromise = ""
    covers: StrOrPromise = ""
    source: StrOrPromise = ""


class Unit(enum.Enum):
    """What a figure's value is a number of; how it is written follows from it."""

    COUNT = "count"
    SHARE = "share"
    DAYS = "days"
    HOURS = "hours"
    MONEY = "money"
    MONEY_A_DAY = "money_a_day"
    # How often one thing goes into another.
    TIMES = "times"


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
