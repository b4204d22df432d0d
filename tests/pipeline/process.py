"""A framework of a few steps for the tests of the process, and words for its layers."""

from typing import Any

from pipeline.models import Layer, Team, Version
from pipeline.process.playbook import (
    Importance,
    LayerContent,
    LayerSource,
    Level,
    Playbook,
    PlaybookStep,
    StepKind,
    StepRow,
)
from pipeline.process.playbook import MergedLayer as MergedLayer
from pipeline.process.queries.in_force import step_of
from pipeline.process.stages import Stage
from tests.factories import NOW, ago

FOUR = Stage.NEEDS_ANALYSIS


def row(key: str = "problem", *, stage: Stage = FOUR, **said: Any) -> StepRow:
    """A step that begins here, expected of everybody unless it says otherwise."""
    usual: dict[str, Any] = {
        "adds": True,
        "label": key.capitalize(),
        "kind": StepKind.CHECK,
        "importance": Importance.EXPECTED,
        "gives_you": "An easier talk",
        "gives_managers": "Forecasts that hold",
        "position": 10.0,
    }
    return StepRow(stage=stage, key=key, **usual | said)


def over(key: str = "problem", *, stage: Stage = FOUR, **said: Any) -> StepRow:
    """A difference from an inherited step."""
    return StepRow(stage=stage, key=key, reason="Ours is another trade", **said)


def layer(*rows: StepRow, level: Level = Level.FRAMEWORK, number: int = 1) -> MergedLayer:
    source = LayerSource(level=level, layer_id=number, name=f"{level.value} {number}")
    return MergedLayer(source=source, content=LayerContent(steps=rows))


def whole(*rows: StepRow) -> list[StepRow]:
    """The rows, with one step more in every stage, so that the framework is whole."""
    return [*rows, *(row("basics", stage=stage, position=5.0) for stage in Stage)]


def step_in(playbook: Playbook, key: str = "problem") -> PlaybookStep:
    """The step of that key, which must be there."""
    step = playbook.find(FOUR, key)
    assert step is not None
    return step


def in_force(team: Team, *rows: StepRow) -> Version:
    """Publish `rows` for a team without a command; the draft of its layer says the same."""
    found, _made = Layer.objects.get_or_create(team=team, defaults={"changed_at": NOW})
    found.steps.all().delete()
    for each in rows:
        step_of(each, layer=found, author_id=None, at=ago(days=30)).save()
    found.current = Version.objects.create(
        layer=found,
        number=found.versions.count() + 1,
        content=LayerContent(steps=tuple(rows)).as_json(),
        published_at=ago(days=30),
    )
    found.save(update_fields=["current"])
    return found.current
