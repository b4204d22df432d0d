import pytest
from django.db import DatabaseError, transaction

from pipeline.models import Choice, Collision, Layer, User, Version
from pipeline.people.commands import team as team_commands
from pipeline.process import commands as process
from pipeline.process.commands.publish import layers_from
from pipeline.process.playbook import Clash, Importance, LayerContent
from pipeline.process.queries import in_force as queries
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, ago
from tests.pipeline.process import FOUR, in_force, over, row, step_in, whole

WHY = "We sell to bakeries"


@pytest.fixture
def root(cast: Cast) -> Layer:
    in_force(
        cast.root,
        *whole(
            row("problem"),
            row("budget", position=20.0),
            row("tip", position=30.0, importance=Importance.HINT),
        ),
    )
    return process.layer_of(cast.root, by=cast.adele, at=NOW)


@pytest.fixture
def north(cast: Cast, root: Layer) -> Layer:
    return process.layer_of(cast.north, by=cast.mona, at=NOW)


def steps(team) -> dict[str, str]:
    playbook = queries.of_versions(queries.current_version_ids(team.pk))
    return {step.key: step.label for step in playbook.steps(FOUR)}


# Publishing ----------------------------------------------------------------------------------


def test_it_puts_a_draft_in_force_for_the_team_and_those_below(cast, root, north):
    west = process.layer_of(cast.west, by=cast.rosa, at=NOW)
    reword(west, "problem", "What hurts", by=cast.rosa)
    assert steps(cast.north)["problem"] == "Problem"

    version = process.publish(west, note=" Plain words ", by=cast.rosa, at=NOW)

    assert (version.number, version.note, version.published_by) == (1, "Plain words", cast.rosa)
    assert steps(cast.north)["problem"] == steps(cast.west)["problem"] == "What hurts"
    assert steps(cast.root)["problem"] == "Problem"


def test_it_refuses_a_version_that_says_nothing_new(cast, north):
    with pytest.raises(Refused, match="Nothing has changed"):
        process.publish(north, note="", by=cast.mona, at=NOW)
    reword(north, "problem", "What hurts", by=cast.mona)
    process.publish(north, note="", by=cast.mona, at=NOW)
    reword(north, "problem", "Pain", by=cast.mona)
    reword(north, "problem", "What hurts", by=cast.mona)
    with pytest.raises(Refused, match="Nothing has changed"):
        process.publish(north, note="", by=cast.mona, at=NOW)
    assert north.versions.count() == 1


def test_it_publishes_nothing_that_is_ones_own(cast, root):
    mine = process.layer_of(cast.ana, by=cast.ana, at=NOW)
    process.add_step(mine, stage=FOUR, said={"label": "Mine"}, by=cast.ana, at=NOW)
    with pytest.raises(Refused, match="in force at once"):
        process.publish(mine, note="", by=cast.ana, at=NOW)


def test_it_publishes_no_framework_that_is_not_whole(cast, root):
    process.remove_step(root, stage=Stage.CLOSING, key="basics", by=cast.adele, at=NOW)
    process.adapt_step(
        root, stage=FOUR, key="budget", said={"gives_you": ""}, by=cast.adele, at=NOW
    )
    with pytest.raises(Refused) as refused:
        process.publish(root, note="", by=cast.adele, at=NOW)
    assert "Closing: nothing is captured" in refused.value.message
    assert "“Budget”: what it gives to those who do it" in refused.value.message


def test_it_lets_a_team_have_steps_that_are_not_explained_yet(cast, north):
    process.add_step(north, stage=FOUR, said={"label": "Ovens"}, by=cast.mona, at=NOW)
    assert process.publish(north, note="", by=cast.mona, at=NOW).number == 1


def test_it_never_changes_what_was_published(cast, north):
    reword(north, "problem", "What hurts", by=cast.mona)
    version = process.publish(north, note="", by=cast.mona, at=NOW)
    version.note = "Another"
    with pytest.raises(DatabaseError, match="is published"), transaction.atomic():
        version.save()
    with pytest.raises(DatabaseError, match="is published"), transaction.atomic():
        Version.objects.filter(pk=version.pk)._raw_delete("default")


# Going back ----------------------------------------------------------------------------------


def test_it_gives_a_draft_up(cast, root, north):
    reword(north, "problem", "What hurts", by=cast.mona)
    process.name_stage(north, stage=FOUR, label="Dig", norm_days=9, by=cast.mona, at=NOW)
    process.publish(north, note="", by=cast.mona, at=NOW)
    published = queries.draft_content(north).as_json()
    reword(north, "budget", "Money", by=cast.mona)
    process.remove_step(north, stage=FOUR, key="problem", by=cast.mona, at=NOW)
    process.name_stage(north, stage=FOUR, label="", norm_days=None, by=cast.mona, at=NOW)

    process.discard_draft(north, by=cast.mona, at=NOW)

    assert queries.draft_content(north).as_json() == published
    with pytest.raises(Refused):
        process.discard_draft(north, by=cast.mona, at=NOW)


