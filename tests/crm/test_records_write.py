"""The decision path, the verdict, closing attempts and the hand-off of a deal."""

import datetime as dt
from typing import Any

import pytest

from crm.commands import closing_attempt, decision_path, hand_off, verdict
from crm.commands import offer as offers
from crm.commands.writers.decision_path import DecisionPathInput
from crm.commands.writers.offer import OfferInput
from crm.commands.writers.verdict import VerdictInput
from crm.events import HandOffChanged, VerdictGiven
from crm.models import (
    ClosingAttempt,
    Confidence,
    Contact,
    Deal,
    DealRole,
    DecisionPath,
    HandOff,
    OfferKind,
    Reply,
    Ruling,
    Verdict,
)
from pipeline.process.stages import Outcome, Stage
from tests.conftest import Cast
from tests.crm.conftest import Refusal
from tests.factories import NOW, make_contact, make_deal, plan_call, won_deal

SOON = dt.date(2026, 5, 4)


@pytest.fixture
def petra(cast: Cast) -> Contact:
    return make_contact(by=cast.ana, name="Petra Voss")


@pytest.fixture
def deal(cast: Cast, petra: Contact) -> Deal:
    return make_deal(by=cast.ana, contact=petra, stage=Stage.PROSPECTING)


def fields(deal: Deal) -> list[str]:
    return [change.kind for change in deal.changes.order_by("id")]


def test_it_writes_the_path_with_what_each_of_them_is_to_it(cast: Cast, deal: Deal, petra: Contact):
    said: dict[str, Any] = {"criteria": "Price", "decides_on": SOON, "confirmed_by": petra}
    for _again in range(2):
        decision_path.write(
            deal,
            DecisionPathInput(
                steps="Petra, then the board",
                **said,
                roles={petra.pk: DealRole.DECIDES, 99_999: DealRole.USES},
            ),
            by=cast.ana,
            at=NOW,
        )

    path = DecisionPath.objects.get()
    assert (path.steps, path.criteria, path.decides_on) == ("Petra, then the board", "Price", SOON)
    assert (path.confirmed_by, path.confirmed_on) == (petra, NOW.date())
    assert deal.deal_contacts.get().role == "decides"
    assert fields(deal) == [
        "path_steps",
        "path_criteria",
        "path_decides_on",
        "path_confirmed_on",
        "path_confirmed_by",
        "contact",
    ]


def test_it_refuses_a_confirmation_that_cannot_be(cast: Cast, deal: Deal, refused: Refusal):
    stranger = make_contact(by=cast.ana, name="Somebody Else")
    with refused("confirmed_by"):
        decision_path.write(
            deal, DecisionPathInput(steps="So", confirmed_by=stranger), by=cast.ana, at=NOW
        )
    with refused("confirmed_on"):
        decision_path.write(
            deal, DecisionPathInput(steps="So", confirmed_on=SOON), by=cast.ana, at=NOW
        )


def judge(deal: Deal, ruling: Ruling, *, by: Any = None, **facts) -> Verdict:
    who: Any = by or deal.owner
    return verdict.give(deal, VerdictInput(ruling=ruling, **facts), by=who, at=NOW)


def test_it_qualifies_on_both_sides(cast: Cast, deal: Deal):
    said = judge(deal, Ruling.QUALIFIED, ours_why="They pay", theirs_why="They showed us the plant")

    assert (said.ruling, said.ours_why) == ("qualified", "They pay")
    change = deal.changes.get()
    assert change.event == VerdictGiven(ruling="qualified", ours="yes", theirs="yes")
    assert change.reason == "They pay\nThey showed us the plant"
    assert deal.is_open


@pytest.mark.parametrize("side", ["ours", "theirs"])
@pytest.mark.parametrize("sure", [Confidence.NO, Confidence.UNSURE])
def test_it_needs_both_sides(cast: Cast, deal: Deal, refused: Refusal, side: str, sure: Confidence):
    with refused(side):
        judge(deal, Ruling.QUALIFIED, **{side: sure})


def test_not_yet_parks_the_deal_until_the_day(cast: Cast, deal: Deal):
    plan_call(deal, by=cast.ana, due_at=NOW + dt.timedelta(days=1))
    judge(deal, Ruling.NOT_YET, theirs=Confidence.UNSURE, revisit_on=SOON)

    deal.refresh_from_db()
    assert (deal.parked_until, deal.next_at) == (SOON, None)
    assert Verdict.objects.get().revisit_on == SOON


