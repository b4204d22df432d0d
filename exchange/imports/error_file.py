"""The rows that were refused, as they stood in the file, with the reason in a last column: to be
corrected and imported again."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg

from exchange.imports.answers import REASON, table_of
from exchange.models import ImportJob

_AT_ONCE = 1_000
# Else a spreadsheet would take a negative number for a formula, or we would make it a text.
_NEGATIVE = re.compile(r"-(0|[1-9]\d*)(\.\d+)?")


def rows(job: ImportJob) -> Iterator[list[Any]]:
    """Header and rows for `spreadsheet.csv_lines`, one by one. The file must still exist."""
    table = table_of(job)
    # In a file of ours that came back there are the reasons of last time.
    kept = [place for place, column in enumerate(table.header) if column != REASON]
    yield [*(table.header[place] for place in kept), REASON]
    faults = _faults(job)
    fault = next(faults, None)
    for row in table.rows():
        if fault is None:
            return
        line, reasons = fault
        if row.line == line:
            cells = row.cells
            if len(cells) == len(table.header):
                cells = [cells[place] for place in kept]
            cells += [""] * (len(kept) - len(cells))
            yield [*(_cell(cell) for cell in cells), reasons]
            fault = next(faults, None)


def _faults(job: ImportJob) -> Iterator[tuple[int, str]]:
    """The lines that stay out, each with all of its reasons."""
    last = 0
    reasons = ArrayAgg("reason", order_by="pk")
    while some := list(
        job.faults.filter(comes_in=False, line__gt=last)
        .order_by("line")
        .values_list("line")
        .annotate(reasons=reasons)[:_AT_ONCE]
    ):
        for line, said in some:
            yield line, " ".join(dict.fromkeys(said))
        last = some[-1][0]


def _cell(text: str) -> str | Decimal:
    return Decimal(text) if _NEGATIVE.fullmatch(text) else text.replace("\0", "")
