"""How the charts of the stock are drawn: the waterfall, the ages of open deals, the flow."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from pipeline.process.queries.stages import norms_for
from pipeline.process.stages import Stage
from reports.figures import Figure, FigureCell
from reports.metric import Metric
from reports.metrics import flow
from reports.movements import Movement
from reports.presenters.changes import changes_of
from reports.presenters.panels import (
    Aging,
    AgingRow,
    Area,
    Bar,
    Bars,
    ChangeLine,
    DealMark,
    Lines,
    Point,
    ScaleMark,
    Segment,
    Table,
    TableCell,
    TableHead,
    TableRow,
    at_percent,
    scale_to,
)
from reports.presenters.pins import pinned
from reports.presenters.report import Report
from reports.queries.stock import AgedDeal, ChangedDeal, StageAges, StockOfWeek
from salesprocess.lib.format import day, money, money_short, number

# Of each stage so many deals are drawn at most, the longest ones: the rest stands in its table.
MARKS = 9
_CSS = {
    **dict.fromkeys(("start", "end"), "fill-total"),
    **dict.fromkeys(("new", "reopened", "moved_in", "handed_in", "up"), "fill-accent"),
    **dict.fromkeys(("down", "moved_out", "handed_out"), "fill-back"),
    "stopped": "fill-stopped",
    "won": "fill-won",
}


def is_end(key: str) -> bool:
    return key in ("start", "end")


def waterfall(report: Report, boxes: Mapping[str, Metric], found: Mapping[str, Figure]) -> Bars:
    """The boxes from the start to the end, each where the one before it ends."""
    values = {key: Decimal(found[key].value or 0) for key in boxes}
    heights, level = [], Decimal(0)
    for key, value in values.items():
        before = Decimal(0) if is_end(key) else level
        level = before + value
        heights.append((min(before, level), max(before, level)))
    top = float(max(high for _low, high in heights)) or 1.0
    rows = []
    for (key, box), (low, high) in zip(boxes.items(), heights, strict=True):
        if not (found[key].n or is_end(key)):
            continue
        text = signed_money(report, key, values[key])
        left, right = at_percent(low, top), at_percent(high, top)
        href = report.rows(found[key])
        width = max(round(right - left, 2), 0.4)
        title = f"{box.definition.name}: {text}"
        part = Segment(css=_CSS[key], start=left, width=width, title=title, href=href)
        n = f"n {number(found[key].n)}"
        label = str(box.definition.name)
        rows.append(Bar(label=label, segments=[part], text=text, note=n, href=href))
    return Bars(rows=rows)


def signed_money(report: Report, key: str, value: Decimal) -> str:
    text = money_short(value.quantize(Decimal(1)), report.currency)
    return f"+{text}" if value > 0 and not is_end(key) else text


def closes_words(report: Report, found: Mapping[str, Figure]) -> str:
    """The sum that closes to zero; or that it does not, and by how much."""
    values = {key: Decimal(figure.value or 0) for key, figure in found.items()}
    moves = [value for key, value in values.items() if not is_end(key)]
    more, less = sum(v for v in moves if v > 0), -sum(v for v in moves if v < 0)
    start, end = values["start"], values["end"]
    words = [
        money_short(Decimal(one).quantize(Decimal(1)), report.currency)
        for one in (start, more, less, end)
    ]
    said = dict(zip(("start", "more", "less", "end"), words, strict=True))
    if start + more - less == end:
        return _("Closes to zero: %(start)s + %(more)s − %(less)s = %(end)s") % said
    return _("Does not close: %(start)s + %(more)s − %(less)s is not %(end)s") % said


def waterfall_table(
    report: Report, boxes: Mapping[str, Metric], found: Mapping[str, Figure]
) -> Table:
    return Table(
        heads=[
            TableHead(text=_("What changed"), numeric=False),
            TableHead(text=_("Value")),
            TableHead(text=_("Deals")),
        ],
        rows=[
            TableRow(
                name=str(box.definition.name),
                cells=[
                    report.cell(found[key]),
                    TableCell(text=number(found[key].n), raw=found[key].n),
                ],
            )
            for key, box in boxes.items()
        ],
    )


# The list of changes -------------------------------------------------------------------------------


def change_line(report: Report, deal: ChangedDeal) -> ChangeLine:
    """A line of the list: what is, and what it was where that is another thing."""
    moved, row, question = deal.moved, deal.row, report.question
    stage = moved.stage_then or moved.stage_was or 1
    was = moved.stage_was if moved.stayed and moved.stage_was != moved.stage_then else None
    amounts = [
        money(row[f"amount_{when}"], row[f"currency_{when}"] or report.currency)
        for when in ("then", "was")
    ]
    days = _days(report, moved.entered_then)
    norm = norms_for(question.reader).of(stage, row["team_then_id"])
    closes, was_closes = moved.closes_then, moved.closes_was
    moved_date = moved.at_start and was_closes is not None and closes != was_closes
    return ChangeLine(
        name=moved.name,
        href=f"/deals/{moved.pk}/",
        company=row["company__name"] or "",
        changes=list(changes_of(moved, currency=report.currency)),
        stage=stage,
        stage_name=str(Stage(stage).label),
        was_stage=_("was %(what)s") % {"what": f"{was} {Stage(was).label}"} if was else "",
        value=amounts[0],
        was_value=_("was %(what)s") % {"what": amounts[1]} if moved.change else "",
        closes=day(closes, question.today) if closes else "",
        was_closes=_("was %(what)s") % {"what": day(was_closes, question.today)}
        if moved_date
        else "",
        in_stage=_("%(n)s d") % {"n": number(days)} if days is not None else "",
        usual=_("usual %(n)s") % {"n": norm},
        is_late=days is not None and days > norm,
        next=_next_words(report, moved, row),
        owner=row["owner_then_name"] or _("pool"),
    )


def _next_words(report: Report, moved: Movement, row: Mapping[str, Any]) -> str:
    if not moved.at_end:
        return ""
    if not report.question.ends_now:
        return _("Something planned") if moved.is_planned else _("Nothing planned")
    at = row["next_on"] or (row["next_at"] and _local(report, row["next_at"]))
    if at is None:
        return _("Nothing planned")
    words = day(at, report.question.today)
    return _("Overdue: %(day)s") % {"day": words} if at < report.question.today else words


def _local(report: Report, at: dt.datetime) -> dt.date:
    return at.astimezone(report.question.period.zone).date()


def _days(report: Report, entered_at: dt.datetime | None) -> int | None:
    if entered_at is None:
        return None
    return (report.question.last_day - _local(report, entered_at)).days


# Ages ----------------------------------------------------------------------------------------------


def aging(
    report: Report,
    ages: Mapping[int, StageAges],
    bands: Mapping[int, Sequence[Decimal | None]],
    hrefs: Mapping[int, str],
) -> Aging:
    """A mark for each open deal on the bands of its stage; the last tick gathers what is longer.
    `bands` are the days within which half, three in four and nine in ten finished visits ended."""
    widest = max((float(nine or 0) for *_rest, nine in bands.values()), default=0)
    end, ticks = scale_to(max(widest * 2, 10))
    rows = []
    none = StageAges(n=0, by_days={}, longest=())
    for stage in Stage:
        mine = ages.get(stage, none)
        half, three, nine = bands.get(stage, (None, None, None))
        late = 0 if nine is None else mine.longer_than(nine)
        rows.append(
            AgingRow(
                stage=stage,
                label=str(stage.label),
                bands=_bands(half, three, nine, end),
                marks=_marks(mine.longest, nine, end),
                text=_("%(n)s open") % {"n": number(mine.n)},
                note=_("%(n)s past nine in ten") % {"n": number(late)},
                href=hrefs.get(stage, ""),
            )
        )
    scale = [
        ScaleMark(
            at=at_percent(tick, end),
            text=_("%(n)s d") % {"n": f"{number(tick)}{' +' if tick == ticks[-1] else ''}"},
        )
        for tick in ticks
    ]
    return Aging(rows=rows, scale=scale)


def _bands(
    half: Decimal | None, three: Decimal | None, nine: Decimal | None, end: float
) -> list[Segment]:
    found, start = [], 0.0
    names = (_("half of the finished visits"), _("3 of 4"), _("9 of 10"))
    for css, until, name in zip(("half", "three", "nine"), (half, three, nine), names, strict=True):
        right = at_percent(until or 0, end)
        title = f"{name}: {number(until or 0)}"
        found.append(
            Segment(css=f"fill-{css}", start=start, width=max(right - start, 0), title=title)
        )
        start = max(start, right)
    return found


def _marks(longest: Sequence[AgedDeal], nine: Decimal | None, end: float) -> list[DealMark]:
    lifts: dict[float, int] = {}
    found = []
    for one in longest:
        at = at_percent(one.days, end)
        turn = lifts[at] = lifts.get(at, -1) + 1
        planned = "" if one.is_planned else " · " + _("nothing planned")
        css = "late" if nine is not None and one.days > nine else ""
        found.append(
            DealMark(
                at=at,
                lift=(0, -9, 9, -5, 5)[turn % 5],
                title=" · ".join((one.name, _("%(n)s d") % {"n": number(one.days)})) + planned,
                href=f"/deals/{one.pk}/",
                css=f"{css} {'' if one.is_planned else 'bare'}".strip(),
            )
        )
    return found


# Flow ----------------------------------------------------------------------------------------------


def stock_cell(stage: int) -> FigureCell:
    return FigureCell(metric=flow.stood.slug, by="stage", key=stage)


def cumulative_flow(report: Report, weeks: Sequence[StockOfWeek], *, with_ended: bool) -> Lines:
    """A band for each stage, from the last one up, over what ended since the first week if that is
    drawn: its height is the stock, its slope the flow."""
    base = [week.ended if with_ended else 0 for week in weeks]
    stocks = [sum(week.stages.values()) for week in weeks]
    top = max((low + stock for low, stock in zip(base, stocks, strict=True)), default=0)
    end, ticks = scale_to(top)
    xs = [at_percent(place, len(weeks) - 1) for place in range(len(weeks))]
    levels = [0] * len(weeks)
    areas = []
    for band in (0, *reversed(Stage)):
        heights = base if band == 0 else [week.stages.get(band, 0) for week in weeks]
        levels = [level + height for level, height in zip(levels, heights, strict=True)]
        upper = [
            Point(x=x, y=round(100 - at_percent(level, end), 2))
            for x, level in zip(xs, levels, strict=True)
        ]
        name = _("Ended") if band == 0 else str(Stage(band).label)
        areas.append(
            Area(
                css=f"area-{band}" if band else "area-ended",
                upper=upper,
                title=name,
                href=report.rows(stock_cell(band)) if band else "",
            )
        )
    return Lines(
        # Each covers those above it down to the ground, so that no edge is drawn twice.
        areas=areas[::-1],
        x_scale=[
            ScaleMark(at=xs[place], text=day(weeks[place].monday, report.question.today))
            for place in range(0, len(weeks), 13)
        ],
        y_scale=[
            ScaleMark(at=round(100 - at_percent(tick, end), 2), text=number(tick))
            for tick in reversed(ticks)
        ],
        notes=pinned(report, weeks[0].monday, weeks[-1].monday) if weeks else None,
        title=_("Deals in each stage at the end of each week"),
    )


def flow_table(report: Report, weeks: Sequence[StockOfWeek]) -> Table:
    """Every thirteenth week: the stock of each stage, with its rows as of that day."""
    chosen = [*weeks[:-1:13], weeks[-1]]

    def cell(week: StockOfWeek, stage: int) -> TableCell:
        n = week.stages.get(stage, 0)
        last = min(week.last_day, report.question.last_day)
        past = None if last >= report.question.today else last.isoformat()
        href = _of_day(report, stock_cell(stage), past) if n else ""
        return TableCell(text=number(n), raw=n, href=href)

    return Table(
        heads=[
            TableHead(text=_("Week of"), numeric=False),
            *(TableHead(text=str(stage.value)) for stage in Stage),
            TableHead(text=_("Ended")),
        ],
        rows=[
            TableRow(
                name=day(week.monday, report.question.today),
                cells=[
                    *(cell(week, stage) for stage in Stage),
                    TableCell(text=number(week.ended), raw=week.ended),
                ],
            )
            for week in chosen
        ],
    )


def _of_day(report: Report, cell: FigureCell, past: str | None) -> str:
    href = report.rows(cell)
    return f"{href}&as_of={past}" if past and "as_of=" not in href else href
