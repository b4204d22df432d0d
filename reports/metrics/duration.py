"""How long things take (METRICS K4 within a horizon, K5 and K6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import compress
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Min, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from reports.figures import Definition, Goal, Unit
from reports.flow_populations import CYCLES, FIRST_ENTRIES, LAST_EXITS, NORMED, STAYS, WAITS
from reports.measures import FigureMeasure, Middle, Raw, Summed
from reports.metric import metric
from reports.metrics.outcomes import LOST, WON
from reports.populations import EXITS
from reports.statistics import Curve, cumulative_incidence, kaplan_meier
from salesprocess.lib.chance import wilson

LENGTH = ExpressionWrapper(F("left_at") - F("entered_at"), output_field=DurationField())
# A one-call sale passes through stages in no time: such visits stand aside (METRICS K5). Those whose
# first day nobody knows are counted, and lower the coverage.
TOOK_TIME = Q(left_at__gt=F("entered_at")) | Q(entered_at=None)

_TIME = Definition(
    key="K5",
    goal=Goal.STUCK,
    name=_("Time in stage"),
    text=_(
        "Median and 75th percentile of the days of visits that ended in the period; visits that "
        "took no time (a one-call sale) stand aside. Those still there are not in it: the curve "
        "beside it counts them."
    ),
    basis=_("by the day on which the visit ended; owner and team at entry"),
    covers=_("ended visits of which both days are known"),
)


@metric(_TIME, over=EXITS)
def median_days() -> FigureMeasure:
    """The days within which half of the visits that ended were over (METRICS K5)."""
    return Middle(of=LENGTH, where=TOOK_TIME, with_half=True)


@metric(_TIME, over=EXITS)
def p75_days() -> FigureMeasure:
    """The days within which three of four visits that ended were over (METRICS K5)."""
    return Middle(of=LENGTH, share="0.75", where=TOOK_TIME)


@metric(_TIME, over=EXITS)
def p90_days() -> FigureMeasure:
    """The days within which nine in ten visits that ended were over (METRICS K5)."""
    return Middle(of=LENGTH, share="0.9", where=TOOK_TIME)


_USUAL = Definition(
    key="K5",
    goal=Goal.STUCK,
    name=_("Time against what is usual"),
    text=_(
        "Each visit that ended in the period is measured by the usual days of its own team, as its "
        "process says now; the middle one says how long the stage takes against them."
    ),
    basis=_("by the day on which the visit ended; owner and team at entry"),
    covers=_("ended visits of which both days are known"),
)


@metric(_USUAL, over=NORMED)
def share_of_usual() -> FigureMeasure:
    """What the middle visit took of its team's usual days: 100 % is just that (METRICS K5)."""
    return Middle(of="of_usual", where=TOOK_TIME, unit=Unit.SHARE)


@metric(_USUAL, over=NORMED)
def shortest_usual() -> FigureMeasure:
    """The usual days of the team that has the fewest, among the visits that ended."""
    return Summed(of="usual_days", where=TOOK_TIME, unit=Unit.DAYS, aggregate=Min)


@metric(_USUAL, over=NORMED)
def longest_usual() -> FigureMeasure:
    """The usual days of the team that has the most, among the visits that ended."""
    return Summed(of="usual_days", where=TOOK_TIME, unit=Unit.DAYS, aggregate=Max)


_BY_DEAL = Definition(
    key="K5",
    goal=Goal.STUCK,
    name=_("Time in stage, by deal"),
    text=_(
        "Of each deal the last visit to the stage that ended in the period, or all of its visits to "
        "it together: a deal that comes back stays longer than any of its visits says."
    ),
    basis=_("by the day on which the last visit ended; owner and team at entry"),
    covers=_("ended visits of which both days are known"),
    source=_("HubSpot, latest and cumulative time"),
)


@metric(_BY_DEAL, over=LAST_EXITS)
def latest_days() -> FigureMeasure:
    """The median of the last visit of each deal (METRICS K5, latest)."""
    return Middle(of=LENGTH)


@metric(_BY_DEAL, over=LAST_EXITS)
def cumulative_days() -> FigureMeasure:
    """The median of all visits of each deal together (METRICS K5, cumulative)."""
    return Middle(of="stayed")


OVER = Q(ended=True)

# Those still there ----------------------------------------------------------------------------------


def _days(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(round(value, 1)))


