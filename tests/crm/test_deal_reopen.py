"""Reopening: in the stage in which it was closed, with a reason, and nothing is forgotten."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from crm.commands import company as company_commands
from crm.commands import deal as deal_commands
from crm.commands import deal_win as win_commands
from crm.events import CauseChanged, ClosingNoteChanged, InitiatorChanged
from crm.models import Deal
from pipeline.process.moves import EnteredHow, LeftHow
from pipeline.process.stages import Initiator, Outcome, Stage
from salesprocess.lib.events import RecordRef
from salesprocess.lib.refused import Stale
from tests.crm.truth import faults_of
from tests.factories import (
    NOW,
    ago,
    cause_named,
    make_company,
    make_deal,
    plan_call,
    stopped_deal,
    won_deal,
)


def reopen(deal: Deal, **given: Any) -> None:
    usual: dict[str, Any] = {"reason": "They called back.", "at": NOW}
    deal_commands.reopen(deal, **usual | given)


def test_it_goes_on_in_the_stage_in_which_it_was_stopped(cast):
    deal = stopped_deal(by=cast.ana, stage=Stage.PROPOSAL)

    reopen(deal, by=cast.mona)

    closed, again = deal.visits.order_by("sequence")
    assert closed.left_how == LeftHow.STOPPED
    assert (again.stage, again.entered_how, again.entered_at, again.entered_by) == (
        Stage.PROPOSAL,
        EnteredHow.REOPENED,
        NOW,
        cast.mona,
    )
    assert again.reason == "They called back."
    assert (deal.outcome, deal.closed_at, deal.initiator, deal.cause) == (
        Outcome.OPEN,
        None,
        "",
        None,
    )
    assert faults_of(deal) == []


def test_it_goes_on_in_the_seventh_stage_after_a_win(cast):
    deal = won_deal(by=cast.ana)

    reopen(deal, by=cast.ana)

    assert (deal.stage, deal.outcome) == (Stage.CLOSING, Outcome.OPEN)
    assert faults_of(deal) == []


def test_it_remembers_who_had_stopped_it_and_why(cast):
    deal = make_deal(by=cast.ana)
    cause = cause_named("price")
    deal_commands.stop(
        deal, initiator=Initiator.CUSTOMER, cause=cause, note="Too dear.", by=cast.ana, at=NOW
    )

    reopen(deal, by=cast.ana)

    assert [row.event for row in deal.changes.order_by("id")] == [
        InitiatorChanged(old="customer"),
        CauseChanged(old=RecordRef.to(cause)),
        ClosingNoteChanged(old="Too dear."),
    ]
    assert deal.closing_note == ""


def test_it_asks_for_the_attention_of_what_was_planned_after_a_win(cast):
    deal = make_deal(by=cast.ana, stage=Stage.CLOSING)
    call = plan_call(deal, by=cast.ana, due_at=NOW + dt.timedelta(days=1))
    win_commands.win(deal, value=Decimal(1), by=cast.ana, at=ago(hours=1))

    reopen(deal, by=cast.ana)

    assert deal.attention_at == call.due_at


def test_it_can_be_stopped_and_reopened_again_and_again(cast):
    deal = stopped_deal(by=cast.ana, stage=Stage.PROPOSAL)
    for _time in range(3):
        reopen(deal, by=cast.ana)
        deal_commands.stop(
            deal,
            initiator=Initiator.CUSTOMER,
            cause=cause_named("no_response"),
            by=cast.ana,
            at=NOW,
        )

    assert deal.visits.count() == 4
    assert faults_of(deal) == []


def test_it_refuses_an_open_deal_and_a_missing_reason(cast, refused):
    open_one, closed = make_deal(by=cast.ana), stopped_deal(by=cast.ana)

    with refused(None):
        reopen(open_one, by=cast.ana)
    with refused("reason"):
        reopen(closed, by=cast.ana, reason=" ")


@pytest.mark.parametrize("at", [ago(days=1, seconds=1), NOW + dt.timedelta(seconds=1)])
def test_it_refuses_an_instant_before_the_closing_or_ahead(cast, refused, at):
    deal = stopped_deal(by=cast.ana)

    with refused("at"):
        reopen(deal, by=cast.ana, at=at)


@pytest.mark.parametrize("who", ["ben", "carl", "nora"])
def test_it_does_not_exist_for_others(cast, unseen, who):
    deal = stopped_deal(by=cast.ana)

    with unseen(Deal.DoesNotExist):
        reopen(deal, by=getattr(cast, who))


def test_it_says_how_the_deal_stands_to_who_saw_an_older_state(cast):
    deal = stopped_deal(by=cast.ana)
    reopen(Deal.objects.get(pk=deal.pk), by=cast.mona)

    with pytest.raises(Stale) as stale:
        reopen(deal, by=cast.ana, version=deal.version)

    assert stale.value.record.is_open


def relationship_of(company):
    company.refresh_from_db()
    return company.relationship


@pytest.mark.parametrize("before", ["never_bought", "former", "inactive"])
def test_who_bought_nothing_after_all_is_what_he_was_before(cast, before):
    company = make_company(by=cast.ana, relationship=before)
    deal = won_deal(by=cast.ana, company=company)
    assert relationship_of(company) == "customer"

    reopen(deal, by=cast.ana)

    assert relationship_of(company) == before


def test_who_was_a_customer_or_bought_something_else_is_one(cast):
    old, new = (make_company(by=cast.ana, name=name) for name in ("Old", "New"))
    company_commands.edit(old, relationship="customer", by=cast.ana, at=ago(days=3))
    first, second = (won_deal(by=cast.ana, company=new) for _ in range(2))

    reopen(won_deal(by=cast.ana, company=old), by=cast.ana)
    assert relationship_of(old) == "customer"
    reopen(first, by=cast.ana)
    assert relationship_of(new) == "customer"
    reopen(second, by=cast.ana)
    assert relationship_of(new) == "never_bought"


def test_what_somebody_said_of_a_company_stays(cast):
    company = make_company(by=cast.ana)
    deal = won_deal(by=cast.ana, company=company)
    for said in ("former", "customer"):
        company_commands.edit(company, relationship=said, by=cast.ana, at=NOW)

    reopen(deal, by=cast.ana)

    assert relationship_of(company) == "customer"


def test_a_win_that_was_with_another_company_makes_that_one_the_customer(cast):
    wrong, right = (make_company(by=cast.ana, name=name) for name in ("Wrong", "Right"))
    deal = won_deal(by=cast.ana, company=wrong)

    deal_commands.edit(deal, company=right, by=cast.ana, at=NOW)

    assert (relationship_of(wrong), relationship_of(right)) == ("never_bought", "customer")
