"""Files as they come: other encodings, other delimiters, and everything that can be broken."""

import csv
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exchange.imports import encodings, guessing, reading, values
from exchange.imports.faults import BadValue, Unreadable
from exchange.imports.kinds import CONTACTS
from exchange.imports.reading import FileMark, FileTable, open_table


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deals.csv"


def opened(path: Path, content: bytes, *, wanted: str = "name", **stated: Any) -> FileTable:
    path.write_bytes(content)
    return open_table(path, wanted=set(wanted.split(",")), **stated)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def cells(table: FileTable) -> list[list[str]]:
    return [row.cells for row in table.rows()]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("name,city\nZoë,Málaga\n".encode(), "utf-8"),
        ("name,city\nZoë,Málaga\n".encode("utf-8-sig"), "utf-8-sig"),
        ("name,city\nZoë,Málaga\n".encode("cp1252"), "cp1252"),
        ("name,city\nZoë,Málaga\n".encode("utf-16"), "utf-16"),
        ("name,city\nZoë,Málaga\n".encode("utf-16-le"), "utf-16-le"),
        ("name,city\nZoë,Málaga\n".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_it_finds_the_encoding(file: Path, content: bytes, encoding: str):
    table = opened(file, content)
    assert table.encoding == encoding
    assert table.header == ("name", "city")
    assert cells(table) == [["Zoë", "Málaga"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_it_finds_the_delimiter_that_shows_the_mapped_columns(file: Path, delimiter: str):
    content = f"name{delimiter}net, gross; tax\nZoë{delimiter}1\n"
    if delimiter in ",;":
        content = f'name{delimiter}"net, gross; tax"\nZoë{delimiter}1\n'
    table = opened(file, content.encode())
    assert table.delimiter == delimiter
    assert cells(table) == [["Zoë", "1"]]


def test_it_finds_the_delimiter_between_quoted_names(file: Path):
    table = opened(file, b'"name";"city"\n"Zoe";"Graz, Linz"\n')
    assert table.header == ("name", "city")
    assert cells(table) == [["Zoe", "Graz, Linz"]]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Łódź;Gęś", "cp1250"),
        ("Sławomir;x", "cp1250"),
        ("Třinec Dvůr;Česko", "cp1250"),
        ("Müller;Straße", "mac_roman"),
        ("Москва;Иван", "cp1251"),
        ("東京;カタカナ", "cp932"),
    ],
)
def test_it_asks_in_which_of_several_encodings_a_file_is(file: Path, text: str, encoding: str):
    file.write_bytes(f"name;city\n{text}\n".encode(encoding))
    found = encodings.detect(file)
    assert not found.is_sure
    assert dict(found.samples)[encoding].split()[0] in text


@pytest.mark.parametrize("text", ["Müller;Straße", "Señor;Köln", "Åse Øst;München", "5 €;“Zoë”"])
def test_it_takes_one_western_language_for_what_it_is(file: Path, text: str):
    file.write_bytes(f"name;city\n{text}\n".encode("cp1252"))
    assert encodings.detect(file).is_sure


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_it_takes_an_instruction_for_no_heading(file: Path, first: str):
    table = opened(file, f"{first}\nname;a,b,c\nZoë;1\n\nBo;2\n".encode("utf-8-sig"))
    assert (table.delimiter, table.header) == (";", ("name", "a,b,c"))
    assert [(row.line, row.cells[0]) for row in table.rows()] == [(3, "Zoë"), (5, "Bo")]
    piece = replace(table, skip=1, most=1)
    assert cells(piece) == [["Bo", "2"]]


def test_it_takes_what_is_stated_over_what_it_would_find(file: Path):
    table = opened(file, "name;a,b\nZoë;1\n".encode("cp1252"), encoding="cp1252", delimiter=";")
    assert table.header == ("name", "a,b")


def test_it_numbers_rows_by_the_line_where_they_begin(file: Path):
    table = opened(file, b'name,note\r\nA,"two\r\nlines"\r\n\r\nB,\nC,\rD,\n')
    assert [(row.line, row.cells[0]) for row in table.rows()] == [
        (2, "A"),
        (5, "B"),
        (6, "C"),
        (7, "D"),
    ]


def test_it_reads_a_header_alone_as_no_rows(file: Path):
    assert cells(opened(file, b"name,city\n")) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "deals.csv is empty"),
        (b"\n\n", "deals.csv is empty"),
        ("name\nZoë\n".encode("utf-32"), "is in UTF-32"),
        ("x;name\nA\n日本;本\n".encode("shift-jis"), "encoding = .cp932. .“日本;?"),
        ("name,city\nZoë,Málaga\nB,K\xc3".encode("latin-1"), "encoding"),
        ("name,city\nMüller,Österreich\n".encode() + b"K\xc3,x\n", "line 3, column 1: byte 0xc3"),
        ("name,city\n\ufeffK,Zoë\nA,".encode() + b"\xc3", "line 3, column 2: byte 0xc3"),
        (b"\xef\xbb\xbfname,city\nA,K\xc3\n", "line 2, column 2: byte 0xc3 is no letter in UTF-8"),
        (b"city,na\0me\nA,B\n", "line 1, column 2: there is a NUL sign"),
        (b"city\nGraz\n", "has no column “name”, which the mapping names. It has: city."),
        (b"name,city,name\n", "“name” heads column 1 and column 3. The second one is called"),
        (("name," + ",".join(map(str, range(200)))).encode(), "201 columns, more than 200"),
    ],
)
def test_it_refuses_a_file_that_cannot_be_used(file: Path, content: bytes, words: str):
    with pytest.raises(Unreadable, match=words):
        opened(file, content)


