"""XLSX: typed cells are read as they are, and what no table could be is refused before it is held."""

import datetime as dt
import struct
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Deal
from exchange.commands.job import check_again, read_table_again, sweep_files
from exchange.imports import mapping, sheet, workbook
from exchange.imports.faults import Unreadable
from exchange.models import ImportJob
from salesprocess.lib.refused import Refused
from salesprocess.lib.time_limits import LIMITS
from tests.conftest import Cast
from tests.exchange.uploads import (
    brought_in,
    browser,
    checked,
    columns,
    loaded,
    page,
    upload,
    uploaded,
    worked,
)
from tests.exchange.workbooks import Day, cell
from tests.exchange.workbooks import sheet as sheet_of
from tests.exchange.workbooks import workbook as workbook_of

# 42735 is 31 December 2016.
ROWS: list[list[Any]] = [
    ["Deal", "Value", "Since", "Serial", "Note"],
    ["Pump", 12.5, Day(42735), 42735, "a,b"],
    ["Belt", 1000000, Day(42735.75), 42736, "two\nlines"],
    ["Rope", 0.1 + 0.2, Day(42737), None, "#N/A"],
]
NAMED = {"name": "Deal", "amount": "Value", "entered_on": "Since"}
MAPPING = {
    "system": "sheet",
    "deals": {
        "file": "*.xlsx",
        "columns": NAMED,
        "stages": {"": {"stage": "lead_generation"}},
    },
}


def written(folder: Path, content: bytes, name: str = "") -> list[str]:
    (folder / "book.xlsx").write_bytes(content)
    assert workbook.is_workbook(folder / "book.xlsx")
    workbook.write_sheet(folder / "book.xlsx", folder / "text", sheet=name)
    return (folder / "text").read_bytes().decode().split("\n")


def test_a_row_of_the_sheet_is_a_line_with_typed_cells(tmp_path: Path):
    lines = written(tmp_path, workbook_of({"Deals": ROWS}, first=3))
    assert lines[:5] == [
        "",
        "",
        "Deal,Value,Since,Serial,Note",
        'Pump,12.5,2016-12-31,42735,"a,b"',
        "Belt,1000000,2016-12-31 18:00:00,42736,two\u2028lines",
    ]
    assert lines[5].startswith("Rope,0.3,2017-01-02,,")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.234, "1.2340"),
        (1e15, "1000000000000000"),
        (0.000001, "0.000001"),
        (True, "true"),
        (-5, "-5"),
        (dt.datetime(2016, 12, 31, 10, 0, 0, 999), "2016-12-31 10:00:00"),  # noqa: DTZ001
        ("  Ada ", "Ada"),
    ],
)
def test_a_typed_cell_is_read_in_one_way_only(value: object, text: str):
    assert sheet.text_of(value) == text


def expected() -> list[tuple[Any, ...]]:
    return [
        ("Belt", Decimal(1000000), dt.date(2016, 12, 31)),
        ("Pump", Decimal("12.5"), dt.date(2016, 12, 31)),
        ("Rope", Decimal("0.3"), dt.date(2017, 1, 2)),
    ]


def found() -> list[tuple[Any, ...]]:
    deals = Deal.objects.exclude(name="old").order_by("name")
    return [
        (deal.name, deal.amount, deal.stage_entered_at and deal.stage_entered_at.date())
        for deal in deals
    ]


@pytest.mark.django_db
def test_a_workbook_comes_in_by_page_and_by_command(cast: Cast, tmp_path: Path, media: Path):
    content = workbook_of({"Notes": [["Made by Ana"]], "Deals": ROWS, "Old": ROWS[:2]})
    job = uploaded(cast.ana, content, name="deals.xlsx")
    assert (job.sheets, job.sheet, job.name) == (["Notes", "Deals", "Old"], "Deals", "deals.xlsx")
    assert "Sheet “Deals”" in page(cast.ana, job)
    job = loaded(cast.ana, checked(cast.ana, job, **NAMED))
    assert (job.questions, found()) == ({}, expected())
    Deal.objects.update(name="old")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "deals.xlsx").write_bytes(content)
    result = brought_in(mapping.of_content(MAPPING), [folder], at=timezone.now(), commit=True)
    assert (result.counts["deals"].new, found()) == (3, expected())
    assert any(line.startswith("deals.xlsx, Deals, Since: ") for line in result.read_as)


