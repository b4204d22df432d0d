"""The steps of a layer compared with what it inherits, and several playbooks compared with each other.

Pure, like `pipeline.process.playbook`. `pipeline.process.layer_diff` compares two states of a layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Choices
from django.utils.translation import gettext as _

from pipeline.process.layer_diff import LayerChange, compare, step_json
from pipeline.process.merging import merge, settable_fields
from pipeline.process.playbook import (
    SETTABLE_FIELDS,
    Clash,
    Level,
    MergedLayer,
    Playbook,
    PlaybookStep,
    StepRow,
)
from pipeline.process.stages import Stage

# Another position is listed as a change, but the step still counts as common.
_PLACE = frozenset({"position"})


class Mark(StrEnum):
    SAME = "same"
    ADDED = "added"
    CHANGED = "changed"
    HIDDEN = "hidden"

    @property
    def sign(self) -> str:
        return {"same": "=", "added": "+", "changed": "~", "hidden": "−"}[self.value]

    @property
    def tone(self) -> str:
        return {"same": "", "added": "add", "changed": "chg", "hidden": "del"}[self.value]

    @property
    def word(self) -> str:
        return {
            "same": _("as inherited"),
            "added": _("added"),
            "changed": _("changed"),
            "hidden": _("hidden"),
        }[self.value]


@dataclass(frozen=True, kw_only=True)
class LayerStep:
    """A step of a playbook, compared with the same step without the last layer.

    `above` is the inherited step (None: this layer adds it), `row` the difference on this layer, and
    `clash` why that difference is ignored.
    """

    step: PlaybookStep
    mark: Mark
    above: PlaybookStep | None = None
    row: StepRow | None = None
    clash: Clash | None = None

    @property
    def is_reworded(self) -> bool:
        return self.above is not None and self.above.label != self.step.label

    @property
    def is_moved(self) -> bool:
        return self.above is not None and self.above.position != self.step.position

    @property
    def what(self) -> str:
        """What this layer changed, in one word."""
        if self.mark == Mark.CHANGED and self.is_reworded:
            return _("reworded")
        if self.mark == Mark.SAME and self.is_moved:
            return _("moved")
        return self.mark.word

    @property
    def has_own_row(self) -> bool:
        """Whether this layer has a difference that could be removed."""
        return self.row is not None

    def may_hide(self, level: Level) -> bool:
        return "hidden" in self._settable(level)

    def may_edit(self, level: Level) -> bool:
        """Whether the layer may change any field of the step."""
        return bool(self._settable(level) - {"position", "hidden"})

    def _settable(self, level: Level) -> frozenset[str]:
        return (
            frozenset(SETTABLE_FIELDS) if self.above is None else settable_fields(self.above, level)
        )

    def changes(self) -> tuple[LayerChange, ...]:
        """The changes against the inherited step."""
        return compare(step_json(self.above), step_json(self.step)) if self.above else ()


def layer_steps(layers: Sequence[MergedLayer]) -> tuple[Playbook, dict[Stage, list[LayerStep]]]:
    """Merge `layers`; the playbook, and by stage its steps compared with those without the last layer."""
    *above, last = layers
    now, before = merge(layers), merge(above)
    said = {(row.stage, row.key): row for row in last.content.steps}
    clashes = {
        (found.row.stage, found.row.key): found.clash
        for found in now.ignored
        if found.source == last.source
    }
    found = {
        stage: [
            LayerStep(
                step=step,
                mark=_mark(step, before.find(*step.place)),
                above=before.find(*step.place),
                row=said.get(step.place),
                clash=clashes.get(step.place),
            )
            for step in now.stages[stage]
        ]
        for stage in Stage
    }
    return now, found


def _mark(step: PlaybookStep, above: PlaybookStep | None) -> Mark:
    if above is None:
        return Mark.ADDED
    if step.hidden and not above.hidden:
        return Mark.HIDDEN
    return Mark.CHANGED if steps_differ(step, above) else Mark.SAME


def steps_differ(one: PlaybookStep, other: PlaybookStep) -> bool:
    """Whether two steps differ in anything but their position."""
    return any(
        getattr(one, name) != getattr(other, name) for name in SETTABLE_FIELDS if name not in _PLACE
    )


@dataclass(frozen=True, kw_only=True)
class ComparedStep:
    """A step in several playbooks; None where it is not there."""

    stage: Stage
    key: str
    steps: tuple[PlaybookStep | None, ...]

    @property
    def label(self) -> str:
        return next(step.label for step in self.steps if step is not None)

    def differs(self, place: int) -> bool:
        """Whether the step of playbook number `place` differs from that of the first."""
        first, other = self.steps[0], self.steps[place]
        if first is None or other is None:
            return first is not other
        return steps_differ(first, other)

    @property
    def is_different(self) -> bool:
        return any(self.differs(place) for place in range(1, len(self.steps)))

    @property
    def reasons(self) -> list[tuple[str, str, str]]:
        """Why it differs, by whom and on which layer; each once."""
        found = {
            (source.name, row.reason, row.author): None
            for step in self.steps
            if step is not None
            for source, row in step.adapted
            if row.reason
        }
        found |= {
            # Who adds a step gives no reason but what it gives.
            (step.origin.name, step.reason or step.gives_you, step.author): None
            for step in self.steps
            if step is not None and self.steps[0] is None and (step.reason or step.gives_you)
        }
        return list(found)


def compare_playbooks(playbooks: Sequence[Playbook]) -> dict[Stage, list[ComparedStep]]:
    """Every step of the playbooks, in the order of the first playbook that has it."""
    found: dict[Stage, list[ComparedStep]] = {}
    for stage in Stage:
        places: dict[str, float] = {}
        for playbook in playbooks:
            for step in playbook.stages[stage]:
                places.setdefault(step.key, step.position)
        found[stage] = [
            ComparedStep(
                stage=stage, key=key, steps=tuple(book.find(stage, key) for book in playbooks)
            )
            for key in sorted(places, key=lambda key: (places[key], key))
        ]
    return found


def value_text(value: Any) -> str:
    """A value of a step's field, as text for people."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Choices):
        return str(value.label)
    return ", ".join(value) if isinstance(value, tuple) else str(value)
