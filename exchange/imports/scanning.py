"""Scans all rows of a file before the import: the possible formats of each column of dates or
numbers, and the stages that occur."""

from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from itertools import combinations
from typing import Any

from django.utils.translation import gettext as _

from exchange.imports import cells, currencies, known_words, values
from exchange.imports import dates as date_ways
from exchange.imports.dates import when as read_date
from exchange.imports.faults import BadValue, Unreadable
from exchange.imports.headings import stage_in
from exchange.imports.kinds import DEALS, STAGE_FIELDS, CellType, ImportField
from exchange.imports.mapping import KindMapping, Mapping
from exchange.imports.reading import FileMark, FileRow, FileTable
from salesprocess.lib.format import unambiguous

# A column with more different words than this is not a column of stages.
MOST_STAGES = 40
SAMPLES = 3
# A file with one wrong cell in each way of writing dates need not offer all of them.
_MOST_WAYS = 6
# Of how many cells, and how long ones, is kept what they say.
_MOST_KEPT, _SHORT = 1_024, 40

# The tables of each kind that come in together, in the order in which they do.
Chosen = list[tuple[KindMapping, list[FileTable]]]
Place = tuple[int, str]
"""A line and the text of a cell there."""


@dataclass(frozen=True, kw_only=True)
class ReadingChoice:
    """A format for a column, and how many of its cells can be read in it."""

    way: str
    rows: int


class Reading:
    """Which ways of reading fit all cells of a column that have been seen.

    A column is read in the one way that fits all of it. Where two ways fit and differ, it is
    ambiguous: `witness` is a cell that means two things. Where no way fits all, it is mixed:
    `odd_one` is a cell that does not fit what came before. A cell that no way fits is that row's
    fault and says nothing about the column.
    """

    def __init__(self, *, dates: bool) -> None:
        self.dates = dates
        self.rows = 0
        self.samples: list[Place] = []
        self.odd_one: Place | None = None
        self.unread: Place | None = None
        self._fits: list[str] | None = None
        self._counts: Counter[str] = Counter()
        self._orders: Counter[str] = Counter()
        self._first_of: dict[str, Place] = {}
        # The cells that two ways read differently: of each pair, as any may be the last two.
        self._doubts: dict[frozenset[str], list[Place]] = {}

    def see(self, text: str, line: int, *, times: int = 1) -> None:
        """`times` is of how many cells that say so; `line` counts where it is new."""
        found: dict[str, Any] = date_ways.readings(text) if self.dates else values.numbers(text)
        if not found:
            self.unread = self.unread or (line, text)
            return
        self.rows += times
        if len(self.samples) < SAMPLES:
            _add(self.samples, line, text)
        for way in found:
            self._first_of.setdefault(way, (line, text))
        self._counts.update(dict.fromkeys(found, times))
        if self.dates:
            self._orders.update(dict.fromkeys(date_ways.orders(text), times))
        self._narrow(found, line, text)
        if len(found) > 1:
            self._doubt(found, line, text)

    def _narrow(self, found: dict[str, Any], line: int, text: str) -> None:
        if self._fits is None:
            self._fits = list(found)
        elif self._fits:
            self._fits = [way for way in self._fits if way in found]
            if not self._fits:
                self.odd_one = (line, text)

    def _doubt(self, found: dict[str, Any], line: int, text: str) -> None:
        for one, other in combinations(found, 2):
            if found[one] != found[other]:
                places = self._doubts.setdefault(frozenset((one, other)), [])
                if len(places) < SAMPLES:
                    _add(places, line, text)

    @property
    def first(self) -> Place | None:
        return self.samples[0] if self.samples else None

    @property
    def witness(self) -> Place | None:
        return next(iter(self._doubtful(self._fits or [])), None)

    @property
    def way(self) -> str:
        """The only format of the column; empty if there is none, or more than one."""
        return self._fits[0] if self._fits and self.witness is None else ""

    @property
    def is_open(self) -> bool:
        """Whether a person has to choose the format."""
        return self.witness is not None or self.odd_one is not None

    def choices(self) -> list[ReadingChoice]:
        """The formats to choose from, or the only one."""
        if self.odd_one is None:
            fits = self._fits or []
            ways = [way for place, way in enumerate(fits) if self._is_another(way, fits[:place])]
            return [ReadingChoice(way=way, rows=self.rows) for way in ways]
        orders = [order for order in date_ways.ORDERS if self._orders[order] == self.rows]
        if not self._doubts:
            orders = orders[:1]
        ways = [*orders, *(way for way, _rows in self._counts.most_common())]
        return [ReadingChoice(way=way, rows=self.count(way)) for way in ways[:_MOST_WAYS]]

    def offers(self) -> list[ReadingChoice]:
        """The choices, and formats that read only some cells."""
        found = {choice.way: choice for choice in self.choices()}
        for way, rows in self._counts.most_common():
            found.setdefault(way, ReadingChoice(way=way, rows=rows))
        return list(found.values())[:_MOST_WAYS]

    def count(self, way: str) -> int:
        """How many of the cells can be read in `way`."""
        return self._orders[way] if way in date_ways.ORDERS else self._counts[way]

    def telling(self) -> list[Place]:
        """A few cells that show the difference between the formats, or how the column is read."""
        if self.odd_one is not None:
            places = [self._first_of[way] for way, _rows in self._counts.most_common()]
            return list(dict.fromkeys(places))[:SAMPLES]
        return self._doubtful(self._fits or [])[:SAMPLES] or self.samples

    def _doubtful(self, ways: list[str]) -> list[Place]:
        found: dict[Place, None] = {}
        for pair in combinations(ways, 2):
            found |= dict.fromkeys(self._doubts.get(frozenset(pair), ()))
        return sorted(found)

    def _is_another(self, way: str, before: list[str]) -> bool:
        return all(frozenset((way, each)) in self._doubts for each in before)


