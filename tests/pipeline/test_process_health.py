"""The three measures of a right process (CHECKLIST A4): each can fail while the others hold."""

import pytest

from pipeline.models import Step
from pipeline.process import commands
from pipeline.process.queries.health import MIN_COMMON, measure
from pipeline.process.queries.page import LayerPage
from pipeline.process.stages import Stage
from tests.factories import NOW


def measured(cast, of=None, figures=None):
    told = {stage: ["K1"] for stage in Stage} if figures is None else figures
    found = measure(LayerPage(cast.again(cast.adele), of or cast.root.pk), figures=told)
    return {each.name: each.holds for each in found}


@pytest.fixture
def customised(cast):
    layer = commands.layer_of(cast.north, by=cast.mona, at=NOW)
    said: commands.StepWording = {"label": "Ask the price range", "gives_you": "less trouble"}
    commands.add_step(layer, stage=Stage.NEEDS_ANALYSIS, said=said, by=cast.mona, at=NOW)
    commands.publish(layer, note="", by=cast.mona, at=NOW)
    return layer


def test_it_holds_for_a_framework_that_a_team_has_adapted(cast, customised):
    assert measured(cast) == {"Universal": True, "Customised": True, "Consistent": True}


def test_it_says_that_a_stage_is_not_whole(cast, customised):
    Step.objects.filter(layer__team=cast.root, stage=Stage.CLOSING).delete()
    assert measured(cast) == {"Universal": False, "Customised": True, "Consistent": True}


@pytest.mark.parametrize("told", [{}, {stage: ["K1"] for stage in Stage if stage != 4}])
def test_it_says_that_no_figure_is_made_of_a_stage(cast, customised, told):
    assert not measured(cast, figures=told)["Universal"]


def test_it_says_that_nobody_has_adapted_it(cast):
    assert measured(cast) == {"Universal": True, "Customised": False, "Consistent": True}


def test_it_counts_what_people_have_for_themselves(cast):
    layer = commands.layer_of(cast.ana, by=cast.ana, at=NOW)
    commands.add_step(layer, stage=Stage.PROPOSAL, said={"label": "Mine"}, by=cast.ana, at=NOW)
    assert measured(cast)["Customised"]


def test_it_says_that_a_team_has_little_in_common(cast, customised):
    framework = Step.objects.filter(layer__team=cast.root).count()
    too_many = framework * (100 - MIN_COMMON) // MIN_COMMON + 2
    for n in range(too_many):
        commands.add_step(
            customised,
            stage=Stage.PROPOSAL,
            said={"label": f"Step {n}", "gives_you": "x"},
            by=cast.mona,
            at=NOW,
        )
    assert measured(cast)["Consistent"], "a draft is not in force"
    commands.publish(customised, note="", by=cast.mona, at=NOW)
    assert measured(cast) == {"Universal": True, "Customised": True, "Consistent": False}
