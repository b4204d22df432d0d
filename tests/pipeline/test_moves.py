"""The rules of moving, without any record: cases one by one, then any sequence of them."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.process import moves
from pipeline.process.moves import EnteredHow, LeftHow, Visit
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.refused import Refused

T0 = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def visit_in(stage: Stage) -> Visit:
    return moves.start(stage, T0)


def closed(stage: Stage, how: LeftHow = LeftHow.STOPPED) -> Visit:
    return replace(visit_in(stage), left_how=how, left_at=T0 + HOUR)


def test_it_starts_a_chain_with_the_first_visit():
    visit = moves.start(Stage.PROSPECTING, T0)

    assert (visit.sequence, visit.stage, visit.entered_at) == (1, Stage.PROSPECTING, T0)
    assert visit.entered_how == EnteredHow.CREATED
    assert visit.left_how is None


def test_it_starts_without_a_date_only_when_imported():
    assert moves.start(Stage.PROSPECTING, None, imported=True).entered_how == EnteredHow.IMPORTED
    with pytest.raises(Refused) as refused:
        moves.start(Stage.PROSPECTING, None)
    assert refused.value.field == "at"


def test_it_advances_by_one_stage_without_a_reason():
    before, after = moves.move(visit_in(Stage.PROSPECTING), Stage.QUALIFICATION, T0 + HOUR)

    assert (before.left_how, before.left_at) == (LeftHow.ADVANCED, T0 + HOUR)
    assert (after.sequence, after.stage, after.entered_at) == (2, Stage.QUALIFICATION, T0 + HOUR)
    assert after.entered_how == EnteredHow.FORWARD


@pytest.mark.parametrize("reason", ["", "   "])
def test_it_asks_a_jump_for_one_reason(reason):
    with pytest.raises(Refused) as refused:
        moves.move(visit_in(Stage.PROSPECTING), Stage.PROPOSAL, T0 + HOUR, reason=reason)

    assert refused.value.field == "reason"


def test_it_lets_the_visit_after_a_jump_carry_the_reason():
    _before, after = moves.move(
        visit_in(Stage.PROSPECTING), Stage.PROPOSAL, T0 + HOUR, reason=" They had a tender. "
    )

    assert after.reason == "They had a tender."
    assert moves.skipped_stages(Stage.PROSPECTING, after.stage) == [
        Stage.QUALIFICATION,
        Stage.NEEDS_ANALYSIS,
    ]


def test_it_asks_a_step_back_for_a_reason():
    with pytest.raises(Refused) as refused:
        moves.move(visit_in(Stage.PROPOSAL), Stage.NEEDS_ANALYSIS, T0 + HOUR)

    assert refused.value.field == "reason"


def test_it_records_a_step_back_as_one():
    before, after = moves.move(
        visit_in(Stage.PROPOSAL), Stage.PROSPECTING, T0 + HOUR, reason="A new buyer."
    )

    assert (before.left_how, after.entered_how) == (LeftHow.BACK, EnteredHow.BACK)


def test_it_refuses_a_move_to_the_stage_that_the_deal_is_in():
    with pytest.raises(Refused) as refused:
        moves.move(visit_in(Stage.PROPOSAL), Stage.PROPOSAL, T0 + HOUR, reason="Again.")

    assert refused.value.field == "to"


@pytest.mark.parametrize(
    "verb",
    [
        lambda visit: moves.move(visit, Stage.QUALIFICATION, T0 + HOUR),
        lambda visit: moves.win(visit, T0 + HOUR, reason="Signed."),
        lambda visit: moves.stop(visit, T0 + HOUR),
    ],
)
@pytest.mark.parametrize("how", [LeftHow.STOPPED, LeftHow.WON])
def test_it_refuses_to_move_a_closed_deal(verb, how):
    with pytest.raises(Refused):
        verb(closed(Stage.CLOSING, how))


def test_it_wins_in_the_seventh_stage_with_one_visit():
    (visit,) = moves.win(visit_in(Stage.CLOSING), T0 + HOUR)

    assert (visit.left_how, visit.left_at) == (LeftHow.WON, T0 + HOUR)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage != Stage.CLOSING])
def test_it_wins_from_an_earlier_stage_through_the_seventh_at_the_same_instant(stage):
    first, last = moves.win(visit_in(stage), T0 + HOUR, reason="Signed on the spot.")

    assert first.left_how == LeftHow.ADVANCED
    assert (last.stage, last.left_how) == (Stage.CLOSING, LeftHow.WON)
    assert first.left_at == last.entered_at == last.left_at == T0 + HOUR


def test_it_wins_from_the_sixth_stage_without_a_reason_and_from_the_fifth_with_one():
    assert len(moves.win(visit_in(Stage.OBJECTIONS), T0)) == 2
    with pytest.raises(Refused) as refused:
        moves.win(visit_in(Stage.PROPOSAL), T0)
    assert refused.value.field == "reason"


@pytest.mark.parametrize("stage", Stage)
def test_it_stops_from_every_stage(stage):
    assert moves.stop(visit_in(stage), T0 + HOUR).left_how == LeftHow.STOPPED


@pytest.mark.parametrize("stage", Stage)
def test_it_reopens_in_the_stage_in_which_the_deal_was_closed(stage):
    visit = moves.reopen(closed(stage), T0 + 2 * HOUR, reason="They called back.")

    assert (visit.sequence, visit.stage) == (2, stage)
    assert visit.entered_how == EnteredHow.REOPENED


def test_it_reopens_only_what_is_closed_and_with_a_reason():
    with pytest.raises(Refused):
        moves.reopen(visit_in(Stage.PROPOSAL), T0, reason="They called back.")
    with pytest.raises(Refused) as refused:
        moves.reopen(closed(Stage.PROPOSAL), T0, reason=" ")
    assert refused.value.field == "reason"


def test_it_refuses_an_instant_that_lies_ahead():
    with pytest.raises(Refused) as refused:
        moves.check_time(T0 + HOUR, since=None, now=T0)

    assert refused.value.field == "at"


def test_it_refuses_an_instant_before_the_open_visit():
    with pytest.raises(Refused) as refused:
        moves.check_time(T0 - HOUR, since=T0, now=T0 + HOUR)

    assert refused.value.field == "at"


def test_it_takes_the_very_instant_of_the_open_visit_and_of_now():
    moves.check_time(T0, since=T0, now=T0)


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        (None, Outcome.OPEN),
        (LeftHow.ADVANCED, Outcome.OPEN),
        (LeftHow.BACK, Outcome.OPEN),
        (LeftHow.WON, Outcome.WON),
        (LeftHow.STOPPED, Outcome.STOPPED),
    ],
)
def test_it_reads_the_outcome_from_how_the_last_visit_ended(how, outcome):
    assert moves.outcome_of(closed(Stage.CLOSING, how)) == outcome


# What `broken_links` must see: the first of two visits, the second, and a word of the fault.
FIRST = replace(visit_in(Stage.PROSPECTING), left_how=LeftHow.ADVANCED, left_at=T0 + HOUR)
SECOND = Visit(
    sequence=2,
    stage=Stage.QUALIFICATION,
    entered_how=EnteredHow.FORWARD,
    entered_at=T0 + HOUR,
)
BROKEN = [
    (FIRST, replace(SECOND, sequence=3), "sequence"),
    (replace(FIRST, left_how=None, left_at=None), SECOND, "goes on"),
    (FIRST, replace(SECOND, entered_at=T0 + 2 * HOUR), "does not begin when"),
    (FIRST, replace(SECOND, stage=Stage.LEAD_GENERATION), "does not follow"),
    (FIRST, replace(SECOND, stage=Stage.PROSPECTING), "does not follow"),
    (FIRST, replace(SECOND, entered_how=EnteredHow.BACK, reason="Why not."), "does not follow"),
    (FIRST, replace(SECOND, stage=Stage.PROPOSAL), "has no reason"),
    (FIRST, replace(SECOND, left_how=LeftHow.STOPPED, left_at=T0), "left before"),
    (FIRST, replace(SECOND, left_how=LeftHow.WON, left_at=T0 + HOUR), "won outside"),
    (replace(FIRST, entered_how=EnteredHow.FORWARD), SECOND, "the first visit was"),
    (
        replace(FIRST, left_how=LeftHow.STOPPED),
        replace(
            SECOND,
            stage=Stage.PROSPECTING,
            entered_how=EnteredHow.REOPENED,
            entered_at=T0,
            reason="Again.",
        ),
        "reopened before",
    ),
    (
        replace(FIRST, left_how=LeftHow.STOPPED),
        replace(SECOND, stage=Stage.PROSPECTING, entered_how=EnteredHow.REOPENED),
        "has no reason",
    ),
]


def test_it_finds_no_fault_in_an_unbroken_chain():
    assert moves.broken_links([FIRST, SECOND]) == []


@pytest.mark.parametrize(("first", "second", "words"), BROKEN)
def test_it_finds_each_way_in_which_a_chain_breaks(first, second, words):
    assert words in "; ".join(moves.broken_links([first, second]))


@given(data=st.data())
def test_it_makes_no_chain_that_is_broken(data):
    visits = [moves.start(data.draw(st.sampled_from(Stage)), T0)]
    at = T0
    for _step in range(data.draw(st.integers(0, 12))):
        at += dt.timedelta(minutes=data.draw(st.integers(0, 90)))
        verb = data.draw(st.sampled_from(["move", "win", "stop", "reopen"]))
        reason = data.draw(st.sampled_from(["", "Because."]))
        last = visits[-1]
        try:
            match verb:
                case "move":
                    visits[-1:] = moves.move(
                        last, data.draw(st.sampled_from(Stage)), at, reason=reason
                    )
                case "win":
                    visits[-1:] = moves.win(last, at, reason=reason)
                case "stop":
                    visits[-1:] = [moves.stop(last, at)]
                case "reopen":
                    visits.append(moves.reopen(last, at, reason=reason))
        except Refused:
            assert visits[-1] == last

    assert moves.broken_links(visits) == []
    assert all(visit.left_how is not None for visit in visits[:-1])
    assert [visit.sequence for visit in visits] == list(range(1, len(visits) + 1))
