"""Rates along an axis as dots with where they lie 9 times in 10, beside what else is counted there."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from reports.axis import Axis
from reports.figures import Figure
from reports.metric import WHOLE, Metric
from reports.presenters.panels import (
    Dot,
    Dots,
    LegendKey,
    ScaleMark,
    Table,
    TableCell,
    TableHead,
    TableRow,
    at_percent,
    scale_to,
)
from reports.presenters.pins import pinned_spans
from reports.presenters.report import Report, between_words, of_words
from salesprocess.lib.format import number, percent

# What stands in a row besides its rate: given the value of the axis (WHOLE for all of them).
Cells = Callable[[Any], Sequence[TableCell]]
# No row of too few makes the scale longer than this, in percent.
MOST = 100.0


def forest(
    report: Report,
    metric: Metric,
    by: Axis,
    *,
    heads: Sequence[TableHead] = (),
    cells: Cells = lambda _value: (),
    also: Sequence[Any] = (),
    is_beside: bool = True,
) -> Dots:
    """A rate for each value of an axis, A to Z, if it `is_beside` anything what it was in the period
    before; `cells` stand before the dots under `heads`. `also` are values that are shown without any
    row of the rate.

    Months and weeks are no other ones in the period before, so that they are set beside none.
    """
    question = report.question
    found = metric.measure(question, by)
    before = question.before if is_beside and not by.time else None
    past = metric.measure(before, by) if before else {}
    whole = metric.whole(question)
    whole_past = metric.whole(before) if before else None
    names = by.named(question, {*found, *also})
    end, ticks = scale_to(_longest(found, whole))
    pinned = pinned_spans(report, by, names)
    rows = [
        rate_dot(
            report,
            name,
            found.get(value) or metric.of_nothing(question, by, value),
            past.get(value),
            end,
            cells(value),
            stage=value if by.key == "stage" else 0,
            pin=pinned.numbers.get(value, ""),
            was=report.was_words(found.get(value), past.get(value)),
        )
        for value, name in names.items()
    ]
    low, high = whole.interval or (0.0, 1.0)
    share = float(whole.value or 0) * 100
    return Dots(
        rows=rows,
        notes=pinned.notes,
        scale=[ScaleMark(at=at_percent(tick, end), text=percent(tick / 100)) for tick in ticks],
        heads=[TableHead(text=by.label, numeric=False), *heads, TableHead(text=_("Share"))],
        whole=(
            (at_percent(share, end), at_percent(low * 100, end), at_percent(high * 100, end))
            if whole.n
            else None
        ),
        whole_row=rate_dot(
            report,
            _("All"),
            whole,
            whole_past,
            end,
            cells(WHOLE),
            was=report.was_words(whole, whole_past),
        )
        if len(rows) > 1
        else None,
    )


def _longest(found: Mapping[Any, Figure], whole: Figure) -> float:
    """Up to where the interval of the widest row of enough rows goes, in percent."""
    enough = [figure for figure in (*found.values(), whole) if not figure.is_small_sample]
    highs = [interval[1] * 100 for figure in enough if (interval := figure.interval)]
    return min(max(highs, default=MOST), MOST)


def rate_dot(
    report: Report,
    name: str,
    figure: Figure,
    past: Figure | None,
    end: float,
    cells: Sequence[TableCell],
    *,
    stage: int = 0,
    pin: str = "",
    was: str = "",
) -> Dot:
    """A rate on a scale that ends at `end` percent, beside what it was, `was` in words; `cells` stand
    before it."""
    low, high = figure.interval or (0.0, 0.0)
    share = None if figure.value is None else float(figure.value) * 100
    words = _("too few") if figure.is_small_sample else report.text(figure)
    told = past is not None and not past.is_small_sample and past.value is not None
    return Dot(
        label=name,
        pin=pin,
        at=None if share is None else at_percent(share, end),
        low=at_percent(low * 100, end),
        high=at_percent(high * 100, end),
        past=at_percent(float(past.value) * 100, end)
        if told and past and past.value is not None
        else None,
        text=words,
        title=" · ".join(filter(None, (of_words(figure), between_words(figure)))),
        past_title=was if told else "",
        href=report.rows(figure),
        few=figure.is_small_sample,
        beyond=high * 100 > end,
        stage=stage,
        was=was,
        cells=[
            *cells,
            TableCell(
                text=words if figure.n else "–",
                raw=figure.value,
                href=report.rows(figure, part=True) if figure.part else "",
                note=of_words(figure) if figure.n else "",
            ),
        ],
    )


def beside_keys(chart: Dots) -> Sequence[LegendKey]:
    """What the marks of rates are, and of what they were where that is drawn."""
    is_beside = any(row.past is not None for row in chart.rows)
    return [
        LegendKey(css="key-now", text=_("share, with where it lies 9 times in 10")),
        *([LegendKey(css="key-ring", text=_("the period before"))] if is_beside else []),
        LegendKey(css="key-still", text=_("all together")),
    ]


def table_of(chart: Dots) -> Table:
    """The same as a table: names, what stands beside, the rates, and what they were."""
    rows = [*chart.rows, *([chart.whole_row] if chart.whole_row else [])]
    is_beside = any(row.was for row in rows)
    return Table(
        heads=[*chart.heads, *([TableHead(text=_("Before"))] if is_beside else [])],
        rows=[
            TableRow(
                name=row.label,
                stage=row.stage,
                cells=[*row.cells, *([TableCell(text=row.was or "–")] if is_beside else [])],
            )
            for row in rows
        ],
    )


def apart(figures: Mapping[str, Figure], whole: Figure) -> list[str]:
    """The names of those whose interval lies outside that of all together: beyond chance."""
    if whole.interval is None:
        return []
    low, high = whole.interval
    told = [
        (name, interval)
        for name, figure in figures.items()
        if not figure.is_small_sample and (interval := figure.interval)
    ]
    return [name for name, interval in told if interval[0] > high or interval[1] < low]


def counted(report: Report, figure: Figure) -> TableCell:
    """A count with the way to its rows; nothing is a pale dot."""
    if not figure.n:
        return TableCell(text="·", raw=0, tone="t3")
    return TableCell(text=number(figure.n), raw=figure.n, href=report.rows(figure))


def step(report: Report, figure: Figure, value: Figure | None = None) -> TableCell:
    """A step of a ladder: how many, and small, which share of the whole and what they are worth."""
    if not figure.part:
        return TableCell(text="·", raw=0, tone="t3")
    parts = [
        percent(figure.value or 0) if not figure.is_small_sample else "",
        report.text(value, short=True) if value is not None and value.value else "",
    ]
    return TableCell(
        text=number(figure.part),
        raw=figure.part,
        href=report.rows(figure, part=True),
        note=" · ".join(filter(None, parts)),
    )
