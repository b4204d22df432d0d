"""Workbooks: one sheet of an XLSX file becomes a text that is read as every other."""

import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from exchange.imports import sheet as in_own_process
from exchange.imports.faults import Unreadable

# As long as somebody waits for a page, and less than a transaction around it may be idle; a hundred
# thousand rows take a few seconds.
SECONDS = 20
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, kw_only=True)
class Sheets:
    """The names of the sheets that can be seen, and which of them was written."""

    names: tuple[str, ...]
    chosen: str


def is_workbook(path: Path) -> bool:
    """Whether it is an XLSX file, by its content.

    Raises Unreadable for other files of spreadsheets, in words.
    """
    with path.open("rb") as source:
        start = source.read(8)
    if start == _OLD:
        raise Unreadable(
            _(
                "%(file)s is an old Excel file, or one with a password. Save it as XLSX without a "
                "password, or as CSV."
            )
            % {"file": path.name}
        )
    if not start.startswith(_ZIP):
        return False
    try:
        in_own_process.unpacked_size(path)
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except in_own_process.Bomb as error:
        raise _refused(path, "bomb") from error
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        raise _refused(path, "broken") from error
    if "xl/workbook.xml" not in names:
        raise Unreadable(
            _("%(file)s is neither a text in columns nor an XLSX workbook. Save it as one of them.")
            % {"file": path.name}
        )
    return True


def write_sheet(path: Path, to: Path, *, sheet: str = "") -> Sheets:
    """Write a sheet of the workbook as CSV in UTF-8, or the first one that has a table.

    Raises Unreadable, in words, where there is none, or the workbook is broken, locked, or larger
    unpacked than a table can be; then nothing stays.
    """
    command = [sys.executable, "-m", in_own_process.__name__, str(path), str(to), sheet]
    try:
        done = subprocess.run(
            command,
            cwd=settings.BASE_DIR,
            env={"PATH": "", "PYTHONUTF8": "1", "PYTHONPATH": str(settings.BASE_DIR)},
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        found = json.loads(done.stdout) if done.returncode == 0 else {"fault": "memory"}
    except subprocess.TimeoutExpired:
        found = {"fault": "memory"}
    if fault := found.get("fault", ""):
        to.unlink(missing_ok=True)
        raise _refused(path, fault)
    if not found["rows"]:
        to.unlink(missing_ok=True)
        raise _no_table(path, sheet, found["sheets"])
    return Sheets(names=tuple(found["sheets"]), chosen=found["sheet"])


def _refused(path: Path, fault: str) -> Unreadable:
    words = {
        "bomb": _("%(file)s unpacks to far more than a table can be. Nothing of it was unpacked."),
        "memory": _(
            "%(file)s takes too much room to be read as a workbook. Perhaps a cell far away from the "
            "table says something. Save the sheet as CSV."
        ),
        "password": _("%(file)s has a password. Save it without one."),
        "broken": _("%(file)s is a workbook that is damaged, or cut on its way."),
    }
    return Unreadable(words[fault] % {"file": path.name})


def _no_table(path: Path, sheet: str, names: list[str]) -> Unreadable:
    if sheet and sheet not in names:
        words = _("%(file)s has no sheet “%(sheet)s”. It has: %(names)s.")
        return Unreadable(
            words % {"file": path.name, "sheet": sheet, "names": ", ".join(names)[:500]}
        )
    words = _("%(file)s is empty: there is no header.")
    return Unreadable(words % {"file": f"{path.name}, {sheet}" if sheet else path.name})
