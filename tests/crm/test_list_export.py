import csv
import datetime as dt
import io
import tracemalloc
from typing import Any

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from crm.models import Deal, ListKind
from pipeline.models import User
from pipeline.process.stages import Stage
from salesprocess.lib.spreadsheet import csv_lines, escape_formula
from tests.conftest import Cast
from tests.crm.test_list_page import make_rows, names
from tests.factories import make_company, make_deal


def rows(client: Client, person: User, address: str) -> list[dict[str, str]]:
    client.force_login(person)
    answer: Any = client.get(address)
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("kind", ListKind.values)
def test_it_writes_exactly_the_rows_of_the_list(cast: Cast, client: Client, kind: str) -> None:
    make_rows(kind, 30, by=cast.ana)
    make_rows(kind, 3, by=cast.carl)
    for query in ("", "?q=00", "?sort=-owner"):
        written = rows(client, cast.ana, f"/lists/{kind}.csv{query}")
        page = client.get(f"/{ListKind(kind).path}/{query}")
        if kind == "activities":
            assert len(written) == len(names(page))
        else:
            assert [row["Name"] for row in written] == names(page)


def test_it_adds_up_to_the_total_of_the_list(cast: Cast, client: Client) -> None:
    make_rows("deals", 60, by=cast.ana)
    make_rows("deals", 9, by=cast.carl)
    written = rows(client, cast.mona, "/lists/deals.csv")
    assert sum(float(row["Value"]) for row in written) == 7770
    assert "60 deals · €7,770" in client.get("/deals/").content.decode()


def test_it_reads_more_rows_than_one_piece(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.queries.lists.CHUNK", 7)
    make_rows("leads", 25, by=cast.ana)
    written = rows(client, cast.ana, "/lists/leads.csv?sort=-value")
    assert [float(row["Value"]) for row in written] == [float(n) for n in range(124, 99, -1)]


def test_it_keeps_others_deals_out(cast: Cast, client: Client) -> None:
    make_deal(by=cast.carl, name="Secret")
    for person, sees in ((cast.carl, True), (cast.nora, True), (cast.rosa, True)):
        assert bool(rows(client, person, "/lists/deals.csv")) is sees
    for person in (cast.ana, cast.mona):
        assert rows(client, person, "/lists/deals.csv") == []
    client.logout()
    assert client.get("/lists/deals.csv").status_code == 302
    client.force_login(cast.ana)
    assert client.get("/lists/users.csv").status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u00a0=1",
        "\ufeff=1",
        "\x01=1",
        "＝1",
        "＋1",
        "－1",
        "＠A",
        '"=1',
        ";=1",
    ],
)
def test_it_lets_no_text_become_a_formula(cast: Cast, client: Client, text: str) -> None:
    make_company(by=cast.ana, name=f"x{text}")
    Deal.objects.filter(pk=make_deal(by=cast.ana).pk).update(name=text)
    (row,) = rows(client, cast.ana, "/lists/deals.csv")
    assert row["Name"].startswith("'")
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Norte SA", "3 = 3", "a@b.test", "  Norte", "¿Qué?", "1-2"])
def test_it_leaves_other_texts_as_they_are(text: str) -> None:
    assert escape_formula(text) == text


def test_it_leaves_numbers_numbers() -> None:
    assert list(csv_lines([["a", -5, -1.5, None]])) == ['"a",-5,-1.5,""\r\n']


def test_it_marks_the_encoding_for_those_who_guess(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    for address, start in (("?bom=1", b"\xef\xbb\xbf"), ("", b'"Id"')):
        answer: Any = client.get(f"/lists/deals.csv{address}")
        assert b"".join(answer.streaming_content).startswith(start)
        assert answer["Cache-Control"] == "no-store"
        assert answer["Content-Disposition"] == 'attachment; filename="deals-2026-03-11.csv"'


def test_it_needs_no_more_memory_for_more_rows(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.queries.lists.CHUNK", 50)
    deal = make_deal(by=cast.ana, stage=Stage.PROPOSAL)
    client.force_login(cast.ana)

    def peak(count: int) -> int:
        copies = [Deal(**{**_values(deal), "name": f"Deal {n} " + "x" * 150}) for n in range(count)]
        Deal.objects.bulk_create(copies)
        del copies
        answer: Any = client.get("/lists/deals.csv")
        tracemalloc.start()
        for _line in answer.streaming_content:
            pass
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(60)  # what is cached at the first time
    few = peak(200)
    assert peak(2000) < few * 1.5


def workbook(answer: Any) -> list[list[Any]]:
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(answer.getvalue()))
    return sheets.get_sheet_by_index(0).to_python()


@pytest.mark.parametrize("kind", ListKind.values)
def test_a_workbook_has_the_same_rows_as_the_csv(cast: Cast, client: Client, kind: str) -> None:
    make_rows(kind, 5, by=cast.ana)
    written = rows(client, cast.ana, f"/lists/{kind}.csv")
    heads, *found = workbook(client.get(f"/lists/{kind}.csv?as=xlsx"))
    assert heads == list(written[0])
    assert [[csv_text(value) for value in row] for row in found] == [
        [value.removesuffix(".00") for value in row.values()] for row in written
    ]


def csv_text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value)


def test_in_a_workbook_days_are_days_and_texts_no_formulas(cast: Cast, client: Client) -> None:
    make_deal(
        by=cast.ana,
        name="=1+1",
        amount=1200,
        stage=Stage.PROPOSAL,
        expected_close_on=dt.date(2026, 4, 1),
    )
    client.force_login(cast.ana)
    answer = client.get("/lists/deals.csv?as=xlsx")
    assert answer["Content-Disposition"] == 'attachment; filename="deals-2026-03-11.xlsx"'
    assert answer["Cache-Control"] == "no-store"
    heads, row = workbook(answer)
    line = dict(zip(heads, row, strict=True))
    assert (line["Name"], line["Value"]) == ("=1+1", 1200)
    assert line["Expected to close on"] == dt.date(2026, 4, 1)
    assert isinstance(line["In stage since"], dt.datetime)


def test_it_takes_the_columns_that_are_shown(cast: Cast, client: Client) -> None:
    make_deal(by=cast.ana, stage=Stage.PROPOSAL)
    client.force_login(cast.ana)
    heads, _row = workbook(client.get("/lists/deals.csv?as=xlsx&columns=shown&cols=value,owner"))
    assert heads == ["Id", "Name", "Company", "Value", "Currency", "Owner"]
    heads, _row = workbook(client.get("/lists/deals.csv?as=xlsx&columns=shown"))
    assert "Changed at" in heads
    assert "Team" not in heads


def test_more_rows_than_a_sheet_has_are_refused_in_words(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salesprocess.lib.spreadsheet.MOST_ROWS", 3)
    make_rows("leads", 3, by=cast.ana)
    client.force_login(cast.ana)
    answer = client.get("/lists/leads.csv?as=xlsx")
    assert answer.status_code == 422
    assert "take CSV" in answer.content.decode()


def _values(deal: Deal) -> dict[str, Any]:
    fields = [field for field in Deal._meta.concrete_fields if not field.primary_key]
    return {field.attname: getattr(deal, field.attname) for field in fields}