@pytest.mark.parametrize("day", [None, NOW.date(), dt.date(2026, 1, 1)])
def test_not_yet_asks_for_a_day_ahead(cast: Cast, deal: Deal, refused: Refusal, day):
    with refused("revisit_on"):
        judge(deal, Ruling.NOT_YET, revisit_on=day)


def test_disqualified_stops_the_deal_by_us_and_is_no_loss(cast: Cast, deal: Deal):
    judge(deal, Ruling.DISQUALIFIED, ours=Confidence.NO, ours_why="No budget before 2028")

    deal.refresh_from_db()
    assert deal.cause is not None
    assert (deal.outcome, deal.initiator, deal.cause.key) == ("stopped", "us", "disqualified")
    assert deal.closing_note == "No budget before 2028"
    assert not Deal.objects.lost().exists()
    assert deal.visits.get().left_how == "stopped"


def test_it_counts_every_attempt(cast: Cast, deal: Deal):
    offer = offers.make(deal, OfferInput(value=None, kind=OfferKind.VERBAL), by=cast.ana, at=NOW)
    for reply, why in ((Reply.NOT_YET, "The board meets in May"), (Reply.YES, "")):
        closing_attempt.log(deal, reply=reply, why=why, by=cast.ana, at=NOW)

    assert [(one.reply, one.why, one.offer) for one in ClosingAttempt.objects.order_by("id")] == [
        ("not_yet", "The board meets in May", offer),
        ("yes", "", offer),
    ]
    deal.refresh_from_db()
    assert deal.is_open
    assert fields(deal)[-2:] == ["attempt", "attempt"]


def test_it_asks_for_nothing_in_the_future(cast: Cast, deal: Deal, refused: Refusal):
    with refused("at"):
        closing_attempt.log(deal, reply=Reply.NO, by=cast.ana, at=NOW + dt.timedelta(days=1))


def test_it_hands_a_won_deal_over_and_changes_it_later(cast: Cast):
    deal = won_deal(by=cast.ana)
    visits = list(deal.visits.values())
    hand_off.write(
        deal, to="Plant Linz", promised="Six depots by May", starts_on=SOON, by=cast.ana, at=NOW
    )
    hand_off.write(deal, to="Plant Graz", seller_involved=True, by=cast.mona, at=NOW)

    row = HandOff.objects.get()
    assert (row.to, row.promised, row.starts_on, row.seller_involved) == (
        "Plant Graz",
        "",
        None,
        True,
    )
    told = deal.changes.filter(kind="hand_off").order_by("id")
    assert [change.event for change in told] == [
        HandOffChanged(new="Plant Linz"),
        HandOffChanged(old="Plant Linz", new="Plant Graz"),
    ]
    assert list(deal.visits.values()) == visits
    assert deal.outcome == Outcome.WON


def test_it_hands_over_what_is_won_alone(cast: Cast, deal: Deal, refused: Refusal):
    with refused(None):
        hand_off.write(deal, to="Plant Linz", by=cast.ana, at=NOW)
    won = won_deal(by=cast.ana, name="Won")
    with refused("to"):
        hand_off.write(won, to=" ", by=cast.ana, at=NOW)
    with refused("due_on"):
        hand_off.write(
            won,
            to="Plant",
            starts_on=SOON,
            due_on=SOON - dt.timedelta(days=1),
            by=cast.ana,
            at=NOW,
        )


def test_it_records_nothing_of_a_closed_deal_but_its_hand_off(cast: Cast, refused: Refusal):
    deal = won_deal(by=cast.ana)
    with refused(None):
        decision_path.write(deal, DecisionPathInput(steps="So"), by=cast.ana, at=NOW)
    with refused(None):
        judge(deal, Ruling.QUALIFIED)
    with refused(None):
        closing_attempt.log(deal, reply=Reply.NO, by=cast.ana, at=NOW)


def test_they_are_for_those_who_may_edit_the_deal(cast: Cast, deal: Deal, unseen):
    won = won_deal(by=cast.ana, name="Won")
    for write in (
        lambda: decision_path.write(deal, DecisionPathInput(steps="So"), by=cast.ben, at=NOW),
        lambda: judge(deal, Ruling.DISQUALIFIED, by=cast.nora),
        lambda: closing_attempt.log(deal, reply=Reply.NO, by=cast.carl, at=NOW),
        lambda: hand_off.write(won, to="Plant", by=cast.ben, at=NOW),
    ):
        with unseen(Deal.DoesNotExist):
            write()
