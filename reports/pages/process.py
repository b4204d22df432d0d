"""Was the process followed, and what came of it (METRICS K20)."""

import datetime as dt
from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.axes import MONTH, REASON, STAGE, STEP, TEAM, VERSION
from reports.figures import MIN_ROWS
from reports.metrics import flow
from reports.metrics import process as metrics
from reports.pages.page import ReportPage
from reports.presenters.ask_earlier import earlier_panel
from reports.presenters.effort import effort_panel, wanted_of_effort
from reports.presenters.forest import beside_keys, counted, forest, table_of
from reports.presenters.improvements import helped_words, improvements_panel, together_of
from reports.presenters.panels import (
    Bar,
    Bars,
    LegendKey,
    PanelChoice,
    ReportPanel,
    Segment,
    Table,
    TableCell,
    TableHead,
    TableRow,
    at_percent,
)
from reports.presenters.process_problem import ENOUGH_MOVES
from reports.presenters.report import Report, compared, unless_too_few
from reports.presenters.stamp import wanted_of_stamp
from reports.presenters.step_candidates import candidates_panel
from reports.presenters.step_completion import steps_panel, wanted_of_steps
from reports.presenters.trends import wanted_weekly, weekly
from reports.together import Wanted, ask_together
from salesprocess.lib.chance import differ
from salesprocess.lib.format import number, percent

_FOLLOWED = (
    metrics.followed_process,
    metrics.gates_kept,
    metrics.backward_rate,
    metrics.backfilled,
    metrics.steps_set_aside,
)
_OFFERS = (metrics.won_after_early_offer, metrics.won_after_timely_offer)


def _shows(report: Report) -> Sequence[ReportPanel]:
    both = [each for each in (report.question, report.question.before) if each]
    gates = _GATES_BY[_gates_by(report)[0]]
    ask_together(
        [
            wanted_weekly(report, _FOLLOWED),
            *wanted_of_effort(report.question),
            *(
                wanted
                for each in both
                for wanted in (
                    Wanted(question=each, metrics=(*_FOLLOWED, *_OFFERS)),
                    Wanted(question=each, metrics=(metrics.gates_kept,), axes=(gates,)),
                    Wanted(question=each, metrics=(metrics.gone_past,), axes=(REASON,)),
                    # By version alone it adds up from these, as by month alone from those below.
                    Wanted(question=each, metrics=(flow.flow_conversion,), axes=(VERSION, STAGE)),
                )
            ),
            Wanted(question=report.question, metrics=(metrics.moved_in_order,), axes=(TEAM, MONTH)),
            Wanted(question=report.question, metrics=(metrics.steps_set_aside,), axes=(STEP,)),
            # Of time alone it would not add up.
            Wanted(question=report.question, metrics=(metrics.moved_in_order,)),
            wanted_of_stamp(report),
        ]
    )
    ask_together(wanted_of_steps(report.question))
    return [
        _numbers(report),
        _gates(report),
        _reasons(report),
        steps_panel(report),
        _early_offers(report),
        effort_panel(report),
        _drift(report),
        _versions(report),
        improvements_panel(report),
        earlier_panel(report),
        candidates_panel(report),
    ]


def _numbers(report: Report) -> ReportPanel:
    told, before = weekly(report, _FOLLOWED), report.question.before
    return ReportPanel(
        key="numbers",
        title=_("Was it followed?"),
        template="reports/panels/numbers.html",
        drawing=[
            report.headline(
                metric.whole(report.question),
                was=metric.whole(before) if before else None,
                trend=told.get(metric.slug),
            )
            for metric in _FOLLOWED
        ],
        note=_(
            "How often each step was done and set aside, with and without wins, stands beside the "
            "step on the process page."
        ),
        todo=[PanelChoice(label=_("Process"), href=reverse("pipeline:process"), is_current=False)],
        wide=True,
    )


_GATES_BY = {"stage": STAGE, "version": VERSION}


def _gates_by(report: Report) -> tuple[str, list[PanelChoice]]:
    return report.chosen("gates", {key: axis.label for key, axis in _GATES_BY.items()})


