"""CSV for spreadsheets, streamed row by row."""

import csv
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

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
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return value
    return escape_formula(str(value))


class _Echo:
    """A file for the writer that hands back what is written instead of keeping it."""

    def write(self, line: str) -> str:
        return line


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
