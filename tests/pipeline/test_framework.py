"""The framework that an organisation starts with: whole, usable at once, and never forced on it."""

import io

import pytest
from django.core.management import call_command
from django.utils import translation

from pipeline.models import Layer, Version
from pipeline.process import commands as process
from pipeline.process import framework
from pipeline.process.framework_check import lint
from pipeline.process.gates import Act, Facts, Verb, Weight, judge
from pipeline.process.merging import merge
from pipeline.process.playbook import Fact, Importance, LayerContent, Side, StepKind
from pipeline.process.queries import in_force as queries
from pipeline.process.stages import Stage
from tests.factories import NOW, make_team
from tests.pipeline.process import layer

ROWS = framework.shipped_content().steps


def test_it_is_whole():
    assert lint(framework.shipped_content()) == ()
    assert {row.stage for row in ROWS} == set(Stage)
    assert 30 <= len(ROWS) <= 41


def test_it_asks_for_nothing_but_the_universal_gates():
    playbook = merge([layer(*ROWS)])
    win = Act(verb=Verb.WIN, from_stage=Stage.LEAD_GENERATION, to=Stage.CLOSING)

    weights = {finding.weight for finding in judge(Facts(), playbook, win)}

    assert weights == {Weight.HARD, Weight.ADVISORY}


def test_it_holds_fast_what_the_universal_gates_rest_on():
    locked = {row.fact for row in ROWS if row.locked}

    assert {
        Fact.PARTY,
        Fact.CONVERSATION,
        Fact.AGREEMENT,
        Fact.QUALIFIED,
        Fact.PROBLEM,
        Fact.DECISION_PATH,
        Fact.OFFER,
        Fact.CONCERNS_SETTLED,
    } <= locked


def test_it_reads_every_fact_that_records_can_say():
    assert {row.fact for row in ROWS} - {None} == set(Fact)


def test_it_asks_for_confidence_on_both_sides():
    sides = {row.side for row in ROWS if row.stage == Stage.QUALIFICATION}

    assert {Side.OURS, Side.THEIRS} <= sides


def test_it_helps_with_every_step_and_says_what_for():
    """Each stage gives something back to whoever works in it (CHECKLIST E7)."""
    for row in ROWS:
        assert row.help, row.key
        assert row.gives_you, row.key
        assert row.kind == StepKind.HINT or row.importance == Importance.HINT or row.gives_managers


def test_it_is_in_force_for_a_new_organisation(db):
    root = make_team(name="Austral", parent=None)

    assert process.ship_framework(at=NOW)

    version = Version.objects.get()
    assert (version.number, version.published_by, version.layer.team) == (1, None, root)
    assert queries.current_version_ids(root.pk) == (version.pk,)
    assert len(queries.of_versions([version.pk]).stages[Stage.PROPOSAL]) == 7
    assert queries.draft_content(version.layer).as_json() == version.content


def test_it_is_shipped_once(cast):
    assert not process.ship_framework(at=NOW)
    assert Version.objects.count() == 1


@pytest.mark.parametrize("made", ["draft", "version"])
def test_it_never_overwrites_what_an_organisation_made(db, made):
    root = make_team(name="Austral", parent=None)
    ours = Layer.objects.create(team=root, changed_at=NOW)
    if made == "draft":
        ours.steps.create(
            stage=1, key="ours", label="Ours", kind="check", importance=2, adds=True, made_at=NOW
        )
    else:
        ours.current = Version.objects.create(
            layer=ours, number=1, content=LayerContent().as_json(), published_at=NOW
        )
        ours.save()

    assert not process.ship_framework(at=NOW)
    assert ours.steps.count() == (made == "draft")


def test_it_waits_for_the_organisation(db):
    assert not process.ship_framework(at=NOW)


def test_it_is_seeded_by_the_command_where_an_organisation_has_none(db):
    make_team(name="Austral", parent=None)

    call_command("reference", stdout=io.StringIO())
    call_command("reference", stdout=io.StringIO())

    assert Version.objects.count() == 1


def test_it_is_written_in_the_language_of_the_organisation(db):
    make_team(name="Austral", parent=None)

    call_command("reference", language="de", stdout=io.StringIO())

    with translation.override("de"):
        german = framework.shipped_content()
    assert Layer.objects.get().steps.get(key="source").label == next(
        row.label for row in german.steps if row.key == "source"
    )
    assert translation.get_language() == "en"
