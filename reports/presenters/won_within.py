"""How soon deals are won after they came to a stage: by stage, and by the quarter in which they came."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.process.stages import Stage
from reports.axes import QUARTER, STAGE
from reports.figures import Figure
from reports.metrics import duration
from reports.metrics.duration import HORIZONS, share_bounds
from reports.presenters.by_stage import if_none, stage_names
from reports.presenters.days import days_words
from reports.presenters.panels import (
    Dot,
    Dots,
    LegendKey,
    Line,
    Lines,
    PanelChoice,
    Point,
    ReportPanel,
    ScaleMark,
    Table,
    TableCell,
    TableHead,
    TableRow,
    at_percent,
    scale_to,
)
from reports.presenters.report import Report
from salesprocess.lib.format import percent

# The days after entry that the curves show.
LAST_DAY = 120


def _within(figure: Figure, days: int) -> TableCell:
    """The share won within so many days, and between which it lies; "not yet" where too young."""
    share = figure.curve.at(days) if figure.curve else None
    if share is None or figure.curve is None:
        return TableCell(text=_("not yet"), tone="young")
    bounds = None if figure.is_small_sample else share_bounds(figure.curve, days)
    words = ""
    if bounds:
        low, high = (percent(each) for each in bounds)
        words = _("%(low)s to %(high)s") % {"low": low, "high": high}
    return TableCell(
        text=percent(share),
        raw=round(share, 4),
        note=words,
        tone="young" if figure.is_small_sample else "",
    )


def _horizons(first: str) -> list[TableHead]:
    return [
        TableHead(text=first, numeric=False),
        TableHead(text=_("First entries")),
        *(TableHead(text=_("within %(days)s d") % {"days": days}) for days in HORIZONS),
    ]


def won_within_panel(report: Report) -> ReportPanel:
    """By stage, or from one of the late stages on by quarter."""
    names = stage_names(report)
    late = (Stage.QUALIFICATION, Stage.NEEDS_ANALYSIS, Stage.PROPOSAL, Stage.OBJECTIONS)
    choices: dict[str, Any] = {"stage": gettext_lazy("By stage")}
    choices |= {str(stage.value): names[stage] for stage in late}
    stage, switch = report.chosen("from", choices)
    if stage == "stage":
        return _won_by_stage(report, switch)
    return _won_by_quarter(report, Stage(int(stage)), switch)


def _won_by_stage(report: Report, switch: Sequence[PanelChoice]) -> ReportPanel:
    question = report.question
    figures_ = {stage: duration.won_within.at(question, STAGE, stage) for stage in Stage}
    marks = [
        ScaleMark(at=share, text=percent(Decimal(share) / 100)) for share in (0, 25, 50, 75, 100)
    ]
    rows = []
    for stage, name in stage_names(report).items():
        figure = figures_[stage]
        bounds = None if figure.is_small_sample else figure.bounds
        low, high = (float(each or 0) * 100 for each in bounds or (0, 0))
        told = figure.value is not None and bounds is not None
        rows.append(
            Dot(
                label=name,
                stage=stage,
                at=float(figure.value or 0) * 100 if told else None,
                low=round(low, 2),
                high=round(high, 2),
                href=report.rows(figure),
                title=_within(figure, 90).text,
                few=figure.is_small_sample,
                cells=[report.n_cell(figure), _within(figure, 90)],
            )
        )
    return ReportPanel(
        key="won",
        switch=switch,
        title=_("Won within 90 days, by stage"),
        template="reports/panels/dots.html",
        drawing=Dots(
            rows=rows,
            scale=marks,
            heads=[
                TableHead(text=_("From"), numeric=False),
                TableHead(text=_("First entries")),
                TableHead(text=_("within %(days)s d") % {"days": 90}),
            ],
        ),
        definition=duration.won_within.definition,
        n=sum(figure.n for figure in figures_.values()),
        note=_("“Not yet”: nobody of them was followed for so long."),
        table=Table(
            heads=_horizons(_("From")),
            rows=[
                TableRow(
                    name=name,
                    stage=stage,
                    cells=[
                        report.n_cell(figures_[stage]),
                        *(_within(figures_[stage], days) for days in HORIZONS),
                    ],
                )
                for stage, name in stage_names(report).items()
            ],
        ),
        wide=True,
        **if_none(
            report,
            sum(figure.n for figure in figures_.values()),
            _("Nothing ended or began here in this period."),
        ),
    )


def _won_by_quarter(report: Report, stage: Stage, switch: Sequence[PanelChoice]) -> ReportPanel:
    question = report.question
    names = stage_names(report)
    found = duration.won_within.within(question, STAGE, stage.value, QUARTER)
    quarters = QUARTER.named(question, found)
    told = [quarter for quarter in quarters if not found[quarter].is_small_sample]
    heights = [height for each in told if (curve := found[each].curve) for height in curve.heights]
    end, ticks = scale_to(max(heights, default=0))
    lines = []
    for quarter in told:
        curve = found[quarter].curve
        if curve is None:
            continue
        until = min(LAST_DAY, curve.known_to or LAST_DAY)
        steps = [(0.0, 0.0), *zip(curve.times, curve.heights, strict=True)]
        steps = [(time, height) for time, height in steps if time <= until]
        steps.append((until, steps[-1][1]))
        young = until < max(HORIZONS)
        name = quarters[quarter]
        lines.append(
            Line(
                css="young" if young else "now" if quarter == _newest(told, found) else "",
                title=_("from %(quarter)s on") % {"quarter": name},
                stepped=True,
                points=[
                    Point(x=at_percent(time, LAST_DAY), y=100 - at_percent(height, end))
                    for time, height in steps
                ],
            )
        )
    return ReportPanel(
        key="won",
        title=_("Won within so many days, by quarter"),
        template="reports/panels/lines.html",
        drawing=Lines(
            lines=lines,
            x_scale=[
                ScaleMark(at=at_percent(day, LAST_DAY), text=days_words(day))
                for day in range(0, LAST_DAY + 1, 30)
            ],
            y_scale=[
                ScaleMark(at=100 - at_percent(tick, end), text=percent(tick))
                for tick in reversed(ticks)
            ],
            title=_("Won within so many days of coming to %(stage)s") % {"stage": names[stage]},
        ),
        definition=duration.won_within.definition,
        n=sum(figure.n for figure in found.values()),
        switch=switch,
        say=_quarters_say(report, [found[quarter] for quarter in told], names[stage]),
        legend=[
            LegendKey(css="key-now", text=_("newest quarter with 90 days or more")),
            LegendKey(css="key-back", text=_("quarters before")),
            LegendKey(css="key-young", text=_("dotted: still too young")),
        ],
        note=_("Quarters of fewer than ten entries are in the table alone."),
        table=Table(
            heads=_horizons(_("Quarter from")),
            rows=[
                TableRow(
                    name=name,
                    cells=[
                        report.n_cell(found[quarter]),
                        *(_within(found[quarter], days) for days in HORIZONS),
                    ],
                )
                for quarter, name in quarters.items()
            ],
        ),
        wide=True,
        **if_none(
            report,
            sum(figure.n for figure in found.values()),
            _("Nothing ended or began here in this period."),
        ),
    )


def _newest(quarters: Sequence[Any], found: Mapping[Any, Figure]) -> Any:
    """The last quarter that can be told to the last horizon."""
    known = [each for each in quarters if found[each].value is not None]
    return known[-1] if known else None


def _quarters_say(report: Report, told: Sequence[Figure], stage: str) -> str:
    """The newest quarter beside the one before, and whether they differ by more than chance."""
    known = [figure for figure in told if figure.value is not None and figure.bounds]
    if len(known) < 2:
        return ""
    before, now = known[-2:]
    (low, high), (old_low, old_high) = now.bounds or (0, 0), before.bounds or (0, 0)
    differs = low > (old_high or 0) or (high or 0) < old_low
    words = _(
        "Of those that came to %(stage)s in the newest full quarter *%(now)s* were won within 90 days, "
        "of the quarter before %(before)s."
    ) % {"stage": stage, "now": report.text(now), "before": report.text(before)}
    return words if differs else " ".join((words, _("No difference beyond chance.")))
