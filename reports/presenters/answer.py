"""How what somebody asked of the figures is answered: as a number, bars, a line, a matrix, a table."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from reports.axes import PERSON
from reports.axis import Axis
from reports.figures import Figure, Unit
from reports.forms import FIRST_DAY
from reports.metric import figures
from reports.presenters.ask import BARS, LINE, MATRIX, NUMBER, AskedFigure
from reports.presenters.forest import apart, forest
from reports.presenters.panels import (
    Bar,
    Bars,
    Dots,
    Headline,
    Line,
    Lines,
    Matrix,
    MatrixRow,
    MatrixSquare,
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
from reports.presenters.pins import pinned, pinned_spans
from reports.presenters.report import Report, between_words, of_words, unless_too_few, value_text
from reports.question import months_before, quarter_of
from reports.statistics import NaturalLimits, natural_limits
from salesprocess.lib.format import join_list, number

# So many are drawn; the file has all of them.
MOST_ROWS, MOST_COLUMNS, MOST_POINTS = 60, 24, 400


class Answer:
    """The figures of what was asked: of the whole, of each value of an axis, of each pair of two."""

    def __init__(self, report: Report, asked: AskedFigure) -> None:
        self.report, self.asked = report, asked
        self.metric, self.by, self.across = asked.metric, asked.by, asked.across
        question = report.question
        self.whole = self.metric.whole(question)
        self.found: Mapping[Any, Figure] = {}
        self.before: Mapping[Any, Figure] = {}
        if self.by is not None:
            self.found = figures(question, [self.metric], self.by, self.across)[self.metric.slug]
        # What lies in other months has no month here to stand beside.
        if question.before and self.across is None and not (self.by and self.by.time):
            self.before = self.metric.measure(question.before, self.by)
        self.names: dict[Any, str] = self._names(self.by, 0)
        self.columns: dict[Any, str] = self._names(self.across, 1)

    def _names(self, axis: Axis | None, place: int) -> dict[Any, str]:
        if axis is None:
            return {}
        values = {key[place] if self.across else key for key in self.found}
        if axis.time and not self.across:
            values |= set(spans_between(self.report, axis, values))
        return axis.named(self.report.question, values)

    def at(self, value: Any) -> Figure:
        found = self.found.get(value)
        return found or self.metric.of_nothing(self.report.question, self.by, value)

    @property
    def drawing(self) -> tuple[str, Any]:
        """The template that draws it, and what it draws; none for a table."""
        match self.asked.show:
            case show if show == NUMBER:
                return "reports/panels/numbers.html", [self._headline()]
            case show if show == LINE:
                return "reports/panels/lines.html", self._line()
            case show if show == MATRIX:
                return "reports/panels/matrix.html", self._matrix()
            case show if show == BARS and self.metric.unit is Unit.SHARE and self._is_rate:
                return "reports/panels/dots.html", self._dots()
            case show if show == BARS:
                return "reports/panels/bars.html", self._bars()
        return "", None

    @property
    def _is_rate(self) -> bool:
        return all(figure.part is not None for figure in (*self.found.values(), self.whole))

    def _headline(self) -> Headline:
        before = self.before.get("") if self.by is None else None
        more = []
        if before is not None and before.value is not None:
            told = {"value": self.report.text(before)}
            more.append(_("%(value)s in the period before") % told)
        return self.report.headline(self.whole, more=more)

    # Bars and dots -------------------------------------------------------------------------------

    def _dots(self) -> Dots:
        assert self.by is not None  # noqa: S101  # as bars have
        chart = forest(self.report, self.metric, self.by)
        return replace(chart, rows=list(chart.rows)[:MOST_ROWS])

    def _bars(self) -> Bars:
        shown = list(self.names.items())[:MOST_ROWS]
        values = [_size(self.at(value)) for value, _name in shown]
        end, ticks = scale_to(max(values, default=0.0))
        assert self.by is not None  # noqa: S101  # as bars have
        pinned_ = pinned_spans(self.report, self.by, [value for value, _name in shown])
        rows = [
            replace(
                self._bar(name, self.at(value), end, stage=self._stage(value)),
                pin=pinned_.numbers.get(value, ""),
            )
            for value, name in shown
        ]
        scale = [ScaleMark(at=at_percent(tick, end), text=self._tick(tick)) for tick in ticks]
        return Bars(rows=rows, scale=scale, notes=pinned_.notes)

    def _bar(self, name: str, figure: Figure, end: float, *, stage: int) -> Bar:
        text = self.report.text(figure, short=True)
        href = self.report.rows(figure) if figure.n else ""
        size = _size(figure)
        part = Segment(
            css="fill-accent", start=0, width=at_percent(size, end), title=text, href=href
        )
        counts = figure.unit is Unit.COUNT and figure.value == figure.n
        return Bar(
            label=name,
            segments=[part],
            text=text,
            note="" if counts else f"n {number(figure.n)}",
            href=href,
            tone="young" if figure.is_small_sample and not counts else "",
            stage=stage,
        )

    def _stage(self, value: Any) -> int:
        is_stage = self.by is not None and self.by.key in ("stage", "reached")
        return value if is_stage and isinstance(value, int) else 0

    def _tick(self, tick: float) -> str:
        unit, value = self.metric.unit, Decimal(str(tick))
        currency = self.report.currency
        return value_text(value, unit, currency=currency, short=True)

    # A line --------------------------------------------------------------------------------------

    def _line(self) -> Lines:
        told = [(day, self.at(day)) for day in self.names if isinstance(day, dt.date)]
        adds_up = self.metric.unit in (Unit.COUNT, Unit.MONEY)
        told = [(day, one) for day, one in told if adds_up or one.value is not None]
        values = [_size(figure) for _day, figure in told]
        # Of a rate or a median, what too few rows make is no news.
        enough = [_size(one) for _day, one in told if adds_up or not one.is_small_sample]
        limits = natural_limits(enough, least=0.0)
        top = max([*values, limits.high if limits else 0.0], default=0.0)
        end, ticks = scale_to(min(top, 1.0) if self.metric.unit is Unit.SHARE else top)
        first = told[0][0] if told else dt.date.min
        days = max((told[-1][0] - first).days, 1) if told else 1
        points = [self._point(day, figure, first, days, end) for day, figure in told]
        return Lines(
            lines=[Line(css="now", points=points, show_points=True)],
            limits=self._limits(limits, end),
            x_scale=[
                ScaleMark(at=point.x, text=self.names[day])
                for point, (day, _figure) in _some(list(zip(points, told, strict=True)), 6)
            ],
            y_scale=[
                ScaleMark(at=100 - at_percent(tick, end), text=self._tick(tick))
                for tick in reversed(ticks)
            ],
            notes=pinned(self.report, first, told[-1][0]) if told else None,
            title=str(self.metric.definition.name),
        )

    @staticmethod
    def _limits(found: NaturalLimits | None, end: float) -> list[tuple[float, str]]:
        """Where the lines of what is usual lie; nothing cannot be gone below."""
        if found is None:
            return []
        low = [(100 - at_percent(found.low, end), _("usually not below"))] if found.low > 0 else []
        return [*low, (100 - at_percent(min(found.high, end), end), _("usually not above"))]

    def _point(self, day: dt.date, figure: Figure, first: dt.date, days: int, end: float) -> Point:
        few = figure.is_small_sample and figure.unit is not Unit.COUNT
        counted = of_words(figure) if figure.part is not None else f"n {number(figure.n)}"
        return Point(
            x=round((day - first).days / days * 100, 2),
            y=100 - at_percent(_size(figure), end),
            title=f"{self.names[day]}: {self.report.text(figure)}, {counted}",
            href=self.report.rows(figure) if figure.n else "",
            css="few" if few else "",
        )

    # Two axes ------------------------------------------------------------------------------------

    def _matrix(self) -> Matrix:
        columns = list(self.columns.items())[:MOST_COLUMNS]
        rows = list(self.names.items())[:MOST_ROWS]
        told = [one for one in self.found.values() if not self._is_young(one)]
        most = max((_size(figure) for figure in told), default=0.0)
        return Matrix(
            first=self.by.label if self.by else "",
            heads=[TableHead(text=name) for _value, name in columns],
            rows=[
                MatrixRow(
                    name=name,
                    stage=self._stage(value),
                    squares=[self._square((value, other), most) for other, _name in columns],
                )
                for value, name in rows
            ],
        )

    def _square(self, pair: tuple[Any, Any], most: float) -> MatrixSquare:
        figure = self.found.get(pair)
        if figure is None or not figure.n:
            return MatrixSquare(text="·")
        young = self._is_young(figure)
        # People are never set off against each other by colour.
        plain = young or not most or PERSON in (self.by, self.across)
        shade = 1 if plain else 1 + round(3 * min(_size(figure) / most, 1))
        counted = of_words(figure) if figure.part is not None else f"n {number(figure.n)}"
        return MatrixSquare(
            text=self.report.text(figure, short=True),
            href=self.report.rows(figure),
            shade=shade,
            hatched=young,
            title=f"{self.report.text(figure)}, {counted}",
        )

    @staticmethod
    def _is_young(figure: Figure) -> bool:
        return figure.is_small_sample and figure.unit is not Unit.COUNT

    # The table -----------------------------------------------------------------------------------

    @property
    def table(self) -> Table:
        """The same in rows, all of them: a page shows the first ones, a file has the rest."""
        if self.across is not None:
            return self._table_of_two()
        has_between = self.metric.unit is Unit.SHARE and self._is_rate
        heads = [
            TableHead(text=self.by.label if self.by else _("Figure"), numeric=False),
            TableHead(text=self.metric.definition.name),
            TableHead(text="n"),
            *([TableHead(text=_("Between"))] if has_between else []),
            *([TableHead(text=_("Period before"))] if self.before else []),
        ]
        rows = [
            TableRow(
                name=name,
                stage=self._stage(value),
                cells=self._cells(self.at(value), self.before.get(value), has_between),
            )
            for value, name in self.names.items()
        ]
        if len(rows) != 1:
            name = _("All") if self.by else str(self.metric.definition.name)
            cells = self._cells(self.whole, self._whole_before, has_between)
            rows.append(TableRow(name=name, cells=cells))
        return Table(heads=heads, rows=rows, most=MOST_ROWS)

    @property
    def _whole_before(self) -> Figure | None:
        question = self.report.question
        return self.metric.whole(question.before) if self.before and question.before else None

    def _cells(self, figure: Figure, past: Figure | None, has_between: bool) -> list[TableCell]:
        report = self.report
        cells = [report.cell(figure, part=figure.part is not None), report.n_cell(figure)]
        if has_between:
            cells.append(TableCell(text=between_words(figure) or "–"))
        if self.before:
            cells.append(
                TableCell(text="–")
                if past is None or not past.n
                else TableCell(text=report.text(past), raw=past.value)
            )
        return cells

    def _table_of_two(self) -> Table:
        by, across, report = self.by, self.across, self.report
        assert by is not None  # noqa: S101  # as the caller saw to
        assert across is not None  # noqa: S101  # likewise
        rows = [
            TableRow(
                name=name,
                stage=self._stage(value),
                cells=[
                    TableCell(text=other_name),
                    report.cell(figure, part=figure.part is not None),
                    report.n_cell(figure),
                ],
            )
            for value, name in self.names.items()
            for other, other_name in self.columns.items()
            if (figure := self.found.get((value, other))) is not None and figure.n
        ]
        heads = [
            TableHead(text=by.label, numeric=False),
            TableHead(text=across.label, numeric=False),
            TableHead(text=self.metric.definition.name),
            TableHead(text="n"),
        ]
        return Table(heads=heads, rows=rows, most=MOST_ROWS)

    # Words ---------------------------------------------------------------------------------------

    @property
    def say(self) -> str:
        """Which rates lie beyond chance of all together; nothing of what has no interval."""
        if self.by is None or self.across or self.by.time or not self._is_rate or not self.found:
            return ""
        if self.metric.unit is not Unit.SHARE:
            return ""
        named = {name: self.at(value) for value, name in self.names.items() if value is not None}
        usual = self.whole.value or 0
        above = [name for name in apart(named, self.whole) if (named[name].value or 0) > usual]
        below = [name for name in apart(named, self.whole) if (named[name].value or 0) < usual]
        said = []
        if above:
            said.append(_("Above all together, beyond chance: *%(names)s*.") % _names(above))
        if below:
            said.append(_("Below all together, beyond chance: *%(names)s*.") % _names(below))
        none = _("No difference beyond chance.")
        return " ".join(said) or unless_too_few(none, (each.n for each in named.values()))

    @property
    def note(self) -> str:
        """What of it is not drawn."""
        rows, columns = len(self.names), len(self.columns)
        said = []
        if rows > MOST_ROWS:
            words = _("The first %(n)s of %(all)s are shown; the file has all of them.")
            said.append(words % {"n": MOST_ROWS, "all": number(rows)})
        if columns > MOST_COLUMNS:
            words = _("Of %(all)s columns the first %(n)s are shown; the file has all of them.")
            said.append(words % {"n": MOST_COLUMNS, "all": number(columns)})
        return " ".join(said)


def _names(names: Sequence[str]) -> dict[str, str]:
    return {"names": join_list(list(names)[:5])}


def _size(figure: Figure) -> float:
    return max(float(figure.value or 0), 0.0)


def _some(told: Sequence[Any], most: int) -> Sequence[Any]:
    """So many of them at most, evenly, the first and the last among them."""
    if len(told) <= most:
        return told
    step = (len(told) - 1) / (most - 1)
    return [told[round(place * step)] for place in range(most)]


def spans_between(report: Report, axis: Axis, values: set[Any]) -> list[dt.date]:
    """The first days of all weeks, months or quarters of the period; of all time from the first
    that is known. None where there are too many to be drawn."""
    period = report.question.period
    known = sorted(value for value in values if isinstance(value, dt.date))
    start = period.start_on
    if start <= FIRST_DAY:
        if not known:
            return []
        start = known[0]
    # Quarters begin as those that are known do: an organisation's year may begin in any month.
    first_month = known[0].month if known else 1
    end, day = min(period.end_on, report.question.today), _begin(axis, start, first_month)
    found: list[dt.date] = []
    while day <= end and len(found) <= MOST_POINTS:
        found.append(day)
        day = _begin(axis, _after(axis, day), first_month)
    return found if len(found) <= MOST_POINTS else []


def _after(axis: Axis, day: dt.date) -> dt.date:
    if axis.time == "week":
        return day + dt.timedelta(days=7)
    return months_before(day, -3 if axis.time == "quarter" else -1)


def _begin(axis: Axis, day: dt.date, first_month: int) -> dt.date:
    if axis.time == "week":
        return day - dt.timedelta(days=day.weekday())
    if axis.time == "quarter":
        return quarter_of(day, first_month=first_month)[0]
    return day.replace(day=1)
