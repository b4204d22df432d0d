"""Reads a table of text row by row, with the exact place of each fault.

Only one row is held in memory: a file may be long, a line or a cell may not.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from exchange.imports import encodings
from exchange.imports.faults import Unreadable

DELIMITERS = (",", ";", "\t", "|")
MOST_COLUMNS: int = settings.IMPORT_MOST_COLUMNS
MOST_ROWS: int = settings.IMPORT_MOST_ROWS
LONGEST_CELL = 32_768
LONGEST_LINE = 1_000_000
_INSTRUCTION = re.compile(r"\ufeff?\"?sep=([^\s\"])\"?\s*$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """`line` is where the row begins, counted from 1. With a `fault`, `cells` must not be used."""

    line: int
    cells: list[str]
    fault: str = ""
    column: str = ""


@dataclass(frozen=True, kw_only=True)
class FileTable:
    """A file, or a piece of it: `most` rows after the first `skip`. `above` is the number of rows
    above the header."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    above: int = 0
    skip: int = 0
    most: int = MOST_ROWS
    ways: dict[str, str] = field(default_factory=dict)
    length: int = 0
    number: int = 0

    @property
    def name(self) -> str:
        return self.path.name

    def rows(self) -> Iterator[FileRow]:
        """The rows below the header; raises Unreadable where what follows cannot be told apart."""
        records = _Records(self.path, encoding=self.encoding, delimiter=self.delimiter)
        width = len(self.header)
        for count, (line, cells, fault) in enumerate(records, start=-self.above):
            if count <= self.skip:
                continue
            if count > MOST_ROWS:
                raise Unreadable(
                    _("%(file)s, line %(line)d: more than %(most)d rows. Split the file.")
                    % {"file": self.name, "line": line, "most": MOST_ROWS}
                )
            if count > self.skip + self.most:
                return
            if fault:
                yield FileRow(line=line, cells=cells, fault=fault)
            elif len(cells) != width:
                yield FileRow(line=line, cells=cells, fault=_ragged(len(cells), width))
            elif records.saw_nul and (bad := [i for i, cell in enumerate(cells) if "\0" in cell]):
                nul = _("There is a NUL sign in this cell: the file was damaged on its way.")
                yield FileRow(line=line, cells=cells, fault=nul, column=self.header[bad[0]])
            else:
                yield FileRow(line=line, cells=cells)


def open_table(
    path: Path, *, wanted: set[str], encoding: str = "", delimiter: str = ""
) -> FileTable:
    """Look at a file: its encoding, delimiter and header, each found where it is not stated.

    `wanted` are the columns that the mapping names; the delimiter is the one that shows them.

    Raises Unreadable, in words, for a file that is empty, in another encoding, without one of the
    columns, or with a header that is ambiguous.
    """
    if encoding:
        encodings.check(path, encoding)
    encoding = encoding or encodings.require(path)
    instruction = _instruction(path, encoding)
    above = 1 if instruction else 0
    signs = tuple(filter(None, (delimiter or instruction,))) or DELIMITERS
    tried: dict[str, tuple[str, ...]] = {}
    for sign in signs:
        try:
            line, tried[sign] = _header(path, encoding, sign, above)
        except Unreadable:
            # A long header is one long cell to another sign; what none can read is told of.
            if sign == signs[-1] and not tried:
                raise
    best = max(tried, key=lambda sign: (len(wanted & set(tried[sign])), len(tried[sign])))
    header = tried[best]
    _check_header(path.name, header, wanted, line)
    return FileTable(path=path, encoding=encoding, delimiter=best, header=header, above=above)


def _instruction(path: Path, encoding: str) -> str:
    """The delimiter that the first line tells spreadsheets, “sep=;”: it is no heading."""
    with path.open(encoding=encoding, newline="") as source:
        found = _INSTRUCTION.match(source.readline(20))
    return found[1] if found else ""


def _header(path: Path, encoding: str, delimiter: str, above: int) -> tuple[int, tuple[str, ...]]:
    """Line and cells of the header as this delimiter shows it; none where it makes no sense of it."""
    records = _Records(path, encoding=encoding, delimiter=delimiter)
    line, cells, _fault = next(islice(records, above, None), (1, [], ""))
    return line, tuple(cell.strip() for cell in cells)


def _check_header(name: str, header: tuple[str, ...], wanted: set[str], line: int) -> None:
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
        if column and column in header[:place]:
            raise Unreadable(
                _("%(file)s, line 1: “%(column)s” heads column %(first)d and column %(second)d.")
                % {
                    "file": name,
                    "column": column,
                    "first": header.index(column) + 1,
                    "second": place + 1,
                }
            )
    if missing := sorted(wanted - set(header)):
        raise Unreadable(
            _("%(file)s has no column “%(column)s”, which the mapping names. It has: %(header)s.")
            % {"file": name, "column": "”, “".join(missing), "header": ", ".join(header)[:500]}
        )


class _Records:
    """The records of a file with the line where each begins; blank lines are none."""

    def __init__(self, path: Path, *, encoding: str, delimiter: str) -> None:
        self._path, self._encoding, self._delimiter = path, encoding, delimiter
        self.saw_nul = False
        self._line = 0  # of the physical line that was read last
        self._text = ""  # of the record that is being read, for a precise complaint

    def __iter__(self) -> Iterator[tuple[int, list[str], str]]:
        csv.field_size_limit(LONGEST_CELL)
        with self._path.open(encoding=self._encoding, newline="") as source:
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
                if cells:
                    yield begins, cells, ""

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


def _ragged(cells: int, width: int) -> str:
    return _("The row has %(cells)d cells, the header %(width)d.") % {
        "cells": cells,
        "width": width,
    }
