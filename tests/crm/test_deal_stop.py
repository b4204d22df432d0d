"""Stopping: at once, from every stage, by somebody and for a cause (G10)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from crm.commands import deal as deal_commands
from crm.models import Deal
from pipeline.process.moves import LeftHow
from pipeline.process.stages import Initiator, Outcome, Stage
from salesprocess.lib.refused import Stale
from tests.crm.truth import faults_of
from tests.factories import NOW, ago, cause_named, make_deal, plan_call, stopped_deal, won_deal


def stop(deal: Deal, cause: str = "price", **given: Any) -> None:
    usual: dict[str, Any] = {"initiator": Initiator.CUSTOMER, "at": ago(days=1)}
    deal_commands.stop(deal, cause=cause_named(cause), **usual | given)


@pytest.mark.parametrize("stage", Stage)
def test_it_stops_in_every_stage(cast, stage):
    deal = make_deal(by=cast.ana, stage=stage, amount=100)

    stop(deal, by=cast.mona, note=" Too dear. ")

    visit = deal.visits.get()
    assert (visit.stage, visit.left_how, visit.left_at, visit.left_by) == (
        stage,
        LeftHow.STOPPED,
        ago(days=1),
        cast.mona,
    )
    assert (visit.exit_owner, visit.exit_team, visit.exit_amount) == (
        cast.ana,
        cast.north,
        Decimal(100),
    )
    assert (deal.outcome, deal.stage, deal.closed_at) == (Outcome.STOPPED, stage, ago(days=1))
    assert (deal.initiator, deal.cause, deal.closing_note) == (
        Initiator.CUSTOMER,
        cause_named("price"),
        "Too dear.",
    )
    assert faults_of(deal) == []


def test_it_cancels_what_was_planned(cast):
    deal = make_deal(by=cast.ana)
    call = plan_call(deal, by=cast.ana, due_at=NOW + dt.timedelta(days=2))

    stop(deal, by=cast.ana, at=NOW)

    call.refresh_from_db()
    assert call.cancelled_at == NOW
    assert (deal.next_at, deal.next_kind, deal.attention_at) == (None, "", None)


def test_it_ends_a_parking(cast):
    deal = make_deal(by=cast.ana)
    deal_commands.park(deal, until=dt.date(2026, 5, 1), by=cast.ana, at=ago(days=2))

    stop(deal, by=cast.ana)

    assert (deal.parked_until, deal.attention_at) == (None, None)


@pytest.mark.parametrize(
    ("initiator", "cause"), [(Initiator.US, "price"), (Initiator.CUSTOMER, "disqualified")]
)
def test_it_refuses_a_cause_of_the_other_side(cast, refused, initiator, cause):
    deal = make_deal(by=cast.ana)

    with refused("initiator"):
        stop(deal, by=cast.ana, initiator=initiator, cause=cause)


@pytest.mark.parametrize("initiator", Initiator)
def test_it_takes_a_cause_of_either_side(cast, initiator):
    deal = make_deal(by=cast.ana)

    stop(deal, by=cast.ana, initiator=initiator, cause="bad_timing")

    assert deal.initiator == initiator


def test_it_counts_as_lost_only_what_the_customer_ended(cast):
    lost, ours = make_deal(by=cast.ana), make_deal(by=cast.ana)

    stop(lost, by=cast.ana)
    stop(ours, by=cast.ana, initiator=Initiator.US, cause="disqualified")

    assert list(Deal.objects.lost()) == [lost]


@pytest.mark.parametrize("at", [ago(days=10, seconds=1), NOW + dt.timedelta(seconds=1)])
def test_it_refuses_an_instant_before_the_open_visit_or_ahead(cast, refused, at):
    deal = make_deal(by=cast.ana, at=ago(days=10))

    with refused("at"):
        stop(deal, by=cast.ana, at=at)


@pytest.mark.parametrize("closed", [won_deal, stopped_deal])
def test_it_refuses_what_is_closed(cast, refused, closed):
    deal = closed(by=cast.ana)

    with refused(None):
        stop(deal, by=cast.ana, at=NOW)


@pytest.mark.parametrize("who", ["ben", "carl", "nora"])
def test_it_does_not_exist_for_others(cast, unseen, who):
    deal = make_deal(by=cast.ana)

    with unseen(Deal.DoesNotExist):
        stop(deal, by=getattr(cast, who))


def test_it_says_how_the_deal_stands_to_who_saw_an_older_state(cast):
    deal = make_deal(by=cast.ana)
    stop(Deal.objects.get(pk=deal.pk), by=cast.mona)

    with pytest.raises(Stale) as stale:
        stop(deal, by=cast.ana, at=NOW, version=deal.version)

    assert stale.value.record.outcome == Outcome.STOPPED