@dataclass(frozen=True, kw_only=True)
class Lasting:
    """How long visits last, where those that go on count as lasting at least so long: the median of
    the curve of Kaplan and Meier, between which quarters the middle half lies, and how sure it is."""

    unit: Unit = Unit.DAYS

    def columns(self) -> dict[str, Any]:
        columns = ("lasted", "ended", "watched_from")
        return {"n": Count("pk"), **{name: ArrayAgg(name) for name in columns}}

    def read(self, row: Mapping[str, Any]) -> Raw:
        lasted, ended, since = (row.get(name) or () for name in ("lasted", "ended", "watched_from"))
        if None in lasted:
            known = [each is not None for each in lasted]
            lasted, ended, since = (list(compress(each, known)) for each in (lasted, ended, since))
        if not lasted:
            return Raw(None, row["n"], known=0)
        curve = kaplan_meier(lasted, ended, since=since)
        low, high = _days(curve.quantile(0.25)), _days(curve.quantile(0.75))
        return Raw(
            _days(curve.median()),
            row["n"],
            known=len(lasted),
            half=None if low is None or high is None else (low, high),
            bounds=curve.quantile_interval(0.5),
            curve=curve,
        )

    def rows(self, rows: QuerySet[Any], *, part: bool) -> QuerySet[Any]:
        return rows


@metric(
    Definition(
        key="K5",
        goal=Goal.STUCK,
        name=_("Time in stage, open ones counted"),
        text=_(
            "The days within which half of the visits are over, by the curve of Kaplan and Meier: a "
            "visit that goes on counts as lasting at least so long. What ended alone looks too fast, "
            "since the slow ones are still there. A visit from before the period counts from its "
            "first day in it."
        ),
        basis=_("visits that ended in the period or are still there; owner and team at entry"),
        covers=_("visits whose day of entry is known"),
        source="Kaplan and Meier (1958)",
    ),
    over=STAYS,
)
def lasting_days() -> FigureMeasure:
    """The median time in stage with those still there (METRICS K5)."""
    return Lasting()


_ENDED = Definition(
    key="K5",
    goal=Goal.STUCK,
    name=_("Time in stage, ended ones"),
    text=_(
        "Median and 75th percentile of the days of those visits that ended in the period, beside the "
        "usual days of their own teams; visits that took no time stand aside."
    ),
    basis=_("by the day on which the visit ended; owner and team at entry"),
    covers=_("ended visits of which both days are known"),
)


@metric(_ENDED, over=STAYS)
def ended_median() -> FigureMeasure:
    """The median of the stays that are over: `median_days`, of the stays."""
    return Middle(of=LENGTH, where=OVER)


@metric(_ENDED, over=STAYS)
def ended_p75() -> FigureMeasure:
    """The 75th percentile of the stays that are over."""
    return Middle(of=LENGTH, share="0.75", where=OVER)


@metric(_ENDED, over=STAYS)
def ended_of_usual() -> FigureMeasure:
    """What the middle stay took of its team's usual days."""
    return Middle(of="of_usual", where=OVER, unit=Unit.SHARE)


@metric(_ENDED, over=STAYS)
def ended_shortest_usual() -> FigureMeasure:
    """The fewest usual days of a team among the stays that are over."""
    return Summed(of="usual_days", where=OVER, unit=Unit.DAYS, aggregate=Min)


@metric(_ENDED, over=STAYS)
def ended_longest_usual() -> FigureMeasure:
    """The most usual days of a team among the stays that are over."""
    return Summed(of="usual_days", where=OVER, unit=Unit.DAYS, aggregate=Max)


# Won within so many days ----------------------------------------------------------------------------

HORIZONS = (30, 60, 90)


@dataclass(frozen=True, kw_only=True)
class Within:
    """Which share was won within so many days: the curve of Aalen and Johansen, on which the open
    ones count for as long as they are known and the stopped ones can no longer be won."""

    days: int
    unit: Unit = Unit.SHARE

    def columns(self) -> dict[str, Any]:
        return {
            "n": Count("pk"),
            "followed": ArrayAgg("followed_days"),
            "came_to": ArrayAgg("came_to"),
        }

    def read(self, row: Mapping[str, Any]) -> Raw:
        followed, ends = (row.get(name) or () for name in ("followed", "came_to"))
        if None in followed:
            known = [each is not None for each in followed]
            followed, ends = (list(compress(each, known)) for each in (followed, ends))
        if not followed:
            return Raw(None, row["n"], known=0)
        curve = cumulative_incidence(followed, ends, of="won")
        at = curve.at(self.days)
        return Raw(
            None if at is None else Decimal(str(round(at, 4))),
            row["n"],
            known=len(followed),
            bounds=share_bounds(curve, self.days),
            curve=curve,
        )

    def rows(self, rows: QuerySet[Any], *, part: bool) -> QuerySet[Any]:
        return rows


