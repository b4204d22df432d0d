"""One sheet of a workbook as text, in a process of its own: `python -m exchange.imports.sheet`.

What a workbook unpacks to is only known by unpacking it, and the library holds a whole sheet. So it is
counted first, and the process may take so much memory and no more (`exchange.imports.workbook` starts
it, and says in words what it finds). No settings and no database: nothing is here to be reached.

A row of the sheet is a line of the text, with the same number. A number is written with a decimal
point, a day as 2016-12-31, so that neither can be taken for another one.
"""

import csv
import datetime as dt
import io
import json
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

MOST_MEMORY = 1_500_000_000
MOST_UNPACKED = 400_000_000
# A text is stored once and may stand in every cell.
MOST_WRITTEN = 200_000_000
# Tables repeat themselves; what is said a hundred times over is no table.
MOST_TIMES, _SMALL = 100, 20_000_000
_BLOCK = 1 << 20
# A line of ours ends where a row does; what breaks a line in a cell is kept as another sign.
LINE_BREAK = "\u2028"
_BREAKS = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2029]+|_x000D_\n?")
_MIDNIGHT = dt.time(0)


class Bomb(Exception):
    """It unpacks to more than a table could be."""


def unpacked_size(path: Path) -> int:
    """What the workbook says that it unpacks to, without unpacking anything.

    Raises Bomb; zipfile.BadZipFile for what is no archive.
    """
    with zipfile.ZipFile(path) as archive:
        size = sum(each.file_size for each in archive.infolist())
    _allow(size, path)
    return size


def _allow(size: int, path: Path) -> None:
    most = max(_SMALL, min(path.stat().st_size * MOST_TIMES, MOST_UNPACKED))
    if size > most:
        raise Bomb


def _count(path: Path) -> None:
    """Unpack everything, block by block, and throw it away: sizes that are stated may be wrong."""
    size = 0
    with zipfile.ZipFile(path) as archive, path.open("rb") as source:
        for each in archive.infolist():
            source.seek(each.header_offset + 26)
            lengths = source.read(4)
            source.seek(int.from_bytes(lengths[:2], "little"), 1)
            source.seek(int.from_bytes(lengths[2:], "little"), 1)
            if each.compress_type != zipfile.ZIP_DEFLATED:
                size += each.compress_size
                continue
            inflate, left = zlib.decompressobj(-15), each.compress_size
            while left > 0 and not inflate.eof:
                block = source.read(min(_BLOCK, left))
                if not block:
                    break
                left -= len(block)
                while block:
                    size += len(inflate.decompress(block, _BLOCK))
                    _allow(size, path)
                    block = inflate.unconsumed_tail
    _allow(size, path)


def text_of(value: Any) -> str:
    """What a typed cell says, in the form that is read in one way only."""
    if isinstance(value, str):
        return _BREAKS.sub(LINE_BREAK, value.strip())
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, dt.datetime):
        value = value.replace(microsecond=0)
        return str(value.date() if value.time() == _MIDNIGHT else value)
    return str(value)


def _number(value: float) -> str:
    # As many digits as a spreadsheet shows: 0.1 + 0.2 is 0.3 there.
    text = format(Decimal(f"{value:.15g}"), "f")
    whole, _point, part = text.partition(".")
    # “1.234” could be a thousand in a column of texts.
    return f"{whole}.{part}0" if len(part) == 3 else text


def _write(rows: Iterable[Sequence[Any]], to: Path) -> int:
    with to.open("wb") as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as sink:
        writer, count = csv.writer(sink, lineterminator="\n"), 0
        for row in rows:
            texts = [text_of(value) for value in row]
            if any(texts):
                writer.writerow(texts)
                count += 1
            else:
                sink.write("\n")
            if file.tell() > MOST_WRITTEN:
                raise Bomb
    return count


def main(path: Path, to: Path, wanted: str) -> dict[str, Any]:
    """Write a sheet, the `wanted` one or the first that has rows, and tell which there are."""
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    _count(path)
    with CalamineWorkbook.from_path(path) as book:
        seen = [
            each.name for each in book.sheets_metadata if each.visible == SheetVisibleEnum.Visible
        ] or book.sheet_names
        if wanted and wanted not in book.sheet_names:
            return {"sheets": seen, "sheet": "", "rows": 0}
        sheet, rows = wanted, 0
        for sheet in [wanted] if wanted else seen:
            rows = _write(book.get_sheet_by_name(sheet).iter_rows(), to)
            if rows > 1:
                break
    return {"sheets": seen, "sheet": sheet, "rows": rows}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whatever one row adds beyond it.
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MOST_WRITTEN, 2 * MOST_WRITTEN))
    try:
        found = main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except Bomb:
        found = {"fault": "bomb"}
    except MemoryError:
        found = {"fault": "memory"}
    except Exception as error:  # whatever is wrong with it, it is told in words
        found = {"fault": "password" if type(error).__name__ == "PasswordError" else "broken"}
    sys.stdout.write(json.dumps(found))
