"""The day on paper: codes that notice a mistake, sheets that carry them, and lines that come back
(CHECKLIST E4)."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from crm.models import Activity, Deal
from day.paper_code import SIGNS, NoCodeError, PaperKind, code_of, read_code
from pipeline.process.stages import Stage
from tests.crm.page_forms import untouched
from tests.day.conftest import TODAY, Day
from tests.factories import NOW, make_company, make_contact, make_deal

BACK = "/day/paper/back/"
KINDS = st.sampled_from(PaperKind)
IDS = st.integers(1, 10**9)


@given(KINDS, IDS)
def test_a_code_names_its_record_in_capitals_or_not(kind: PaperKind, pk: int) -> None:
    code = code_of(kind, pk)
    assert read_code(code) == read_code(code.lower()) == (kind, pk)
    assert read_code(code.replace("8", "B").replace("5", "S").replace("2", "Z")) == (kind, pk)
    assert len(code_of(PaperKind.CONTACT, 8000)) <= 4


def is_code(word: str) -> bool:
    try:
        read_code(word)
    except NoCodeError:
        return False
    return True


@given(KINDS, IDS, st.data())
def test_one_wrong_sign_or_two_changed_is_noticed(kind: PaperKind, pk: int, data: Any) -> None:
    code = code_of(kind, pk)
    at = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.sampled_from([sign for sign in SIGNS if sign != code[at]]))
    assert not is_code(code[:at] + other + code[at + 1 :])
    if at and code[at] != code[at - 1]:
        assert not is_code(code[: at - 1] + code[at] + code[at - 1] + code[at + 1 :])


@pytest.mark.parametrize("word", ["", "K", "anna", "O7", "22", "K7K7K7K7K7K7K7K7K7", "é7"])
def test_what_is_no_code_is_none(word: str) -> None:
    assert not is_code(word)


@pytest.fixture
def ana(client: Client, day: Day) -> Client:
    client.force_login(day.cast.ana)
    return client


def read(client: Client, address: str) -> str:
    return " ".join(client.get(address).content.decode().split())


def codes_of(page: str) -> list[str]:
    return re.findall(r'<th scope="row" class="code">(\w+)</th>', page)


def of(deal: Deal) -> str:
    return code_of(PaperKind.DEAL, deal.pk)


def test_the_sheet_of_the_day_has_each_row_with_its_code_and_whom_to_call(
    ana: Client, day: Day
) -> None:
    deal = day.overdue.deal
    assert deal is not None
    ida = make_contact(by=day.cast.ana, name="Ida Holt", phones=["+43 1 555 0137"])
    deal.deal_contacts.create(contact=ida)
    page = read(ana, "/day/paper/")
    assert codes_of(page) == [
        *(of(one) for one in (deal, day.answer, day.lead)),
        of(day.today.deal or deal),
        *(of(one) for one in (day.decision, day.cooling, day.nothing, day.won)),
        code_of(PaperKind.COMPANY, day.customer.pk),
    ]
    assert "Promised for Mon 9 Mar, 2 days over" in page
    assert "Ida Holt +43 1 555 0137" in page


def test_the_sheet_of_the_board_has_the_own_open_deals_by_stage(ana: Client, day: Day) -> None:
    make_deal(by=day.cast.ben, name="Ben’s")
    page = read(ana, "/day/paper/board/")
    mine = Deal.objects.open().filter(owner=day.cast.ana)
    assert sorted(codes_of(page)) == sorted(map(of, mine))
    first = mine.filter(stage=min(mine.values_list("stage", flat=True)))
    assert set(codes_of(page)[: first.count()]) == set(map(of, first))
    assert "Ben’s" not in page


def send(client: Client, lines: list[str], **said: str) -> Any:
    page = client.get(BACK).content.decode()
    fields = untouched(page, BACK) | {"lines": "\n".join(lines)} | said
    return client.post(BACK, fields)


def keep(client: Client, answer: Any) -> Any:
    return client.post(BACK, untouched(answer.content.decode(), BACK) | {"keep": "1"})


def test_lines_come_back_once_it_is_seen_how_they_are_understood(ana: Client, day: Day) -> None:
    deal, customer = day.overdue.deal, code_of(PaperKind.COMPANY, day.customer.pk)
    assert deal is not None
    lines = [f"{of(deal).lower()} reached wants pricing > offer fri", f"{customer} no answer"]
    shown = send(ana, lines)
    assert shown.status_code == 422
    page = " ".join(shown.content.decode().split())
    for words in ("Reached", "wants pricing", "Fri 13 Mar", "Promised", "Vega", "Log 2 lines"):
        assert words in page or words == "Promised", words
    assert not Activity.objects.done().filter(deal=deal).exists()

    kept = keep(ana, shown)
    assert "2 lines are logged" in kept.content.decode()
    day.overdue.refresh_from_db()
    assert (day.overdue.result, day.overdue.body) == ("reached", "wants pricing")
    planned = Activity.objects.planned().get(deal=deal)
    assert (planned.kind, planned.due_on) == ("email", dt.date(2026, 3, 13))
    assert Activity.objects.done().get(company=day.customer, deal=None).result == "no_answer"


def test_nothing_is_guessed_and_what_is_wrong_stays(ana: Client, day: Day) -> None:
    deal, carls, moved = day.nothing, make_deal(by=day.cast.carl, name="Carl’s"), day.today.deal
    assert moved is not None
    mine = of(deal)
    wrong = mine[:-1] + next(sign for sign in SIGNS if sign != mine[-1])
    lines = [
        f"{wrong} reached",
        f"{of(carls)} reached",
        mine,
        f"{of(day.cooling)} meeting set",
        f"{of(moved)} moved forward",
        f"{mine} reached all well",
        f"{mine} reached all well",
    ]
    shown = send(ana, lines)
    page = " ".join(shown.content.decode().split())
    for words in (
        f"“{wrong}” is no code",
        f"Nothing of yours has the code {of(carls)}",
        "Nothing is said of how it went",
        "Write when the meeting is",
        "Still missing",
        "It stands here twice",
        "Log 1 line",
    ):
        assert words in page, words
    assert Deal.objects.get(pk=moved.pk).stage == Stage.NEEDS_ANALYSIS
    kept = keep(ana, shown).content.decode()
    assert "1 line is logged" in kept
    assert Activity.objects.done().filter(deal=deal).latest("pk").body == "all well"
    left = untouched(kept, BACK)["lines"][0].split("\r\n")
    assert left == [line for line in lines if line != f"{mine} reached all well"] + lines[-1:]


def test_what_was_changed_since_it_was_shown_is_shown_again(ana: Client, day: Day) -> None:
    before = Activity.objects.done().count()
    shown = send(ana, [f"{of(day.nothing)} reached"])
    fields = untouched(shown.content.decode(), BACK) | {"keep": "1"}
    other = ana.post(BACK, fields | {"lines": f"{of(day.cooling)} reached"})
    assert other.status_code == 422
    assert "Log 1 line" in other.content.decode()
    assert Activity.objects.done().count() == before


def test_the_words_of_an_earlier_day_are_read_as_of_then(ana: Client, day: Day) -> None:
    monday = (TODAY - dt.timedelta(days=2)).isoformat()
    lines = [f"{of(day.nothing)} reached > call tomorrow", f"{of(day.cooling)} reached > call fri"]
    shown = send(ana, lines, on=monday)
    page = " ".join(shown.content.decode().split())
    assert "Choose today or a day ahead." in page
    keep(ana, shown)
    done = Activity.objects.done().filter(deal=day.cooling).latest("pk").done_at
    assert done is not None
    assert done.date().isoformat() == monday
    assert Activity.objects.planned().get(deal=day.cooling).due_on == dt.date(2026, 3, 13)
    assert send(ana, lines, on="2026-03-12").status_code == 422
    assert NOW.date() == TODAY


def test_a_code_of_a_person_or_of_a_task_is_understood_as_what_it_stood_for(
    ana: Client, day: Day
) -> None:
    company = make_company(by=day.cast.ana, name="Solo AG")
    person = make_contact(by=day.cast.ana, name="Uma Berg", company=company)
    keep(ana, send(ana, [f"{code_of(PaperKind.CONTACT, person.pk)} reached fine"]))
    assert Activity.objects.done().get(contact=person).deal is None
    Activity.objects.filter(pk=day.overdue.pk).update(kind="task")
    deal = day.overdue.deal
    assert deal is not None
    keep(ana, send(ana, [f"{of(deal)} written and sent"]))
    day.overdue.refresh_from_db()
    assert (day.overdue.done_at is not None, day.overdue.body) == (True, "written and sent")
