"""CSV as spreadsheets read it, written row by row so that any size fits into little memory."""

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


def inert(text: str) -> str:
    """The text with an apostrophe before it, where a spreadsheet would run it as a formula.

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


def plain(text: str) -> str:
    """The text as it was before `inert`, so that a file of ours can be read back."""
    return text[1:] if text[:1] == "'" and inert(text[1:]) == text else text


def lines(rows: Iterable[Iterable[Any]], *, bom: bool = False) -> Iterator[str]:
    """Each row as a line. Numbers stay numbers; everything else becomes harmless text."""
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
    return inert(str(value))


class _Echo:
    """A file for the writer that hands back what is written instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def download(lines: Iterable[str], *, name: str) -> StreamingHttpResponse:
    """The lines as a file for the person who asked, which nothing on the way may keep."""
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
        },
    )
