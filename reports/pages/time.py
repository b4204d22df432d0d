"""How long things take: in a stage, between stages, to the win, and from first to last."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from pipeline.process.stages import Stage
from reports.axes import STAGE
from reports.figures import MIN_ROWS, Figure
from reports.metric import figures
from reports.metrics import attention, duration, pipeline
from reports.pages.page import ReportPage
from reports.presenters.by_stage import (
    by_stage,
    if_none,
    stage_heads,
    stage_names,
    together,
)
from reports.presenters.days import days_scale, days_words
from reports.presenters.faster import faster_panel
from reports.presenters.panels import (
    Bar,
    Bars,
    Dot,
    Dots,
    LegendKey,
    ReportPanel,
    Segment,
    Table,
    TableCell,
    TableHead,
    TableRow,
    at_percent,
)
from reports.presenters.report import Report, unless_too_few
from reports.presenters.stage_fit import fit_panel, wanted_of_fit
from reports.presenters.stage_time import OF_STAYS, bottleneck, stage_times
from reports.presenters.stamp import wanted_of_stamp
from reports.presenters.won_within import won_within_panel
from reports.together import Wanted, ask_together
from salesprocess.lib.format import number


def _shows(report: Report) -> Sequence[ReportPanel]:
    open_now = (pipeline.open_deals, pipeline.open_value, attention.age_days)
    ask_together(
        [
            Wanted(question=report.question, metrics=open_now, axes=(STAGE,)),
            *wanted_of_fit(report.question),
            wanted_of_stamp(report),
        ]
    )
    return [
        _stages(report),
        _clocks(report),
        _waiting(report),
        fit_panel(report),
        won_within_panel(report),
        faster_panel(report),
        _open(report),
    ]


# How long a stage takes -----------------------------------------------------------------------------


def _stages(report: Report) -> ReportPanel:
    question = report.question
    shares = {"half": gettext_lazy("Half"), "most": gettext_lazy("Three of four")}
    share, switch = report.chosen("share", shares)
    figures(question, (*OF_STAYS, duration.lasting_days), STAGE)
    times = {row.stage.value: row for row in stage_times(question, OF_STAYS)}
    lasting = {stage: duration.lasting_days.at(question, STAGE, stage) for stage in Stage}
    q = 0.5 if share == "half" else 0.75
    ended = {s: row.median if share == "half" else row.p75 for s, row in times.items()}
    values = {s: _of_curve(figure, q) for s, figure in lasting.items()}
    bounds = {s: _bounds(figure, q) for s, figure in lasting.items()}
    shown = [*values.values(), *(figure.value for figure in ended.values())]
    shown += [row.norm.high for row in times.values()]
    shown += [figure.half[1] for figure in lasting.values() if figure.half and figure.n >= MIN_ROWS]
    end, marks = days_scale(shown)
    rows, table = [], []
    for stage, name in stage_names(report).items():
        figure, norm, found = lasting[stage], times[stage].norm, bounds[stage]
        few = figure.is_small_sample
        cells = [
            report.cell(ended[stage], with_n=True),
            TableCell(
                text=days_words(values[stage]),
                raw=values[stage],
                href=report.rows(figure) if figure.n else "",
                note=f"n {number(figure.n)}",
                tone="young" if few else "slow" if times[stage].is_over(digits=1) else "",
            ),
            TableCell(text=str(norm), raw=str(norm)),
        ]
        rows.append(
            Dot(
                label=name,
                stage=stage,
                at=None if few else _place(values[stage], end),
                low=_place(found and found[0], end) or 0,
                high=100 if found and found[1] is None else _place(found and found[1], end) or 0,
                past=_place(ended[stage].value, end),
                past_title=_("ended only: %(days)s") % {"days": report.text(ended[stage])},
                past_href=report.rows(ended[stage]),
                href=report.rows(figure),
                title=_("open ones counted: %(days)s") % {"days": days_words(values[stage])},
                few=few,
                beyond=found is not None and found[1] is None,
                half=None
                if figure.half is None or few
                else (at_percent(figure.half[0], end), at_percent(figure.half[1], end)),
                usual=at_percent(norm.high, end),
                cells=cells,
            )
        )
        table.append(TableRow(name=name, stage=stage, cells=[*cells, *_quartiles(figure)]))
    heads = [
        TableHead(text=_("Stage"), numeric=False),
        TableHead(text=_("Ended only")),
        TableHead(text=_("Open ones counted")),
        TableHead(text=_("Norm")),
    ]
    return ReportPanel(
        key="stages",
        title=_("How long a stage takes"),
        template="reports/panels/dots.html",
        drawing=Dots(rows=rows, scale=marks, heads=heads),
        definition=duration.lasting_days.definition,
        n=sum(figure.n for figure in lasting.values()),
        coverage=together(report, lasting.values()),
        switch=switch,
        say=" ".join(filter(None, (_slowest(report), _looks_faster(report, lasting)))),
        legend=[
            LegendKey(css="key-now", text=_("open ones counted (Kaplan–Meier)")),
            LegendKey(css="key-ring", text=_("ended only")),
            LegendKey(css="key-whisker", text=_("where it lies 9 times in 10")),
            LegendKey(css="key-half", text=_("the middle half")),
            LegendKey(css="key-norm", text=_("usual, by the process")),
        ],
        table=Table(
            heads=[
                *heads,
                TableHead(text=_("A quarter within")),
                TableHead(text=_("Three quarters within")),
                TableHead(text=_("Between, 9 times in 10")),
            ],
            rows=table,
        ),
        wide=True,
        **if_none(
            report,
            sum(figure.n for figure in lasting.values()),
            _("Nothing ended or began here in this period."),
        ),
    )


def _place(days: float | Decimal | None, end: float) -> float | None:
    return None if days is None else at_percent(days, end)


def _of_curve(figure: Figure, q: float) -> Decimal | None:
    found = figure.curve.quantile(q) if figure.curve else None
    return None if found is None else Decimal(str(round(found, 1)))


def _bounds(figure: Figure, q: float) -> tuple[float, float | None] | None:
    """Between which days a quantile lies; nothing of too few."""
    if figure.curve is None or figure.is_small_sample:
        return None
    return figure.curve.quantile_interval(q)


def _quartiles(figure: Figure) -> list[TableCell]:
    low, high = _of_curve(figure, 0.25), _of_curve(figure, 0.75)
    between = _bounds(figure, 0.5)
    words = ""
    if between:
        last = days_words(between[1] and round(between[1], 1))
        words = _("%(low)s to %(high)s") % {"low": days_words(round(between[0], 1)), "high": last}
    return [
        TableCell(text=days_words(low), raw=low),
        TableCell(text=days_words(high), raw=high),
        TableCell(text=words, raw=words),
    ]


def _slowest(report: Report) -> str:
    """The bottleneck, by what its teams hold for usual."""
    times = stage_times(report.question, OF_STAYS)
    row = bottleneck(times)
    if row is None:
        words = _("No stage with enough visits takes longer than its norm.")
        return unless_too_few(words, (each.median.n for each in times), groups=1)
    words = _("*%(stage)s is the bottleneck*: median %(days)s days, norm %(norm)s.") % {
        "stage": row.stage.label,
        "days": number(row.median.value or 0),
        "norm": row.norm,
    }
    if row.norm.differs:
        words += " " + _("The norm differs by team; each stay is measured by that of its own.")
    return words


def _looks_faster(report: Report, lasting: Mapping[Stage, Figure]) -> str:
    """Where counting what has ended alone misleads most, if that is more than chance."""
    misled = []
    for stage, figure in lasting.items():
        ended = duration.ended_median.at(report.question, STAGE, stage)
        between = _bounds(figure, 0.5)
        if between and figure.value is not None and ended.value is not None:
            by = Decimal(figure.value) - Decimal(ended.value)
            if not ended.is_small_sample and by >= 1 and float(ended.value) < between[0]:
                misled.append((by, stage, ended, figure))
    if not misled:
        return ""
    _by, stage, ended, figure = max(misled, key=lambda each: each[0])
    return _(
        "Counting only what has ended makes *%(stage)s* look faster than it is: %(ended)s, "
        "*%(all)s with the open ones*."
    ) % {
        "stage": stage_names(report)[stage],
        "ended": report.text(ended),
        "all": report.text(figure),
    }


# The two clocks -------------------------------------------------------------------------------------


def _clocks(report: Report) -> ReportPanel:
    question = report.question
    metrics = (
        (duration.cycle_won, _("Won, from the first record")),
        (duration.cycle_won_from_talk, _("Won, from the first talk")),
        (duration.cycle_lost, _("Stopped by the customer, from the first record")),
        (duration.cycle_lost_from_talk, _("Stopped by the customer, from the first talk")),
    )
    second = duration.cycle_won_from_prospecting
    figures(question, (*(metric for metric, _name in metrics), second))
    found = [(metric.whole(question), name) for metric, name in metrics]
    ends = [figure.half[1] for figure, _name in found if figure.half]
    end, marks = days_scale([*ends, *(figure.value for figure, _name in found)])
    rows = [
        Dot(
            label=name,
            at=None if figure.value is None else at_percent(figure.value, end),
            low=at_percent(figure.value or 0, end),
            high=at_percent(figure.value or 0, end),
            href=report.rows(figure) if figure.n else "",
            title=days_words(figure.value),
            few=figure.is_small_sample,
            half=None
            if figure.half is None
            else (at_percent(figure.half[0], end), at_percent(figure.half[1], end)),
            cells=[report.cell(figure, with_n=True)],
        )
        for figure, name in found
    ]
    heads = [
        TableHead(text=_("From … to the end"), numeric=False),
        TableHead(text=_("Half within")),
    ]
    record, talk = found[0][0], found[1][0]
    say = ""
    if not (record.is_small_sample or talk.is_small_sample) and record.value and talk.value:
        say = _(
            "From the first record a won deal takes *%(record)s*, from the first talk *%(talk)s*."
        ) % {"record": report.text(record), "talk": report.text(talk)}
    return ReportPanel(
        key="clocks",
        title=_("Two clocks"),
        template="reports/panels/dots.html",
        drawing=Dots(rows=rows, scale=marks, heads=heads),
        definition=duration.cycle_won.definition,
        n=found[0][0].n + found[2][0].n,
        coverage=together(report, (figure for figure, _name in found)),
        say=say,
        legend=[
            LegendKey(css="key-now", text=_("half within")),
            LegendKey(css="key-half", text=_("the middle half")),
        ],
        table=Table(
            heads=[
                *heads,
                TableHead(text=_("A quarter within")),
                TableHead(text=_("Three quarters within")),
            ],
            rows=[
                TableRow(name=name, cells=[report.cell(figure, with_n=True), *_half(figure)])
                for figure, name in [
                    *found,
                    (second.whole(question), _("Won, from prospecting on")),
                ]
            ],
        ),
        **if_none(
            report, found[0][0].n + found[2][0].n, _("Nothing ended or began here in this period.")
        ),
    )


def _half(figure: Figure) -> list[TableCell]:
    low, high = figure.half or (None, None)
    return [TableCell(text=days_words(low), raw=low), TableCell(text=days_words(high), raw=high)]


# Waiting between stages -----------------------------------------------------------------------------


def _waiting(report: Report) -> ReportPanel:
    question = report.question
    names = stage_names(report)
    stages = [stage for stage in Stage if stage > Stage.LEAD_GENERATION]
    found = {stage: duration.waiting_days.at(question, STAGE, stage) for stage in stages}
    end, marks = days_scale([figure.half[1] for figure in found.values() if figure.half])
    told = {
        s: figure.value
        for s, figure in found.items()
        if figure.value is not None and figure.coverage.known >= MIN_ROWS
    }
    longest = max(told, key=lambda stage: told[stage], default=None)
    bars = [
        Bar(
            label=names[stage],
            stage=stage,
            href=report.rows(figure) if figure.n else "",
            segments=[
                Segment(
                    css="fill-warn" if stage == longest else "fill-accent",
                    start=0,
                    width=at_percent(figure.value, end),
                    title=_("half wait no longer than %(days)s")
                    % {"days": days_words(figure.value)},
                    href=report.rows(figure),
                ),
                Segment(
                    css="fill-still",
                    start=at_percent(figure.value, end),
                    width=at_percent(figure.half[1] - Decimal(figure.value), end),
                    title=_("three of four no longer than %(days)s")
                    % {"days": days_words(figure.half[1])},
                    href=report.rows(figure),
                ),
            ]
            if figure.value is not None and figure.half
            else [],
            text=days_words(figure.value),
            note=f"n {number(figure.n)}",
            tone="" if stage in told else "young",
        )
        for stage, figure in found.items()
    ]
    say = ""
    if longest is not None and len(told) > 1 and told[longest] >= 1:
        say = _(
            "Longest before anything happens: *%(days)s in %(stage)s*. What is it waiting for?"
        ) % {"days": days_words(told[longest]), "stage": names[longest]}
    return ReportPanel(
        key="waiting",
        title=_("Waiting in a new stage"),
        template="reports/panels/bars.html",
        drawing=Bars(rows=bars, scale=marks),
        definition=duration.waiting_days.definition,
        n=sum(figure.n for figure in found.values()),
        coverage=together(report, found.values()),
        say=say,
        legend=[
            LegendKey(css="key-advanced", text=_("half wait no longer")),
            LegendKey(css="key-still", text=_("three of four")),
            *([LegendKey(css="key-warn", text=_("longest wait"))] if longest else []),
        ],
        table=Table(
            heads=[
                TableHead(text=_("After coming to"), numeric=False),
                TableHead(text=_("Half within")),
                TableHead(text=_("Three quarters within")),
            ],
            rows=[
                TableRow(
                    name=names[stage],
                    stage=stage,
                    cells=[report.cell(figure, with_n=True), _half(figure)[1]],
                )
                for stage, figure in found.items()
            ],
        ),
        **if_none(
            report,
            sum(figure.n for figure in found.values()),
            _("Nothing ended or began here in this period."),
        ),
    )


# What is open ---------------------------------------------------------------------------------------


def _open(report: Report) -> ReportPanel:
    question = report.question
    deals, value, age = (
        by_stage(report, metric)
        for metric in (pipeline.open_deals, pipeline.open_value, attention.age_days)
    )
    n = sum(figure.n for figure in deals.values())
    known = sum(figure.coverage.known for figure in value.values())
    return ReportPanel(
        key="open",
        title=_("Open now"),
        definition=pipeline.open_value.definition,
        n=n,
        coverage=question.coverage(known=known, population=n),
        note=report.worth_note(pipeline.open_value) if question.rates.foreign or known < n else "",
        table=Table(
            heads=stage_heads(_("Deals"), _("Value"), _("Half there for"), _("Three of four")),
            rows=[
                TableRow(
                    name=name,
                    stage=stage,
                    cells=[
                        report.cell(deals[stage]),
                        report.cell(value[stage]),
                        report.cell(age[stage]),
                        _half(age[stage])[1],
                    ],
                )
                for stage, name in stage_names(report).items()
            ],
        ),
        wide=True,
    )


PAGE = ReportPage(
    key="time",
    title=pgettext_lazy("page of the reports", "Time"),
    shows=_shows,
    basis=gettext_lazy("visits that took time; owner and team at entry"),
)
