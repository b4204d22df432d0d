"""What a row says becomes visits that the pages' own rules could have made."""

import datetime as dt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exchange.imports.mapping import StageMeaning
from exchange.imports.visits import REASON, visits_of
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
