"""What stayed out, in a file that no spreadsheet can be tricked with."""

import csv
from pathlib import Path

from exchange.imports import report
from exchange.imports.faults import Fault


def fault(*, file: str = "deals.csv", value: str = "") -> Fault:
    return Fault(file=file, line=7, column="value", value=value, reason="No number.")


def written(folder: Path, *faults: Fault) -> list[list[str]]:
    report.write(folder / "report.csv", faults)
    content = (folder / "report.csv").read_text(encoding="utf-8-sig")
    return list(csv.reader(content.splitlines()))


def test_it_names_each_row_with_its_place(tmp_path: Path):
    assert written(tmp_path, fault(value="many")) == [
        ["file", "line", "column", "value", "reason"],
        ["deals.csv", "7", "value", "many", "No number."],
    ]


def test_it_is_marked_as_utf_8_for_spreadsheets(tmp_path: Path):
    written(tmp_path, fault())
    assert (tmp_path / "report.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_it_lets_neither_a_cell_nor_a_file_name_become_a_formula(tmp_path: Path):
    (row,) = written(tmp_path, fault(file="=a.csv", value="=1+1"))[1:]
    assert row[0] == "'=a.csv"
    assert row[3] == "'=1+1"


def test_it_leaves_negative_numbers_as_they_are(tmp_path: Path):
    (row,) = written(tmp_path, fault(value="-12.50"))[1:]
    assert row[3] == "-12.50"


def test_it_prints_nothing_that_a_terminal_would_obey():
    assert report.printable("a\x1b[31mb\r\x07") == "a�[31mb��"
