"""What is proposed to come next: always one thing, on a working day, with its reason in words."""

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.models import ActivityKind, ActivityResult
from crm.proposal import DealStanding, ProposalReason, propose
from pipeline.process.gates import Facts
from pipeline.process.merging import merge
from pipeline.process.playbook import Fact, Importance, Playbook, StepKind, WorkKind
from pipeline.process.stages import Stage
from salesprocess.lib.working_hours import WorkingHours
from tests.pipeline.process import layer, row, whole

VIENNA = zoneinfo.ZoneInfo("Europe/Vienna")
# A Wednesday and the Friday after it.
WEDNESDAY = dt.datetime(2026, 3, 11, 10, 0, tzinfo=VIENNA)
FRIDAY = WEDNESDAY + dt.timedelta(days=2)
HOURS = WorkingHours()
CALL, EMAIL, MEETING = ActivityKind.CALL, ActivityKind.EMAIL, ActivityKind.MEETING


def book(*rows) -> Playbook:
    return merge([layer(*whole(*rows))])


def standing(stage: Stage, *rows, known=(), settled=()) -> DealStanding:
    facts = Facts(known=frozenset(known), settled=frozenset(settled))
    return DealStanding(stage=stage, playbook=book(*rows), facts=facts)


def asked(kind, result, where=None, *, at=WEDNESDAY, on=None):
    return propose(kind, result, standing=where, at=at, hours=HOURS, on=on)


@pytest.mark.parametrize(
    ("at", "day", "hour"),
    [
        (WEDNESDAY, 12, dt.time(15)),
        (WEDNESDAY.replace(hour=16), 12, dt.time(10)),
        (FRIDAY, 16, dt.time(15)),
        (FRIDAY.replace(hour=22), 16, dt.time(10)),
    ],
)
def test_who_was_not_there_is_tried_in_the_other_half_of_the_next_working_day(at, day, hour):
    found = asked(CALL, ActivityResult.NO_ANSWER, standing(Stage.PROSPECTING), at=at)
    assert (found.kind, found.why) == (CALL, ProposalReason.ANOTHER_HOUR)
    assert found.due.at == dt.datetime.combine(dt.date(2026, 3, day), hour, tzinfo=VIENNA)


def test_a_meeting_that_was_set_is_proposed_and_its_day_is_asked_for_unless_it_was_said():
    said = asked(CALL, ActivityResult.MEETING_SET, on=dt.date(2026, 3, 20))
    assert (said.kind, said.due.on, said.is_day_assumed) == (MEETING, dt.date(2026, 3, 20), False)
    unsaid = asked(CALL, ActivityResult.MEETING_SET)
    assert (unsaid.kind, unsaid.is_day_assumed) == (MEETING, True)
    assert unsaid.why == ProposalReason.MEETING_DAY


def test_reached_leads_to_what_the_first_open_gate_asks_for():
    where = standing(
        Stage.NEEDS_ANALYSIS,
        row("measured", importance=Importance.GATE, kind=StepKind.ACTIVITY, doing=WorkKind.MEETING),
    )
    found = asked(CALL, ActivityResult.REACHED, where)
    # A gate that asks comes before an advisory one.
    assert (found.kind, found.subject, found.why) == (MEETING, "Measured", ProposalReason.GATE)
    assert "Measured" in found.reason
    assert str(Stage.PROPOSAL.short) in found.reason
    done = standing(
        Stage.NEEDS_ANALYSIS,
        row("measured", importance=Importance.GATE),
        settled=[(Stage.NEEDS_ANALYSIS, "measured")],
    )
    assert asked(CALL, ActivityResult.REACHED, done).subject == str(Fact.PROBLEM.label)


def test_who_was_reached_agreed_to_speak_so_that_this_is_not_asked_for_again():
    known = standing(Stage.PROSPECTING, known=[Fact.PARTY])
    found = asked(CALL, ActivityResult.REACHED, known)
    assert found.why == ProposalReason.NOTHING_MISSING
    assert found.due.on == dt.date(2026, 3, 16)


def test_moved_forward_leads_to_the_first_open_step_of_the_stage_that_is_entered():
    rows = (
        row("script", stage=Stage.PROPOSAL, kind=StepKind.HINT, position=1.0),
        row("offer", stage=Stage.PROPOSAL, fact=Fact.OFFER, position=2.0),
    )
    found = asked(MEETING, ActivityResult.MOVED_FORWARD, standing(Stage.NEEDS_ANALYSIS, *rows))
    assert (found.kind, found.subject, found.why) == (EMAIL, "Offer", ProposalReason.FIRST_STEP)
    assert found.due.on == dt.date(2026, 3, 12)
    has_offer = standing(Stage.NEEDS_ANALYSIS, *rows, known=[Fact.OFFER])
    assert asked(MEETING, ActivityResult.MOVED_FORWARD, has_offer).subject == "Basics"


@given(
    kind=st.sampled_from(ActivityKind),
    result=st.none() | st.sampled_from(ActivityResult),
    stage=st.none() | st.sampled_from(Stage),
    known=st.sets(st.sampled_from(Fact)),
    minutes=st.integers(0, 60 * 24 * 400),
    days=st.sets(st.integers(1, 7), min_size=1),
    opens=st.integers(0, 20 * 60),
    lasts=st.integers(1, 4 * 60),
)
def test_there_is_always_one_on_a_working_day_ahead_with_its_reason(
    kind, result, stage, known, minutes, days, opens, lasts
):
    at = WEDNESDAY + dt.timedelta(minutes=minutes)
    hours = WorkingHours(days=frozenset(days), opens=opens, closes=opens + lasts)
    where = standing(stage, known=known) if stage else None
    found = propose(kind, result, standing=where, at=at, hours=hours)
    day = found.due.day(VIENNA)
    assert day > at.date()
    assert day.isoweekday() in days
    assert found.kind != ActivityKind.NOTE
    assert found.reason
    assert "%" not in found.reason
    assert len(found.subject) <= 200
