"""The parts of a report's page: what a box says, draws and holds as a table.

Templates draw them and decide nothing. Positions are percent of the width; what is drawn can be
pressed, and stands in the table of the same box (PAGES, "table twin").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, overload

from reports.figures import Coverage, Definition

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, kw_only=True)
class TableCell:
    """`text` is what is read, `raw` what a file has of it; `note` stands small beside it. `tone`:
    young (too few to say anything), slow, warn, or none."""

    text: str
    raw: Any = None
    href: str = ""
    note: str = ""
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class TableHead:
    """`title` is said in full of a head that is short."""

    text: StrOrPromise
    numeric: bool = True
    title: StrOrPromise = ""


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """`stage` draws the mark of a stage before the name."""

    name: str
    cells: Sequence[TableCell]
    href: str = ""
    stage: int = 0


class RowsOnDemand(Sequence[TableRow]):
    """A row for each of some keys, made when it is read: a page shows the first of thousands."""

    def __init__(self, keys: Sequence[Any], make: Callable[[Any], TableRow]) -> None:
        self._keys, self._make = keys, make

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, at: int) -> TableRow: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[TableRow]: ...

    def __getitem__(self, at: int | slice) -> TableRow | Sequence[TableRow]:
        if isinstance(at, slice):
            return [self._make(key) for key in self._keys[at]]
        return self._make(self._keys[at])


@dataclass(frozen=True, kw_only=True)
class Table:
    """The figures of a box in rows: shown, or opened under its picture; always a file as well. Of
    more than `most` rows a page shows the first ones, 0 for all of them."""

    heads: Sequence[TableHead]
    rows: Sequence[TableRow]
    most: int = 0


@dataclass(frozen=True, kw_only=True)
class PanelChoice:
    """One way of asking, beside others: `href` asks so."""

    label: StrOrPromise
    href: str
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class LegendKey:
    """A line of a legend: the class that gives its colour, and what it means."""

    css: str
    text: StrOrPromise


@dataclass(frozen=True, kw_only=True)
class ReportPanel:
    """A box of a page. `template` draws `drawing`; without one there is the table alone.

    `say` is one sentence with what was found, where *this* is in bold; it is left out rather than
    made of too few rows or of a difference that chance makes. `empty` is said instead of
    everything, and `todo` are the best next things then.
    """

    key: str
    title: StrOrPromise
    template: str = ""
    drawing: Any = None
    table: Table | None = None
    say: str = ""
    definition: Definition | None = None
    n: int | None = None
    coverage: Coverage | None = None
    switch: Sequence[PanelChoice] = ()
    second_switch: Sequence[PanelChoice] = ()
    legend: Sequence[LegendKey] = ()
    note: str = ""
    empty: str = ""
    todo: Sequence[PanelChoice] = ()
    wide: bool = False
    # Whether its table is shown under the picture; what is drawn as text says all of it already.
    has_twin: bool = True


# What is drawn -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Headline:
    """One of the large numbers. `lines` stand under it; `limits` is what is usual, in words."""

    title: StrOrPromise
    text: str
    definition: Definition
    href: str = ""
    tone: str = ""
    lines: Sequence[str] = ()
    limits: str = ""
    trend: Trend | None = None


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A part of a bar, from `start` on, `width` wide; `title` says what it is, with its number."""

    css: str
    start: float
    width: float
    title: str
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A row of bars: `tick` marks what is usual, `whisker` from where to where it lies 9 times in 10;
    `pin` as of a dot."""

    label: str
    pin: str = ""
    segments: Sequence[Segment] = ()
    text: str = ""
    note: str = ""
    stage: int = 0
    href: str = ""
    tone: str = ""
    tick: float | None = None
    tick_title: str = ""
    whisker: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class ScaleMark:
    """A tick of a scale, or a text at a place of it."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Bars:
    rows: Sequence[Bar]
    scale: Sequence[ScaleMark] = ()
    notes: Sequence[ScaleMark] | None = None


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A value with where it lies 9 times in 10. `past` is what it was, or the other way of counting,
    `was` the former in words; `few` has too few to say it. `beyond` says that the interval goes on
    past the scale. `half` is where the middle half of its rows lies, `usual` a tick beside it. `pin`
    is the number of what happened in it, where rows are spans of time."""

    label: str
    pin: str = ""
    at: float | None
    low: float = 0
    high: float = 0
    past: float | None = None
    usual: float | None = None
    text: str = ""
    title: str = ""
    n: str = ""
    href: str = ""
    n_href: str = ""
    stage: int = 0
    few: bool = False
    beyond: bool = False
    half: tuple[float, float] | None = None
    past_title: str = ""
    past_href: str = ""
    was: str = ""
    cells: Sequence[TableCell] = ()


@dataclass(frozen=True, kw_only=True)
class Dots:
    """Dots with intervals, a row each; `whole` is the band and the line of all of them. `notes` are
    what happened, where the rows are spans of time."""

    rows: Sequence[Dot]
    scale: Sequence[ScaleMark]
    heads: Sequence[TableHead] = ()
    whole: tuple[float, float, float] | None = None
    whole_row: Dot | None = None
    notes: Sequence[ScaleMark] | None = None


@dataclass(frozen=True, kw_only=True)
class Point:
    """A point of a line: percent from the left and from the top."""

    x: float
    y: float
    title: str = ""
    href: str = ""
    css: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line through points, stepped if it holds its value until the next one."""

    css: str
    points: Sequence[Point]
    title: str = ""
    stepped: bool = False
    show_points: bool = False

    @property
    def path(self) -> str:
        """The points as an SVG polyline of a box of 100 by 100."""
        drawn: list[Point] = []
        for point in self.points:
            if self.stepped and drawn:
                drawn.append(Point(x=point.x, y=drawn[-1].y))
            drawn.append(point)
        return _path(drawn)