def test_it_gives_up_all_of_a_draft_that_was_never_published(cast, north):
    reword(north, "problem", "What hurts", by=cast.mona)
    process.discard_draft(north, by=cast.mona, at=NOW)
    assert queries.draft_content(north) == LayerContent()


def test_it_brings_an_earlier_version_back_with_its_authors(cast, north):
    process.add_step(north, stage=FOUR, said={"label": "Ovens"}, by=cast.mona, at=ago(days=9))
    first = process.publish(north, note="", by=cast.mona, at=ago(days=8))
    process.remove_step(north, stage=FOUR, key="ovens", by=cast.rosa, at=ago(days=7))
    reword(north, "problem", "What hurts", by=cast.rosa)
    process.publish(north, note="", by=cast.rosa, at=ago(days=6))

    process.restore(first, by=cast.rosa, at=NOW)
    assert steps(cast.north)["problem"] == "What hurts"  # in force until it is published
    third = process.publish(north, note="", by=cast.rosa, at=NOW)

    assert (third.number, third.restores) == (3, first)
    assert third.content == first.content
    step = step_in(queries.of_versions(queries.current_version_ids(cast.north.pk)), "ovens")
    assert (step.author, step.made_on) == ("Mona Reyes", ago(days=9).date())
    reword(north, "problem", "Pain", by=cast.mona)
    assert process.publish(north, note="", by=cast.mona, at=NOW).restores is None


def test_it_refuses_to_bring_back_what_the_draft_says(cast, north):
    reword(north, "problem", "What hurts", by=cast.mona)
    version = process.publish(north, note="", by=cast.mona, at=NOW)
    with pytest.raises(Refused, match="exactly that"):
        process.restore(version, by=cast.mona, at=NOW)


# What meets a team's own difference ----------------------------------------------------------


def test_it_asks_each_team_below_whose_difference_meets_the_change(cast, root, north):
    south = process.layer_of(cast.south, by=cast.nora, at=NOW)
    reword(north, "problem", "What hurts", by=cast.mona)
    process.publish(north, note="", by=cast.mona, at=NOW)
    reword(south, "budget", "Money", by=cast.nora)  # a draft only
    reword(root, "problem", "The problem, in their words", by=cast.adele)
    reword(root, "budget", "Budget and whose it is", by=cast.adele)

    version = process.publish(root, note="", by=cast.adele, at=NOW)

    met = {(found.layer.team, found.key) for found in Collision.objects.filter(version=version)}
    assert met == {(cast.north, "problem"), (cast.south, "budget")}
    found = Collision.objects.get(layer=north)
    assert found.was is not None
    assert found.now is not None
    assert (found.was["label"], found.now["label"]) == ("Problem", "The problem, in their words")
    assert steps(cast.north)["problem"] == "What hurts"


def test_it_asks_nobody_about_a_change_of_something_else(cast, root, north):
    move(north, "problem", by=cast.mona)
    reword(root, "problem", "The problem, in their words", by=cast.adele)
    process.add_step(
        root, stage=FOUR, said={"label": "Worth", "gives_you": "a", "gives_managers": "b"},
        by=cast.adele, at=NOW,
    )  # fmt: skip
    process.publish(root, note="", by=cast.adele, at=NOW)
    assert not Collision.objects.exists()


def test_it_asks_whoever_hides_a_step_about_any_change_of_it(cast, root, north):
    process.hide_step(north, stage=FOUR, key="tip", reason=WHY, by=cast.mona, at=NOW)
    reword(root, "tip", "Another tip", by=cast.adele)
    process.publish(root, note="", by=cast.adele, at=NOW)
    assert Collision.objects.get().layer == north


def test_it_keeps_a_difference_where_the_team_wants_it(cast, root, north):
    collision = meet(cast, root, north)
    process.decide_collision(collision, choice=Choice.KEEP, by=cast.mona, at=NOW)
    assert (collision.choice, collision.decided_by) == (Choice.KEEP, cast.mona)
    assert step_in(queries.working_playbook(north)).label == "What hurts"


def test_it_takes_what_is_above_by_taking_the_difference_out_of_the_draft(cast, root, north):
    collision = meet(cast, root, north)
    process.decide_collision(collision, choice=Choice.TAKE, by=cast.mona, at=NOW)
    assert not north.steps.exists()
    process.publish(north, note="", by=cast.mona, at=NOW)
    assert steps(cast.north)["problem"] == "The problem"
    with pytest.raises(Refused, match="decided already"):
        process.decide_collision(collision, choice=Choice.KEEP, by=cast.mona, at=NOW)