def _gates(report: Report) -> ReportPanel:
    question = report.question
    metric = metrics.gates_kept
    chosen, switch = _gates_by(report)
    by = _GATES_BY[chosen]
    found = metric.measure(question, by)
    chart = forest(
        report,
        metric,
        by,
        heads=[TableHead(text=_("Moved forward"))],
        cells=lambda value: [counted(report, found.get(value) or metric.whole(question))],
    )
    whole = metric.whole(question)
    return ReportPanel(
        key="gates",
        title=_("Gates kept, by stage left")
        if by is STAGE
        else _("Gates kept, by version of the process"),
        switch=switch,
        template="reports/panels/dots.html",
        drawing=chart,
        table=table_of(chart),
        legend=beside_keys(chart),
        definition=metric.definition,
        n=whole.n,
        coverage=whole.coverage,
        empty="" if whole.n else _("No deal moved forward in this period."),
        wide=True,
    )


def _reasons(report: Report) -> ReportPanel:
    question = report.question
    metric = metrics.gone_past
    found = metric.measure(question, REASON)
    was = metric.measure(question.before, REASON) if question.before else {}
    names = REASON.named(question, {*REASON.every, *found, *was})
    most = max((figure.n for each in (found, was) for figure in each.values()), default=1)
    none = metric.of_nothing(question)
    rows = {key: found.get(key, none) for key in names}
    n = sum(figure.n for figure in rows.values())
    is_beside = question.before is not None
    past = {key: was[key].n if key in was else 0 for key in names} if is_beside else {}
    return ReportPanel(
        key="reasons",
        title=_("Why gates were gone past"),
        template="reports/panels/bars.html",
        drawing=Bars(
            rows=[
                Bar(
                    label=names[key],
                    segments=[
                        Segment(
                            css="fill-accent",
                            start=0,
                            width=at_percent(figure.n, most),
                            title=number(figure.n),
                            href=report.rows(figure),
                        )
                    ]
                    if figure.n
                    else [],
                    text=number(figure.n),
                    tick=at_percent(past[key], most) if past.get(key) else None,
                    tick_title=_("%(value)s in the period before")
                    % {"value": number(past.get(key, 0))},
                )
                for key, figure in rows.items()
            ]
        ),
        table=Table(
            heads=[
                TableHead(text=_("Reason"), numeric=False),
                TableHead(text=_("Gone past")),
                *([TableHead(text=_("Before"))] if is_beside else []),
            ],
            rows=[
                TableRow(
                    name=names[key],
                    cells=[
                        report.cell(figure),
                        *([TableCell(text=number(past[key]), raw=past[key])] if is_beside else []),
                    ],
                )
                for key, figure in rows.items()
            ],
        ),
        legend=[LegendKey(css="key-norm", text=_("the period before"))] if is_beside else (),
        definition=metric.definition,
        n=n,
        empty="" if n else _("No gate was gone past in this period."),
    )


def _early_offers(report: Report) -> ReportPanel:
    question = report.question
    early, timely = (
        metrics.won_after_early_offer.whole(question),
        metrics.won_after_timely_offer.whole(question),
    )
    say = compared(
        report,
        early,
        timely,
        apart=_("After an early offer *%(one)s* are won, else %(other)s."),
        alike=_("An early offer makes no difference beyond chance: %(one)s, else %(other)s."),
    )
    before = question.before
    was = [metric.whole(before) if before else None for metric in _OFFERS]
    named = ((_("Offered too early"), early, was[0]), (_("Offered in time"), timely, was[1]))
    return ReportPanel(
        key="early",
        title=_("What an early offer costs"),
        template="reports/panels/numbers.html",
        drawing=[report.headline(figure, title=title, was=past) for title, figure, past in named],
        say=say,
        table=Table(
            heads=[TableHead(text=_("Deals"), numeric=False), TableHead(text=_("Won"))],
            rows=[
                TableRow(name=title, cells=[report.cell(figure)]) for title, figure, _was in named
            ],
        ),
    )


