"""What is in force for a person: the own layer on the versions of a team, in one query."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from pipeline.models import Layer, Team, Version
from pipeline.process import commands as process
from pipeline.process.playbook import Importance, LayerContent, StepKind
from pipeline.process.queries.in_force import current_version_ids, in_force, personal_layer
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import NOW, ago
from tests.pipeline.process import in_force as from_north
from tests.pipeline.process import row

HERE = Stage.QUALIFICATION


def test_it_reads_the_versions_and_the_own_layer_in_one_query(cast: Cast):
    layer = process.layer_of(cast.ana, by=cast.ana, at=NOW)
    said: process.StepWording = {
        "label": "The dog’s name",
        "kind": StepKind.QUESTION,
        "help": "It opens doors.",
    }
    process.add_step(layer, stage=HERE, said=said, by=cast.ana, at=NOW)
    process.name_stage(layer, stage=HERE, label="Fit", norm_days=None, by=cast.ana, at=NOW)
    in_force(team_id=cast.north.pk, user_id=cast.ana.pk).playbook()
    with CaptureQueriesContext(connection) as queries:
        force = in_force(team_id=cast.north.pk, user_id=cast.ana.pk)
        book = force.playbook()
    assert len(queries) == 1
    assert force.version_ids == current_version_ids(cast.north.pk)
    step = book.steps(HERE)[-1]
    assert (step.label, step.kind, step.help) == (
        "The dog’s name",
        StepKind.QUESTION,
        "It opens doors.",
    )
    assert (step.is_mine, step.author, step.made_on) == (True, "Ana Ruiz", NOW.date())
    assert book.label(HERE) == "Fit"


def test_it_takes_up_a_change_of_the_own_layer_at_once(cast: Cast):
    layer = process.layer_of(cast.ana, by=cast.ana, at=NOW)

    def mine() -> list[str]:
        book = in_force(team_id=cast.north.pk, user_id=cast.ana.pk).playbook()
        return [step.label for step in book.steps(HERE) if step.is_mine]

    first = process.add_step(layer, stage=HERE, said={"label": "A"}, by=cast.ana, at=NOW)
    assert mine() == ["A"]
    process.adapt_step(layer, stage=HERE, key=first.key, said={"label": "B"}, by=cast.ana, at=NOW)
    assert mine() == ["B"]
    process.remove_step(layer, stage=HERE, key=first.key, by=cast.ana, at=NOW)
    assert mine() == []
    assert personal_layer(cast.ana.pk) is None


def test_it_keeps_the_layers_of_two_people_apart(cast: Cast):
    layer = process.layer_of(cast.ana, by=cast.ana, at=NOW)
    process.add_step(layer, stage=HERE, said={"label": "A"}, by=cast.ana, at=NOW)
    bens = in_force(team_id=cast.north.pk, user_id=cast.ben.pk).playbook()
    assert not any(step.is_mine for step in bens.steps(HERE))


def test_it_calls_a_team_by_its_new_name_at_once(cast: Cast):
    from_north(cast.north, row("survey", stage=HERE))

    def names() -> set[str]:
        book = in_force(team_id=cast.north.pk, user_id=cast.ana.pk).playbook()
        return {step.origin.name for step in book.steps(HERE) if step.key == "survey"}

    assert names() == {cast.north.name}
    Team.objects.filter(pk=cast.north.pk).update(name="Far North")
    assert names() == {"Far North"}


def test_an_organisation_loaded_in_anothers_place_is_not_taken_for_it(cast: Cast):
    """Its versions have numbers that stood for others; the names of the teams may be the same."""
    version = from_north(cast.north, row("survey", stage=HERE))

    def labels() -> set[str]:
        book = in_force(team_id=cast.north.pk, user_id=cast.ana.pk).playbook()
        return {step.label for step in book.steps(HERE)}

    assert "Survey" in labels()
    content = LayerContent(steps=(row("tasting", stage=HERE),)).as_json()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # versions are frozen
        Version.objects.filter(pk=version.pk).update(content=content)
        cursor.execute("SET LOCAL session_replication_role = origin")
    Layer.objects.filter(pk=version.layer_id).update(changed_at=ago(days=400))
    assert "Tasting" in labels()


def test_it_works_by_older_versions_where_they_are_named(cast: Cast):
    before = current_version_ids(cast.north.pk)
    layer = process.layer_of(cast.north, by=cast.adele, at=NOW)
    said: process.StepWording = {"label": "Ask for the fleet", "importance": Importance.EXPECTED}
    process.add_step(layer, stage=HERE, said=said, by=cast.adele, at=NOW)
    process.publish(layer, note="", by=cast.adele, at=NOW)
    force = in_force(team_id=cast.north.pk, user_id=cast.ana.pk)
    assert "ask-for-the-fleet" in {step.key for step in force.playbook().steps(HERE)}
    assert "ask-for-the-fleet" not in {step.key for step in force.playbook(before).steps(HERE)}


def test_it_is_the_organisations_without_a_team(cast: Cast):
    force = in_force(team_id=None, user_id=cast.adele.pk)
    assert force.version_ids == current_version_ids(cast.root.pk)
