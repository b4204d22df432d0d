"""The report of what stayed out: as a file that a spreadsheet may open, and on a terminal."""

import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import chain
from pathlib import Path

from exchange.imports.faults import Fault
from salesprocess.lib import spreadsheet

COLUMNS = ("file", "line", "column", "value", "reason")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def write(path: Path, faults: Iterable[Fault]) -> None:
    """Write the report as the faults come. What files said is other people's text, their names
    included: none of it can become a formula, and a negative number stays a number."""
    rows = (
        (fault.file, fault.line, fault.column, _value(fault.value), fault.reason)
        for fault in faults
    )
    with path.open("w", encoding="utf-8", newline="") as sink:
        for line in spreadsheet.csv_lines(chain([COLUMNS], rows), bom=True):
            sink.write(line)


def printable(text: str) -> str:
    """The text without control characters, which a terminal would execute."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _value(text: str) -> str | Decimal:
    return Decimal(text) if _NUMBER.fullmatch(text) else text
