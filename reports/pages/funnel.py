"""Where deals drop out: activity, cohort and strict path, and what a point more is worth."""

from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.process.stages import Stage
from reports.axes import REACHED, STAGE
from reports.figures import Figure
from reports.flow_populations import usual_spans
from reports.metric import figures
from reports.metrics import flow, paths
from reports.pages.page import ReportPage
from reports.presenters.by_stage import by_stage, if_none, stage_heads, stage_names, together
from reports.presenters.panels import (
    Bar,
    Bars,
    LegendKey,
    PanelChoice,
    ReportPanel,
    Segment,
    Table,
    TableCell,
    TableRow,
    at_percent,
)
from reports.presenters.report import (
    Report,
    between_words,
    is_beyond_chance,
    of_words,
    unless_too_few,
)
from reports.presenters.worth import worth_panel
from salesprocess.lib.format import number


def _shows(report: Report) -> Sequence[ReportPanel]:
    return [_drop_out(report), _far(report), worth_panel(report)]


# Where deals drop out -------------------------------------------------------------------------------


def _drop_out(report: Report) -> ReportPanel:
    modes = {
        "activity": gettext_lazy("Activity"),
        "cohort": gettext_lazy("Cohort"),
        "strict": gettext_lazy("Strict"),
    }
    mode, switch = report.chosen("mode", modes)
    shown: dict[str, Callable[[Report, Sequence[PanelChoice]], ReportPanel]] = {
        "activity": _activity,
        "cohort": _cohort,
        "strict": _strict,
    }
    return shown[mode](report, switch)


def _activity(report: Report, switch: Sequence[PanelChoice]) -> ReportPanel:
    question = report.question
    figures(question, (flow.entered, flow.deals_entering, *flow.WAYS, flow.went_on), STAGE)
    ended = {stage: flow.flow_conversion.at(question, STAGE, stage.value) for stage in Stage}
    ways = (
        (flow.advanced, "fill-advanced", _("Advanced")),
        (flow.won_there, "fill-won", _("Won")),
        (flow.moved_back, "fill-back", _("Moved back")),
        (flow.stopped_there, "fill-stopped", _("Stopped")),
        (flow.still_there, "fill-still", _("Still there")),
    )
    entered = by_stage(report, flow.entered)
    rates = by_stage(report, flow.went_on)
    largest = max(figure.n for figure in entered.values())
    bars = []
    for stage, name in stage_names(report).items():
        parts = [(metric.at(question, STAGE, stage.value), css, word) for metric, css, word in ways]
        rate = rates[stage]
        bars.append(_bar(report, stage, name, entered[stage], rate, parts, largest, among=rate.n))
    return ReportPanel(
        key="drop-out",
        title=_("Where deals drop out"),
        template="reports/panels/bars.html",
        drawing=Bars(rows=bars),
        definition=flow.went_on.definition,
        n=sum(figure.n for figure in entered.values()),
        coverage=together(report, entered.values()),
        switch=switch,
        say=_told(
            report,
            rates,
            _(
                "Activity: every visit that began in the period, by where it went; a deal that comes back "
                "counts each time."
            ),
        ),
        legend=[
            *(
                LegendKey(css=f"key-{css.removeprefix('fill-')}", text=word)
                for _metric, css, word in ways
            ),
            LegendKey(css="key-whisker", text=_("where the rate lies 9 times in 10")),
        ],
        table=Table(
            heads=stage_heads(
                _("Entered"),
                _("Different deals"),
                *(word for _metric, _css, word in ways),
                _("Went on, of those that left"),
                _("Went on, of those that ended"),
            ),
            rows=[
                TableRow(
                    name=name,
                    stage=stage,
                    cells=[
                        report.cell(entered[stage]),
                        report.cell(flow.deals_entering.at(question, STAGE, stage.value)),
                        *(
                            report.cell(metric.at(question, STAGE, stage.value))
                            for metric, _css, _word in ways
                        ),
                        report.cell(rates[stage]),
                        report.cell(ended[stage]),
                    ],
                )
                for stage, name in stage_names(report).items()
            ],
        ),
        wide=True,
        **if_none(report, largest, _("No deal moved in this period.")),
    )


