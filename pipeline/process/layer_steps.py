"""The steps of a level, each marked by what the level does to it, and playbooks side by side.

Pure, like `pipeline.process.playbook`; `pipeline.process.layer_diff` tells what changed from one state to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Choices
from django.utils.translation import gettext as _

from pipeline.process.layer_diff import LayerChange, compare, step_json
from pipeline.process.playbook import (
    SAYABLE,
    Clash,
    Level,
    MergedLayer,
    Playbook,
    PlaybookStep,
    StepRow,
    merge,
    sayable,
)
from pipeline.process.stages import Stage

# Where a step stands changes neither what it asks nor its words: it is told, but stays common.
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
    """A step as a level has it, against what it would be without the level's own layer.

    `above` is the step as inherited (None: it begins here), `row` what the level says of it and
    `clash` why that does not hold as it stands.
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
        """What this level did to it, in one word."""
        if self.mark == Mark.CHANGED and self.is_reworded:
            return _("reworded")
        if self.mark == Mark.SAME and self.is_moved:
            return _("moved")
        return self.mark.word

    @property
    def says(self) -> bool:
        """Whether this level has something to take back."""
        return self.row is not None

    def may_hide(self, level: Level) -> bool:
        return "hidden" in self._sayable(level)

    def may_edit(self, level: Level) -> bool:
        """Whether a form would have anything in it that is not refused."""
        return bool(self._sayable(level) - {"position", "hidden"})

    def _sayable(self, level: Level) -> frozenset[str]:
        return frozenset(SAYABLE) if self.above is None else sayable(self.above, level)

    def changes(self) -> tuple[LayerChange, ...]:
        """What differs from what is inherited, in words."""
        return compare(step_json(self.above), step_json(self.step)) if self.above else ()


def lines(layers: Sequence[MergedLayer]) -> tuple[Playbook, dict[Stage, list[LayerStep]]]:
    """The playbook that `layers` make, and its steps marked by what the last layer says."""
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
    return Mark.CHANGED if differ(step, above) else Mark.SAME


def differ(one: PlaybookStep, other: PlaybookStep) -> bool:
    """Whether two steps differ in anything but their place."""
    return any(getattr(one, name) != getattr(other, name) for name in SAYABLE if name not in _PLACE)


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
        """Whether the step in that playbook is another than in the first."""
        first, other = self.steps[0], self.steps[place]
        if first is None or other is None:
            return first is not other
        return differ(first, other)

    @property
    def is_different(self) -> bool:
        return any(self.differs(place) for place in range(1, len(self.steps)))

    @property
    def reasons(self) -> list[tuple[str, str, str]]:
        """Why it differs, who says so and on which layer, each once."""
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


def beside(playbooks: Sequence[Playbook]) -> dict[Stage, list[ComparedStep]]:
    """Every step of the playbooks, in the order of the first that has it."""
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


def in_words(value: Any) -> str:
    """A value that a layer gives a step, for people."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Choices):
        return str(value.label)
    return ", ".join(value) if isinstance(value, tuple) else str(value)
