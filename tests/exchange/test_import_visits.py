"""What a row says becomes visits that the pages' own rules could have made."""

import datetime as dt
import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exchange.imports import dates
from exchange.imports.mapping import StageMeaning
from exchange.imports.visits import REASON, Untold, in_order, visits_of
from pipeline.process import moves
from pipeline.process.moves import EnteredHow, LeftHow
from pipeline.process.stages import Initiator, Outcome, Stage
from salesprocess.lib.refused import Refused
from tests.factories import NOW, ago

WON = StageMeaning(stage=Stage.QUALIFICATION, outcome=Outcome.WON)
LOST = StageMeaning(
    stage=Stage.PROPOSAL,
    outcome=Outcome.STOPPED,
    initiator=Initiator.CUSTOMER,
    cause="unknown",
)
OPEN = StageMeaning(stage=Stage.PROSPECTING)

instants = st.none() | st.datetimes(
    min_value=dt.datetime(2020, 1, 1), max_value=dt.datetime(2027, 1, 1)  # noqa: DTZ001
).map(lambda at: at.replace(tzinfo=dt.UTC))  # fmt: skip
meanings = st.builds(
    lambda stage, how: StageMeaning(
        stage=stage,
        outcome=how,
        initiator=Initiator.US if how == Outcome.STOPPED else None,
        cause="unknown" if how == Outcome.STOPPED else "",
    ),
    st.sampled_from(Stage),
    st.sampled_from(Outcome),
)


@given(meanings, instants, instants)
def test_it_makes_an_unbroken_chain_or_refuses(
    meaning: StageMeaning, entered_at: dt.datetime | None, closed_at: dt.datetime | None
):
    try:
        visits = visits_of(meaning, entered_at=entered_at, closed_at=closed_at, now=NOW)
    except Refused:
        assume(False)
    assert moves.broken_links(list(visits)) == []
    assert moves.outcome_of(visits[-1]) == meaning.outcome
    assert visits[0].entered_how == EnteredHow.IMPORTED
    # A later visit is always dated: only the first can be of unknown age.
    assert all(visit.entered_at is not None for visit in visits[1:])


@given(meanings, st.lists(st.tuples(st.sampled_from(Stage), instants), max_size=5), instants)
def test_its_way_is_an_unbroken_chain_too_or_refused(
    meaning: StageMeaning,
    way: list[tuple[Stage, dt.datetime | None]],
    closed_at: dt.datetime | None,
):
    before = sorted(((stage, at) for stage, at in way if at), key=lambda entry: entry[1])
    try:
        visits = visits_of(meaning, entered_at=None, closed_at=closed_at, now=NOW, before=before)
    except (Refused, Untold):
        assume(False)
    assert moves.broken_links(list(visits)) == []
    assert moves.outcome_of(visits[-1]) == meaning.outcome
    if before:
        assert (visits[0].stage, visits[0].entered_at) == before[0]
    for (was, _then), (stage, at) in itertools.pairwise(before):
        passed = any((visit.stage, visit.entered_at) == (stage, at) for visit in visits)
        assert passed or stage == was


DAY = dates.When(dt.date(2026, 3, 2))


def test_bare_days_of_its_way_are_in_the_order_of_the_stages_and_before_the_closing():
    entered = [(Stage.PROPOSAL, DAY), (Stage.PROSPECTING, DAY)]
    closed = dates.When(dt.date(2026, 3, 2), dt.time(9))
    way, closed_at = in_order(entered, closed=closed, zones=[dt.UTC], now=NOW)  # type: ignore[list-item]
    assert [stage for stage, _at in way] == [Stage.PROSPECTING, Stage.PROPOSAL]
    assert {at for _stage, at in way} == {closed_at} == {dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)}


def test_a_way_that_does_not_lead_to_where_it_is_is_told_apart():
    with pytest.raises(Untold):
        visits_of(OPEN, entered_at=None, closed_at=None, now=NOW, before=[(Stage(1), ago(days=3))])
    visits = visits_of(
        OPEN, entered_at=ago(days=1), closed_at=None, now=NOW, before=[(Stage(1), ago(days=3))]
    )
    assert [(visit.stage, visit.entered_at) for visit in visits] == [
        (Stage.LEAD_GENERATION, ago(days=3)),
        (Stage.PROSPECTING, ago(days=1)),
    ]


def test_it_passes_to_the_seventh_stage_when_it_was_won():
    first, last = visits_of(WON, entered_at=ago(days=9), closed_at=ago(days=2), now=NOW)
    assert (first.stage, first.left_how) == (Stage.QUALIFICATION, LeftHow.ADVANCED)
    assert (last.stage, last.left_how, last.reason) == (Stage.CLOSING, LeftHow.WON, REASON)
    assert first.left_at == last.entered_at == last.left_at == ago(days=2)


def test_it_knows_only_that_it_was_won_where_nobody_says_when():
    (only,) = visits_of(WON, entered_at=ago(days=9), closed_at=None, now=NOW)
    assert (only.stage, only.entered_at, only.left_at) == (Stage.CLOSING, None, None)
    assert only.left_how == LeftHow.WON


def test_it_stops_in_the_stage_that_the_mapping_says():
    (only,) = visits_of(LOST, entered_at=None, closed_at=ago(days=2), now=NOW)
    assert (only.stage, only.left_how, only.left_at) == (
        Stage.PROPOSAL,
        LeftHow.STOPPED,
        ago(days=2),
    )


@pytest.mark.parametrize(
    ("meaning", "entered_at", "closed_at", "field"),
    [
        (OPEN, NOW + dt.timedelta(days=1), None, "entered_on"),
        (WON, None, NOW + dt.timedelta(days=1), "closed_on"),
        (WON, ago(days=1), ago(days=2), "closed_on"),
        (OPEN, None, ago(days=2), "closed_on"),
    ],
)
def test_it_refuses_what_cannot_have_happened(
    meaning: StageMeaning,
    entered_at: dt.datetime | None,
    closed_at: dt.datetime | None,
    field: str,
):
    with pytest.raises(Refused) as refused:
        visits_of(meaning, entered_at=entered_at, closed_at=closed_at, now=NOW)
    assert refused.value.field == field