def _drift(report: Report) -> ReportPanel:
    """The recorded path against the defined one, month by month."""
    question = report.question
    metric = metrics.moved_in_order
    whole = metric.whole(question)
    chart = forest(
        report,
        metric,
        MONTH,
        heads=[TableHead(text=_("Moved forward"))],
        cells=lambda month: [counted(report, metric.measure(question, MONTH).get(month) or whole)],
    )
    return ReportPanel(
        key="drift",
        title=_("Does the lived process part from the defined one?"),
        template="reports/panels/dots.html",
        drawing=chart,
        table=table_of(chart),
        say=_drift_words(report),
        definition=metric.definition,
        n=whole.n,
        coverage=whole.coverage,
        empty="" if whole.n else _("No deal moved forward in this period."),
        wide=True,
    )


def _drift_words(report: Report) -> str:
    """Of which teams the first half of the months and the second part beyond chance; each half is told
    together, since in a month few deals move. Where no team does, how it is of all."""
    question = report.question
    metric = metrics.moved_in_order
    months = sorted(month for month in metric.measure(question, MONTH) if month is not None)
    by_team = metric.measure(question, TEAM, MONTH)
    names = TEAM.named(question, {team for team, _month in by_team})
    told = []
    for team, name in names.items():
        first, last = (
            together_of(by_team[team, month] for month in half if (team, month) in by_team)
            for half in _halves(months)
        )
        if words := _drifted(name, first, last):
            told.append(words)
    if told:
        return " ".join(told)
    found = metric.measure(question, MONTH)
    first, last = (together_of([found[month] for month in half]) for half in _halves(months))
    if min(first[1], last[1]) < MIN_ROWS:
        return unless_too_few("", (first[1], last[1]))
    rates = {"first": percent(first[0] / first[1]), "last": percent(last[0] / last[1])}
    return _("No drift beyond chance: %(first)s in the first half, %(last)s in the second.") % rates


def _halves(months: Sequence[dt.date]) -> tuple[Sequence[dt.date], Sequence[dt.date]]:
    middle = len(months) // 2
    return months[:middle], months[middle:]


def _drifted(name: str, first: tuple[int, int], last: tuple[int, int]) -> str:
    """In words, what became of the share from the first half to the last, if that is no chance."""
    if min(first[1], last[1]) < MIN_ROWS or not differ(*first, *last):
        return ""
    before, now = first[0] / first[1], last[0] / last[1]
    words = (
        _("*%(team)s keeps the path less*: %(first)s in the first half, %(last)s in the second.")
        if now < before
        else _(
            "*%(team)s keeps the path more*: %(first)s in the first half, %(last)s in the second."
        )
    )
    return words % {"team": name, "first": percent(before), "last": percent(now)}


def _versions(report: Report) -> ReportPanel:
    """How visits went on under each version of the process that was in force."""
    question = report.question
    metric = flow.flow_conversion
    found = metric.measure(question, VERSION)
    whole = metric.whole(question)
    chart = forest(
        report,
        metric,
        VERSION,
        heads=[TableHead(text=_("Ended"))],
        cells=lambda version: [counted(report, found.get(version) or whole)],
    )
    young = [
        _("%(version)s: too early, %(n)s of %(enough)s moves")
        % {"version": name, "n": number(found[key].n), "enough": ENOUGH_MOVES}
        for key, name in VERSION.named(question, found).items()
        if key is not None and found[key].n < ENOUGH_MOVES
    ]
    return ReportPanel(
        key="versions",
        title=_("Went on, by version of the process"),
        template="reports/panels/dots.html",
        drawing=chart,
        table=table_of(chart),
        legend=beside_keys(chart),
        definition=metric.definition,
        n=whole.n,
        coverage=whole.coverage,
        say=helped_words(question),
        note=" · ".join(young[:4]),
        empty="" if whole.n else _("No visit ended in this period."),
        wide=True,
    )


PAGE = ReportPage(
    key="process",
    title=gettext_lazy("Process"),
    shows=_shows,
    basis=gettext_lazy("owner and team at entry; of closed deals the present ones"),
)
