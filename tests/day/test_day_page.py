"""My Day as a page: read, logged from, put off, rearranged; without a script as well."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.commands import deal_win as win_commands
from crm.commands import process_note
from crm.commands import undo as undo_commands
from crm.models import Activity, ActivityResult, Deal, NoteKind, UndoableAct
from day.models import DayOrder, ProtectedTime, Snooze
from pipeline.models import StartPage, User
from pipeline.process.stages import Stage
from tests.crm.page_forms import untouched
from tests.day.conftest import TODAY, Day, touched
from tests.factories import NOW, ago, make_deal

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def ana(client: Client, day: Day) -> Client:
    client.force_login(day.cast.ana)
    return client


def keys_of(page: str) -> list[str]:
    return re.findall(r'data-row="([^"]+)"', page)


def read(client: Client, address: str = "/day/") -> str:
    return client.get(address).content.decode()


def test_it_says_what_to_do_and_why_in_words(ana: Client, day: Day) -> None:
    page = read(ana)
    assert keys_of(page) == day.keys
    for words in (
        "Promised for Mon 9 Mar, 2 days over",
        "Answer waiting since Tue 10 Mar: “Why so dear?”",
        "New lead, waits 2 h of your 4 h",
        "Promised for today",
        "Offer 1 past its decision day, Mon 9 Mar",
        "Cooling: 30 days without a word, 7 is usual in Qualification",
        "Nothing planned, last word Tue 10 Mar",
        "those who deliver know nothing yet",
        "Touch: Vega",
    ):
        assert words in page, words
    assert "9 to do" in page
    assert "1 overdue" in page


def test_it_costs_a_bounded_number_of_queries(ana: Client, day: Day) -> None:
    for address, most in (("/day/", 16), (f"/day/?open={day.keys[0]}", 24)):
        read(ana, address)
        with CaptureQueriesContext(connection) as asked:
            read(ana, address)
        assert len(asked) <= most, (address, len(asked))


def log(client: Client, key: str, *, htmx: bool = True, **said: Any) -> Any:
    page = read(client, f"/day/?open={key}")
    form = page.split("data-day-open")[1].split("</form>")[0]
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    fields |= {"next": "proposed", "body": ""} | said
    return client.post(f"/day/done/{key}/", fields, **(HTMX if htmx else {}))


@pytest.mark.parametrize("htmx", [True, False])
def test_one_gesture_completes_plans_and_takes_the_next(ana: Client, day: Day, htmx: bool) -> None:
    key = day.keys[0]
    answer = log(ana, key, htmx=htmx, result="no_answer")
    assert answer.status_code == (200 if htmx else 302), answer.content.decode()[:500]
    day.overdue.refresh_from_db()
    assert (day.overdue.done_at, day.overdue.result) == (NOW, ActivityResult.NO_ANSWER)
    planned = Activity.objects.planned().get(deal=day.overdue.deal)
    assert planned.due_at is not None
    assert planned.due_at.date() == TODAY + dt.timedelta(days=1)
    follower = day.keys[1]
    if htmx:
        page = answer.content.decode()
        assert keys_of(page) == day.keys[1:]
        assert f'action="/day/done/{follower}/"' in page
        assert "Undo" in page
    else:
        assert answer["Location"] == f"/day/?open={follower}"
    assert "1 done today" in read(ana)


def test_it_can_be_taken_back(ana: Client, day: Day) -> None:
    log(ana, day.keys[0], result="reached")
    act = UndoableAct.objects.get()
    undo_commands.undo(act.record, act=act.pk, by=day.cast.again(day.cast.ana), at=NOW)
    assert keys_of(read(ana)) == day.keys


def test_it_logs_on_a_deal_without_a_plan_and_on_a_customer(ana: Client, day: Day) -> None:
    idle, customer = f"deal-{day.nothing.pk}", f"company-{day.customer.pk}"
    assert log(ana, idle, result="reached", body="They want both lines").status_code == 200
    talk = Activity.objects.done().filter(deal=day.nothing).latest("pk")
    assert (talk.kind, talk.body) == ("call", "They want both lines")
    assert log(ana, customer, result="reached").status_code == 200
    assert Activity.objects.done().filter(company=day.customer).exists()
    page = read(ana)
    assert customer not in keys_of(page)
    assert "Nothing planned" not in page


def test_nothing_next_needs_its_reason(ana: Client, day: Day) -> None:
    refused = log(ana, day.keys[0], result="reached", next="none")
    assert refused.status_code == 422
    assert "data-day-open" in refused.content.decode()
    assert Activity.objects.get(pk=day.overdue.pk).done_at is None
    assert (
        log(ana, day.keys[0], result="reached", next="none", because="their_turn").status_code
        == 200
    )


def test_moving_on_asks_for_what_is_missing_and_keeps_what_was_written(
    ana: Client, day: Day
) -> None:
    deal = day.today.deal
    assert deal is not None
    key = f"act-{day.today.pk}"
    asked = log(ana, key, result="reached", advance="1", body="Wants an offer")
    assert asked.status_code == 422
    assert asked["HX-Retarget"] == "#sheet"
    assert 'value="Wants an offer"' in asked.content.decode()
    assert Deal.objects.get(pk=deal.pk).stage == Stage.NEEDS_ANALYSIS


def put_off(client: Client, key: str, **said: str) -> Any:
    """By the menu, with the version of the plan that it shows."""
    menu = client.get(f"/day/later/{key}/", **HTMX).content.decode()
    shown = re.findall(r'name="version"[^>]*?value="(\d+)"', menu)
    return client.post(f"/day/later/{key}/", {"version": shown[:1] or "", **said}, **HTMX)


def test_later_plans_anew_what_is_planned_and_lays_aside_what_is_not(ana: Client, day: Day) -> None:
    menu = ana.get(f"/day/later/{day.keys[0]}/", **HTMX).content.decode()
    assert "This afternoon" in menu
    put_off(ana, day.keys[0], next="tomorrow")
    day.overdue.refresh_from_db()
    assert day.overdue.due_on == TODAY + dt.timedelta(days=1)
    won = f"won-{day.won.pk}"
    put_off(ana, won, next="week")
    page = read(ana)
    assert keys_of(page) == [key for key in day.keys[1:] if key != won]
    assert "1 laid aside" in page
    ana.post(f"/day/wake/{Snooze.objects.get().pk}/", **HTMX)
    assert won in keys_of(read(ana))


def test_later_gives_a_deal_without_a_plan_what_is_next(ana: Client, day: Day) -> None:
    cold = f"deal-{day.cooling.pk}"
    page = put_off(ana, cold, next="week").content.decode()
    assert cold not in keys_of(page)
    planned = Activity.objects.planned().get(deal=day.cooling)
    assert (planned.kind, planned.due_on) == ("call", TODAY + dt.timedelta(days=5))
    assert not Snooze.objects.exists()
    ana.post(f"/deals/{day.cooling.pk}/undo/", {"act": UndoableAct.objects.get().pk}, **HTMX)
    assert cold in keys_of(read(ana))


def test_not_today_comes_back_the_next_working_day_and_is_told_to_nobody_else(
    ana: Client, day: Day, clock: Any
) -> None:
    key = day.keys[0]
    assert put_off(ana, key).status_code == 422
    put_off(ana, key, why="they_wait")
    day.overdue.refresh_from_db()
    assert day.overdue.due_on == TODAY - dt.timedelta(days=2)
    assert key not in keys_of(read(ana))
    assert "they asked me to wait (1)" in read(ana, "/day/mirror/")
    ana.force_login(day.cast.mona)
    for address in ("/day/", "/day/mirror/"):
        assert "they asked me to wait" not in read(ana, address)
    snooze = Snooze.objects.get()
    assert ana.post(f"/day/wake/{snooze.pk}/", **HTMX).status_code == 404
    clock.move_to(NOW + dt.timedelta(days=1))
    ana.force_login(day.cast.ana)
    assert key in keys_of(read(ana))


def test_it_keeps_the_order_of_its_reader_for_the_day_and_says_so(
    ana: Client, day: Day, clock: Any
) -> None:
    last = day.keys[-2]
    page = ana.post(f"/day/place/{last}/", {"place": "0"}, **HTMX).content.decode()
    assert keys_of(page)[0] == last
    assert "moved up by you" in page
    ana.post(f"/day/place/{last}/", {"place": ""}, **HTMX)
    assert keys_of(read(ana)) == day.keys
    ana.post(f"/day/place/{day.keys[0]}/", {"place": "2"}, **HTMX)
    assert "You moved it down for today." in read(ana, f"/day/?open={day.keys[0]}")
    clock.move_to(NOW + dt.timedelta(days=1))
    assert keys_of(read(ana))[0] == day.keys[0]
    assert DayOrder.objects.count() == 1


def test_time_for_prospecting_is_kept_free_in_sight(ana: Client, day: Day) -> None:
    said = {"weekday": "3", "starts": "08:30", "ends": "10:00"}
    assert "Prospecting, kept free" in ana.post("/day/protected/", said, **HTMX).content.decode()
    wrong = said | {"ends": "08:00"}
    assert ana.post("/day/protected/", wrong, **HTMX).status_code == 422
    ana.post(f"/day/protected/{ProtectedTime.objects.get().pk}/remove/", **HTMX)
    assert "Prospecting, kept free" not in read(ana)


def test_a_date_that_has_passed_is_set_by_one_press(ana: Client, day: Day) -> None:
    past = make_deal(
        by=day.cast.ana, name="Past", stage=Stage.QUALIFICATION,
        expected_close_on=TODAY - dt.timedelta(days=3),
    )  # fmt: skip
    page = read(ana)
    form = page.split(f'action="/deals/{past.pk}/edit/close/"')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    ana.post(f"/deals/{past.pk}/edit/close/", fields)
    past.refresh_from_db()
    assert past.expected_close_on == TODAY + dt.timedelta(days=7)
    assert "Keep it true" not in read(ana)


def test_a_repair_is_one_press_and_a_parked_deal_closes_no_sooner(ana: Client, day: Day) -> None:
    past = make_deal(
        by=day.cast.ana, name="Past", stage=Stage.PROPOSAL,
        expected_close_on=TODAY - dt.timedelta(days=3),
    )  # fmt: skip

    def press(path: str, **said: str) -> None:
        path = f"/deals/{past.pk}/{path}/"
        form = f'<form action="{path}"' + read(ana).split(f'action="{path}"')[1]
        ana.post(path, untouched(form.split("</form>")[0], path) | said, **HTMX)
        past.refresh_from_db()

    press("park")
    assert past.parked_until == TODAY + dt.timedelta(days=30)
    assert UndoableAct.objects.filter(deal=past, verb="park").exists()
    press("edit/close")
    assert past.expected_close_on == past.parked_until
    press("edit/value", amount="4200")
    assert past.amount == 4200
    assert "Keep it true" not in read(ana)
    Deal.objects.filter(pk=past.pk).update(expected_close_on=None)
    assert "Nobody knows when it closes" in read(ana)


def test_one_at_a_time_shows_what_the_stage_is_about(ana: Client, day: Day) -> None:
    page = read(ana, "/day/?focus=1")
    assert keys_of(page) == day.keys[:1]
    assert "Done when: " in page


def test_an_empty_day_says_so(client: Client, day: Day) -> None:
    client.force_login(day.cast.carl)
    assert "Nothing due." in read(client)


def test_a_manager_sees_how_the_own_people_stand_and_nobody_elses(client: Client, day: Day) -> None:
    # Somebody who was reached, of whom nothing is planned, waits as well.
    touched(make_deal(by=day.cast.ana, name="Reached"), days=1)
    client.force_login(day.cast.mona)
    mirror = read(client, "/day/mirror/")
    words = " ".join(re.sub(r"<[^>]+>", " ", mirror).split())
    assert "1 overdue · 2 leads wait · 6 with nothing planned · Talk" in words
    # Each number opens just these.
    for said, n in (("overdue", 1), ("wait", 2), ("with nothing planned", 6)):
        (link,) = re.findall(rf'href="([^"]*person={day.cast.ana.pk}[^"]*)">{n}[^<]*{said}', mirror)
        assert read(client, link.replace("&amp;", "&")).count('<th scope="row">') == n, said
    client.force_login(day.cast.nora)
    assert day.cast.ana.name not in read(client, "/day/mirror/")


def test_a_manager_sees_what_changed_and_what_is_to_be_judged(client: Client, day: Day) -> None:
    cast, at = day.cast, NOW - dt.timedelta(hours=1)
    won = make_deal(by=cast.ben, name="Won one", stage=Stage.CLOSING, at=ago(days=9))
    win_commands.win(won, value=Decimal(5), by=cast.ben, at=at)
    made = make_deal(by=cast.ana, name="Went past", stage=Stage.PROPOSAL, at=at)
    gone: dict[str, Any] = {"verb": "move", "to": 5, "findings": [], "at": at}
    made.judgements.create(reason="done_before", words="They told us", by=cast.ana, **gone)
    made.judgements.create(words="Own one", by=cast.mona, **gone)
    process_note.file(kind=NoteKind.WRONG, words="Not for us", deal=made, by=cast.ana, at=at)
    make_deal(by=cast.carl, name="Of another team", at=at)
    # One that came out of a file, and one that goes through several stages at once.
    said: dict[str, Any] = {"currency": "EUR", "created_at": at, "changed_at": at}
    Deal.objects.create(name="From a file", owner=cast.ana, team=cast.north, stage=1, **said)
    sold = make_deal(by=cast.ben, name="Sold", stage=Stage.PROPOSAL, at=ago(days=9))
    win_commands.sell_at_once(sold, value=Decimal(5), by=cast.ben, at=at)
    client.force_login(cast.mona)
    read(client, "/day/mirror/")
    with CaptureQueriesContext(connection) as asked:
        mirror = read(client, "/day/mirror/")
    assert len(asked) <= 15
    words = " ".join(re.sub(r"<[^>]+>", " ", mirror).split())
    told = "Went past Proposal · Ana Ruiz · Done before · They told us"
    for word in ("Since Tue 10 Mar", told, "1 note on the process waits for your answer"):
        assert word in words, word
    assert "Own one" not in words
    assert "Since Tue 10 Mar 3 came in 1 move forward 3 won" in words
    # What is counted can be opened, and no more.
    for word in ("came in", "won"):
        ((link, n),) = re.findall(rf'href="([^"]*)">(\d+) {word}<', mirror)
        assert read(client, link.replace("&amp;", "&")).count('<th scope="row">') == int(n), word
    # Whoever leads nobody has no such box.
    client.force_login(cast.ana)
    assert "news-title" not in read(client, "/day/mirror/")


@pytest.mark.parametrize(
    ("who", "chosen", "begins"),
    [
        ("ana", "", "/day/"),
        ("mona", "", "/board/"),
        ("mona", StartPage.DAY, "/day/"),
        ("ana", StartPage.REPORTS, "/reports/"),
    ],
)
def test_everybody_begins_with_the_own_page(
    client: Client, day: Day, who: str, chosen: str, begins: str
) -> None:
    person: User = getattr(day.cast, who)
    User.objects.filter(pk=person.pk).update(start_page=chosen)
    client.force_login(person)
    assert client.get("/")["Location"] == begins


def test_what_was_planned_on_a_deal_that_is_closed_by_now_can_be_done(
    ana: Client, day: Day
) -> None:
    deal = day.overdue.deal
    assert deal is not None
    Deal.objects.filter(pk=deal.pk).update(outcome="won", stage=7, closed_at=NOW)
    page = read(ana, f"/day/?open={day.keys[0]}")
    assert "nothing follows on it" in page
    assert 'name="next" value="proposed"' not in page
    assert log(ana, day.keys[0], result="reached", next="").status_code == 200
    assert Activity.objects.get(pk=day.overdue.pk).done_at == NOW
