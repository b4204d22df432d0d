"""What asks for somebody on open deals, and how true it was (METRICS K5, K9, K12, K14 to K16)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from crm.commands import deal as deal_commands
from crm.models import Activity, Deal, DealChange, DealContact
from pipeline.models import User
from pipeline.process.stages import Initiator, Stage
from reports.attention import NEXT_STATES, ONLY_NOW, WARNINGS
from reports.axes import NEXT_STATE, STAGE, WARNING
from reports.metrics import attention, expected, movement, outcomes, promise
from tests.conftest import Cast
from tests.factories import NOW, ago, cause_named, make_deal, plan_call, ready_deal, stopped_deal
from tests.reports.test_metrics import asked


def warned_of(cast: Cast) -> dict[str, int]:
    question = asked(cast.again(cast.ana))
    found = attention.warned.measure(question, WARNING)
    return {name: found[name].part or 0 for name in WARNINGS if found[name].part}


def touch(deal: Deal, *, by: User, days: float, result: str = "no_answer") -> None:
    at = ago(days=days)
    Activity.objects.create(
        kind="call", result=result, deal=deal, owner=by, done_at=at, created_at=at, stage=2
    )
    if result != "no_answer":
        Deal.objects.filter(pk=deal.pk).update(touched_at=at)


@pytest.mark.usefixtures("clock")
def test_k15_each_warning_is_told_of_a_deal_of_which_it_is_true_alone(cast: Cast) -> None:
    fresh: dict[str, Any] = {"by": cast.ana, "at": ago(days=1)}
    make_deal(name="Fresh", **fresh)
    assert warned_of(cast) == {}
    quiet = make_deal(by=cast.ana, at=ago(days=60), name="Quiet")
    told = {}
    told["silent"] = warned_of(cast)
    touch(quiet, by=cast.ana, days=1)
    told["one try"] = warned_of(cast)
    touch(quiet, by=cast.ana, days=2)
    told["two tries"] = warned_of(cast)
    touch(quiet, by=cast.ana, days=0.5, result="reached")
    told["talked"] = warned_of(cast)
    deal_commands.stop(
        quiet, initiator=Initiator.US, cause=cause_named("disqualified"), by=cast.ana, at=NOW
    )
    late = make_deal(
        stage=Stage.PROPOSAL, name="Late", expected_close_on=ago(days=3).date(), **fresh
    )
    told["late"] = warned_of(cast)
    DealContact.objects.filter(deal=late).delete()
    told["alone"] = warned_of(cast)
    Deal.objects.filter(pk=late.pk).update(amount=1, expected_close_on=None)
    told["priced"] = warned_of(cast)
    assert told == {
        "silent": {"silent": 1, "stalled": 1},
        "one try": {"silent": 1, "stalled": 1},
        "two tries": {"silent": 1, "ghosted": 1, "stalled": 1},
        "talked": {"stalled": 1},
        "late": {"overdue": 1, "no_price": 1},
        "alone": {"overdue": 1, "no_price": 1, "few_people": 1, "no_decider": 1},
        "priced": {"few_people": 1, "no_decider": 1},
    }


@pytest.mark.usefixtures("clock")
def test_k16_what_is_next_is_overdue_due_later_or_nothing(cast: Cast) -> None:
    days = {"overdue": -1, "today": 0, "ahead": 2}
    for days_on in days.values():
        deal = make_deal(by=cast.ana, name=f"In {days_on}")
        plan_call(deal, by=cast.ana, due_on=NOW.date() + dt.timedelta(days=days_on))
    make_deal(by=cast.ana, name="Nothing")
    question = asked(cast.again(cast.ana))
    found = attention.next_planned.measure(question, NEXT_STATE)
    assert {state: found[state].n for state in NEXT_STATES} == dict.fromkeys(NEXT_STATES, 1)
    assert (found["today"].part, found["overdue"].part) == (1, 0)
    # As the next day will have it, once today is over: what was due today is overdue.
    past = asked(cast.again(cast.ana), as_of=NOW.date() - dt.timedelta(days=1))
    assert attention.next_planned.whole(past).n == 4


@pytest.mark.usefixtures("clock")
def test_k15_a_warning_was_true_of_what_was_stopped_after_it(worked_cast: Cast) -> None:
    """On day 30 D2 was silent in 6 and stopped on day 35; D8 in 3, stopped on day 40."""
    question = asked(worked_cast.again(worked_cast.ana), start=31, end=90)
    after, without = attention.stopped_after_warning, attention.stopped_without_warning
    decided = ("D1", "D2", "D6", "D8")
    assert after.whole(question).n + without.whole(question).n == len(decided)
    stopped = (after.whole(question).part or 0) + (without.whole(question).part or 0)
    assert stopped == len(("D2", "D8"))
    true, other = after.measure(question, WARNING), without.measure(question, WARNING)
    for name in WARNINGS:
        judged = 0 if name in ONLY_NOW else len(decided)
        assert true[name].n + other[name].n == judged, name


def test_k5_the_age_of_what_is_open_is_told_by_stage(worked_cast: Cast, clock: object) -> None:
    """D7 and D10 in 2 for 60 and 10 days, D3 in 5 for 45, D9 in 6 for 20."""
    question = asked(worked_cast.again(worked_cast.ana))
    found = attention.age_days.measure(question, STAGE)
    assert {stage: figure.value for stage, figure in found.items()} == {2: 35, 5: 45, 6: 20}


def test_k12_every_push_counts_and_none_is_taken_back(cast: Cast) -> None:
    deal = ready_deal(by=cast.ana, expected_close_on=dt.date(2026, 3, 20))
    for new in ("2026-04-10", "2026-03-20", "2026-05-20", "2026-05-25"):
        old = str(Deal.objects.get(pk=deal.pk).expected_close_on)
        DealChange.objects.create(
            deal=deal, at=ago(hours=1), by=cast.ana, kind="expected_close_on",
            data={"old": old, "new": new},
        )  # fmt: skip
        Deal.objects.filter(pk=deal.pk).update(expected_close_on=new)
    question = asked(cast.again(cast.ana), end=91)
    assert movement.pushes.whole(question).value == 2
    assert movement.push_days.whole(question).value == Decimal(21 + 61) / 2


def test_k12_slips_are_told_of_deals_and_of_their_value(cast: Cast) -> None:
    for amount in (100, 300):
        ready_deal(
            by=cast.ana, amount=amount, at=ago(days=20), expected_close_on=ago(days=2).date()
        )
    Deal.objects.filter(amount=100).update(
        outcome="stopped", initiator="us", cause=cause_named("price")
    )
    Deal.objects.filter(amount=100).update(closed_at=ago(days=3))
    question = asked(cast.again(cast.ana), start=80, end=90)
    assert promise.slipped.whole(question).value == Decimal("0.5")
    assert promise.slipped_value.whole(question).value == Decimal("0.75")


def test_k9_the_cover_is_what_is_due_against_what_is_not_won_yet(cast: Cast, clock: object) -> None:
    """600 won in the quarter before, 100 in this one; 1,000 due."""
    won = [
        ready_deal(by=cast.ana, name=f"Won {n}", amount=n, stage=Stage.CLOSING) for n in (600, 100)
    ]
    for deal, days in zip(won, (90, 5), strict=True):
        Deal.objects.filter(pk=deal.pk).update(outcome="won", closed_at=ago(days=days))
    ready_deal(
        by=cast.ana,
        name="Due",
        amount=1000,
        stage=Stage.PROPOSAL,
        expected_close_on=dt.date(2026, 3, 30),
    )
    stopped_deal(by=cast.ana, stage=Stage.PROPOSAL, name="Lost")
    question = asked(cast.again(cast.ana), start=60, end=90)
    assert expected.due_value.whole(question).value == 1000
    assert expected.cover.whole(question).value == Decimal(1000) / 500
    # One of two that were decided in the days asked about.
    assert expected.cover_needed.whole(question).value == 2
    assert outcomes.careful_win_rate.whole(question).value == Decimal("0.5")
    Deal.objects.filter(name="Due").update(expected_close_on=ago(days=9).date())
    later = asked(cast.again(cast.ana), start=60, end=90)
    assert outcomes.careful_win_rate.whole(later).n == 3
