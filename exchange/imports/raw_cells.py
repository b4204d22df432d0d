"""Shows of each fault the cell as it stands in the file, which is read once more for it."""

from collections.abc import Iterator
from itertools import groupby

from exchange.imports.reading import FileRow, FileTable
from exchange.imports.run import FaultRow
from exchange.imports.scanning import Chosen

_LONGEST = 200


def with_cells(chosen: Chosen, faults: Iterator[FaultRow]) -> Iterator[tuple[str, FaultRow]]:
    """Each of the `faults`, which are in the order of the files, with its cell; empty where a whole row
    is meant."""
    tables = {table.number: table for _mapped, some in chosen for table in some}
    for number, some in groupby(faults, key=lambda fault: fault[0]):
        yield from _of_table(tables[number], some)


def _of_table(table: FileTable, faults: Iterator[FaultRow]) -> Iterator[tuple[str, FaultRow]]:
    rows, row = table.rows(), FileRow(line=0, cells=[])
    for fault in faults:
        _number, line, column = fault[:3]
        while column and row.line < line:
            row = next(rows, FileRow(line=line, cells=[]))
        place = table.header.index(column) if column in table.header else len(row.cells)
        cell = row.cells[place] if row.line == line and place < len(row.cells) else ""
        yield cell.replace("\0", "").strip()[:_LONGEST], fault
