"""Rows as files for spreadsheets: CSV, streamed row by row, and Excel workbooks."""

import csv
import datetime as dt
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from django.http import FileResponse, StreamingHttpResponse
from django.utils.translation import gettext as _

from salesprocess.lib.format import number as number_text
from salesprocess.lib.refused import Refused

BOM = "\N{BYTE ORDER MARK}"
# Signs that begin a formula, and those that a program may pass over before it looks for one.
_FORMULA = frozenset("=+-@\t\r\n")
_PASSED_OVER = frozenset("\"';,")


def escape_formula(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula.

    For texts only: a negative number is a number, not a formula.
    """
    if text[:1] in _FORMULA:
        return f"'{text}"
    for sign in text:
        if unicodedata.category(sign)[0] in "ZC" or sign in _PASSED_OVER:
            continue
        # Full-width signs are the same to some programs.
        return f"'{text}" if unicodedata.normalize("NFKC", sign)[:1] in _FORMULA else text
    return text


def unescape_formula(text: str) -> str:
    """Undo `escape_formula`, so that our own files can be imported again."""
    return text[1:] if text[:1] == "'" and escape_formula(text[1:]) == text else text


def csv_lines(rows: Iterable[Iterable[Any]], *, bom: bool = False) -> Iterator[str]:
    """Each row as a line of CSV. Numbers stay numbers, other values become escaped text."""
    if bom:
        yield BOM
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_NONNUMERIC)
    for row in rows:
        yield writer.writerow([_cell(value) for value in row])


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if _is_number(value):
        return value
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dt.date):
        return value.isoformat()
    return escape_formula(str(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


class _Echo:
    """A file for the writer that hands back what is written instead of keeping it."""

    def write(self, line: str) -> str:
        return line


# The most that a sheet and a cell hold.
MOST_ROWS, _MOST_SIGNS = 1_048_576, 32_767
_WIDTH = 16


def write_workbook(rows: Iterable[Iterable[Any]], target: IO[bytes]) -> None:
    """Write the rows, the first of which are the heads, as the one sheet of an Excel workbook.

    Numbers, days and instants (where the reader is, without a zone) are that in Excel, too; a text is
    never a formula. Memory does not grow with the rows. Raises Refused for
    more than a sheet holds.
    """
    book = xlsxwriter.Workbook(target, {"constant_memory": True, "default_date_format": _DAY})
    try:
        _write_sheet(book, rows)
    finally:
        # It keeps rows in a file of its own until then.
        book.close()


def _write_sheet(book: Any, rows: Iterable[Iterable[Any]]) -> None:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    formats: dict[type, Any] = {dt.datetime: book.add_format({"num_format": f"{_DAY} hh:mm"})}
    bold = book.add_format({"bold": True})
    for number, row in enumerate(rows):
        if number == MOST_ROWS:
            words = _("A workbook holds %(n)s rows at most. Narrow the list, or take CSV.")
            raise Refused(words % {"n": number_text(MOST_ROWS - 1)})
        for column, value in enumerate(row):
            if value is None or value == "":
                continue
            if number == 0:
                sheet.write_string(0, column, str(value), bold)
                sheet.set_column(column, column, _WIDTH)
            elif _is_number(value):
                sheet.write_number(number, column, value)
            elif isinstance(value, dt.date):
                sheet.write_datetime(number, column, value, formats.get(type(value)))
            else:
                sheet.write_string(number, column, _fitting(str(value)))


_DAY = "yyyy-mm-dd"


def _fitting(text: str) -> str:
    return text if len(text) <= _MOST_SIGNS else f"{text[: _MOST_SIGNS - 1]}…"


def file_response(
    rows: Iterable[Iterable[Any]], *, query: Mapping[str, str], name: str
) -> StreamingHttpResponse:
    """The rows as the download `name`, which no cache may store: a workbook where the address asks
    `as=xlsx`, else CSV; `bom=1` is for programs that guess at encodings. Raises Refused."""
    if query.get("as") != "xlsx":
        return csv_response(csv_lines(rows, bom="bom" in query), name=name)
    written = tempfile.TemporaryFile()  # noqa: SIM115  # the response closes it
    try:
        write_workbook(rows, written)
    except BaseException:
        written.close()
        raise
    written.seek(0)
    return FileResponse(
        written,
        as_attachment=True,
        filename=f"{name}.xlsx",
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Cache-Control": "no-store"},
    )


def csv_response(lines: Iterable[str], *, name: str) -> StreamingHttpResponse:
    """Stream the lines as the download `name`.csv, which no cache may store."""
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
        },
    )
