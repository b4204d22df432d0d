import pytest

from pipeline.models import Collision, Layer, StageWording, Step, StepVote, User, Vote
from pipeline.process import commands as process
from pipeline.process.gates import Gate
from pipeline.process.playbook import (
    AnswerKind,
    Clash,
    Importance,
    Playbook,
    StepKind,
    Strength,
)
from pipeline.process.queries import in_force as queries
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused, Stale
from tests.conftest import Cast
from tests.factories import NOW, ago
from tests.pipeline.process import FOUR, in_force, over, row

WHY = "We sell to bakeries"


@pytest.fixture
def framework(cast: Cast):
    return in_force(
        cast.root,
        row("problem"),
        row("budget", position=20.0, locked=True),
        row("decider", position=30.0, importance=Importance.GATE),
        row("tip", position=40.0, kind=StepKind.HINT, importance=Importance.HINT),
    )


@pytest.fixture
def north(cast: Cast, framework) -> Layer:
    return process.layer_of(cast.north, by=cast.mona, at=NOW)


@pytest.fixture
def mine(cast: Cast, framework) -> Layer:
    return process.layer_of(cast.ana, by=cast.ana, at=NOW)


def keys(playbook: Playbook, stage: Stage = FOUR) -> list[str]:
    return [step.key for step in playbook.steps(stage)]


def effective(layer: Layer, key: str):
    return queries.working_playbook(layer).find(FOUR, key)


# Whose layer it is ---------------------------------------------------------------------------


def test_it_makes_one_layer_for_a_team_however_often_it_is_asked(cast, north):
    assert process.layer_of(cast.north, by=cast.rosa, at=NOW) == north
    assert Layer.objects.filter(team=cast.north).count() == 1


@pytest.mark.parametrize(
    ("who", "whose"),
    [("ana", "north"), ("nora", "north"), ("mona", "root"), ("mona", "west"), ("adele", "ana")],
)
def test_it_gives_a_layer_to_nobody_whose_it_is_not(cast, framework, who, whose):
    with pytest.raises(Layer.DoesNotExist):
        process.layer_of(getattr(cast, whose), by=getattr(cast, who), at=NOW)


def test_it_changes_no_layer_out_of_reach(cast, north):
    with pytest.raises(Layer.DoesNotExist):
        process.hide_step(north, stage=FOUR, key="problem", reason=WHY, by=cast.nora, at=NOW)
    assert not north.steps.exists()


def test_it_tells_a_second_editor_who_was_faster(cast, north):
    seen = north.revision
    process.hide_step(
        north, stage=FOUR, key="problem", reason=WHY, by=cast.mona, at=NOW, revision=seen
    )
    with pytest.raises(Stale, match="Mona Reyes"):
        process.show_step(north, stage=FOUR, key="problem", by=cast.rosa, at=NOW, revision=seen)
    assert effective(north, "problem").hidden


# Steps that begin here -----------------------------------------------------------------------


def test_it_adds_a_step_at_the_end_of_its_stage_with_its_author(cast, north):
    step = process.add_step(north, stage=FOUR, said={"label": " Oven size? "}, by=cast.mona, at=NOW)
    assert (step.key, step.label, step.author) == ("oven-size", "Oven size?", cast.mona)
    assert keys(queries.working_playbook(north)) == [
        "problem",
        "budget",
        "decider",
        "tip",
        "oven-size",
    ]
    assert effective(north, "oven-size").importance == Importance.EXPECTED


def test_it_gives_no_key_twice_in_a_stage_even_when_the_first_step_is_gone(cast, north):
    first = process.add_step(north, stage=FOUR, said={"label": "Ovens"}, by=cast.mona, at=NOW)
    process.publish(north, note="", by=cast.mona, at=NOW)
    process.remove_step(north, stage=FOUR, key=first.key, by=cast.mona, at=NOW)
    again = process.add_step(north, stage=FOUR, said={"label": "Ovens"}, by=cast.mona, at=NOW)
    above = process.add_step(north, stage=FOUR, said={"label": "Budget"}, by=cast.mona, at=NOW)
    assert (first.key, again.key, above.key) == ("ovens", "ovens-2", "budget-2")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"label": "  "}, "label"),
        (
            {
                "label": "Size",
                "kind": StepKind.QUESTION,
                "answer": AnswerKind.CHOICE,
                "choices": ["one"],
            },
            "choices",
        ),
        ({"label": "Site visit", "importance": Importance.GATE}, "gives_you"),
    ],
)
def test_it_refuses_a_step_that_is_none(cast, north, said, field):
    with pytest.raises(Refused) as refused:
        process.add_step(north, stage=FOUR, said=said, by=cast.mona, at=NOW)
    assert refused.value.field == field
    assert not north.steps.exists()