@dataclass(kw_only=True)
class Scan:
    """The number of rows, the foreign stages, how columns can be read, and where to read on. `worded`
    are the columns that answer steps by a word of a few."""

    readings: dict[str, Reading]
    rows: int = 0
    marks: list[FileMark] = dataclass_field(default_factory=list)
    stages: dict[str, None] = dataclass_field(default_factory=dict)
    worded: list[str] = dataclass_field(default_factory=list)


class _Look:
    """Shows a reading the cells of its column. Most columns say few things: what they say again is
    counted, and shown with its number at the end."""

    def __init__(self, reading: Reading, place: int, aliases: ReadOnly[str, str]) -> None:
        self._reading, self._place, self._aliases = reading, place, aliases
        self._again: dict[str, int] = {}

    def see(self, row: FileRow) -> None:
        raw = row.cells[self._place]
        if raw in self._again:
            self._again[raw] += 1
            return
        self._show(raw, row.line, 1)
        if len(raw) <= _SHORT:
            if len(self._again) >= _MOST_KEPT:
                self.count()
            self._again[raw] = 0

    def count(self) -> None:
        """Show what was only counted so far."""
        for raw, times in self._again.items():
            if times:
                self._show(raw, 0, times)
        self._again.clear()

    def _show(self, raw: str, line: int, times: int) -> None:
        if text := cells.cell_value(raw, self._aliases):
            self._reading.see(text, line, times=times)


def scan(mapped: KindMapping, table: FileTable) -> Scan:
    """Read a whole table once."""
    fields = dict(read_columns(mapped))
    readings = {column: Reading(dates=field.cell_type.is_date) for column, field in fields.items()}
    looks = [
        _Look(reading, table.header.index(column), mapped.words_of(fields[column].name, column))
        for column, reading in readings.items()
    ]
    # The columns that make one word together.
    stage = [
        [table.header.index(column) for column in mapped.columns[name]]
        for name in STAGE_FIELDS.get(mapped.kind.name, ())
        if name in mapped.columns
    ]
    by_words = (CellType.WORD, CellType.FLAG)
    worded = [column for column, step in mapped.steps.items() if step.cell_type in by_words]
    found = Scan(readings=readings, worded=worded)
    for row in table.rows(found.marks.append):
        found.rows += row.is_row
        if row.fault:
            continue
        for look in looks:
            look.see(row)
        if stage and len(found.stages) <= MOST_STAGES and _is_of_stages(mapped, table, row):
            words = (_word([row.cells[place] for place in places]) for places in stage)
            found.stages |= dict.fromkeys(word for word in words if word or mapped.kind is DEALS)
    for look in looks:
        look.count()
    found.stages |= dict.fromkeys(map(stage_in, mapped.columns.get("entered_stages", ())))
    if not stage and mapped.kind is DEALS:
        found.stages[""] = None
    return found