def test_it_lets_nobody_decide_for_another_team(cast, root, north):
    collision = meet(cast, root, north)
    with pytest.raises(Collision.DoesNotExist):
        process.decide_collision(collision, choice=Choice.KEEP, by=cast.nora, at=NOW)


def test_it_keeps_nothing_that_does_not_hold_any_more(cast, root, north):
    reword(north, "problem", "What hurts", by=cast.mona)
    process.adapt_step(
        root, stage=FOUR, key="problem", said={"locked": True}, by=cast.adele, at=NOW
    )
    process.publish(root, note="", by=cast.adele, at=NOW)
    collision = Collision.objects.get()
    assert collision.clash == Clash.LOCKED
    with pytest.raises(Refused, match=str(Clash.LOCKED.label)):
        process.decide_collision(collision, choice=Choice.KEEP, by=cast.mona, at=NOW)
    process.decide_collision(collision, choice=Choice.TAKE, by=cast.mona, at=NOW)
    assert not north.steps.exists()


def test_it_makes_a_step_the_teams_own_that_was_taken_out_above_and_is_kept(cast, root, north):
    reword(north, "problem", "What hurts", by=cast.mona)
    process.remove_step(root, stage=FOUR, key="problem", by=cast.adele, at=NOW)
    process.publish(root, note="", by=cast.adele, at=NOW)
    collision = Collision.objects.get()
    assert (collision.clash, collision.now) == (Clash.ORPHAN, None)

    process.decide_collision(collision, choice=Choice.KEEP, by=cast.mona, at=NOW)
    process.publish(north, note="", by=cast.mona, at=NOW)

    assert steps(cast.north)["problem"] == "What hurts"
    step = step_in(queries.of_versions(queries.current_version_ids(cast.north.pk)))
    assert (step.origin.name, step.gives_you) == ("North", "An easier talk")


def test_it_asks_once_about_a_step_that_changed_twice(cast, root, north):
    meet(cast, root, north)
    reword(root, "problem", "The one problem", by=cast.adele)
    process.publish(root, note="", by=cast.adele, at=NOW)
    found = Collision.objects.get()
    assert found.was is not None
    assert found.now is not None
    assert (found.was["label"], found.now["label"]) == ("Problem", "The one problem")


def test_it_asks_no_more_when_the_change_above_was_taken_back(cast, root, north):
    meet(cast, root, north)
    reword(root, "problem", "Problem", by=cast.adele)
    process.publish(root, note="", by=cast.adele, at=NOW)
    assert not Collision.objects.exists()


# Teams that move -----------------------------------------------------------------------------


def test_it_works_by_the_layers_of_the_new_place_when_a_team_is_moved(cast, root, north):
    in_force(cast.west, row("ovens", position=90.0))
    in_force(cast.north, over("ovens", label="Ovens and belts"), row("own", position=99.0))
    assert "ovens" in steps(cast.north)

    team_commands.change(
        cast.north, name="North", parent=cast.root, manager=cast.mona, by=cast.adele, at=NOW
    )

    assert "ovens" not in steps(cast.north)
    assert "own" in steps(cast.north)
    found = Collision.objects.get()
    assert (found.layer, found.key, found.clash) == (north, "ovens", Clash.ORPHAN)


def test_it_asks_nobody_when_a_team_is_only_renamed(cast, root, north):
    in_force(cast.north, over("problem", label="What hurts"))
    team_commands.change(
        cast.north, name="Far North", parent=cast.west, manager=cast.mona, by=cast.rosa, at=NOW
    )
    assert not Collision.objects.exists()


def meet(cast: Cast, root: Layer, north: Layer) -> Collision:
    reword(north, "problem", "What hurts", by=cast.mona)
    process.publish(north, note="", by=cast.mona, at=NOW)
    reword(root, "problem", "The problem", by=cast.adele)
    process.publish(root, note="", by=cast.adele, at=NOW)
    return Collision.objects.get()


def reword(layer: Layer, key: str, label: str, *, by: User) -> None:
    process.adapt_step(layer, stage=FOUR, key=key, said={"label": label}, reason=WHY, by=by, at=NOW)


def move(layer: Layer, key: str, *, by: User) -> None:
    process.move_step(layer, stage=FOUR, key=key, after="tip", reason=WHY, by=by, at=NOW)


def test_it_locks_layers_from_above_down(cast, north):
    """By id it would lock North, which was begun first, before West: whoever publishes West has
    locked that already, and would wait in a circle."""
    process.layer_of(cast.south, by=cast.nora, at=NOW)
    process.layer_of(cast.west, by=cast.rosa, at=NOW)

    found = [layer.team for layer in layers_from(cast.root)]

    assert found[:2] == [cast.root, cast.west]
    assert set(found[2:]) == {cast.north, cast.south}
