"""Whether what stands open, and what it brings a day, changed by more than usual in the last week.

What stands open this week is mostly what stood open the week before: not its height is news, but by how
much it changed (D. J. Wheeler: individual values must not hang on each other).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from reports.axes import WEEK
from reports.figures import Figure, Period
from reports.metric import figures
from reports.metrics import expected, outcomes, pipeline
from reports.populations import qualified_stays_since
from reports.presenters.panels import Area, Line, Lines, Point, Trend
from reports.presenters.pins import pinned
from reports.presenters.report import Report, value_text
from reports.presenters.trends import mondays_of, weeks_until
from reports.question import Question
from reports.statistics import NaturalLimits, natural_limits
from reports.together import Wanted
from salesprocess.lib.format import day, number

# What velocity multiplies is that of the quarter up to each week.
TRAILING = 13
_WEEK = dt.timedelta(weeks=1)


def wanted_of_stock_trends(report: Report) -> list[Wanted]:
    """The closings that velocity is made of, to be asked for together with other things."""
    if report.question.is_of_some:
        return []
    return [Wanted(question=_closings(report), metrics=expected.CLOSINGS, axes=(WEEK,))]


def no_stock_trends_words(question: Question) -> str:
    """Why there are none, where there never are."""
    return _("week by week it is told of all together only") if question.is_of_some else ""


def stock_weeks(question: Question) -> Period:
    """The last weeks that are over by the end of the day whose stock is asked for."""
    return weeks_until(question.as_of or question.today, question)


def _closings(report: Report) -> Question:
    weeks = stock_weeks(report.question)
    start = weeks.start_on - TRAILING * _WEEK
    return report.question.beside(Period(start_on=start, end_on=weeks.end_on, zone=weeks.zone))


def stood_open(question: Question, weeks: Period) -> dict[dt.date, tuple[int, Decimal]]:
    """How many deals were open from stage 3 on at the end of each week, by its Monday, and what they
    were worth; one query. It is told of all in reach: whose each was then is not asked. Rates and
    currencies are those of now."""
    counts: dict[Any, tuple[int, Decimal]] = {}
    rows = list(qualified_stays_since(question, weeks.starts_at, weeks.ends_at))
    for monday in mondays_of(weeks):
        there = [
            row
            for row in rows
            if (row["began"] is None or row["began"] <= monday)
            and (row["ended"] is None or row["ended"] > monday)
        ]
        value = sum((row["value"] for row in there if row["value"] is not None), Decimal(0))
        counts[monday] = (sum(row["n"] for row in there), value)
    return counts


def stock_trends(report: Report) -> dict[str, Trend]:
    """The small lines of the open value and of velocity, by their slugs, if enough weeks can be told. None
    of some people, teams or styles: whose a deal was in each week, by which its number is told, is not
    asked here."""
    if report.question.is_of_some:
        return {}
    weeks = stock_weeks(report.question)
    stock = stood_open(report.question, weeks)
    first = next((monday for monday, (n, _value) in stock.items() if n), None)
    if first is None:
        return {}
    told = {monday: each for monday, each in stock.items() if monday >= first}
    speed = _velocities(report, {monday: n for monday, (n, _value) in told.items()})
    worth = {monday: value for monday, (_n, value) in told.items()}
    lines = ((pipeline.qualified_value, worth), (expected.velocity, speed))
    found = {metric.slug: _trend(report, values, metric.unit, weeks) for metric, values in lines}
    return {slug: trend for slug, trend in found.items() if trend is not None}


def _velocities(report: Report, counts: Mapping[dt.date, int]) -> dict[dt.date, Decimal]:
    """What the open deals brought a day, by the closings of the quarter up to each week; only of weeks
    up to which without a gap something was won."""
    found = figures(_closings(report), expected.CLOSINGS, WEEK)
    told: dict[dt.date, Decimal] = {}
    for monday, n in counts.items():
        within = [monday - back * _WEEK for back in range(TRAILING)]
        value, rate, cycle = (
            [figure for week in within if (figure := found[metric.slug].get(week))]
            for metric in (
                outcomes.won_value, outcomes.closed_win_rate, outcomes.average_cycle,
            )
        )  # fmt: skip
        mean_value, mean_cycle = _mean_of_sums(value), _mean_of_means(cycle)
        decided = sum(figure.n for figure in rate)
        if mean_value is None or not mean_cycle or not decided:
            told.clear()
            continue
        won = Decimal(sum(figure.part or 0 for figure in rate)) / decided
        told[monday] = n * mean_value * won / mean_cycle
    return told


def _mean_of_sums(found: Sequence[Figure]) -> Decimal | None:
    known = sum(figure.coverage.known for figure in found if figure.n)
    total = sum((Decimal(figure.value or 0) for figure in found), Decimal(0))
    return total / known if known else None


def _mean_of_means(found: Sequence[Figure]) -> Decimal | None:
    known = sum(figure.coverage.known for figure in found if figure.n)
    total = sum(
        (Decimal(figure.value or 0) * figure.coverage.known for figure in found), Decimal(0)
    )
    return total / known if known else None


def _trend(
    report: Report, levels: Mapping[dt.date, Decimal], unit: Any, weeks: Period
) -> Trend | None:
    values = [float(value) for value in levels.values()]
    limits = natural_limits([after - before for before, after in pairwise(values)])
    if limits is None:
        return None
    words = _words(report, list(levels), values, unit, limits)
    usual = [(value + limits.low, value + limits.high) for value in values[:-1]]
    top = max(*values, *(high for _low, high in usual)) or 1.0
    last = len(values) - 1

    def point(place: int, value: float) -> Point:
        at = max(0.0, min(100.0, 100 - 100 * value / top))
        return Point(x=round(100 * place / last, 2), y=round(at, 2))

    band = Area(
        css="band-1",
        upper=[point(place, high) for place, (_low, high) in enumerate(usual, start=1)],
        lower=[point(place, low) for place, (low, _high) in enumerate(usual, start=1)],
    )
    line = Line(css="now", points=[point(place, value) for place, value in enumerate(values)])
    notes = pinned(report, min(levels), max(levels), within=weeks)
    return Trend(chart=Lines(areas=[band], lines=[line], notes=notes, title=words), words=words)


def _words(
    report: Report,
    mondays: Sequence[dt.date],
    values: Sequence[float],
    unit: Any,
    limits: NaturalLimits,
) -> str:
    """By how much it changed in the last week, and whether that is usual."""
    latest = len(values) - 2
    change = values[-1] - values[-2]
    said = {
        "week": day(mondays[-1], report.question.today),
        "value": _signed(report, change, unit),
        "low": _signed(report, limits.low, unit),
        "high": _signed(report, limits.high, unit),
    }
    if latest in limits.outside:
        return (
            _("Week of %(week)s: %(value)s, outside what is usual (%(low)s to %(high)s a week)")
            % said
        )
    if run := next((run for run in limits.runs if run[1] == latest), None):
        said["n"] = number(run[1] - run[0] + 1)
        if change > limits.mean:
            return _("%(n)s weeks in a row more than usual was added (%(low)s to %(high)s)") % said
        return _("%(n)s weeks in a row less than usual was added (%(low)s to %(high)s)") % said
    return _("Week of %(week)s: %(value)s, as usual (%(low)s to %(high)s a week)") % said


def _signed(report: Report, value: float, unit: Any) -> str:
    text = value_text(
        Decimal(str(abs(value))).quantize(Decimal("0.1")),
        unit,
        currency=report.currency,
        short=True,
    )
    return f"{'−' if value < 0 else '+'}{text}"  # a minus sign
