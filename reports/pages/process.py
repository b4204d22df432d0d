"""Was the process followed, and what came of it (METRICS K20)."""

from collections.abc import Sequence
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.axes import MONTH, REASON, STAGE, VERSION
from reports.metrics import flow
from reports.metrics import process as metrics
from reports.pages.page import ReportPage
from reports.presenters.forest import beside_keys, counted, forest, table_of
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
from reports.presenters.report import Report, compared, is_beyond_chance
from reports.presenters.trends import wanted_weekly, weekly
from reports.together import Wanted, ask_together
from salesprocess.lib.format import number

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
    ask_together(
        [
            wanted_weekly(report, _FOLLOWED),
            *(
                wanted
                for each in both
                for wanted in (
                    Wanted(question=each, metrics=(*_FOLLOWED, metrics.kept_to_path, *_OFFERS)),
                    Wanted(question=each, metrics=(metrics.gates_kept,), axes=(STAGE,)),
                    Wanted(question=each, metrics=(metrics.gone_past,), axes=(REASON,)),
                    Wanted(question=each, metrics=(flow.flow_conversion,), axes=(VERSION,)),
                )
            ),
        ]
    )
    return [
        _numbers(report),
        _gates(report),
        _reasons(report),
        _early_offers(report),
        _drift(report),
        _versions(report),
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


def _gates(report: Report) -> ReportPanel:
    question = report.question
    metric = metrics.gates_kept
    found = metric.measure(question, STAGE)
    chart = forest(
        report,
        metric,
        STAGE,
        heads=[TableHead(text=_("Moved forward"))],
        cells=lambda stage: [counted(report, found.get(stage) or metric.whole(question))],
    )
    whole = metric.whole(question)
    return ReportPanel(
        key="gates",
        title=_("Gates kept, by stage left"),
        template="reports/panels/dots.html",
        drawing=chart,
        table=table_of(chart),
        legend=beside_keys(report),
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
    metric = metrics.kept_to_path
    whole = metric.whole(question)
    chart = forest(
        report,
        metric,
        MONTH,
        heads=[TableHead(text=_("Closed"))],
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
        empty="" if whole.n else _("No deal was closed in this period: take a longer one."),
        wide=True,
    )


def _drift_words(report: Report) -> str:
    """The first and the last month of enough deals, where they part beyond chance."""
    found = metrics.kept_to_path.measure(report.question, MONTH)
    told = [found[key] for key in sorted(found) if not found[key].is_small_sample]
    if len(told) < 2:
        return ""
    first, last = told[0], told[-1]
    rates = {"first": report.text(first), "last": report.text(last)}
    if not is_beyond_chance(first, last):
        return _("No drift beyond chance: %(first)s at first, %(last)s at last.") % rates
    if (last.value or Decimal(0)) < (first.value or Decimal(0)):
        return _("*The path is kept less and less*: %(first)s at first, %(last)s at last.") % rates
    return _("*The path is kept more and more*: %(first)s at first, %(last)s at last.") % rates


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
        legend=beside_keys(report),
        definition=metric.definition,
        n=whole.n,
        coverage=whole.coverage,
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
