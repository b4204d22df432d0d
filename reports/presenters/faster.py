"""Is it getting faster? The time in a stage week by week, with what is usual of it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from pipeline.process.stages import Stage
from reports.axes import STAGE, WEEK
from reports.metrics import duration
from reports.presenters.by_stage import stage_names
from reports.presenters.days import days_scale
from reports.presenters.panels import (
    Area,
    LegendKey,
    Line,
    Lines,
    Point,
    ReportPanel,
    ScaleMark,
    Table,
    TableCell,
    TableHead,
    TableRow,
    at_percent,
)
from reports.presenters.pins import pinned
from reports.presenters.report import Report
from reports.presenters.trends import WeeklyFigures, limit_words, whole_weeks, within_limits
from salesprocess.lib.format import day, number

WEEKS = 40
# Of fewer visits a week has no middle.
FEWEST_VISITS = 3
_STAGES = (
    Stage.NEEDS_ANALYSIS,
    Stage.PROPOSAL,
    Stage.OBJECTIONS,
    Stage.QUALIFICATION,
    Stage.CLOSING,
)


def faster_panel(report: Report) -> ReportPanel:
    """A natural-limits chart of the median days of the visits that ended in each week."""
    question = report.question
    names = stage_names(report)
    choices = {str(stage.value): names[stage] for stage in sorted(_STAGES)}
    first = str(Stage.NEEDS_ANALYSIS.value)
    chosen, switch = report.chosen("faster", {first: choices.pop(first), **choices})
    period = whole_weeks(question, WEEKS)
    asking = report.about(period)
    weeks = duration.median_days.within(question.beside(period), STAGE, int(chosen), WEEK)
    told = within_limits(report, duration.median_days, weeks, period, least_rows=FEWEST_VISITS)
    title = _("Is it getting faster?")
    if told is None:
        return ReportPanel(
            key="faster",
            title=title,
            switch=switch,
            definition=duration.median_days.definition,
            empty=_(
                "Of fewer than 20 weeks with %(n)s ended visits or more nobody can say what is usual."
            )
            % {"n": FEWEST_VISITS},
            wide=True,
        )
    return ReportPanel(
        key="faster",
        title=title,
        template="reports/panels/lines.html",
        drawing=_chart(asking, told),
        table=Table(
            heads=[
                TableHead(text=_("Week of"), numeric=False),
                TableHead(text=_("Half within")),
                TableHead(text=_("Visits that ended")),
            ],
            rows=[
                TableRow(
                    name=day(monday, question.today),
                    cells=[
                        TableCell(text=report.text(figure), raw=figure.value),
                        asking.n_cell(figure),
                    ],
                )
                for monday, figure in told.figures.items()
            ],
        ),
        definition=duration.median_days.definition,
        n=sum(figure.n for figure in told.figures.values()),
        switch=switch,
        say=_answer(report, told),
        legend=[
            LegendKey(css="key-half", text=_("usual: the natural limits")),
            LegendKey(css="key-warn", text=_("not by chance")),
        ],
        note=_(
            "The median of the visits that ended in each week; weeks of fewer than %(n)s are left out."
        )
        % {"n": FEWEST_VISITS},
        wide=True,
    )


def _chart(report: Report, told: WeeklyFigures) -> Lines:
    end, marks = days_scale([*told.values, told.high])
    mondays = list(told.figures)
    span = max((mondays[-1] - mondays[0]).days, 1)
    xs = [at_percent((monday - mondays[0]).days, span) for monday in mondays]
    low, high, middle = (
        100 - at_percent(value, end) for value in (told.limits.low, told.high, told.limits.mean)
    )
    signals = {*told.limits.outside}
    for first, last in told.limits.runs:
        signals |= set(range(first, last + 1))
    points = [
        Point(
            x=x,
            y=round(100 - at_percent(value, end), 2),
            title=f"{day(monday, report.question.today)}: {report.text(figure)}, n {number(figure.n)}",
            href=report.rows(figure),
            css="signal" if place in signals else "",
        )
        for place, (x, value, (monday, figure)) in enumerate(
            zip(xs, told.values, told.figures.items(), strict=True)
        )
    ]
    return Lines(
        areas=[
            Area(
                css="band-1",
                upper=[Point(x=0, y=high), Point(x=100, y=high)],
                lower=[Point(x=0, y=low), Point(x=100, y=low)],
                title=_("usual: the natural limits"),
            )
        ],
        lines=[Line(css="now", points=points, title=_("Is it getting faster?"), show_points=True)],
        limits=[
            (high, _("upper limit")),
            (middle, _("the middle")),
            *([(low, _("lower limit"))] if told.limits.low else []),
        ],
        y_scale=[ScaleMark(at=100 - mark.at, text=mark.text) for mark in reversed(marks)],
        x_scale=[
            ScaleMark(at=xs[place], text=day(mondays[place], report.question.today))
            for place in range(0, len(xs), 6)
        ],
        notes=pinned(report, mondays[0], mondays[-1]),
        title=_("Median days of the visits that ended in each week"),
    )


def _answer(report: Report, told: WeeklyFigures) -> str:
    """What has changed for good by now; else that nothing but chance is seen."""
    mondays, latest = list(told.figures), len(told.figures) - 1
    usual = {
        "low": limit_words(report, told, told.limits.low),
        "high": limit_words(report, told, told.high),
    }
    beyond = len(told.limits.outside)
    rest = " " + _("Weeks beyond the limits: %(n)s.") % {"n": number(beyond)} if beyond else ""
    run = next((run for run in told.limits.runs if run[1] == latest), None)
    if run is None:
        words = _("Nothing but chance is seen of late: %(low)s to %(high)s is usual.")
        return words % usual + rest
    said = {
        **usual,
        "since": day(mondays[run[0]], report.question.today),
        "n": number(run[1] - run[0] + 1),
    }
    if told.values[latest] < told.limits.mean:
        words = _(
            "*Yes, since %(since)s*: %(n)s weeks in a row below the middle; %(low)s to %(high)s is usual."
        )
    else:
        words = _(
            "*Slower since %(since)s*: %(n)s weeks in a row above the middle; %(low)s to %(high)s is "
            "usual."
        )
    return words % said + rest
