"""The seven stages are fixed for ever: whoever changes this file changes what the product is."""

import pytest

from pipeline.process.stages import DESCRIPTIONS, Outcome, Phase, Stage

KEYS = {
    1: "lead_generation",
    2: "prospecting",
    3: "qualification",
    4: "needs_analysis",
    5: "proposal",
    6: "objections",
    7: "closing",
}


def test_it_keeps_seven_keys_and_numbers():
    assert {stage.value: stage.key for stage in Stage} == KEYS


def test_it_keeps_two_phases():
    qualifying = [stage for stage in Stage if stage.phase == Phase.QUALIFYING]

    assert qualifying == [Stage.LEAD_GENERATION, Stage.PROSPECTING, Stage.QUALIFICATION]
    assert {stage.phase for stage in Stage} == {Phase.QUALIFYING, Phase.CLOSING}


def test_it_calls_the_first_two_stages_leads():
    assert [stage.value for stage in Stage if stage.is_lead] == [1, 2]


def test_it_keeps_the_outcome_apart_from_the_stage():
    assert set(Outcome.values) == {"open", "won", "stopped"}


@pytest.mark.parametrize("stage", Stage)
def test_it_says_of_each_stage_what_it_is_for(stage):
    about = DESCRIPTIONS[stage]

    assert stage.about is about
    assert about.short
    assert about.what
    assert about.enters_when
    assert about.done_when
    assert about.norm_days > 0