def _is_of_stages(mapped: KindMapping, table: FileTable, row: FileRow) -> bool:
    """A history of all fields has words of other things in the same column."""
    for column in mapped.columns.get("field", ()):
        try:
            known_words.read("field", cells.text(row.cells[table.header.index(column)]))
        except BadValue:
            return False
    return True


def _word(raw: list[str]) -> str:
    """The foreign word of a stage, of a column or of several: stage and status."""
    if len(raw) == 1:
        return cells.text(raw[0])
    return " ".join(filter(None, (cells.cell_value(each, {}, any_text=True) for each in raw)))


def column_formats(
    mapped: KindMapping, mapping: Mapping, seen: Scan, *, file: str
) -> dict[str, str]:
    """How each column of a scanned file writes dates or numbers: stated in the mapping, or the only
    way that fits.

    Raises Unreadable if it is ambiguous or mixed, and not stated.
    """
    ways = {}
    for column, field in read_columns(mapped):
        general = mapping.date if field.cell_type.is_date else mapping.decimal
        ways[column] = mapped.formats.get(column) or general
        if not ways[column]:
            _require_one_way(seen.readings[column], mapped, file, column)
            ways[column] = seen.readings[column].way
    return ways


def read_as(reading: Reading, way: str) -> list[tuple[str, str]]:
    """The samples of a column that can be read in `way`, each with what it means then."""
    if not way:
        return []
    found = [(text, in_words(text, way, dates=reading.dates)) for _line, text in reading.samples]
    return [(text, words) for text, words in found if words]


def _require_one_way(reading: Reading, mapped: KindMapping, file: str, column: str) -> None:
    if not reading.is_open:
        return
    place = {"file": file, "column": column, "kind": mapped.kind.name}
    ways = _(" or ").join(f'"{choice.way}"' for choice in reading.choices())
    if reading.odd_one and reading.first:
        raise Unreadable(
            _(
                "%(file)s: the column “%(column)s” is written in two ways: “%(one)s” in line %(line)d, "
                "“%(other)s” in line %(odd_line)d. State the right one in the mapping, and the rows "
                'that are written otherwise will be reported: [%(kind)s.formats] "%(column)s" = '
                "%(ways)s."
            )
            % {
                **place,
                "one": reading.first[1],
                "line": reading.first[0],
                "other": reading.odd_one[1],
                "odd_line": reading.odd_one[0],
                "ways": ways,
            }
        )
    line, text = reading.telling()[0]
    meanings = [in_words(text, choice.way, dates=reading.dates) for choice in reading.choices()]
    raise Unreadable(
        _(
            "%(file)s: the column “%(column)s” is ambiguous: “%(text)s” in line %(line)d can be "
            '%(meanings)s. Say which in the mapping: [%(kind)s.formats] "%(column)s" = '
            "%(ways)s."
        )
        % {
            **place,
            "text": text,
            "line": line,
            "meanings": _(" or ").join(dict.fromkeys(filter(None, meanings))),
            "ways": ways,
        }
    )


def in_words(text: str, way: str, *, dates: bool) -> str:
    """The meaning of a cell in a format, written unambiguously; empty if it does not fit."""
    if not dates:
        amount = values.number(text, way)
        apart = currencies.split(currencies.without_multiple(text)[0])
        sign = f" {apart[1]}" if apart and apart[1] else ""
        return "" if amount is None else f"{unambiguous(amount)}{sign}"
    said = read_date(text, way)
    if said is None:
        return ""
    clock = f" {said.clock:%H:%M}" if said.clock else ""
    return f"{unambiguous(said.at)}{clock}{f' {said.at:%Z}' if said.at.tzinfo else ''}"


def read_columns(mapped: KindMapping) -> Iterator[tuple[str, ImportField]]:
    """The columns whose cells can be read in several ways, with the field of each: of a day with its
    hour beside it, that of the day."""
    for field in mapped.kind.fields:
        named = mapped.columns.get(field.name, ())
        for column in named if field.is_any_number else named[:1]:
            cell_type = mapped.type_of(field.name, column)
            if cell_type.is_date or cell_type.is_number:
                yield column, replace(field, cell_type=cell_type)


def _add(places: list[Place], line: int, text: str) -> None:
    if all(text != each for _line, each in places):
        places.append((line, text))