def test_it_refuses_only_the_rows_that_are_broken(file: Path):
    content = b'name,city,x\nA,Graz,\nB\nC,Linz,Wels,Enns\nD,Gr\x00az,\n"E"x,Graz,\nF,Enns,\n'
    rows = list(opened(file, content).rows())
    assert [row.cells[0] for row in rows if not row.fault] == ["A", "F"]
    assert [(row.line, row.column, row.fault) for row in rows if row.fault] == [
        (3, "", "The row has 1 cells, the header 3."),
        (4, "", "The row has 4 cells, the header 3."),
        (5, "city", "There is a NUL sign in this cell: the file was damaged on its way."),
        (6, "", "There is text after a closing quotation mark, in column 1."),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'name,city\nA,Graz\nB,"Li' + b"n" * 40_000 + b"z\n", "line 3, column 2: the cell is"),
        (b'name,city\nA,Graz\nB,"Linz\nC,Wels\n', "line 3, column 2: a quotation mark is never"),
        (b"name,city\n" + b"x" * 2_000_000, "line 2, column 1: the row goes on for more than"),
        (b"name,city\nA," + b"," * 1_100_000, "line 2, column 10.*: the row goes on"),
    ],
)
def test_it_says_where_a_file_cannot_be_read_on(file: Path, content: bytes, words: str):
    table = opened(file, content)
    with pytest.raises(Unreadable, match=words):
        list(table.rows())


def test_it_refuses_more_rows_than_can_be_brought_in_at_once(
    file: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    assert len(cells(opened(file, b"name\nA\nB\nC\n"))) == 3
    with pytest.raises(Unreadable, match="line 5: more than 3 rows"):
        list(opened(file, b"name\nA\nB\nC\nD\n").rows())


def test_it_holds_little_of_a_long_file(file: Path):
    with file.open("w", newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow(["name", "city"])
        writer.writerows((f"Name {number}", "x" * 200) for number in range(40_000))
    assert file.stat().st_size > 8_000_000
    tracemalloc.start()
    table = open_table(file, wanted={"name"})
    assert sum(1 for _row in table.rows()) == 40_000
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000


def test_two_columns_of_one_heading_are_told_apart_by_their_place(file: Path):
    content = b"name,phone,phone (3),city,phone,phone\nA,1,2,Graz,3,4\n"
    table = open_table(written(file, content), wanted=set())
    assert table.header == ("name", "phone", "phone (3)", "city", "phone (5)", "phone (6)")
    assert guessing.columns(CONTACTS, table.header)["phone"] == ["phone", "phone (3)"]
    both = {"phone", "phone (5)"}
    assert open_table(written(file, content), wanted=both).header == table.header
    with pytest.raises(Unreadable, match=r"The second one is called “phone .5.”: name it"):
        open_table(written(file, content), wanted={"phone"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_a_piece_is_read_on_from_a_mark_as_from_the_start(
    file: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
):
    monkeypatch.setattr(reading, "MARKED_EVERY", 3)
    lines = [f'Zoë {n},"Grüße\r\naus {n}",ß{n}' for n in range(20)]
    lines[4:4] = ["", "Total,,", "Sum", ""]
    text = "\r\n".join(["a title", "", "name,words,x", *lines, "", "Total,,9"])
    path = written(file, text.encode(encoding))
    table = open_table(path, wanted=set(), encoding=encoding)
    marks: list[FileMark] = []
    rows = list(table.rows(marks.append))
    assert len(marks) > 4
    marked = replace(table, marks=tuple(marks))
    for skip in range(len(rows)):
        assert list(replace(marked, skip=skip).rows()) == rows[skip:]
        unmarked = replace(table, skip=skip, most=2)
        assert list(replace(marked, skip=skip, most=2).rows()) == list(unmarked.rows())
    # What stands before the mark is not read again.
    path.write_bytes(b"\0" * marks[0].position + path.read_bytes()[marks[0].position :])
    if encoding in ("utf-8", "cp1252"):
        assert list(replace(marked, skip=marks[-1].passed).rows()) == rows[marks[-1].passed :]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("name;city\r\nЗоя;Москва\r\nИван;Тверь\r\n", "utf-16-le"),
        ("会社;都市\r\n山田;東京\r\n鈴木;大阪\r\n", "utf-16-be"),
        ("name;city\r\nAda;Graz\r\n", "utf-16"),
    ],
)
def test_utf_16_is_found_with_a_sample_of_what_it_changes(file: Path, text: str, encoding: str):
    found = encodings.detect(written(file, text.encode(encoding)))
    assert (found.encoding, found.is_sure) == (encoding, True)
    (first, words), *others = found.samples
    assert first == encoding
    assert words.split(" ")[0] in text
    assert all(sample and sample != words for _encoding, sample in others)
    assert open_table(file, wanted=set()).encoding == encoding


def test_a_share_in_percent_is_no_amount():
    with pytest.raises(BadValue, match="percent"):
        values.money("20 %", ".")
    with pytest.raises(BadValue, match="no number"):
        values.money("% of it", ".")
