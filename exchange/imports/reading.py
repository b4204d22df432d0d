"""Reads a table of text row by row, with the exact place of each fault.

Only one row is held in memory: a file may be long, a line or a cell may not.
"""

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exchange.imports import encodings
from exchange.imports.faults import Unreadable

DELIMITERS = (",", ";", "\t", "|")
MOST_COLUMNS: int = settings.IMPORT_MOST_COLUMNS
MOST_ROWS: int = settings.IMPORT_MOST_ROWS
LONGEST_CELL = 32_768
LONGEST_LINE = 1_000_000
# Above the headings there may be a title; below the rows, what a report says of itself.
MOST_ABOVE = 20
_MOST_BELOW = 20
_LOOKED_AT = 50
_SUM = re.compile(r"(grand total|total|subtotal|summe|gesamt(summe)?)\b", re.IGNORECASE)
_SUM_LETTERS = frozenset("GSTgst")
_NO_HEADING = re.compile(r"[\W\d_]*")
_INSTRUCTION = re.compile(r"\ufeff?\"?sep=([^\s\"])\"?\s*$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """`line` is where the row begins, counted from 1. With a `fault`, `cells` must not be used. A
    `remark` is said of a row that comes in all the same; of lines that are no row it is the fault."""

    line: int
    cells: list[str]
    fault: str = ""
    column: str = ""
    remark: str = ""
    is_row: bool = True


@dataclass(frozen=True, kw_only=True)
class FileMark:
    """A place in a file from which it can be read on: `passed` rows and `lines` lines stand before it;
    `position` is for `seek`."""

    passed: int
    position: int
    lines: int


# How many rows lie between two marks, at least.
MARKED_EVERY = 5_000
# Stands for a row that is not asked for.
_PASSED = FileRow(line=0, cells=[])


@dataclass(frozen=True, kw_only=True)
class FileTable:
    """A file, or a piece of it: `most` rows after the first `skip`, or all of them. `above` is the number
    of rows above the header. An upload `is_bounded`; whoever has the machine brings in any number. With
    `marks` a piece is read from near its start, not from that of the file."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    above: int = 0
    skip: int = 0
    most: int | None = None
    is_bounded: bool = True
    ways: dict[str, str] = field(default_factory=dict)
    length: int = 0
    number: int = 0
    marks: tuple[FileMark, ...] = ()

    @property
    def name(self) -> str:
        return self.path.name

    def rows(self, mark: Callable[[FileMark], None] | None = None) -> Iterator[FileRow]:
        """The rows below the header, and where the table ends with lines that are none, one that says
        so. `mark` is given the marks of a table that is read from its start.

        Raises Unreadable where what follows cannot be told apart.
        """
        begin = max(
            (each for each in self.marks if each.passed <= self.skip),
            key=lambda each: each.passed,
            default=None,
        )
        rows = self._all_rows(begin, mark)
        for count, row in enumerate(rows, start=begin.passed + 1 if begin else 1):
            if count <= self.skip:
                continue
            if self.is_bounded and row.is_row and count > MOST_ROWS:
                raise Unreadable(
                    _("%(file)s, line %(line)d: more than %(most)d rows. Split the file.")
                    % {"file": self.name, "line": row.line, "most": MOST_ROWS}
                )
            if row.is_row and self.most is not None and count > self.skip + self.most:
                return
            yield row

    def _all_rows(
        self, begin: FileMark | None, mark: Callable[[FileMark], None] | None
    ) -> Iterator[FileRow]:
        """Keeps back what may be the lines below the table until a row follows, or nothing."""
        records = _Records(self.path, encoding=self.encoding, delimiter=self.delimiter, begin=begin)
        passed, skipped = (begin.passed, 0) if begin else (0, self.above + 1)
        width, are_below, marker = len(self.header), False, _Marker(records, mark)
        kept: list[FileRow] = []
        for line, cells, fault in islice(records, skipped, None):
            # As nearly all rows are.
            if len(cells) == width > 2 and not fault and not records.saw_nul and _is_plain(cells):
                if kept:
                    yield from kept
                    passed += len(kept)
                    kept, are_below = [], False
                passed += 1
                yield FileRow(line=line, cells=cells) if passed > self.skip else _PASSED
                marker.see(passed)
                continue
            row = self._row(line, cells, fault, width, has_nul=records.saw_nul)
            if fault or width < 3 or not _could_be_below(cells) or len(kept) == _MOST_BELOW:
                yield from kept
                passed += len(kept) + 1
                kept, are_below = [], False
                yield row
                continue
            if not are_below and (records.after_gap or _is_sum(cells)):
                yield from kept
                passed += len(kept)
                kept, are_below = [], True
            kept.append(row)
        if are_below:
            yield _below(kept)
        else:
            yield from kept

    def _row(
        self, line: int, cells: list[str], fault: str, width: int, *, has_nul: bool
    ) -> FileRow:
        if fault:
            return FileRow(line=line, cells=cells, fault=fault)
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            cells = cells[:width]  # delimiters at the end
        if has_nul and (bad := [i for i, cell in enumerate(cells[:width]) if "\0" in cell]):
            nul = _("There is a NUL sign in this cell: the file was damaged on its way.")
            return FileRow(line=line, cells=cells, fault=nul, column=self.header[bad[0]])
        if len(cells) == width:
            return FileRow(line=line, cells=cells)
        missing = width - len(cells)
        if missing < 0 or len(cells) * 2 < width:
            return FileRow(line=line, cells=cells, fault=_ragged(len(cells), width))
        # Spreadsheets leave out empty cells at the end of a row. A part of a torn row looks the same.
        remark = ""
        if any(self.header[len(cells) :]):
            remark = _(
                "The row ends after %(cells)d of %(width)d cells. The others are taken for empty."
            ) % {"cells": len(cells), "width": width}
        return FileRow(line=line, cells=[*cells, *[""] * missing], remark=remark)


def _filled(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell and not cell.isspace())


def _is_plain(cells: Sequence[str]) -> bool:
    """Whether a look at its first cells shows that it is no line below a table."""
    first, second = cells[0], cells[1]
    if not first or not second or second.isspace():
        return False
    return first[0].isalnum() and first[0] not in _SUM_LETTERS


def _could_be_below(cells: Sequence[str]) -> bool:
    filled = _filled(cells)
    return filled < 2 or (filled * 2 <= len(cells) and _is_sum(cells))


def _is_sum(cells: Sequence[str]) -> bool:
    said = next((cell.strip() for cell in cells if cell.strip()), "")
    return _SUM.match(said) is not None


def _below(rows: list[FileRow]) -> FileRow:
    """What stands below the table, as one."""
    text = " · ".join(" ".join(filter(None, row.cells)).strip() for row in rows)
    words = ngettext(
        "%(n)d line below the table is no row: “%(text)s”.",
        "%(n)d lines below the table are no rows: “%(text)s”.",
        len(rows),
    )
    shown = f"{text[:100]}…" if len(text) > 100 else text
    fault = words % {"n": len(rows), "text": shown}
    return FileRow(line=rows[0].line, cells=rows[0].cells, fault=fault, is_row=False)


def open_table(
    path: Path,
    *,
    wanted: set[str],
    encoding: str = "",
    delimiter: str = "",
    above: int | None = None,
) -> FileTable:
    """Look at a file: its encoding, delimiter and header, each found where it is not stated.

    `wanted` are the columns that the mapping names; the delimiter is the one that shows them. `above`
    is how many rows stand above the header.

    Raises Unreadable, in words, for a file that is empty, in another encoding, without one of the
    columns, or with a header that is ambiguous.
    """
    if encoding:
        encodings.check(path, encoding)
    encoding = encoding or encodings.require(path)
    instruction = _instruction(path, encoding)
    signs = tuple(filter(None, (delimiter or instruction,))) or DELIMITERS
    tried: dict[str, _Header] = {}
    for sign in signs:
        records = _Records(path, encoding=encoding, delimiter=sign)
        try:
            tried[sign] = _header(records, 1 if instruction else 0, wanted, above)
        except Unreadable:
            # A long header is one long cell to another sign; what none can read is told of.
            if sign == signs[-1] and not tried:
                raise
    best = max(tried, key=lambda sign: tried[sign].score(wanted))
    found = tried[best]
    _check_header(path.name, found, wanted)
    return FileTable(
        path=path, encoding=encoding, delimiter=best, header=found.cells, above=found.above
    )


def _instruction(path: Path, encoding: str) -> str:
    """The delimiter that the first line tells spreadsheets, “sep=;”: it is no heading."""
    with path.open(encoding=encoding, newline="") as source:
        found = _INSTRUCTION.match(source.readline(20))
    return found[1] if found else ""


@dataclass(frozen=True, kw_only=True)
class _Header:
    """The header as one delimiter shows it, and how many records stand above it; no cells where it
    makes no sense of it. Of `twins`, by the name that they have here, the file says that of another."""

    line: int
    cells: tuple[str, ...]
    above: int
    twins: dict[str, str]

    def score(self, wanted: set[str]) -> tuple[int, int]:
        return len(wanted & set(self.cells)), len(self.cells)


def _header(records: "_Records", least: int, wanted: set[str], above: int | None) -> _Header:
    """`least` records are no header for certain, such as an instruction to spreadsheets.

    Raises Unreadable where the first rows cannot be told apart.
    """
    if above is not None:
        some = [(line, cells) for line, cells, _fault in islice(records, above, above + 1)]
        place = 0
    else:
        some = _first(records, least)
        above = least + (place := _place_of_header([cells for _line, cells in some], wanted))
    line, cells = (some[place][0], some[place][1]) if some else (1, [])
    header, twins = told_apart(cells)
    return _Header(line=line, cells=header, above=above, twins=twins)


def told_apart(cells: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The headings of a row; one that stands there again has the number of its column behind it. And
    which of them have, each with what the file says."""
    found: list[str] = []
    twins: dict[str, str] = {}
    said = {cell.strip() for cell in cells}
    before: set[str] = set()
    for place, cell in enumerate(cells, start=1):
        name = heading = cell.strip()
        if heading and heading in before:
            name = f"{heading} ({place})"
            while name in said or name in before:
                name += "'"
            twins[name] = heading
        found.append(name)
        before.add(name)
    return tuple(found), twins


def _first(records: "_Records", least: int) -> list[tuple[int, list[str]]]:
    """The first records; what breaks behind the first of them says nothing against it."""
    some: list[tuple[int, list[str]]] = []
    try:
        for line, cells, _fault in islice(records, least, _LOOKED_AT):
            some.append((line, cells))
    except Unreadable:
        if not some:
            raise
    return some


def _place_of_header(rows: list[list[str]], wanted: set[str]) -> int:
    """Which of the first rows has the headings: the first with all that are `wanted`; else the first,
    but if it has far fewer cells than the rows have, and one below it that could be a header has not.
    """
    if wanted:
        whole = (
            place
            for place, row in enumerate(rows[:MOST_ABOVE])
            if wanted <= set(told_apart(row)[0])
        )
        return next(whole, 0)
    widths = Counter(width for row in rows if (width := _filled(row)) > 1)
    most = max(widths.values(), default=0)
    usual = max((width for width, times in widths.items() if times == most), default=0)
    few = max(usual // 3, 1)
    if usual < 3 or not rows or _filled(rows[0]) > few:
        return 0
    for place, row in enumerate(rows[:MOST_ABOVE]):
        if _filled(row) > few:
            return place if _could_be_header(row) else 0
    return 0


def _could_be_header(row: list[str]) -> bool:
    """Whether all that it says are words, each once."""
    said = [cell.strip() for cell in row if cell.strip()]
    return len(set(said)) == len(said) and not any(_NO_HEADING.fullmatch(cell) for cell in said)


def _check_header(name: str, found: _Header, wanted: set[str]) -> None:
    header, line = found.cells, found.line
    if not any(header):
        raise Unreadable(_("%(file)s is empty: there is no header.") % {"file": name})
    if len(header) > MOST_COLUMNS:
        raise Unreadable(
            _("%(file)s, line 1: %(count)d columns, more than %(most)d.")
            % {"file": name, "count": len(header), "most": MOST_COLUMNS}
        )
    for place, column in enumerate(header):
        if "\0" in column:
            raise Unreadable(
                _("%(file)s, line %(line)d, column %(column)d: there is a NUL sign in the heading.")
                % {"file": name, "line": line, "column": place + 1}
            )
        said = found.twins.get(column)
        if said in wanted and not any(found.twins.get(each) == said for each in wanted):
            # Whoever wrote the mapping knew of one.
            raise Unreadable(
                _(
                    "%(file)s, line %(line)d: “%(column)s” heads column %(first)d and column "
                    "%(second)d. The second one is called “%(name)s”: name it in the mapping, too."
                )
                % {
                    "file": name,
                    "line": line,
                    "column": said,
                    "first": header.index(str(said)) + 1,
                    "second": place + 1,
                    "name": column,
                }
            )
    if missing := sorted(wanted - set(header)):
        raise Unreadable(
            _("%(file)s has no column “%(column)s”, which the mapping names. It has: %(header)s.")
            % {"file": name, "column": "”, “".join(missing), "header": ", ".join(header)[:500]}
        )


class _Records:
    """The records of a file with the line where each begins; blank lines are none."""

    def __init__(
        self, path: Path, *, encoding: str, delimiter: str, begin: FileMark | None = None
    ) -> None:
        self._path, self._encoding, self._delimiter = path, encoding, delimiter
        self._begin = begin
        self._source: io.TextIOWrapper | None = None
        self.saw_nul = False
        # Whether blank lines stand before the record.
        self.after_gap = False
        self._line = 0  # of the physical line that was read last
        self._text = ""  # of the record that is being read, for a precise complaint

    def __iter__(self) -> Iterator[tuple[int, list[str], str]]:
        csv.field_size_limit(LONGEST_CELL)
        with self._path.open(encoding=self._encoding, newline="") as source:
            self._source = source
            if self._begin is not None:
                source.seek(self._begin.position)
                self._line = self._begin.lines
            reader = csv.reader(self._lines(source), delimiter=self._delimiter, strict=True)
            while True:
                begins, self._text, self.saw_nul = self._line + 1, "", False
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield begins, [], self._complaint(begins, str(error))
                    continue
                if (cells and cells[0] and not cells[0].isspace()) or _filled(cells):
                    yield begins, cells, ""
                    self.after_gap = False
                else:
                    self.after_gap = True

    @property
    def position(self) -> int:
        """Where the record ends that was given last."""
        return self._source.tell() if self._source else 0

    @property
    def lines(self) -> int:
        return self._line

    def _lines(self, source: io.TextIOWrapper) -> Iterator[str]:
        while line := source.readline(LONGEST_LINE):
            self._line += 1
            self._text += line
            if len(line) == LONGEST_LINE or len(self._text) > LONGEST_LINE:
                raise Unreadable(
                    _(
                        "%(file)s, line %(line)d, column %(column)d: the row goes on for more than %(most)d signs."
                    )
                    % {
                        "file": self._path.name,
                        "line": self._line,
                        "column": line.count(self._delimiter) + 1,
                        "most": LONGEST_LINE,
                    }
                )
            self.saw_nul = self.saw_nul or "\0" in line
            yield line

    def _complaint(self, begins: int, error: str) -> str:
        """A fault of one row; raises Unreadable where the rows after it are lost as well."""
        place = {"file": self._path.name, "line": begins, "column": self._column()}
        if "field larger" in error:
            raise Unreadable(
                _(
                    "%(file)s, line %(line)d, column %(column)d: the cell is longer than %(most)d signs. "
                    "Perhaps a quotation mark that opens it is never closed."
                )
                % {**place, "most": LONGEST_CELL}
            )
        if "unexpected end" in error:
            raise Unreadable(
                _("%(file)s, line %(line)d, column %(column)d: a quotation mark is never closed.")
                % place
            )
        return _("There is text after a closing quotation mark, in column %(column)d.") % place

    def _column(self) -> int:
        """In which column of the record reading stopped: a cell begun in quotes, or one too long."""
        column, quoted, length = 1, False, 0
        for sign, following in zip(self._text, self._text[1:] + "\n", strict=True):
            length += 1
            if sign == '"':
                quoted = not quoted
                if not quoted and following not in (self._delimiter, '"', "\r", "\n"):
                    return column
            elif sign == self._delimiter and not quoted:
                column, length = column + 1, 0
            if length > LONGEST_CELL:
                return column
        return column


class _Marker:
    """Gives a mark where the next one is due."""

    def __init__(self, records: _Records, give: Callable[[FileMark], None] | None) -> None:
        self._records, self._give = records, give
        self._due = MARKED_EVERY if give else sys.maxsize

    def see(self, passed: int) -> None:
        if passed >= self._due and self._give:
            self._give(
                FileMark(passed=passed, position=self._records.position, lines=self._records.lines)
            )
            self._due = passed + MARKED_EVERY


def _ragged(cells: int, width: int) -> str:
    return _("The row has %(cells)d cells, the header %(width)d.") % {
        "cells": cells,
        "width": width,
    }
