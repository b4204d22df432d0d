"""What comes of somebody's work, quarter by quarter, the last year beside the one before (CHECKLIST C2)."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from reports.axes import QUARTER
from reports.figures import MIN_ROWS, Figure, Period
from reports.metrics import flow, outcomes
from reports.presenters.forest import counted, forest, table_of
from reports.presenters.panels import LegendKey, ReportPanel, TableCell, TableHead
from reports.presenters.report import Report, unless_too_few
from reports.question import months_before
from reports.together import Wanted
from salesprocess.lib.chance import differ
from salesprocess.lib.format import percent

# A year of quarters, and the year before it.
YEAR = 4
_MONTHS = 3
_CLOSED = (outcomes.closed_win_rate, outcomes.won_value)


def of_two_years(report: Report) -> Report:
    """The same report about the eight quarters up to that in which the period ends."""
    question = report.question
    first, last = question.quarter
    start = months_before(first, (2 * YEAR - 1) * _MONTHS)
    period = Period(start_on=start, end_on=last, zone=question.period.zone)
    return replace(report.about(period), question=question.beside(period))


def wanted_of_results(report: Report) -> list[Wanted]:
    """What the box reads, to be asked for together with other things."""
    question = of_two_years(report).question
    return [
        Wanted(question=question, metrics=_CLOSED),
        Wanted(question=question, metrics=_CLOSED, axes=(QUARTER,)),
        Wanted(question=question, metrics=(flow.newly_qualified,)),
        Wanted(question=question, metrics=(flow.newly_qualified,), axes=(QUARTER,)),
    ]


def results_panel(report: Report, *, is_own: bool) -> ReportPanel:
    told = of_two_years(report)
    question = told.question
    rate = outcomes.closed_win_rate
    values, qualified = (
        {**metric.measure(question, QUARTER), "": metric.whole(question)}
        for metric in (outcomes.won_value, flow.newly_qualified)
    )

    def cells(quarter: Any) -> list[TableCell]:
        won = values.get(quarter) or outcomes.won_value.of_nothing(question, QUARTER, quarter)
        new = qualified.get(quarter) or flow.newly_qualified.of_nothing(question, QUARTER, quarter)
        value = TableCell(text=told.text(won, short=True), raw=won.value)
        return [counted(told, new), counted(told, won), value]

    heads = [TableHead(text=words) for words in (_("Qualified"), _("Won"), _("Won value"))]
    also = {*values, *qualified} - {""}
    chart = forest(told, rate, QUARTER, heads=heads, cells=cells, also=sorted(also))
    whole = rate.whole(question)
    return ReportPanel(
        key="results",
        title=_("What you get out of it") if is_own else _("What comes of it"),
        template="reports/panels/dots.html",
        drawing=chart,
        table=table_of(chart),
        say=_before_and_after(rate.measure(question, QUARTER), question.quarter[0]),
        legend=[
            LegendKey(css="key-now", text=_("won, of what was decided, 9 times in 10")),
            LegendKey(css="key-still", text=_("all together")),
        ],
        definition=rate.definition,
        n=whole.n,
        coverage=whole.coverage,
        note=_("Eight quarters, whatever period is asked for."),
        empty=""
        if also
        else _("Nothing was qualified or decided yet. What is won will stand here."),
        wide=True,
    )


def _before_and_after(found: Mapping[Any, Figure], quarter: dt.date) -> str:
    """The last four quarters beside the four before, where that is more than chance."""
    middle = months_before(quarter, (YEAR - 1) * _MONTHS)
    known = {day: figure for day, figure in found.items() if day is not None}
    after = _together(figure for day, figure in known.items() if day >= middle)
    before = _together(figure for day, figure in known.items() if day < middle)
    if min(after[1], before[1]) < MIN_ROWS:
        return unless_too_few("", (after[1], before[1]))
    shares = {"now": percent(after[0] / after[1]), "before": percent(before[0] / before[1])}
    if not differ(*after, *before):
        words = _(
            "No difference beyond chance: %(now)s in the last four quarters, %(before)s before."
        )
    elif after[0] * before[1] > before[0] * after[1]:
        words = _("*More is won*: %(now)s of what was decided in four quarters, %(before)s before.")
    else:
        words = _("*Less is won*: %(now)s of what was decided in four quarters, %(before)s before.")
    return words % shares


def _together(figures: Iterable[Figure]) -> tuple[int, int]:
    told = list(figures)
    return sum(each.part or 0 for each in told), sum(each.n for each in told)
