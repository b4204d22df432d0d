"""Recording what was done, planned or not, and what follows from it in the same gesture."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from crm.commands import activity as activity_commands
from crm.commands import deal_move as move_commands
from crm.commands import deal_win as win_commands
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind, ActivityResult, Deal, Method
from crm.models.activity import TOUCHES
from pipeline.process.stages import Stage
from tests.crm.truth import faults_of
from tests.factories import (
    NOW,
    ago,
    make_company,
    make_contact,
    make_deal,
    plan_call,
    ready_deal,
    stopped_deal,
    won_deal,
)

CALL, NOTE, MEETING = ActivityKind.CALL, ActivityKind.NOTE, ActivityKind.MEETING
REACHED, NO_ANSWER = ActivityResult.REACHED, ActivityResult.NO_ANSWER
FORWARD = ActivityResult.MOVED_FORWARD
NEXT = Next(kind=MEETING, due_at=NOW + dt.timedelta(days=2))
TOMORROW = NOW + dt.timedelta(days=1)


def log(deal: Deal | None, *, about: About | None = None, **given: Any) -> Activity:
    usual: dict[str, Any] = {"kind": CALL, "at": NOW}
    return activity_commands.log(about or About(deal=deal), **usual | given)


def done(deal, **given):
    """The two ways to the same record: log it, or complete what was planned."""
    call = plan_call(deal, by=deal.owner, due_at=NOW)
    activity_commands.complete(call, **{"at": NOW} | given)
    return call


both_ways = pytest.mark.parametrize("record", [log, done])


@both_ways
def test_it_records_who_did_it_when_and_in_which_stage(cast, record):
    deal = make_deal(by=cast.ana, stage=Stage.NEEDS_ANALYSIS)

    activity = record(deal, by=cast.mona, result=REACHED, body=" They need two. ")

    assert (activity.kind, activity.owner, activity.done_at) == (CALL, cast.mona, NOW)
    assert (activity.result, activity.body, activity.stage) == (REACHED, "They need two.", 4)
    deal.refresh_from_db()
    assert (deal.touched_at, deal.changed_by) == (NOW, cast.mona)
    assert faults_of(deal) == []


def test_it_keeps_whom_it_concerned_and_how(cast):
    norte = make_company(by=cast.ana)
    jordi = make_contact(by=cast.ana, company=norte)
    deal = make_deal(by=cast.ana, company=norte)
    method = Method.objects.get(name="Phone")

    activity = log(
        deal, about=About(deal=deal, contact=jordi), by=cast.ana, subject=" Budget ", method=method
    )

    assert (activity.deal, activity.company, activity.contact) == (deal, norte, jordi)
    assert (activity.subject, activity.method, activity.created_by) == ("Budget", method, cast.ana)


@both_ways
def test_it_plans_what_is_next_in_the_same_gesture(cast, record):
    deal = make_deal(by=cast.ana)

    record(deal, by=cast.mona, next=NEXT)

    planned = deal.activities.planned().get()
    assert (planned.kind, planned.due_at, planned.owner) == (MEETING, NEXT.due_at, cast.ana)
    deal.refresh_from_db()
    assert (deal.next_at, deal.next_kind) == (NEXT.due_at, "meeting")


@both_ways
def test_it_moves_the_deal_forward_in_the_same_gesture(cast, record):
    deal = make_deal(by=cast.ana, stage=Stage.PROSPECTING)

    activity = record(deal, by=cast.mona, result=FORWARD, next=NEXT)

    deal.refresh_from_db()
    assert deal.stage == Stage.QUALIFICATION
    assert activity.stage == Stage.PROSPECTING
    last = deal.visits.latest("sequence")
    assert (last.entered_at, last.entered_by) == (NOW, cast.mona)
    assert deal.next_at == NEXT.due_at
    assert faults_of(deal) == []


@both_ways
def test_it_refuses_to_move_on_where_no_stage_follows_and_keeps_nothing(cast, refused, record):
    deal = make_deal(by=cast.ana, stage=Stage.CLOSING)
    call = plan_call(deal, by=cast.ana, due_at=NOW)

    with refused("result"):
        if record is log:
            log(deal, by=cast.ana, result=FORWARD)
        else:
            activity_commands.complete(call, by=cast.ana, at=NOW, result=FORWARD)


def test_it_refuses_a_next_that_cannot_be_planned_and_keeps_nothing(cast, refused):
    deal = make_deal(by=cast.ana)

    with refused("next_kind"):
        log(deal, by=cast.ana, next=Next(kind=NOTE, due_at=TOMORROW))


@pytest.mark.parametrize("kind", ActivityKind)
def test_it_counts_as_a_touch_only_what_speaks_to_the_other_side(cast, kind):
    deal = make_deal(by=cast.ana)

    log(deal, by=cast.ana, kind=kind, body="Said so.")

    deal.refresh_from_db()
    assert deal.touched_at == (NOW if kind in TOUCHES else None)


@both_ways
def test_an_attempt_is_no_touch(cast, record):
    deal = make_deal(by=cast.ana)

    record(deal, by=cast.ana, result=NO_ANSWER)

    deal.refresh_from_db()
    assert deal.touched_at is None


def test_an_older_touch_does_not_hide_the_latest(cast):
    deal = make_deal(by=cast.ana)
    log(deal, by=cast.ana, done_at=ago(days=1))

    log(deal, by=cast.ana, done_at=ago(days=3))

    deal.refresh_from_db()
    assert deal.touched_at == ago(days=1)


def test_it_is_kept_with_the_stage_that_the_deal_was_in_then(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.PROSPECTING, at=ago(days=10))
    move_commands.move(deal, to=Stage.QUALIFICATION, by=cast.ana, at=ago(days=5))
    move_commands.move(deal, to=Stage.NEEDS_ANALYSIS, by=cast.ana, at=ago(days=2))

    stages = [log(deal, by=cast.ana, done_at=ago(days=days)).stage for days in (20, 10, 6, 5, 3, 1)]

    assert stages == [2, 2, 2, 3, 3, 4]


@pytest.mark.parametrize("closed", [won_deal, stopped_deal])
def test_it_records_what_happens_after_the_end(cast, refused, closed):
    deal = closed(by=cast.ana)

    log(deal, by=cast.ana)

    assert faults_of(deal) == []
    with refused(None):
        log(deal, by=cast.ana, next=NEXT)
    with refused(None):
        log(deal, by=cast.ana, result=FORWARD)


def test_what_was_planned_for_the_hand_off_can_be_done(cast):
    deal = make_deal(by=cast.ana, stage=Stage.CLOSING)
    first = plan_call(deal, by=cast.ana, due_at=TOMORROW)
    second = plan_call(deal, by=cast.ana, due_at=NEXT.due_at)
    win_commands.win(deal, value=Decimal(1), by=cast.ana, at=NOW)

    activity_commands.complete(first, by=cast.ana, at=NOW)

    deal.refresh_from_db()
    assert (deal.next_at, deal.attention_at) == (second.due_at, None)
    assert faults_of(deal) == []


def test_a_note_needs_words(cast, refused):
    deal = make_deal(by=cast.ana)

    with refused("body"):
        log(deal, by=cast.ana, kind=NOTE, body=" ")
    log(deal, by=cast.ana, kind=NOTE, body="They moved.")


def test_nothing_was_done_in_the_future(cast, refused):
    deal = make_deal(by=cast.ana)
    call = plan_call(deal, by=cast.ana, due_at=NOW)

    with refused("at"):
        log(deal, by=cast.ana, done_at=NOW + dt.timedelta(seconds=1))
    with refused("at"):
        activity_commands.complete(call, by=cast.ana, at=NOW + dt.timedelta(seconds=1))


def test_it_may_have_no_deal(cast):
    norte = make_company(by=cast.ben)

    activity = log(None, about=About(company=norte), by=cast.ana, next=NEXT)

    assert (activity.deal, activity.stage, activity.company) == (None, 1, norte)
    assert norte.activities.planned().get().owner == cast.ana


def test_it_adds_to_what_was_written_when_it_was_planned(cast):
    deal = make_deal(by=cast.ana)
    call = plan_call(deal, by=cast.ana, due_at=NOW)
    call.body = "Ask for the budget."
    call.save()

    activity_commands.complete(call, by=cast.ana, at=NOW, body="It is 5,000.")

    assert call.body == "Ask for the budget.\nIt is 5,000."


@pytest.mark.parametrize("who", ["ben", "carl", "nora"])
def test_it_does_not_exist_for_others(cast, unseen, who):
    deal = make_deal(by=cast.ana)

    with unseen(Deal.DoesNotExist):
        log(deal, by=getattr(cast, who))


def test_it_counts_a_version_of_the_deal(cast):
    deal = make_deal(by=cast.ana)

    log(deal, by=cast.mona)

    deal.refresh_from_db()
    assert (deal.version, deal.changed_by, deal.changed_at) == (2, cast.mona, NOW)


def test_it_moves_forward_only_from_the_stage_that_was_shown(cast, refused):
    deal = ready_deal(by=cast.ana)
    move_commands.advance(deal, to=Stage.PROSPECTING, by=cast.mona, at=ago(hours=1))
    known = deal.activities.count()

    with refused("result"):
        activity_commands.log(
            About(deal=deal),
            kind=ActivityKind.CALL,
            result=ActivityResult.MOVED_FORWARD,
            from_stage=Stage.LEAD_GENERATION,
            by=cast.ana,
            at=NOW,
        )

    assert deal.visits.count() == 2
    assert deal.activities.count() == known
