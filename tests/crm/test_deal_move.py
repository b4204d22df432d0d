"""Moving a deal: advance, and the move that goes whichever way the stage lies."""

import datetime as dt

import pytest

from crm.commands import deal_move as move_commands
from crm.models import Deal, Lead, Opportunity
from pipeline.process.moves import EnteredHow, LeftHow
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Stale
from tests.crm.truth import all_rows, faults_of
from tests.factories import NOW, ago, ready_deal, stopped_deal, won_deal

MOVES = {
    "advance": Stage.NEEDS_ANALYSIS,
    "move": Stage.NEEDS_ANALYSIS,
}


def do(verb, deal, **given):
    given = {"to": MOVES[verb], "reason": "A new buyer.", "at": ago(days=1)} | given
    getattr(move_commands, verb)(deal, **given)


def visits(deal):
    return list(deal.visits.order_by("sequence"))


def test_it_advances_and_writes_who_and_when(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION, amount=500)
    seen = deal.version

    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, by=cast.mona, at=ago(days=2))

    before, after = visits(deal)
    assert (before.left_how, before.left_at, before.left_by) == (
        LeftHow.ADVANCED,
        ago(days=2),
        cast.mona,
    )
    assert (before.exit_owner, before.exit_team, before.exit_amount) == (cast.ana, cast.north, 500)
    assert (after.entered_how, after.entered_at, after.entered_by) == (
        EnteredHow.FORWARD,
        ago(days=2),
        cast.mona,
    )
    assert (after.entry_owner, after.entry_team, after.entry_amount) == (cast.ana, cast.north, 500)
    assert (deal.stage, deal.stage_entered_at) == (Stage.NEEDS_ANALYSIS, ago(days=2))
    assert (deal.changed_by, deal.changed_at, deal.version) == (
        cast.mona,
        ago(days=2),
        seen + 1,
    )
    assert faults_of(deal) == []


def test_it_jumps_with_one_reason_and_no_visit_between(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.PROSPECTING)

    move_commands.advance(deal, to=Stage.PROPOSAL, by=cast.ana, at=NOW, reason="A repeat order.")

    assert [visit.stage for visit in visits(deal)] == [Stage.PROSPECTING, Stage.PROPOSAL]
    assert visits(deal)[1].reason == "A repeat order."


def test_it_makes_one_record_of_a_lead_and_an_opportunity(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.PROSPECTING)
    assert [lead.pk for lead in Lead.objects.all()] == [deal.pk]

    move_commands.advance(deal, to=Stage.QUALIFICATION, by=cast.ana, at=NOW)

    assert not Lead.objects.exists()
    assert [row.pk for row in Opportunity.objects.all()] == [deal.pk]
    assert Deal.objects.count() == 1


def test_it_moves_back_and_keeps_what_was(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.PROPOSAL)

    move_commands.move(deal, to=Stage.NEEDS_ANALYSIS, by=cast.ana, at=NOW, reason="A new buyer.")

    before, after = visits(deal)
    assert (before.left_how, after.entered_how) == (LeftHow.BACK, EnteredHow.BACK)
    assert after.reason == "A new buyer."
    assert faults_of(deal) == []


def test_it_moves_whichever_way_the_stage_lies(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)

    do("move", deal, to=Stage.NEEDS_ANALYSIS, by=cast.ana)
    do("move", deal, to=Stage.PROSPECTING, by=cast.ana)

    assert [visit.entered_how for visit in visits(deal)] == ["created", "forward", "back"]


def test_it_refuses_to_advance_to_a_stage_that_lies_behind(cast, refused):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)

    with refused("to"):
        do("advance", deal, to=Stage.PROSPECTING, by=cast.ana)


@pytest.mark.parametrize("verb", MOVES)
def test_it_refuses_the_stage_that_the_deal_is_in(cast, refused, verb):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)

    with refused("to"):
        do(verb, deal, to=Stage.QUALIFICATION, by=cast.ana)


@pytest.mark.parametrize(("verb", "to"), [("advance", 5), ("move", 5), ("move", 1)])
def test_it_asks_for_the_reason_of_a_jump_or_a_step_back(cast, refused, verb, to):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)

    with refused("reason"):
        do(verb, deal, to=Stage(to), by=cast.ana, reason=" ")


@pytest.mark.parametrize("verb", MOVES)
@pytest.mark.parametrize("who", ["ben", "carl", "nora"])
def test_it_does_not_exist_for_others(cast, unseen, verb, who):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)

    with unseen(Deal.DoesNotExist):
        do(verb, deal, by=getattr(cast, who))


@pytest.mark.parametrize("verb", MOVES)
def test_it_does_not_exist_for_a_person_who_was_deactivated(cast, unseen, verb):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)
    cast.ana.is_active = False
    cast.ana.save()

    with unseen(Deal.DoesNotExist):
        do(verb, deal, by=cast.again(cast.ana))


@pytest.mark.parametrize("verb", MOVES)
def test_it_must_be_claimed_out_of_a_pool_first(cast, unseen, verb):
    deal = ready_deal(by=cast.ana, team=cast.north, stage=Stage.QUALIFICATION)

    with unseen(Deal.DoesNotExist):
        do(verb, deal, by=cast.ana)
    do(verb, deal, by=cast.mona)


@pytest.mark.parametrize("verb", MOVES)
@pytest.mark.parametrize("at", [ago(days=10, seconds=1), NOW + dt.timedelta(seconds=1)])
def test_it_refuses_an_instant_before_the_open_visit_or_ahead(cast, refused, verb, at):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION, at=ago(days=10))

    with refused("at"):
        do(verb, deal, by=cast.ana, at=at)


@pytest.mark.parametrize("verb", MOVES)
@pytest.mark.parametrize("closed", [stopped_deal, won_deal])
def test_it_refuses_to_move_what_is_closed(cast, refused, verb, closed):
    deal = closed(by=cast.ana)

    with refused(None):
        do(verb, deal, to=Stage.PROPOSAL, by=cast.ana, at=NOW)


@pytest.mark.parametrize("verb", MOVES)
def test_it_says_how_the_deal_stands_to_who_saw_an_older_state(cast, verb):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)
    seen = deal.version
    do("move", Deal.objects.get(pk=deal.pk), to=Stage.PROPOSAL, by=cast.mona)
    before = all_rows()

    with pytest.raises(Stale) as stale:
        do(verb, deal, by=cast.ana, at=NOW, version=seen)

    assert stale.value.record.stage == Stage.PROPOSAL
    assert stale.value.record.changed_by == cast.mona
    assert all_rows() == before


def test_it_takes_the_state_that_was_seen(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)

    do("advance", deal, by=cast.ana, version=deal.version)

    assert deal.stage == Stage.NEEDS_ANALYSIS


def test_it_answers_who_was_a_moment_later_without_a_version(cast, refused):
    """Two people drag one card; the second one's instant is the earlier. No broken chain."""
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)
    do("move", Deal.objects.get(pk=deal.pk), by=cast.mona, at=NOW)

    with refused("at"):
        do("move", deal, to=Stage.PROPOSAL, by=cast.ana, at=ago(seconds=1))

    assert faults_of(deal) == []


def test_it_brings_the_callers_object_up_to_date(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)
    Deal.objects.filter(pk=deal.pk).update(name="Renamed meanwhile")

    do("advance", deal, by=cast.ana)

    assert deal.name == "Renamed meanwhile"
