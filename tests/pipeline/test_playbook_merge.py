"""What holds however layers are made: the properties that everything else rests on."""

import datetime as dt
import itertools
import json
import random
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.process.merging import clashes, merge
from pipeline.process.playbook import (
    AnswerKind,
    Applies,
    Clash,
    Fact,
    Importance,
    LayerContent,
    LayerSource,
    Level,
    MergedLayer,
    Playbook,
    Proof,
    Side,
    StageNaming,
    StepKind,
    StepRow,
    Strength,
    WorkKind,
)
from pipeline.process.stages import Stage
from tests.pipeline.process import FOUR, layer, over, row, step_in

# A loaded machine is no fault of the rules.
tried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Few keys and stages, so that layers meet all the time.
KEYS = st.sampled_from(["a", "b"])
STAGES = st.sampled_from([Stage.NEEDS_ANALYSIS, Stage.PROPOSAL])


# Everything that a row can say, empty texts and what no command would write included; most often
# what layers quarrel about.
SAID = [
    *[("locked", True), ("hidden", True), ("importance", Importance.GATE)] * 6,
    *[("locked", False), ("hidden", False), ("importance", Importance.EXPECTED)] * 3,
    ("importance", Importance.HINT),
    *(("label", label) for label in ("One", "Two", "")),
    *(("kind", kind) for kind in StepKind),
    ("answer", AnswerKind.DATE),
    ("choices", ("x", "y")),
    ("proof", Proof.LINK),
    ("doing", WorkKind.MEETING),
    ("applies", Applies.NEW),
    ("side", Side.OURS),
    ("fact", Fact.PROBLEM),
    *(("position", position) for position in (-1.0, 0.0, 7.5)),
    *(("help", text) for text in ("Ask", "")),
    ("gives_you", "Calm"),
    ("gives_managers", ""),
    ("reason", "Ours"),
    ("author", "Ana"),
    ("made_on", dt.date(2026, 3, 1)),
    ("author_id", 7),
]
said = st.lists(st.sampled_from(SAID), min_size=1, max_size=5).map(dict)
rows = st.builds(
    lambda stage, key, adds, said: StepRow(stage=stage, key=key, adds=adds, **said),
    STAGES,
    KEYS,
    st.booleans(),
    said,
)


def step_at(place: tuple[Stage, str], words: dict[str, Any]) -> StepRow:
    return StepRow(stage=place[0], key=place[1], adds=True, **words)


# A step at each of the places, so that whatever lies below meets something.
frameworks = st.tuples(
    *(
        said.map(partial(step_at, place))
        for place in itertools.product((Stage.NEEDS_ANALYSIS, Stage.PROPOSAL), ("a", "b"))
    )
).map(lambda found: LayerContent(steps=found))


def maybe(values):
    return st.none() | values


contents = st.builds(
    LayerContent,
    steps=st.lists(rows, min_size=1, max_size=4, unique_by=lambda each: (each.stage, each.key)).map(
        tuple
    ),
    stages=st.lists(
        st.builds(
            StageNaming,
            stage=STAGES,
            label=maybe(st.just("Dig")),
            norm_days=maybe(st.integers(1, 90)),
        ),
        max_size=2,
        unique_by=lambda each: each.stage,
    ).map(tuple),
    strengths=st.dictionaries(st.sampled_from(["G4", "G5"]), st.sampled_from(Strength)),
)


@st.composite
def paths(draw, *, least: int = 1):
    """A framework with up to three teams below it, and perhaps a person's own layer."""
    count, whole = draw(st.integers(least, 4)), draw(st.booleans())
    levels = [Level.FRAMEWORK, *[Level.TEAM] * (count - 1)]
    if draw(st.booleans()):
        levels.append(Level.MINE)
    return tuple(
        MergedLayer(
            source=LayerSource(level=level, layer_id=n, name=f"{level} {n}", version_id=n),
            content=draw(frameworks if n == 0 and whole else contents),
        )
        for n, level in enumerate(levels)
    )


def everything(playbook: Playbook):
    return [step for steps in playbook.stages.values() for step in steps]


@tried
@given(paths(), st.randoms(use_true_random=False))
def test_it_does_not_depend_on_the_order_of_rows(layers, chance: random.Random):
    shuffled = []
    for each in layers:
        steps, stages = list(each.content.steps), list(each.content.stages)
        chance.shuffle(steps)
        chance.shuffle(stages)
        content = LayerContent(
            steps=tuple(steps), stages=tuple(stages), strengths=each.content.strengths
        )
        shuffled.append(MergedLayer(source=each.source, content=content))
    assert merge(shuffled) == merge(layers)


@tried
@given(paths(least=2))
def test_it_always_has_the_steps_that_are_locked_above(layers):
    for depth in range(1, len(layers)):
        above, below = merge(layers[:depth]), merge(layers[: depth + 1])
        for step in everything(above):
            if not step.locked:
                continue
            same = below.find(*step.place)
            assert same is not None
            assert same.locked
            assert same.hidden == step.hidden
            assert (same.label, same.kind, same.fact) == (step.label, step.kind, step.fact)
            assert same.importance >= step.importance


