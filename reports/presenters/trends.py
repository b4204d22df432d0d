"""Whether a figure is news or noise: week by week within its natural limits (METRICS; D. J. Wheeler)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from reports.axes import WEEK
from reports.figures import MIN_ROWS, Figure, Period, Unit
from reports.metric import Metric, figures
from reports.presenters.panels import Area, Line, Lines, Point, Trend
from reports.presenters.pins import pinned
from reports.presenters.report import Report, value_text
from reports.question import Question
from reports.statistics import NaturalLimits, natural_limits
from reports.together import Wanted
from salesprocess.lib.format import day, number

# So many whole weeks, the last one that is over being the latest.
WEEKS = 26
_WEEK = dt.timedelta(weeks=1)
# What cannot be below nothing, or above everything.
_MOST: Mapping[Unit, float] = {Unit.SHARE: 1.0}


@dataclass(frozen=True, kw_only=True)
class WeeklyFigures:
    """A figure of each week in which it can be told, by its Monday, and what of it is usual."""

    metric: Metric
    figures: Mapping[dt.date, Figure]
    limits: NaturalLimits

    @property
    def values(self) -> list[float]:
        return [float(figure.value or 0) for figure in self.figures.values()]

    @property
    def high(self) -> float:
        return min(self.limits.high, _MOST.get(self.metric.unit, self.limits.high))


def whole_weeks(question: Question, weeks: int = WEEKS) -> Period:
    """The last weeks that are over by the end of the period, or by today."""
    return weeks_until(min(question.period.end_on, question.today), question, weeks)


def weeks_until(day: dt.date, question: Question, weeks: int = WEEKS) -> Period:
    """The last weeks that are over by the end of a day."""
    last = day + dt.timedelta(days=1)
    monday = last - dt.timedelta(days=last.weekday())
    return Period(
        start_on=monday - weeks * _WEEK,
        end_on=monday - dt.timedelta(days=1),
        zone=question.period.zone,
    )


def wanted_weekly(report: Report, metrics: Sequence[Metric]) -> Wanted:
    """What `weekly` reads, to be asked for together with other things."""
    question = report.question.beside(whole_weeks(report.question))
    return Wanted(question=question, metrics=metrics, axes=(WEEK,))


def weekly(report: Report, metrics: Sequence[Metric]) -> dict[str, Trend]:
    """The small lines of those of which enough weeks can be told to say what is usual, by their
    slugs."""
    wanted = wanted_weekly(report, metrics)
    found = figures(wanted.question, metrics, WEEK)
    told = {
        each.slug: within_limits(report, each, found[each.slug], wanted.question.period)
        for each in metrics
    }
    return {slug: trend_of(report, each) for slug, each in told.items() if each is not None}


def within_limits(
    report: Report,
    metric: Metric,
    found: Mapping[Any, Figure],
    period: Period,
    *,
    least_rows: int = MIN_ROWS,
) -> WeeklyFigures | None:
    """What is usual of a figure by week; None where too few weeks can be told. A count or a sum of no
    row is nothing, once there was any; a rate or a median needs `least_rows`."""
    adds_up = metric.unit in (Unit.COUNT, Unit.MONEY)
    none = metric.of_nothing(report.question)
    first = min(found, default=None)
    told = {}
    for monday in mondays_of(period):
        figure = found.get(monday)
        if adds_up:
            if first is not None and monday >= first:
                told[monday] = figure or none
        elif figure is not None and figure.value is not None and figure.n >= least_rows:
            told[monday] = figure
    limits = natural_limits([float(each.value or 0) for each in told.values()], least=0.0)
    return None if limits is None else WeeklyFigures(metric=metric, figures=told, limits=limits)


def mondays_of(period: Period) -> list[dt.date]:
    return [period.start_on + number * _WEEK for number in range(period.days // 7)]


def trend_of(report: Report, of: WeeklyFigures) -> Trend:
    """The small line of a large number, with what it says."""
    values, top = of.values, max(of.high, *of.values) or 1.0
    points = _points(values, top)
    low, high = (round(100 - 100 * each / top, 2) for each in (of.limits.low, of.high))
    band = [Point(x=0, y=high), Point(x=100, y=high)]
    chart = Lines(
        areas=[Area(css="band-1", upper=band, lower=[Point(x=0, y=low), Point(x=100, y=low)])],
        lines=[Line(css="now", points=points)],
        notes=pinned(
            report,
            min(of.figures),
            max(of.figures),
            within=whole_weeks(report.question),
        ),
        title=trend_words(report, of),
    )
    return Trend(chart=chart, words=chart.title)


def _points(values: Sequence[float], top: float) -> list[Point]:
    last = max(len(values) - 1, 1)
    return [
        Point(x=round(100 * place / last, 2), y=round(100 - 100 * value / top, 2))
        for place, value in enumerate(values)
    ]


def trend_words(report: Report, of: WeeklyFigures) -> str:
    """Whether the last week, or a run that reaches to it, leaves what is usual."""
    latest = len(of.values) - 1
    monday, last = list(of.figures.items())[-1]
    said = {
        "week": day(monday, report.question.today),
        "value": report.text(last, short=True),
        "low": limit_words(report, of, of.limits.low),
        "high": limit_words(report, of, of.high),
    }
    if latest in of.limits.outside:
        return (
            _("Week of %(week)s: %(value)s, outside what is usual (%(low)s to %(high)s a week)")
            % said
        )
    if run := next((run for run in of.limits.runs if run[1] == latest), None):
        said["n"] = number(run[1] - run[0] + 1)
        if of.values[latest] > of.limits.mean:
            return _("%(n)s weeks in a row above the middle (usual %(low)s to %(high)s)") % said
        return _("%(n)s weeks in a row below the middle (usual %(low)s to %(high)s)") % said
    return _("Week of %(week)s: %(value)s, as usual (%(low)s to %(high)s a week)") % said


def limit_words(report: Report, of: WeeklyFigures, value: float) -> str:
    unit = of.metric.unit
    places = Decimal("0.001") if unit is Unit.SHARE else Decimal("0.1")
    rounded = Decimal(str(value)).quantize(places)
    return value_text(rounded, unit, currency=report.currency, short=True)