def test_it_keeps_who_brought_a_step_in_when_somebody_rewords_it(cast, north):
    process.add_step(north, stage=FOUR, said={"label": "Ovens"}, by=cast.mona, at=ago(days=3))
    process.adapt_step(
        north, stage=FOUR, key="ovens", said={"label": "Ovens and belts"}, by=cast.rosa, at=NOW
    )
    step = effective(north, "ovens")
    assert (step.label, step.author) == ("Ovens and belts", "Mona Reyes")
    assert step.made_on == ago(days=3).date()


def test_it_asks_nobody_for_a_hint(cast, north):
    step = process.add_step(
        north,
        stage=FOUR,
        said={"label": "Ask twice", "kind": StepKind.HINT, "importance": Importance.EXPECTED},
        by=cast.mona,
        at=NOW,
    )
    assert step.importance == Importance.HINT


# Differences from what is inherited ----------------------------------------------------------


def test_it_keeps_of_a_step_only_what_differs(cast, north):
    process.adapt_step(
        north,
        stage=FOUR,
        key="problem",
        said={"label": "What hurts", "importance": Importance.EXPECTED, "help": "Ask why"},
        reason=WHY,
        by=cast.mona,
        at=NOW,
    )
    step = north.steps.get()
    assert (step.label, step.importance, step.help, step.reason) == (
        "What hurts",
        None,
        "Ask why",
        WHY,
    )


def test_it_forgets_a_difference_that_is_none_any_more(cast, north):
    change(north, "problem", {"label": "What hurts"}, by=cast.mona)
    change(north, "problem", {"label": "Problem"}, by=cast.mona)
    assert not north.steps.exists()


def test_it_refuses_a_difference_without_a_reason(cast, north):
    with pytest.raises(Refused) as refused:
        change(north, "problem", {"label": "What hurts"}, by=cast.mona, reason=" ")
    assert refused.value.field == "reason"
    assert not north.steps.exists()


def test_it_asks_for_no_reason_for_ones_own_taste(cast, mine):
    change(mine, "problem", {"label": "What hurts"}, by=cast.ana, reason="")
    assert effective(mine, "problem").label == "What hurts"


@pytest.mark.parametrize(
    ("key", "said", "clash"),
    [
        ("budget", {"label": "Money"}, Clash.LOCKED),
        ("budget", {"importance": Importance.HINT}, Clash.LOCKED),
        ("budget", {"locked": False}, Clash.UNLOCKS),
        ("decider", {"importance": Importance.EXPECTED}, Clash.WEAKENS),
        ("decider", {"kind": StepKind.QUESTION}, Clash.WEAKENS),
    ],
)
def test_it_lets_a_team_weaken_nothing_that_must_stay(cast, north, key, said, clash):
    with pytest.raises(Refused, match=str(clash.label)):
        change(north, key, said, by=cast.mona)
    assert not north.steps.exists()


def test_it_lets_a_team_tighten_what_is_locked(cast, north):
    change(north, "budget", {"importance": Importance.GATE}, by=cast.mona)
    assert effective(north, "budget").importance == Importance.GATE


@pytest.mark.parametrize(
    "said", [{"importance": Importance.GATE}, {"kind": StepKind.EVIDENCE}, {"locked": True}]
)
def test_it_lets_nobody_ask_others_for_something_by_a_layer_of_ones_own(cast, mine, said):
    with pytest.raises(Refused, match=str(Clash.PERSONAL.label)):
        change(mine, "problem", said, by=cast.ana)
    added: process.StepWording = {
        "label": "Mine",
        "importance": Importance.GATE,
        "gives_you": "Calm",
    }
    with pytest.raises(Refused):
        process.add_step(mine, stage=FOUR, said=added, by=cast.ana, at=NOW)
    assert not mine.steps.exists()


def test_it_puts_away_hints_of_ones_own_layer_and_nothing_that_counts(cast, mine):
    process.hide_step(mine, stage=FOUR, key="tip", by=cast.ana, at=NOW)
    with pytest.raises(Refused):
        process.hide_step(mine, stage=FOUR, key="problem", by=cast.ana, at=NOW)
    assert keys(queries.for_person(queries.current_version_ids(cast.north.pk), cast.ana.pk)) == [
        "problem",
        "budget",
        "decider",
    ]


def test_it_shows_again_what_a_team_above_has_hidden(cast, north, framework):
    in_force(cast.west, over("problem", hidden=True))
    process.show_step(north, stage=FOUR, key="problem", reason=WHY, by=cast.mona, at=NOW)
    assert "problem" in keys(queries.working_playbook(north))
    process.hide_step(north, stage=FOUR, key="problem", reason=WHY, by=cast.mona, at=NOW)
    assert not north.steps.exists()


def test_it_says_so_when_the_step_is_gone(cast, north):
    with pytest.raises(Refused, match="no such step"):
        change(north, "unheard-of", {"label": "What?"}, by=cast.mona)
    with pytest.raises(Refused, match="Nothing differs"):
        process.remove_step(north, stage=FOUR, key="problem", by=cast.mona, at=NOW)