@tried
@given(paths(least=2))
def test_it_has_no_weaker_gate_below(layers):
    for depth in range(1, len(layers)):
        above, below = merge(layers[:depth]), merge(layers[: depth + 1])
        for step in everything(above):
            if step.gates:
                same = below.find(*step.place)
                assert same is not None
                assert same.gates
                for name in ("kind", "answer", "choices", "proof", "doing", "applies", "fact"):
                    assert getattr(same, name) == getattr(step, name)


@tried
@given(paths())
def test_it_has_every_step_in_exactly_one_of_the_seven(layers):
    playbook = merge(layers)
    assert list(playbook.stages) == list(Stage)
    for stage, steps in playbook.stages.items():
        assert all(step.stage == stage for step in steps)
    places = [step.place for step in everything(playbook)]
    assert len(places) == len(set(places))
    assert {(r.stage, r.key) for each in layers for r in each.content.steps if r.adds} == set(
        places
    )


@tried
@given(paths(least=2), contents, said)
def test_it_lets_nobody_change_for_oneself_what_is_asked_or_counted(layers, mine, words):
    teams = tuple(each for each in layers if each.source.level != Level.MINE)
    new = StepRow(stage=FOUR, key="mine", adds=True, **words)
    own = MergedLayer(
        source=LayerSource(level=Level.MINE, layer_id=9, name=""),
        content=replace(mine, steps=(*mine.steps, new)),
    )
    shared, personal = merge(teams), merge((*teams, own))
    asked = {step.place for step in everything(shared) if step.gates}
    assert {step.place for step in everything(personal) if step.gates} == asked
    counted = [step.place for step in everything(shared) if step.counts]
    assert sorted(step.place for step in everything(personal) if step.counts) == sorted(counted)
    assert personal.norms == shared.norms
    assert personal.strengths == shared.strengths
    assert personal.version_ids == shared.version_ids


@tried
@given(paths())
def test_it_says_of_each_difference_that_it_left_out_why(layers):
    playbook = merge(layers)
    said = {(each.source, row.stage, row.key) for each in layers for row in each.content.steps}
    assert {(i.source, i.row.stage, i.row.key) for i in playbook.ignored} <= said
    assert all(isinstance(ignored.clash, Clash) for ignored in playbook.ignored)


@tried
@given(contents)
def test_it_reads_again_what_it_wrote(content):
    text = json.dumps(content.as_json())
    again = LayerContent.from_json(json.loads(text))
    assert json.dumps(again.as_json()) == text
    source = LayerSource(level=Level.FRAMEWORK, layer_id=1, name="")
    assert merge([MergedLayer(source=source, content=again)]) == merge(
        [MergedLayer(source=source, content=content)]
    )


# What the layers may say, case by case --------------------------------------------------------


def test_it_inherits_live_what_a_layer_says_nothing_of():
    framework = layer(row(help="Ask why"))
    team = layer(over(label="What hurts"), level=Level.TEAM)
    step = step_in(merge([framework, team]))
    assert (step.label, step.help) == ("What hurts", "Ask why")
    assert step.adapted[0][0] == team.source
    changed = layer(row(help="Ask twice"))
    assert step_in(merge([changed, team])).help == "Ask twice"


def test_it_keeps_a_difference_out_whose_step_is_gone_and_says_so():
    team = layer(over(label="What hurts"), level=Level.TEAM)
    playbook = merge([layer(), team])
    assert playbook.find(FOUR, "problem") is None
    assert [ignored.clash for ignored in playbook.ignored] == [Clash.ORPHAN]


def test_it_lets_hold_what_may_of_a_row_that_says_too_much():
    framework = layer(row(locked=True))
    team = layer(over(label="What hurts", importance=Importance.GATE), level=Level.TEAM)
    step = step_in(merge([framework, team]))
    assert (step.label, step.importance) == ("Problem", Importance.GATE)


def test_it_says_nothing_against_a_row_that_says_what_is_inherited():
    above = step_in(merge([layer(row(locked=True))]))
    assert clashes(over(label="Problem"), above=above, level=Level.TEAM) == []


def test_it_names_stages_from_above_down_and_days_by_teams_only():
    def naming(level, label, days):
        stages = (StageNaming(stage=FOUR, label=label, norm_days=days),)
        source = LayerSource(level=level, layer_id=1, name="")
        return MergedLayer(source=source, content=LayerContent(stages=stages))

    playbook = merge(
        [
            naming(Level.FRAMEWORK, "Needs", 9),
            naming(Level.TEAM, None, 14),
            naming(Level.MINE, "Dig", 99),
        ]
    )
    assert (playbook.label(FOUR), playbook.norm_days(FOUR)) == ("Dig", 14)
    assert playbook.label(Stage.PROPOSAL) == Stage.PROPOSAL.label