def _path(points: Iterable[Point]) -> str:
    """As SVG reads it, in as few letters as that takes."""
    return " ".join(f"{round(p.x, 1):g},{round(p.y, 1):g}" for p in points)


@dataclass(frozen=True, kw_only=True)
class Area:
    """What lies between two lines, or under one."""

    css: str
    upper: Sequence[Point]
    lower: Sequence[Point] = ()
    title: str = ""
    href: str = ""

    @property
    def path(self) -> str:
        ends = self.upper[:1], self.upper[-1:]
        lower = self.lower or [Point(x=point.x, y=100) for end in ends for point in end]
        return _path([*self.upper, *reversed(lower)])


@dataclass(frozen=True, kw_only=True)
class Lines:
    """A chart over time or days: lines, areas under them, limits, and what happened on its days
    (`notes`; None where its axis is no calendar)."""

    lines: Sequence[Line] = ()
    areas: Sequence[Area] = ()
    limits: Sequence[tuple[float, str]] = ()
    x_scale: Sequence[ScaleMark] = ()
    y_scale: Sequence[ScaleMark] = ()
    notes: Sequence[ScaleMark] | None = None
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Trend:
    """A figure week by week within its natural limits, small."""

    chart: Lines
    words: str


@dataclass(frozen=True, kw_only=True)
class MatrixSquare:
    """A cell of a matrix; `shade` is 0 to 4, `framed` marks what was promised."""

    text: str
    href: str = ""
    shade: int = 0
    framed: bool = False
    title: str = ""
    hatched: bool = False


@dataclass(frozen=True, kw_only=True)
class MatrixRow:
    name: str
    squares: Sequence[MatrixSquare]
    note: str = ""
    stage: int = 0
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Matrix:
    heads: Sequence[TableHead]
    rows: Sequence[MatrixRow]
    first: StrOrPromise = ""


@dataclass(frozen=True, kw_only=True)
class StripPart:
    """A part of what changed, which filters the list below it."""

    label: StrOrPromise
    count: str
    note: str
    href: str
    icon: str = ""
    is_current: bool = False


@dataclass(frozen=True, kw_only=True)
class ChangeLine:
    """A deal that changed: each value now, and under it what it was, if that is another one."""

    name: str
    href: str
    company: str
    changes: Sequence[Any]
    stage: int
    stage_name: str
    was_stage: str = ""
    value: str = ""
    was_value: str = ""
    closes: str = ""
    was_closes: str = ""
    in_stage: str = ""
    usual: str = ""
    is_late: bool = False
    next: str = ""
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The strip, and the first lines of what its part filters; `rows_href` has all of them."""

    parts: Sequence[StripPart]
    lines: Sequence[ChangeLine]
    shown: str
    rows_href: str


@dataclass(frozen=True, kw_only=True)
class DealMark:
    """A deal on its stage's line: percent from the left, and pixels from the middle."""

    at: float
    lift: int
    title: str
    href: str
    css: str = ""


@dataclass(frozen=True, kw_only=True)
class AgingRow:
    """A stage: the bands of finished visits (half, 3 of 4, 9 of 10) and its open deals."""

    stage: int
    label: str
    bands: Sequence[Segment]
    marks: Sequence[DealMark]
    text: str
    note: str
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Aging:
    rows: Sequence[AgingRow]
    scale: Sequence[ScaleMark]


@dataclass(frozen=True, kw_only=True)
class GlossaryEntry:
    """What a figure means, with its rows of the period; `anchor` is its place on the page."""

    definition: Definition
    anchor: str
    href: str


def scale_to(largest: float, *, steps: int = 4) -> tuple[float, list[float]]:
    """The end of a scale for values up to `largest`, and its ticks at round numbers."""
    if largest <= 0:
        return 1.0, [0.0, 1.0]
    power = 10 ** Decimal(str(largest / steps)).adjusted()
    step = next(n * power for n in (1, 2, 2.5, 5, 10) if n * power * steps >= largest)
    ticks = [step * number for number in range(steps + 1)]
    while len(ticks) > 2 and ticks[-2] >= largest:
        ticks.pop()
    return float(ticks[-1]), [float(tick) for tick in ticks]


def at_percent(value: float | Decimal, end: float) -> float:
    """Where a value lies on a scale from 0 to `end`, in percent; never beyond it."""
    return round(max(0.0, min(100.0, float(value) / end * 100)), 2) if end else 0.0