def _cohort(report: Report, switch: Sequence[PanelChoice]) -> ReportPanel:
    question = report.question
    metrics = (
        flow.cohort_conversion, flow.cohort_maturity, flow.cohort_left_behind, flow.cohort_young,
    )  # fmt: skip
    figures(question, metrics, STAGE)
    rates, settled, behind, young = (by_stage(report, metric) for metric in metrics)
    largest = max(figure.n for figure in rates.values())
    spans = usual_spans(question)
    bars = [
        _bar(
            report,
            stage,
            name,
            rates[stage],
            rates[stage],
            [
                (rates[stage], "fill-accent", _("Went on in time")),
                (behind[stage], "fill-still", _("Did not")),
                (young[stage], "fill-young", _("Too young to say")),
            ],
            largest,
            note=_("within %(days)s d") % {"days": number(spans[stage])},
        )
        for stage, name in stage_names(report).items()
    ]
    return ReportPanel(
        key="drop-out",
        title=_("Where deals drop out"),
        template="reports/panels/bars.html",
        drawing=Bars(rows=bars),
        definition=flow.cohort_conversion.definition,
        n=sum(figure.n for figure in rates.values()),
        coverage=together(report, rates.values()),
        switch=switch,
        say=_told(
            report,
            rates,
            _(
                "Cohort: each deal once, by the day on which it first came to the stage; counted is "
                "whether it went on within the days that nine in ten took before."
            ),
        ),
        legend=[
            LegendKey(css="key-advanced", text=_("Went on in time")),
            LegendKey(css="key-still", text=_("Did not")),
            LegendKey(css="key-young", text=_("Too young to say")),
            LegendKey(css="key-whisker", text=_("where the rate lies 9 times in 10")),
        ],
        table=Table(
            heads=stage_heads(
                _("First entries"),
                _("Went on in time"),
                _("Days given"),
                _("Did not"),
                _("Too young to say"),
                _("Settled"),
            ),
            rows=[
                TableRow(
                    name=name,
                    stage=stage,
                    cells=[
                        report.n_cell(rates[stage]),
                        report.cell(rates[stage]),
                        TableCell(text=number(spans[stage]), raw=spans[stage]),
                        report.cell(behind[stage]),
                        report.cell(young[stage]),
                        report.cell(settled[stage]),
                    ],
                )
                for stage, name in stage_names(report).items()
            ],
        ),
        wide=True,
        **if_none(report, largest, _("No deal moved in this period.")),
    )


def _strict(report: Report, switch: Sequence[PanelChoice]) -> ReportPanel:
    rates = by_stage(report, paths.strict_conversion, REACHED)
    largest = max(figure.n for figure in rates.values())
    bars = [
        _bar(
            report,
            stage,
            name,
            rates[stage],
            rates[stage],
            [(rates[stage], "fill-accent", _("Went on in order"))],
            largest,
            rest=_("Not, or not in order"),
        )
        for stage, name in stage_names(report).items()
    ]
    return ReportPanel(
        key="drop-out",
        title=_("Where deals drop out"),
        template="reports/panels/bars.html",
        drawing=Bars(rows=bars),
        definition=paths.strict_conversion.definition,
        n=rates[Stage.LEAD_GENERATION].n,
        coverage=rates[Stage.LEAD_GENERATION].coverage,
        switch=switch,
        say=_told(
            report,
            rates,
            _(
                "Strict: only deals that began in the period and went through every stage in order; "
                "whoever skipped one or began late is in none."
            ),
        ),
        legend=[
            LegendKey(css="key-advanced", text=_("Went on in order")),
            LegendKey(css="key-still", text=_("Not, or not in order")),
        ],
        table=Table(
            heads=stage_heads(_("Every stage up to here"), _("Went on in order")),
            rows=[
                TableRow(
                    name=name,
                    stage=stage,
                    cells=[report.n_cell(rates[stage]), report.cell(rates[stage], part=True)],
                )
                for stage, name in stage_names(report).items()
            ],
        ),
        wide=True,
        **if_none(report, largest, _("No deal moved in this period.")),
    )


def _bar(
    report: Report,
    stage: Stage,
    name: str,
    whole: Figure,
    rate: Figure,
    parts: Sequence[tuple[Figure, str, str]],
    largest: int,
    *,
    among: int | None = None,
    note: str = "",
    rest: str = "",
) -> Bar:
    """A bar as long as the rows it counts, its parts one after another; `among` are the rows that
    the rate is a share of, for its whisker, and `rest` calls what the parts leave."""
    segments, at = [], 0
    for figure, css, word in parts:
        is_rate = figure.part is not None
        count = (figure.part or 0) if is_rate else figure.n
        segments.append(
            Segment(
                css=css,
                start=at_percent(at, largest),
                width=at_percent(count, largest),
                title=f"{word}: {number(count)}",
                href=report.rows(figure, part=is_rate),
            )
        )
        at += count
    if rest and at < whole.n:
        segments.append(
            Segment(
                css="fill-still",
                start=at_percent(at, largest),
                width=at_percent(whole.n - at, largest),
                title=f"{rest}: {number(whole.n - at)}",
                href=report.rows(whole),
            )
        )
    interval = None if rate.is_small_sample else rate.interval
    base = whole.n if among is None else among
    words = of_words(rate) if rate.n else ""
    return Bar(
        label=name,
        stage=stage,
        href=report.rows(whole) if whole.n else "",
        segments=segments,
        text=report.text(rate) if rate.n else "–",
        note=" · ".join(filter(None, (words, note))),
        tone="young" if rate.is_small_sample else "",
        whisker=None
        if interval is None
        else (at_percent(interval[0] * base, largest), at_percent(interval[1] * base, largest)),
    )


