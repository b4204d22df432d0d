import pytest
from hypothesis import given

from pipeline.process.framework_check import lint
from pipeline.process.layer_diff import (
    ChangeKind,
    compare,
    consistency,
    diff,
    differences,
    find_collisions,
    step_json,
)
from pipeline.process.merging import merge
from pipeline.process.playbook import (
    Clash,
    Importance,
    LayerContent,
    Level,
    StageNaming,
    StepKind,
    Strength,
)
from pipeline.process.stages import Stage
from tests.pipeline.process import FOUR, layer, over, row, whole
from tests.pipeline.test_playbook_merge import contents, everything, paths, tried

ABOVE = merge([layer(row(), row("tip", importance=Importance.HINT))])


def content(*rows, **more):
    return LayerContent(steps=rows, **more)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ([], [row("ovens")], ChangeKind.ADDED),
        ([row("ovens")], [], ChangeKind.REMOVED),
        ([over(label="Pain")], [], ChangeKind.AS_ABOVE),
        ([], [over(label="Pain")], ChangeKind.REWORDED),
        ([], [over(kind=StepKind.EVIDENCE)], ChangeKind.REPLACED),
        ([], [over(hidden=True)], ChangeKind.HIDDEN),
        ([over(hidden=True)], [over(hidden=False)], ChangeKind.SHOWN),
        ([], [over(position=3.0)], ChangeKind.MOVED),
        ([], [over(importance=Importance.GATE)], ChangeKind.TIGHTENED),
        ([], [over(importance=Importance.HINT)], ChangeKind.SOFTENED),
        ([], [over("tip", importance=Importance.EXPECTED)], ChangeKind.TIGHTENED),
        ([], [over(locked=True)], ChangeKind.LOCKED),
        ([row("ovens", locked=True)], [row("ovens")], ChangeKind.UNLOCKED),
    ],
)
def test_it_calls_a_change_by_its_name(before, after, what):
    (found,) = diff(content(*before), content(*after), above=ABOVE)
    assert found.what == what


def test_it_tells_what_a_step_was_and_is():
    (found,) = diff(content(), content(over(label="Pain")), above=ABOVE)
    assert found.words == "Pain: Reworded (Name: Problem → Pain)"
    assert found.reason == "Ours is another trade"


def test_it_tells_each_kind_of_change_of_one_step():
    after = content(over(label="Pain", importance=Importance.GATE, position=2.0))
    found = {change.what for change in diff(content(), after, above=ABOVE)}
    assert found == {ChangeKind.REWORDED, ChangeKind.TIGHTENED, ChangeKind.MOVED}


def test_it_tells_of_stages_and_gates():
    after = content(
        stages=(StageNaming(stage=FOUR, label="Dig", norm_days=14),),
        strengths={"G5": Strength.WARN},
    )
    found = {change.what: change.words for change in diff(content(), after)}
    assert set(found) == {ChangeKind.NAMED, ChangeKind.TIMED, ChangeKind.STRENGTH}
    assert found[ChangeKind.TIMED] == "Needs analysis: Usual days changed (Usual days: 8 → 14)"


@tried
@given(contents)
def test_it_finds_nothing_between_a_state_and_itself(state):
    assert diff(state, state) == ()
    assert diff(state, LayerContent.from_json(state.as_json()), above=ABOVE) == ()


@tried
@given(paths())
def test_it_finds_nothing_between_a_step_and_itself_as_kept_for_a_choice(layers):
    for step in everything(merge(layers)):
        assert compare(step_json(step), step_json(step)) == ()


def test_it_tells_what_differs_here_and_why():
    playbook = merge(
        [
            layer(row(), row("budget")),
            layer(over(label="Pain"), row("ovens", reason="Bakeries"), level=Level.TEAM, number=2),
        ]
    )
    found = {d.step.key: (d.what, d.reason, d.source.name) for d in differences(playbook)}
    assert found == {
        "problem": ((ChangeKind.REWORDED,), "Ours is another trade", "team 2"),
        "ovens": ((ChangeKind.ADDED,), "Bakeries", "team 2"),
    }


def test_it_counts_what_is_common_of_all():
    team = layer(
        over(label="Pain"), over("b", position=99.0), row("ovens"), level=Level.TEAM, number=2
    )
    mine = layer(over("c", label="Mine"), row("own"), level=Level.MINE, number=3)
    found = consistency(merge([layer(row(), row("b"), row("c"), row("d")), team, mine]))
    assert (found.common, found.total, found.differing, found.share) == (3, 5, 2, 0.6)
    assert consistency(merge([])).share is None


def test_it_finds_what_a_framework_lacks():
    assert lint(content(*whole())) == ()
    rows = [r for r in whole(row(gives_you="", gives_managers="")) if r.stage != Stage.CLOSING]
    found = [(fault.stage, fault.key) for fault in lint(content(*rows))]
    assert found == [(FOUR, "problem"), (FOUR, "problem"), (Stage.CLOSING, "")]


@pytest.mark.parametrize(
    "rows",
    [
        [row("tip", kind=StepKind.HINT)],
        [row("tip", importance=Importance.HINT)],
        [row("tip", hidden=True)],
    ],
)
def test_it_takes_no_stage_for_whole_that_records_nothing(rows):
    others = [r for r in whole() if r.stage != FOUR]
    assert [fault.stage for fault in lint(content(*others, *rows))] == [FOUR]


@pytest.mark.parametrize(
    ("said", "after", "clash"),
    [
        (over(label="Pain"), [row(label="The problem")], None),
        (over(label="Pain"), [row(kind=StepKind.EVIDENCE)], None),
        (over(hidden=True), [row(help="Ask")], None),
        (over(label="Pain"), [], Clash.ORPHAN),
        (over(label="Pain"), [row(locked=True)], Clash.LOCKED),
        (over(importance=Importance.HINT), [row(importance=Importance.GATE)], Clash.WEAKENS),
    ],
)
def test_it_finds_where_a_change_meets_a_difference(said, after, clash):
    (found,) = find_collisions([said], was=ABOVE, now=merge([layer(*after)]))
    assert (found.row, found.clash) == (said, clash)


@pytest.mark.parametrize(
    ("said", "after"),
    [
        (over(label="Pain"), [row(help="Ask why")]),
        (over(position=2.0), [row(label="The problem")]),
        (over(label="Pain"), [row()]),
        (over("budget", label="Money"), [row(label="The problem")]),
    ],
)
def test_it_bothers_nobody_with_a_change_of_something_else(said, after):
    assert not list(find_collisions([said], was=ABOVE, now=merge([layer(*after)])))