@pytest.mark.django_db
def test_the_sheet_and_the_row_of_the_headings_are_chosen(cast: Cast, media: Path):
    rows: list[list[Any]] = [["Title", None], ["Deal", "Value"], ["Pump", 1]]
    content = workbook_of({"Deals": ROWS, "More": rows, "Gone": ROWS}, hidden=["Gone"])
    job = uploaded(cast.ana, content, name="deals.xlsx")
    assert job.sheets == ["Deals", "More"]
    client = browser(cast.ana)
    columns(cast.ana, job, **NAMED)
    worked(job)
    assert (
        client.post(f"/imports/{job.pk}/columns/", {"sheet": "Gone", "above": 0}).status_code == 422
    )
    client.post(f"/imports/{job.pk}/columns/", {"sheet": "More", "above": 0})
    job.refresh_from_db()
    assert (job.sheet, job.columns, job.above, job.state) == ("More", ["Title", ""], 0, "mapping")
    assert job.answers == {}
    client.post(f"/imports/{job.pk}/columns/", {"sheet": "More", "above": 1})
    job.refresh_from_db()
    assert (job.columns, job.above) == (["Deal", "Value"], 1)
    assert "1 row above left out" in page(cast.ana, job)
    job = loaded(cast.ana, checked(cast.ana, job, name="Deal", amount="Value"))
    assert job.counts["new"] == 1
    refused = client.post(f"/imports/{job.pk}/columns/", {"sheet": "Deals", "above": 0})
    assert "already further" in refused.content.decode()


@pytest.mark.django_db
def test_the_workbook_goes_with_the_file(
    cast: Cast, media: Path, django_capture_on_commit_callbacks: object
):
    job = uploaded(cast.ana, workbook_of({"Deals": ROWS}), name="deals.xlsx")
    assert len(list(media.rglob("*.csv"))) == 2
    assert sweep_files(at=timezone.now() + dt.timedelta(days=3)) == 0
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        browser(cast.ana).post(f"/imports/{job.pk}/discard/")
    assert list(media.rglob("*.csv")) == []


@pytest.mark.django_db
def test_another_sheet_for_a_check_again_takes_nothing_from_the_import_before(
    cast: Cast, media: Path, django_capture_on_commit_callbacks: Any
):
    rows: list[list[Any]] = [["Deal"], ["Belt"]]
    job = uploaded(cast.ana, workbook_of({"Deals": ROWS, "More": rows}), name="deals.xlsx")
    loaded(cast.ana, checked(cast.ana, job, **NAMED))
    again = worked(check_again(job, by=cast.ana, at=timezone.now()))
    with django_capture_on_commit_callbacks(execute=True):
        read_table_again(again, above=0, sheet="More", by=cast.ana, at=timezone.now())
        browser(cast.ana).post(f"/imports/{again.pk}/discard/")
    job.refresh_from_db()
    assert {job.file.path, job.workbook.path} == {str(path) for path in media.rglob("*.csv")}


def lying(content: bytes) -> bytes:
    """The sizes of the members in the list at the end, made small."""
    place = 0
    while (place := content.find(b"PK\x01\x02", place)) >= 0:
        content = content[: place + 24] + struct.pack("<I", 10) + content[place + 28 :]
        place += 4
    return content


def far_away() -> bytes:
    rows = f'<row r="1">{cell("A1", "Deal")}</row><row r="1048576">{cell("XFD1048576", 1)}</row>'
    told = sheet_of([]).replace("</sheetData>", f"{rows}</sheetData>")
    return workbook_of({"Deals": []}, more={"xl/worksheets/sheet1.xml": told.encode()})


BOMB = workbook_of({"Deals": ROWS}, more={"xl/media/x.xml": bytes(60_000_000)})
REFUSED = [
    (BOMB, "unpacks to far more than a table can be"),
    (lying(BOMB), "unpacks to far more than a table can be"),
    (workbook_of({"Deals": ROWS})[:-200], "damaged, or cut"),
    (workbook_of({"Deals": []}, more={"xl/worksheets/sheet1.xml": b"<row"}), "damaged, or cut"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "old Excel file, or one with a password"),
    (workbook_of({"Deals": []}), "is empty: there is no header"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("content", "words"), REFUSED)
def test_what_is_no_table_is_refused_in_words_and_leaves_nothing(
    cast: Cast, media: Path, tmp_path: Path, content: bytes, words: str
):
    response = upload(cast.ana, content, name="deals.xlsx")
    assert response.status_code == 422
    html = response.content.decode()
    assert words in html
    assert not ImportJob.objects.exists()
    assert list(media.rglob("*.*")) == []
    with pytest.raises(Unreadable, match=words):
        written(tmp_path, content)
    assert not (tmp_path / "text").exists()


def test_a_cell_far_away_takes_no_memory_of_ours(tmp_path: Path):
    (tmp_path / "deals.xlsx").write_bytes(far_away())
    with pytest.raises(Unreadable, match="takes too much room"):
        workbook.write_sheet(tmp_path / "deals.xlsx", tmp_path / "text")


def test_no_more_is_written_than_a_table_could_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "deals.xlsx").write_bytes(workbook_of({"Deals": [["Deal"], *[["x" * 999]] * 99]}))
    monkeypatch.setattr(sheet, "MOST_WRITTEN", 99_999)
    assert sheet.main(tmp_path / "deals.xlsx", tmp_path / "text", "")["rows"] == 100
    monkeypatch.setattr(sheet, "MOST_WRITTEN", 50_000)
    with pytest.raises(sheet.Bomb):
        sheet.main(tmp_path / "deals.xlsx", tmp_path / "text", "")
    assert (tmp_path / "text").stat().st_size < 70_000


