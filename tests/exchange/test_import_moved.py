"""A later file that has a deal in another stage, or closed, moves it on the day that it says."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from crm.commands import activity as activity_commands
from crm.commands import company as company_commands
from crm.commands import deal as deal_commands
from crm.commands import deal_move
from crm.commands import offer as offers
from crm.commands.writers.activity import About, Next
from crm.commands.writers.offer import OfferInput
from crm.models import ActivityKind, Company, Deal, OfferKind, StageVisit
from exchange.commands import work
from exchange.models import ImportJob
from pipeline.models import User
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.exchange.presets import Written
from tests.exchange.test_import_history import unbroken, ways
from tests.exchange.test_import_presets import brought_in
from tests.exchange.test_import_update import look
from tests.exchange.uploads import answer, loaded, page, worked

pytestmark = pytest.mark.django_db

HEAD = "Id,Name,Company,Stage,Stage change,Closed,Loss reason\n"
DEALS = HEAD + (
    "1,Pump,Norte SA,Prospecting,2026-01-10 09:00,,\n2,Belt,Sur SA,Prospecting,2026-01-10 09:00,,\n"
    "3,Valve,Este SL,Prospecting,2026-01-10 09:00,,\n"
)
LATER = HEAD + (
    "1,Pump,Norte SA,Proposal,2026-02-10 09:00,,\n2,Belt,Sur SA,Won,2026-02-11 09:00,2026-02-11 09:00,\n"
    "3,Valve,Este SL,Lost,2026-02-12 09:00,2026-02-12 09:00,Price\n"
)


def file(user: User, text: str) -> ImportJob:
    return brought_in(user, Written(kind="deals", name="deals.csv", text=text), "old")


def state() -> list[Any]:
    visits = [
        {key: value for key, value in row.items() if key != "id"}
        for row in StageVisit.objects.order_by("deal", "sequence").values()
    ]
    names = ("name", "stage", "outcome", "initiator", "cause", "closed_at", "changed_at")
    deals = list(Deal.objects.order_by("pk").values(*names))
    return [visits, deals, list(Company.objects.order_by("pk").values("name", "relationship"))]


def test_deals_move_are_won_and_stopped_on_the_days_of_the_file_and_back(cast: Cast):
    first = file(cast.ana, DEALS)
    before = state()
    job = file(cast.ana, LATER)
    assert (job.counts["changed"], job.counts["refused"]) == (3, 0)
    assert ways() == {
        "Pump": [(2, "10.01.", "advanced"), (5, "10.02.", None)],
        "Belt": [(2, "10.01.", "advanced"), (7, "11.02.", "won")],
        "Valve": [(2, "10.01.", "stopped")],
    }
    valve = Deal.objects.select_related("cause").get(name="Valve")
    assert valve.cause
    assert (valve.cause.key, valve.initiator) == ("price", "customer")
    assert Company.objects.get(name="Sur SA").relationship == "customer"
    assert unbroken()
    assert "Stages that it went through" in page(cast.ana, job)
    # The same file again says nothing new.
    assert file(cast.ana, LATER).counts["known"] == 3
    assert job.batch
    work.take_back(job.batch, by=cast.ana, at=timezone.now())
    assert state() == before
    # Taken back, the file tells it again, and the first one can leave without a trace.
    again = file(cast.ana, LATER)
    assert again.counts["changed"] == 3
    assert again.batch
    assert first.batch
    work.take_back(again.batch, by=cast.ana, at=timezone.now())
    assert not work.take_back(first.batch, by=cast.ana, at=timezone.now()).kept
    assert not Deal.objects.exists()


def test_what_people_moved_or_planned_here_stays_and_is_said(cast: Cast):
    file(cast.ana, DEALS)
    pump, belt = (Deal.objects.get(name=name) for name in ("Pump", "Belt"))
    at = timezone.now()
    deal_move.move(pump, to=Stage.LEAD_GENERATION, reason="again", by=cast.ana, at=at)
    due = Next(kind=ActivityKind.TASK, subject="Send it", due_on=at.date())
    activity_commands.plan(About(deal=belt), next=due, by=cast.ana, at=at)
    job = file(cast.ana, LATER)
    assert set(job.changes.filter(field="visits").values_list("name", flat=True)) == {"Valve"}
    assert ways()["Pump"][-1][0] == 1
    assert ways()["Belt"] == [(2, "10.01.", None)]
    said = job.faults.filter(comes_in=True, reason__contains="Move it on its page")
    assert {fault.line for fault in said} == {2, 3}
    assert unbroken()


def test_an_open_offer_keeps_a_deal_open(cast: Cast):
    file(cast.ana, DEALS)
    offer = OfferInput(value=Decimal(5), kind=OfferKind.VERBAL)
    offers.make(Deal.objects.get(name="Belt"), offer, by=cast.ana, at=timezone.now())
    job = file(cast.ana, LATER)
    assert ways()["Belt"] == [(2, "10.01.", None)]
    assert ways()["Valve"][-1][2] == "stopped"
    assert job.faults.get(comes_in=True, reason__contains="Move it on its page").line == 3


def test_what_people_go_on_with_is_not_closed_again_by_an_undo(cast: Cast):
    file(cast.ana, LATER.replace("Proposal", "Lost").replace("Won", "Lost"))
    job = file(cast.ana, LATER.replace("Lost", "Proposal").replace("Won", "Proposal"))
    assert set(Deal.objects.values_list("outcome", flat=True)) == {"open"}
    pump, belt = (Deal.objects.get(name=name) for name in ("Pump", "Belt"))
    at = timezone.now()
    tomorrow = at.date() + dt.timedelta(days=3)
    deal_commands.park(pump, until=tomorrow, by=cast.ana, at=at)
    due = Next(kind=ActivityKind.TASK, subject="Send it", due_on=tomorrow)
    activity_commands.plan(About(deal=belt), next=due, by=cast.ana, at=at)
    assert job.batch
    undone = work.take_back(job.batch, by=cast.ana, at=timezone.now())
    assert [(kept.name, kept.why) for kept in undone.kept] == [
        (name, "people go on with the deal: it is not closed again") for name in ("Pump", "Belt")
    ]
    assert [deal.outcome for deal in Deal.objects.order_by("pk")] == ["open", "open", "stopped"]
    assert unbroken()


def test_a_deal_that_a_file_closed_for_another_value_gets_both_back(cast: Cast):
    head = "Id,Name,Stage,Amount\n1,Pump,"
    file(cast.ana, f"{head}Prospecting,100\n")
    job = file(cast.ana, f"{head}Won,120\n")
    pump = Deal.objects.get()
    assert pump.outcome == "won"
    assert pump.amount == Decimal(120)
    assert job.batch
    undone = work.take_back(job.batch, by=cast.ana, at=timezone.now())
    pump.refresh_from_db()
    assert (pump.outcome, undone.kept) == ("open", [])
    assert pump.amount == Decimal(100)
    assert unbroken()
    # Nobody has changed it: the next file is believed.
    file(cast.ana, f"{head}Prospecting,130\n")
    pump.refresh_from_db()
    assert pump.amount == 130


def relationships() -> list[Any]:
    names = ("name", "relationship", "relationship_before_win", "changed_at")
    return list(Company.objects.order_by("name").values_list(*names))


def test_what_people_said_of_a_company_stays_until_a_file_wins_another_deal(cast: Cast):
    won = LATER.replace("Sur SA", "Norte SA").replace("2026-02-11", "2026-02-18")
    file(cast.ana, won)
    norte = Company.objects.get(name="Norte SA")
    assert norte.relationship == "customer"
    said_at = dt.datetime(2026, 2, 15, 9, tzinfo=dt.UTC)
    company_commands.edit(norte, relationship="former", by=cast.ana, at=said_at)
    before = relationships()
    job = file(cast.ana, won.replace("Belt", "Long belt"))
    assert job.counts["changed"] == 1
    assert relationships() == before
    pump = "1,Pump,Norte SA,Won,2026-02-20 09:00,2026-02-20 09:00,"
    again = file(cast.ana, won.replace("1,Pump,Norte SA,Proposal,2026-02-10 09:00,,", pump))
    norte.refresh_from_db()
    assert (norte.relationship, norte.relationship_before_win) == ("customer", "former")
    assert again.batch
    work.take_back(again.batch, by=cast.ana, at=timezone.now())
    assert relationships() == before


def test_a_company_whose_win_is_none_any_more_is_what_it_was_and_a_customer_again(cast: Cast):
    file(cast.ana, DEALS)
    assert Company.objects.get(name="Sur SA").relationship == "never_bought"
    file(cast.ana, LATER)
    before = relationships()
    assert before[2][:3] == ("Sur SA", "customer", "never_bought")
    job = file(
        cast.ana,
        LATER.replace("Won,2026-02-11 09:00,2026-02-11 09:00", "Proposal,2026-02-13 09:00,"),
    )
    sur = Company.objects.get(name="Sur SA")
    assert (sur.relationship, sur.relationship_before_win) == ("never_bought", None)
    assert job.batch
    work.take_back(job.batch, by=cast.ana, at=timezone.now())
    assert relationships() == before


def test_a_check_moves_nothing_and_moves_can_be_left_out(cast: Cast):
    named = {"id": "Id", "name": "Name", "company": "Company", "stage": "Stage", "entered_on": "Stage change",
             "closed_on": "Closed", "stop_cause": "Loss reason"}  # fmt: skip
    loaded(cast.ana, look(cast.ana, DEALS, **named))
    before = state()
    job = look(cast.ana, LATER, **named)
    assert job.counts["changed"] == 3
    assert {(change.field, change.applied) for change in job.changes.all()} == {("visits", True)}
    assert state() == before
    cards = [(each["title"], each["stage"], each["outcome"]) for each in job.counts["first"]]
    assert cards == [("Pump", 5, "open"), ("Belt", 7, "won"), ("Valve", 2, "stopped")]
    assert answer(cast.ana, job, update_stage="leave").status_code == 302
    worked(job)
    assert (job.counts["changed"], job.counts["known"]) == (0, 3)
    loaded(cast.ana, job)
    assert state() == before
    # What was left out is told again by the next file.
    assert look(cast.ana, LATER, **named).counts["changed"] == 3


def test_a_file_without_days_moves_when_it_comes_in_and_a_lost_deal_can_open_again(cast: Cast):
    first = "Id,Name,Stage\n1,Pump,Prospecting\n2,Belt,Lost\n"
    file(cast.ana, first)
    now = timezone.now()
    assert (
        file(cast.ana, first.replace("Prospecting", "Proposal").replace("Lost", "Proposal")).counts[
            "changed"
        ]
        == 2
    )
    pump, belt = (Deal.objects.get(name=name) for name in ("Pump", "Belt"))
    assert pump.stage_entered_at
    assert pump.stage_entered_at >= now - dt.timedelta(seconds=5)
    assert [visit.left_how for visit in belt.visits.order_by("sequence")] == [
        "stopped",
        "advanced",
        None,
    ]
    assert (belt.outcome, belt.initiator, belt.cause, belt.closed_at) == ("open", "", None, None)
    assert unbroken()


def test_a_move_before_the_last_one_stays_out(cast: Cast):
    file(cast.ana, DEALS)
    job = file(
        cast.ana,
        LATER.replace("1,Pump,Norte SA,Proposal,2026-02", "1,Pump,Norte SA,Proposal,2025-02"),
    )
    assert ways()["Pump"] == [(2, "10.01.", None)]
    assert {fault.line for fault in job.faults.filter(reason__contains="Move it on its page")} == {
        2
    }


def test_a_deal_moves_and_is_won_for_the_value_of_the_same_row(cast: Cast):
    head = "Id,Name,Stage,Closed,Amount\n"
    file(cast.ana, f"{head}1,Pump,Prospecting,,10000\n2,Belt,Prospecting,,10000\n")
    later = f"{head}1,Pump,Won,2026-02-11 09:00,12000\n2,Belt,Proposal,,12000\n"
    assert file(cast.ana, later).counts["changed"] == 2
    found = StageVisit.objects.order_by("-deal__name", "sequence")
    assert [(each.deal.name, each.entry_amount, each.exit_amount) for each in found] == [
        ("Pump", Decimal(10_000), Decimal(12_000)),
        ("Pump", Decimal(12_000), Decimal(12_000)),
        ("Belt", Decimal(10_000), Decimal(12_000)),
        ("Belt", Decimal(12_000), None),
    ]
    assert set(Deal.objects.values_list("amount", flat=True)) == {12_000}
