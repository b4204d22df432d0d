"""What takes over the answers to a step that is gone, and what never does."""

import pytest

from crm.commands import process as crm_process
from crm.commands import step as steps
from crm.commands.process import Flight
from crm.commands.writers.step_result import StepResultInput
from crm.models import Deal, StepResult
from crm.queries.facts import AGREEMENT_STEP, facts
from pipeline.models import Layer
from pipeline.process import commands
from pipeline.process.playbook import Fact
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal

HERE = Stage.PROSPECTING


@pytest.fixture
def layer(cast: Cast) -> Layer:
    found = commands.layer_of(cast.north, by=cast.mona, at=NOW)
    for label in ("Letter", "Card"):
        said: commands.StepWording = {
            "label": label,
            "gives_you": "a reply",
            "gives_managers": "a view",
        }
        commands.add_step(found, stage=HERE, said=said, by=cast.mona, at=ago(days=9))
    crm_process.publish(found, note="", flight=Flight.ADOPT, by=cast.mona, at=ago(days=9))
    return found


@pytest.fixture
def deal(cast: Cast, layer: Layer) -> Deal:
    made = make_deal(by=cast.ana, stage=HERE, at=ago(days=2))
    steps.answer(made, place=(HERE, "letter"), given=StepResultInput(), by=cast.ana, at=ago(days=1))
    commands.remove_step(layer, stage=HERE, key="letter", by=cast.mona, at=NOW)
    return made


def test_an_answer_to_anything_never_stands_for_an_agreement(
    client, cast: Cast, layer: Layer, deal: Deal
):
    client.force_login(cast.mona)
    page = client.get(f"/process/{cast.north.pk}/publish/").content.decode()
    offered = page[page.index('name="map-2-letter"') :]
    offered = offered[: offered.index("</select>")]
    assert 'value="card"' in offered
    assert f'value="{AGREEMENT_STEP}"' not in offered

    done = crm_process.publish(
        layer,
        note="",
        flight=Flight.MOVE,
        mapping={(HERE, "letter"): AGREEMENT_STEP},
        by=cast.mona,
        at=NOW,
    )

    assert done.copied == 0
    assert not StepResult.objects.filter(deal=deal, key=AGREEMENT_STEP).exists()
    assert Fact.AGREEMENT not in facts(deal).known


def test_a_step_like_it_takes_over_what_was_recorded(cast: Cast, layer: Layer, deal: Deal):
    mapping = {(HERE, "letter"): "card"}
    crm_process.publish(layer, note="", flight=Flight.MOVE, mapping=mapping, by=cast.mona, at=NOW)

    assert StepResult.objects.get(deal=deal, key="card").mapped_from == "letter"