def _told(report: Report, rates: dict[Stage, Figure], words: str) -> str:
    """How the box counts, and where most drop out."""
    return " ".join(filter(None, (words, _weakest(report, rates))))


def _weakest(report: Report, rates: dict[Stage, Figure]) -> str:
    """The stage from which fewest go on, if that is more than chance."""
    told = {stage: rate for stage, rate in rates.items() if rate.value is not None}
    none = unless_too_few(
        _("No stage loses more than all others beyond chance."),
        (rate.n for rate in told.values()),
    )
    told = {stage: rate for stage, rate in told.items() if not rate.is_small_sample}
    if len(told) < 2:
        return none
    first, second, *_others = sorted(told, key=lambda stage: told[stage].value or 0)
    if not is_beyond_chance(told[first], told[second]):
        return none
    return _("Most drop out of *%(stage)s*: %(part)s went on, %(between)s.") % {
        "stage": stage_names(report)[first],
        "part": of_words(told[first]),
        "between": between_words(told[first]),
    }


# How far they came ----------------------------------------------------------------------------------


def _far(report: Report) -> ReportPanel:
    question = report.question
    metrics = (
        paths.reached, paths.reached_next, paths.skipped, paths.entered_late, paths.returned,
        paths.visited,
    )  # fmt: skip
    figures(question, metrics, REACHED)
    reached, onward, skipped, late, returned, visited = (
        by_stage(report, metric, REACHED) for metric in metrics
    )
    begun = reached[Stage.LEAD_GENERATION].n
    bars = [
        _bar(
            report,
            stage,
            name,
            reached[stage],
            reached[stage],
            [(reached[stage], "fill-accent", _("Reached"))],
            begun,
        )
        for stage, name in stage_names(report).items()
    ]
    return ReportPanel(
        key="far",
        title=_("How far deals came"),
        template="reports/panels/bars.html",
        drawing=Bars(rows=bars),
        definition=paths.reached.definition,
        n=begun,
        coverage=reached[Stage.LEAD_GENERATION].coverage,
        say=_left_out(skipped, late, report),
        table=Table(
            heads=stage_heads(
                _("Reached, of all"),
                _("Reached the next stage"),
                _("Stayed there"),
                _("Skipped"),
                _("Entered late"),
                _("Returned"),
            ),
            rows=[
                TableRow(
                    name=name,
                    stage=stage,
                    cells=[
                        report.cell(reached[stage], part=True),
                        report.cell(onward[stage], part=True),
                        report.cell(visited[stage]),
                        report.cell(skipped[stage], part=True),
                        report.cell(late[stage], part=True),
                        report.cell(returned[stage], part=True),
                    ],
                )
                for stage, name in stage_names(report).items()
            ],
        ),
        wide=True,
        **if_none(report, begun, _("No deal moved in this period.")),
    )


def _left_out(skipped: dict[Stage, Figure], late: dict[Stage, Figure], report: Report) -> str:
    """The stage that is skipped most, and how many were entered late; of enough deals only."""
    told = [stage for stage in Stage if skipped[stage].part and not skipped[stage].is_small_sample]
    words = []
    if told:
        most = max(told, key=lambda stage: skipped[stage].value or 0)
        words.append(
            _("*%(stage)s* is skipped most: by %(part)s.")
            % {"stage": stage_names(report)[most], "part": of_words(skipped[most])}
        )
    first = late[Stage.LEAD_GENERATION]
    if first.part and not first.is_small_sample:
        words.append(
            _("%(part)s were entered when they had already come further.")
            % {"part": of_words(first)}
        )
    return " ".join(words)


PAGE = ReportPage(
    key="funnel",
    title=gettext_lazy("Funnel"),
    shows=_shows,
    basis=gettext_lazy("owner and team at entry"),
)
