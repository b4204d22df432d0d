"""Several people, one deal, at the same time: real threads, real transactions, real locks."""

import random
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from crm.commands import activity as activity_commands
from crm.commands import deal as deal_commands
from crm.commands import deal_move as move_commands
from crm.commands import deal_win as win_commands
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind, ActivityResult, Deal, StageVisit
from pipeline.models import User
from pipeline.process.stages import Initiator, Outcome, Stage
from salesprocess.lib.refused import Refused, Stale
from tests.crm.threads import at_once
from tests.crm.truth import faults_of
from tests.factories import NOW, cause_named, make_deal, plan_call, ready_deal

pytestmark = pytest.mark.django_db(transaction=True)


def mine(deal: Deal) -> Deal:
    """The deal as one browser loaded it."""
    return Deal.objects.get(pk=deal.pk)


def kinds(ends: list[Any]) -> list[str]:
    return sorted(type(end).__name__ for end in ends)


def test_it_keeps_one_unbroken_history_of_all_moves(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)
    seen = deal.version
    people = [cast.ana, cast.mona, cast.rosa, cast.adele]

    def move_about(by: User) -> int:
        dice, moved = random.Random(by.name), 0
        for _move in range(12):
            try:
                move_commands.move(
                    mine(deal),
                    to=dice.choice(list(Stage)),
                    by=by,
                    at=NOW,
                    reason=f"{by.name} says so.",
                )
                moved += 1
            except Refused as refused:
                assert refused.field == "to"  # noqa: PT017  # it is there already
        return moved

    ends = at_once(*(partial(move_about, by) for by in people))

    assert all(isinstance(end, int) for end in ends), ends
    assert StageVisit.objects.filter(deal=deal).count() == 1 + sum(ends)
    assert faults_of(deal) == []
    deal.refresh_from_db()
    assert deal.version == seen + sum(ends)


def test_it_lets_one_of_those_who_saw_the_same_card_move_it(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)

    def advance(by: User, page: Deal) -> None:
        move_commands.advance(page, to=Stage.NEEDS_ANALYSIS, by=by, at=NOW, version=page.version)

    ends = at_once(
        *(partial(advance, by, mine(deal)) for by in (cast.ana, cast.mona, cast.rosa, cast.adele))
    )

    assert kinds(ends) == ["NoneType", "Stale", "Stale", "Stale"]
    assert {end.record.stage for end in ends if isinstance(end, Stale)} == {4}
    assert faults_of(deal) == []


def test_it_lets_one_of_two_take_a_deal_out_of_the_pool(cast):
    for _time in range(5):
        deal = make_deal(by=cast.mona, team=cast.north)

        ends = at_once(
            *(
                partial(deal_commands.claim, mine(deal), by=by, at=NOW)
                for by in (cast.ana, cast.ben)
            )
        )

        assert kinds(ends) == ["NoneType", "Refused"]
        winner = (cast.ana, cast.ben)[ends.index(None)]
        (late,) = [end for end in ends if end is not None]
        assert late.message == f"{winner.name} has taken this deal already."
        deal.refresh_from_db()
        assert deal.owner == winner
        assert deal.changes.count() == 1


def test_it_is_won_or_stopped_and_never_both(cast):
    cause = cause_named("price")
    for _time in range(5):
        deal = ready_deal(by=cast.ana, stage=Stage.CLOSING)
        pages = mine(deal), mine(deal)

        ends = at_once(
            partial(win_commands.win, pages[0], value=Decimal(1), by=cast.ana, at=NOW),
            partial(
                deal_commands.stop,
                pages[1],
                initiator=Initiator.CUSTOMER,
                cause=cause,
                by=cast.mona,
                at=NOW,
            ),
        )

        assert kinds(ends) == ["NoneType", "Refused"]
        deal.refresh_from_db()
        assert deal.outcome == (Outcome.WON, Outcome.STOPPED)[ends.index(None)]
        assert faults_of(deal) == []


def test_it_counts_what_two_people_did_as_done_once(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.PROSPECTING)
    call = plan_call(deal, by=cast.ana, due_at=NOW)

    complete = partial(activity_commands.complete, at=NOW, result=ActivityResult.MOVED_FORWARD)
    pages = [Activity.objects.get(pk=call.pk) for _page in range(2)]

    ends = at_once(
        partial(complete, pages[0], by=cast.ana), partial(complete, pages[1], by=cast.mona)
    )

    assert kinds(ends) == ["NoneType", "Refused"]
    deal.refresh_from_db()
    assert deal.stage == Stage.QUALIFICATION
    assert faults_of(deal) == []


def test_it_leaves_nothing_planned_on_a_deal_that_was_stopped_meanwhile(cast):
    cause = cause_named("price")
    for _time in range(5):
        deal = ready_deal(by=cast.ana)
        pages = mine(deal), mine(deal)

        at_once(
            partial(
                deal_commands.stop,
                pages[0],
                initiator=Initiator.CUSTOMER,
                cause=cause,
                by=cast.ana,
                at=NOW,
            ),
            partial(
                activity_commands.plan,
                About(deal=pages[1]),
                next=Next(kind=ActivityKind.CALL, due_at=NOW),
                by=cast.mona,
                at=NOW,
            ),
        )

        assert not deal.activities.planned().exists()
        assert faults_of(deal) == []


def test_it_is_out_of_reach_at_once_for_who_gave_it_away(cast):
    for _time in range(5):
        deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)
        pages = mine(deal), mine(deal)

        given, moved = at_once(
            partial(deal_commands.hand_over, pages[0], to=cast.carl, by=cast.rosa, at=NOW),
            partial(move_commands.advance, pages[1], to=Stage.NEEDS_ANALYSIS, by=cast.ana, at=NOW),
        )

        assert given is None
        assert moved is None or isinstance(moved, Deal.DoesNotExist)
        last = deal.visits.latest("sequence")
        assert (last.entered_by, last.entry_owner) == (cast.ana, cast.ana)
        assert faults_of(deal) == []


def test_it_keeps_a_sentence_that_was_typed_while_another_moved_the_card(cast):
    deal = ready_deal(by=cast.ana, stage=Stage.QUALIFICATION)
    pages = mine(deal), mine(deal)
    seen = deal.version

    ends = at_once(
        lambda: move_commands.advance(pages[0], to=Stage.NEEDS_ANALYSIS, by=cast.mona, at=NOW),
        lambda: deal_commands.edit(pages[1], by=cast.ana, at=NOW, name="Line 4"),
    )

    assert ends == [None, None]
    deal.refresh_from_db()
    assert (deal.name, deal.stage, deal.version) == (
        "Line 4",
        Stage.NEEDS_ANALYSIS,
        seen + 2,
    )