def test_another_archive_is_no_workbook(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", "a,b\n")
    with pytest.raises(Unreadable, match="neither a text in columns nor an XLSX workbook"):
        workbook.is_workbook(tmp_path / "a.zip")


def test_a_sheet_that_is_not_there_is_told_of(tmp_path: Path):
    (tmp_path / "deals.xlsx").write_bytes(workbook_of({"Deals": ROWS, "Old": ROWS}))
    with pytest.raises(Unreadable, match=r"has no sheet “New”. It has: Deals, Old."):
        workbook.write_sheet(tmp_path / "deals.xlsx", tmp_path / "text", sheet="New")


@pytest.mark.django_db
def test_no_lock_is_held_while_a_workbook_is_read(
    cast: Cast, media: Path, monkeypatch: pytest.MonkeyPatch
):
    before: list[list[str]] = []
    write = workbook.write_sheet

    def seen(*arguments: Any, **options: Any) -> workbook.Sheets:
        before.append([each["sql"] for each in queries.captured_queries])
        return write(*arguments, **options)

    monkeypatch.setattr(workbook, "write_sheet", seen)
    content = workbook_of({"Deals": ROWS, "Old": ROWS[:2]})
    with CaptureQueriesContext(connection) as queries:
        job = uploaded(cast.ana, content, name="deals.xlsx")
    with CaptureQueriesContext(connection) as queries:
        job_page = f"/imports/{job.pk}/columns/"
        assert browser(cast.ana).post(job_page, {"sheet": "Old", "above": 0}).status_code == 302
    assert len(before) == 2
    for statements in before:
        assert statements
        assert not [each for each in statements if "pg_advisory_xact_lock" in each]
        assert not [each for each in statements if "importjob" in each and "FOR UPDATE" in each]
    assert (LIMITS["page"].idle or 0) > workbook.SECONDS * 1.4


@pytest.mark.django_db
def test_another_sheet_takes_room_as_well(cast: Cast, media: Path, settings: Any):
    wide = [ROWS[0], *(["Pump", 1, None, None, "x" * 200] for _ in range(9))]
    job = uploaded(cast.ana, workbook_of({"Deals": ROWS, "Wide": wide}), name="deals.xlsx")
    size, most = job.size, settings.IMPORT_STORED_BYTES_PER_PERSON
    settings.IMPORT_STORED_BYTES_PER_PERSON = size + 1000
    client, said = browser(cast.ana), {"sheet": "Wide", "above": 0}
    refused = client.post(f"/imports/{job.pk}/columns/", said)
    assert (refused.status_code, "one person may store" in refused.content.decode()) == (422, True)
    settings.IMPORT_STORED_BYTES_PER_PERSON = most
    assert client.post(f"/imports/{job.pk}/columns/", said).status_code == 302
    job.refresh_from_db()
    stored = Path(job.file.path).stat().st_size + Path(job.workbook.path).stat().st_size
    assert job.size == stored > size + 1000


@pytest.mark.django_db
def test_nothing_is_guessed_of_the_text_of_a_sheet(cast: Cast, media: Path):
    headings = ["Firma", "Notiz (Ort; PLZ; Straße)"]
    sheets = {"Eins": [headings, ["Höger", "a"]], "Zwei": [["Über", ""], headings, ["Höger", "b"]]}
    job = uploaded(cast.ana, workbook_of(sheets), name="firmen.xlsx")
    assert (job.columns, job.letters) == (headings, {})
    for above in (0, 1):
        said = {"sheet": "Zwei", "above": above}
        browser(cast.ana).post(f"/imports/{job.pk}/columns/", said)
    job.refresh_from_db()
    assert (job.columns, job.delimiter, job.letters) == (headings, ",", {})


@pytest.mark.django_db
def test_what_is_wrong_with_a_chosen_sheet_is_said_at_the_sheet(cast: Cast, media: Path):
    wide: list[list[Any]] = [[f"c{n}" for n in range(201)], ["a"] * 201]
    job = uploaded(cast.ana, workbook_of({"Deals": ROWS, "Bad": wide}), name="deals.xlsx")
    with pytest.raises(Refused, match="201 columns") as refused:
        read_table_again(job, above=0, sheet="Bad", by=cast.ana, at=timezone.now())
    assert refused.value.field == "sheet"


@pytest.mark.django_db
def test_a_sheet_whose_name_is_too_long_is_refused_in_words(cast: Cast, media: Path):
    fits, too_long = "n" * 100, "m" * 101
    response = upload(cast.ana, workbook_of({too_long: ROWS}), name="deals.xlsx")
    words = "deals.xlsx has a sheet with a name of more than 100 signs"
    assert (response.status_code, words in response.content.decode()) == (422, True)
    job = uploaded(cast.ana, workbook_of({fits: ROWS, too_long: ROWS}), name="deals.xlsx")
    assert job.sheet == fits
    said = {"sheet": too_long, "above": 0}
    response = browser(cast.ana).post(f"/imports/{job.pk}/columns/", said)
    assert (response.status_code, words in response.content.decode()) == (422, True)
