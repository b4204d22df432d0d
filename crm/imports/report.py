"""The report of what stayed out, as a file that a spreadsheet may open."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from crm.imports.faults import Fault

COLUMNS = ("file", "line", "column", "value", "reason")
_NUMBER = re.compile(r"[+-]?\d[\d.,\s]*")
# Where a spreadsheet may begin to read a cell: at the start, or after a sign that separates cells
# where it is set up differently; then what it skips; then what makes it a formula, full-width too.
_FORMULA = re.compile(r"(^|[,;|\t\r\n\"])([\s\x00-\x20\u00a0\u200b\ufeff]*)(?=[=+\-@＝＋－＠])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def formula_safe(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would take for a formula.

    Numbers stay as they are, negative ones too. Control signs, which a terminal or a spreadsheet
    might obey, become “�”.
    """
    text = _CONTROL.sub("\ufffd", text)
    if _NUMBER.fullmatch(text.strip()):
        return text
    # A leading tab alone already lets some spreadsheets start anew.
    text = text.lstrip("\t\r\n")
    return _FORMULA.sub(r"\1'\2", text)


def write(path: Path, faults: Iterable[Fault]) -> int:
    """Write the report, as the faults come; how many. UTF-8 with a mark, so that Excel knows."""
    total = 0
    with path.open("w", encoding="utf-8-sig", newline="") as sink:
        writer = csv.writer(sink, quoting=csv.QUOTE_ALL)
        writer.writerow(COLUMNS)
        for fault in faults:
            texts = (fault.column, fault.value, fault.reason)
            writer.writerow(
                [formula_safe(fault.file), fault.line, *(formula_safe(text) for text in texts)]
            )
            total += 1
    return total