def test_it_takes_a_difference_back_and_settles_what_was_to_decide_about_it(cast, north):
    change(north, "problem", {"label": "What hurts"}, by=cast.mona)
    version = Layer.objects.get(team=cast.root).current
    assert version is not None
    collision = Collision.objects.create(
        layer=north,
        version=version,
        stage=FOUR,
        key="problem",
        at=NOW,
    )
    process.remove_step(north, stage=FOUR, key="problem", by=cast.mona, at=NOW)
    collision.refresh_from_db()
    assert (collision.choice, collision.decided_by) == ("take", cast.mona)
    assert effective(north, "problem").label == "Problem"


# Order ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "after", "expected"),
    [
        ("tip", None, ["tip", "problem", "budget", "decider"]),
        ("problem", "tip", ["budget", "decider", "tip", "problem"]),
        ("tip", "problem", ["problem", "tip", "budget", "decider"]),
        ("budget", "decider", ["problem", "decider", "budget", "tip"]),
        ("tip", "decider", ["problem", "budget", "decider", "tip"]),
    ],
)
def test_it_moves_a_step_within_its_stage(cast, north, key, after, expected):
    process.move_step(north, stage=FOUR, key=key, after=after, reason=WHY, by=cast.mona, at=NOW)
    assert keys(queries.working_playbook(north)) == expected


def test_it_makes_room_between_steps_that_stand_at_the_same_place(cast, north):
    in_force(cast.root, *(row(key, position=10.0) for key in ("a", "b", "c", "d")))
    process.move_step(north, stage=FOUR, key="d", after="a", reason=WHY, by=cast.mona, at=NOW)
    assert keys(queries.working_playbook(north)) == ["a", "d", "b", "c"]


def test_it_moves_no_step_to_another_stage(cast, north):
    in_force(cast.root, row("problem"), row("price", stage=Stage.PROPOSAL, position=5.0))
    with pytest.raises(Refused) as refused:
        process.move_step(
            north, stage=FOUR, key="problem", after="price", reason=WHY, by=cast.mona, at=NOW
        )
    assert refused.value.field == "after"


# Stages and gates ----------------------------------------------------------------------------


def test_it_names_a_stage_and_says_how_long_it_takes(cast, north):
    name(north, "Discovery", 14, by=cast.mona)
    playbook = queries.working_playbook(north)
    assert (playbook.label(FOUR), playbook.norm_days(FOUR)) == ("Discovery", 14)
    name(north, " ", None, by=cast.mona)
    assert not StageWording.objects.exists()


def test_it_lets_nobody_set_the_days_that_people_are_compared_by_for_oneself(cast, mine):
    with pytest.raises(Refused):
        name(mine, "", 90, by=cast.ana)
    name(mine, "Dig", None, by=cast.ana)
    assert queries.working_playbook(mine).label(FOUR) == "Dig"


def test_it_lets_the_organisation_alone_say_how_strict_a_gate_is(cast, north, mine):
    root = process.layer_of(cast.root, by=cast.adele, at=NOW)
    strict(root, Gate.UNDERSTOOD, by=cast.adele)
    assert queries.working_playbook(root).strength("G5") == Strength.WARN
    with pytest.raises(Refused):
        strict(root, Gate.OFFER_BEFORE_WIN, by=cast.adele)
    for layer, who in ((north, cast.mona), (mine, cast.ana)):
        with pytest.raises(Refused):
            strict(layer, Gate.UNDERSTOOD, by=who)


# Votes ---------------------------------------------------------------------------------------


def test_it_counts_the_last_word_of_each_person_about_a_step(cast):
    for who, choice in (
        (cast.ana, Vote.HELPS),
        (cast.ben, Vote.HELPS),
        (cast.ana, Vote.DOESNT_HELP),
    ):
        process.vote(stage=FOUR, key="problem", choice=choice, by=who, at=NOW)
    assert set(StepVote.objects.values_list("user__name", "vote")) == {
        ("Ana Ruiz", "doesnt_help"),
        ("Ben Okoro", "helps"),
    }
    process.vote(stage=FOUR, key="problem", choice=None, by=cast.ben, at=NOW)
    assert StepVote.objects.count() == 1


# Whoever stands under no team ----------------------------------------------------------------


def test_it_stands_on_the_framework_who_has_no_team(cast, framework):
    cast.adele.team = None
    cast.adele.save()
    layer = process.layer_of(cast.adele, by=cast.adele, at=NOW)
    assert "problem" in keys(queries.working_playbook(layer))


def change(layer: Layer, key: str, said, *, by: User, reason: str = WHY) -> Step | None:
    return process.adapt_step(layer, stage=FOUR, key=key, said=said, reason=reason, by=by, at=NOW)


def name(layer: Layer, label: str, days: int | None, *, by: User) -> None:
    process.name_stage(layer, stage=FOUR, label=label, norm_days=days, by=by, at=NOW)


def strict(layer: Layer, gate: Gate, *, by: User) -> None:
    process.set_strength(layer, gate=gate, strength=Strength.WARN, by=by, at=NOW)
