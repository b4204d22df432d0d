"""Winning: from every stage, for a value, and visits end won only in the seventh."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from crm.commands import company as company_commands
from crm.commands import deal as deal_commands
from crm.commands import deal_win as win_commands
from crm.events import AmountChanged
from crm.models import Deal, Relationship
from pipeline.process.moves import LeftHow
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.events import Sum
from salesprocess.lib.refused import Stale
from tests.crm.truth import faults_of
from tests.factories import NOW, ago, make_company, plan_call, ready_deal, stopped_deal, won_deal


def win(deal: Deal, **given: Any) -> None:
    usual: dict[str, Any] = {"value": Decimal(900), "reason": "Signed at once."}
    win_commands.win(deal, **usual | {"at": ago(days=1)} | given)


@pytest.mark.parametrize("stage", Stage)
def test_it_wins_from_every_stage(cast, stage):
    deal = ready_deal(by=cast.ana, stage=stage, amount=1000)

    win(deal, by=cast.mona, note=" They liked it. ")

    last = deal.visits.latest("sequence")
    assert (last.stage, last.left_how, last.left_at, last.left_by) == (
        Stage.CLOSING,
        LeftHow.WON,
        ago(days=1),
        cast.mona,
    )
    assert (last.exit_owner, last.exit_team, last.exit_amount) == (
        cast.ana,
        cast.north,
        Decimal(900),
    )
    assert deal.visits.count() == (1 if stage == Stage.CLOSING else 2)
    assert (deal.outcome, deal.stage, deal.closed_at) == (Outcome.WON, 7, ago(days=1))
    assert (deal.amount, deal.closing_note) == (Decimal(900), "They liked it.")
    assert faults_of(deal) == []


def test_it_writes_the_value_into_the_history(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.CLOSING, amount=1000)

    win(deal, by=cast.ana)

    change = deal.changes.get(kind="amount")
    old, new = (Sum(amount=Decimal(one), currency="EUR") for one in (1000, 900))
    assert change.event == AmountChanged(old=old, new=new)
    assert (change.by, change.at) == (cast.ana, ago(days=1))


def test_it_writes_no_change_of_a_value_that_stays(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.CLOSING, amount=900)

    win(deal, by=cast.ana)

    assert not deal.changes.filter(kind="amount").exists()


def test_it_asks_for_the_reason_of_a_jump(cast, refused):
    deal = ready_deal(by=cast.ana, stage=Stage.PROPOSAL)

    with refused("reason"):
        win(deal, by=cast.ana, reason="")


def test_it_refuses_a_negative_value_and_takes_zero(cast, refused):
    deal = ready_deal(by=cast.ana, stage=Stage.CLOSING)

    with refused("value"):
        win(deal, by=cast.ana, value=Decimal("-0.01"))
    win(deal, by=cast.ana, value=Decimal(0))


@pytest.mark.parametrize(
    "value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e13"), Decimal("0.001")]
)
def test_it_refuses_a_value_that_is_no_amount_of_money(cast, refused, value):
    deal = ready_deal(by=cast.ana, stage=Stage.CLOSING)

    with refused("value"):
        win(deal, by=cast.ana, value=value)


@pytest.mark.parametrize("at", [ago(days=10, seconds=1), NOW + dt.timedelta(seconds=1)])
def test_it_refuses_an_instant_before_the_open_visit_or_ahead(cast, refused, at):
    deal = ready_deal(by=cast.ana, stage=Stage.CLOSING, at=ago(days=10))

    with refused("at"):
        win(deal, by=cast.ana, at=at)


@pytest.mark.parametrize("closed", [won_deal, stopped_deal])
def test_it_refuses_what_is_closed(cast, refused, closed):
    deal = closed(by=cast.ana)

    with refused(None):
        win(deal, by=cast.ana, at=NOW)


@pytest.mark.parametrize("who", ["ben", "carl", "nora"])
def test_it_does_not_exist_for_others(cast, unseen, who):
    deal = ready_deal(by=cast.ana, stage=Stage.CLOSING)

    with unseen(Deal.DoesNotExist):
        win(deal, by=getattr(cast, who))


def test_it_says_how_the_deal_stands_to_who_saw_an_older_state(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.CLOSING)
    deal_commands.edit(Deal.objects.get(pk=deal.pk), by=cast.mona, at=NOW, name="Renamed")

    with pytest.raises(Stale) as stale:
        win(deal, by=cast.ana, version=deal.version)

    assert stale.value.record.name == "Renamed"
    assert Deal.objects.get().is_open


def test_it_makes_the_company_a_customer(cast):
    norte = make_company(by=cast.ben, owner=cast.ben)
    deal = ready_deal(by=cast.ana, stage=Stage.CLOSING, company=norte)
    seen = norte.version

    win(deal, by=cast.ana)

    norte.refresh_from_db()
    assert norte.relationship == Relationship.CUSTOMER
    assert (norte.changed_by, norte.changed_at) == (cast.ana, ago(days=1))
    with pytest.raises(Stale):
        company_commands.edit(
            norte, by=cast.ben, at=NOW, version=seen, relationship=Relationship.NEVER_BOUGHT
        )


def test_it_leaves_a_customer_untouched(cast):
    norte = make_company(by=cast.ana, relationship=Relationship.CUSTOMER)

    win(ready_deal(by=cast.ana, stage=Stage.CLOSING, company=norte), by=cast.ana)

    version = norte.version
    norte.refresh_from_db()
    assert norte.version == version


def test_it_keeps_what_is_planned_for_the_hand_off_and_asks_for_no_attention(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.CLOSING)
    call = plan_call(deal, by=cast.ana, due_at=NOW + dt.timedelta(days=2))

    win(deal, by=cast.ana, at=NOW)

    assert (deal.next_at, deal.attention_at) == (call.due_at, None)
    assert faults_of(deal) == []


def test_it_ends_a_parking(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.CLOSING)
    deal_commands.park(deal, until=dt.date(2026, 5, 1), by=cast.ana, at=ago(days=2))

    win(deal, by=cast.ana)

    assert (deal.parked_until, deal.attention_at) == (None, None)
