"""Steps that a team found for all, and steps that nobody needs (METHOD, Customisation)."""

import re
from typing import Any

from django.test import Client

from crm.commands import deal_move as move_commands
from crm.models import StepResult, StepState
from pipeline.models import Step
from pipeline.process.playbook import Applies
from pipeline.process.stages import Stage
from reports.presenters.step_candidates import steps_in_use
from tests.conftest import Cast
from tests.factories import ago, ready_deal
from tests.pipeline.test_process_page import add, publish
from tests.reports.test_consistency_page import rows_of
from tests.reports.test_metrics import asked
from tests.reports.test_people_pages import page

NEEDS = Stage.NEEDS_ANALYSIS
VISITS = 32


def test_a_step_is_a_candidate_by_what_was_done_in_the_visits_that_asked_for_it(
    client: Client, cast: Cast, clock: Any
) -> None:
    """North's own is done nearly everywhere; one of the framework's is set aside by most, another is
    recorded by nobody, and a third is done as usual: of it there is nothing to say, nor of one for
    existing customers alone."""
    add(cast.north, by=cast.mona, label="Measure the line")
    add(cast.north, by=cast.mona, label="What is old by now?", applies=Applies.EXISTING)
    publish(cast.north, by=cast.mona)
    shipped = Step.objects.filter(layer__team=cast.root, stage=NEEDS, fact=None, kind="question")
    own = Step.objects.get(layer__team=cast.north, label="Measure the line")
    needless, usual = shipped.order_by("position")[:2]
    for number in range(VISITS):
        deal = ready_deal(by=cast.ana, name=f"Deal {number}", stage=NEEDS, at=ago(days=20))
        move_commands.move(deal, to=Stage.PROPOSAL, by=cast.ana, at=ago(days=2))
        for step, is_done in ((own, True), (needless, number > 28), (usual, True)):
            if step is not usual or number < 10:
                StepResult.objects.create(
                    deal=deal, stage=NEEDS, key=step.key, label=step.label or "", by=cast.ana,
                    state=StepState.DONE if is_done else StepState.OVERRIDDEN,
                    reason="" if is_done else "not_applicable", at=ago(days=3),
                )  # fmt: skip
    question = asked(cast.again(cast.mona), start=60)
    found = {each.step.key: each for each in steps_in_use(question)}
    assert [found[step.key].visits for step in (own, needless, usual)] == [VISITS] * 3
    assert found[own.key].is_fit_for_all
    # That it was recorded in none of the visits says nothing: nobody had bought before.
    assert "What is old by now?" not in [each.step.label for each in found.values()]
    assert found[needless.key].is_set_aside_by_most
    others = (found[needless.key], found[usual.key])
    assert not any(each.is_fit_for_all or each.is_hardly_used for each in others)
    told = rows_of(page(client, cast.again(cast.mona), "/reports/process/"), "candidates")
    said = {name.split(maxsplit=1)[1]: cells for name, cells in told.items()}
    assert said["Measure the line"][0] == "Fit for all? North does it in most visits."
    assert said["Measure the line"][1:] == ["32", "0% 0 of 32", "32"]
    assert sum(cells[0].startswith("Needed? It is set aside") for cells in said.values()) == 1
    hardly = [cells for cells in said.values() if cells[0].endswith("hardly ever recorded.")]
    assert hardly
    assert {cells[1] for cells in hardly} == {"0"}


def test_of_few_visits_no_step_is_a_candidate(
    client: Client, worked_cast: Cast, clock: Any
) -> None:
    text = page(client, worked_cast.again(worked_cast.mona), "/reports/process/")
    assert "No step stands out" not in text
    box = text.partition('id="panel-candidates"')[2].partition("</section>")[0]
    assert re.search(r"Too few to tell: n \d+ where it takes 30\.", box)