def share_bounds(curve: Curve, days: float) -> tuple[float, float] | None:
    """Between which shares a rising curve lies 9 times in 10 after so many days: Wilson's interval
    for as many rows as had been followed so long, which is careful; None where that was none."""
    share, n = curve.at(days), max(curve.at_risk(days), 0)
    ended = sum(1 for each in curve.followed if each < days)
    n = n + ended if curve.known_to is None or days <= curve.known_to else 0
    return None if share is None or not n else tuple(wilson(round(share * n), n))  # type: ignore[return-value]


@metric(
    Definition(
        key="K4",
        goal=Goal.BEST,
        name=_("Won within 90 days"),
        text=_(
            "How likely a deal is won within 90 days of first coming to the stage: open deals count "
            "for as long as they are known, and what was stopped can no longer be won."
        ),
        basis=_("by the day on which the deal first came to the stage; owner and team at entry"),
        covers=_("first entries whose day, and whose closing, is known"),
        source=_("Funnelcast; the estimator of Aalen and Johansen (1978)"),
    ),
    over=FIRST_ENTRIES,
)
def won_within() -> FigureMeasure:
    """The chance to win within 90 days of entering a stage (METRICS K4, within a horizon)."""
    return Within(days=90)


# Waiting, and the whole way -------------------------------------------------------------------------


@metric(
    Definition(
        key="K5",
        goal=Goal.FIT,
        name=_("Waiting in a new stage"),
        text=_(
            "The days from coming to the stage to the first conversation, or the first step done, in "
            "it. Visits in which nothing happened yet are not in the median and lower the coverage."
        ),
        basis=_("by the day of entry; owner and team at entry"),
        formula=_("first conversation or step − entry"),
        covers=_("visits in which something was done"),
    ),
    over=WAITS,
)
def waiting_days() -> FigureMeasure:
    """How long a deal lies after a move until something is done (METRICS K5)."""
    return Middle(of="waited", with_half=True)


def _cycle(name: object, text: object, formula: object) -> Definition:
    return Definition(
        key="K6",
        goal=Goal.STUCK,
        name=name,  # type: ignore[arg-type]
        text=text,  # type: ignore[arg-type]
        basis=_("by the day of closing, the closing in force; present owner and team"),
        formula=formula,  # type: ignore[arg-type]
        covers=_("closed deals of which both days are known"),
    )


_FROM_RECORD = _cycle(
    _("Sales cycle, from the first record"),
    _("The days from the first visit of a deal to its closing; won and stopped stand apart."),
    _("closed − first entered"),
)
_FROM_TALK = _cycle(
    _("Sales cycle, from the first talk"),
    _(
        "The days from the first conversation, in which both sides spoke, to the closing. Deals "
        "without one are not in the median and lower the coverage."
    ),
    _("closed − first conversation"),
)


@metric(_FROM_RECORD, over=CYCLES)
def cycle_won() -> FigureMeasure:
    """How long won deals took from the first record on (METRICS K6)."""
    return Middle(of="from_first", where=WON, with_half=True)


@metric(_FROM_RECORD, over=CYCLES)
def cycle_lost() -> FigureMeasure:
    """How long deals took that the customer stopped (METRICS K6)."""
    return Middle(of="from_first", where=LOST, with_half=True)


@metric(_FROM_TALK, over=CYCLES)
def cycle_won_from_talk() -> FigureMeasure:
    """How long won deals took from the first conversation on (METRICS K6, the second clock)."""
    return Middle(of="from_talk", where=WON, with_half=True)


@metric(_FROM_TALK, over=CYCLES)
def cycle_lost_from_talk() -> FigureMeasure:
    """How long deals took that the customer stopped, from the first conversation on."""
    return Middle(of="from_talk", where=LOST, with_half=True)


@metric(
    _cycle(
        _("Sales cycle, from the second stage"),
        _("The days from first coming to prospecting, or beyond it, to the win."),
        _("closed − first entered from the second stage on"),
    ),
    over=CYCLES,
)
def cycle_won_from_prospecting() -> FigureMeasure:
    """How long won deals took from the second stage on (METRICS K6)."""
    return Middle(of="from_second", where=WON, with_half=True)
