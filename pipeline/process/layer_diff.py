"""Changes between two states of the process, in words.

Pure. What is in force is decided by `pipeline.process.merging` alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.process.merging import clashes, merge
from pipeline.process.playbook import (
    REPLACING,
    SETTABLE_FIELDS,
    Applies,
    Clash,
    Importance,
    LayerContent,
    LayerSource,
    Level,
    Playbook,
    PlaybookStep,
    StageNaming,
    StepKind,
    StepRow,
    fields_of_others,
)
from pipeline.process.stages import Stage

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class ChangeKind(models.TextChoices):
    """What kind of change it is."""

    ADDED = "added", gettext_lazy("Added")
    REMOVED = "removed", gettext_lazy("Removed")
    AS_ABOVE = "as_above", gettext_lazy("As above again")
    REWORDED = "reworded", gettext_lazy("Reworded")
    REPLACED = "replaced", gettext_lazy("Asks something else")
    HIDDEN = "hidden", gettext_lazy("Hidden")
    SHOWN = "shown", gettext_lazy("Shown again")
    MOVED = "moved", gettext_lazy("Moved")
    TIGHTENED = "tightened", gettext_lazy("Asks more")
    SOFTENED = "softened", gettext_lazy("Asks less")
    LOCKED = "locked", gettext_lazy("Locked")
    UNLOCKED = "unlocked", gettext_lazy("Unlocked")
    NAMED = "named", gettext_lazy("Stage renamed")
    TIMED = "timed", gettext_lazy("Usual days changed")
    STRENGTH = "strength", gettext_lazy("Gate made stricter or milder")


# In the order in which a step is read.
FIELDS: dict[str, StrOrPromise] = {
    "label": gettext_lazy("Name"),
    "kind": gettext_lazy("Kind"),
    "answer": gettext_lazy("Answer"),
    "choices": gettext_lazy("Choices"),
    "proof": gettext_lazy("Evidence"),
    "doing": gettext_lazy("Activity"),
    "importance": gettext_lazy("Importance"),
    "applies": gettext_lazy("For"),
    "side": gettext_lazy("Criterion"),
    "fact": gettext_lazy("Done by"),
    "gives_you": gettext_lazy("Gives you"),
    "gives_managers": gettext_lazy("Gives the team"),
    "help": gettext_lazy("Help or script"),
    "position": gettext_lazy("Place"),
    "hidden": gettext_lazy("Hidden"),
    "locked": gettext_lazy("Locked for those below"),
    "norm_days": gettext_lazy("Usual days"),
    "strength": gettext_lazy("Strength"),
}
_WORDING = frozenset({"label", "help", "gives_you", "gives_managers"})


@dataclass(frozen=True, kw_only=True)
class Detail:
    """One field that changed; `was` and `now` are texts, empty if not set."""

    field: str
    was: str
    now: str

    @property
    def name(self) -> StrOrPromise:
        return FIELDS[self.field]


@dataclass(frozen=True, kw_only=True)
class LayerChange:
    """One change of a step, or of a stage (then `key` is empty). `label` is its name."""

    what: ChangeKind
    stage: Stage
    key: str = ""
    label: str = ""
    details: tuple[Detail, ...] = ()
    reason: str = ""

    @property
    def id(self) -> str:
        """Identifies the change in forms; all changes of one step share it."""
        if self.key:
            return f"{self.stage.value}:{self.key}"
        return f"{self.label if self.what == ChangeKind.STRENGTH else self.stage.value}/{self.what}"

    @property
    def words(self) -> str:
        """The change in one line: "Budget: Reworded (Name: Money → Budget)"."""
        told = "; ".join(
            _("%(field)s: %(now)s") % {"field": detail.name, "now": detail.now}
            if self.what == ChangeKind.ADDED
            else _("%(field)s: %(was)s → %(now)s")
            % {"field": detail.name, "was": detail.was or "–", "now": detail.now or "–"}
            for detail in self.details
            # Where a step stands is seen, not read, and long texts are read in full beside.
            if detail.field not in ("position", "help", "hidden", "locked")
        )
        head = f"{self.label}: {self.what.label}"
        return f"{head} ({told})" if told else head


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A step that is not as the layers above have it: what, on which layer, and why."""

    step: PlaybookStep
    source: LayerSource
    what: tuple[ChangeKind, ...]
    reason: str
    author: str


@dataclass(frozen=True, kw_only=True)
class Consistency:
    """How much is common: the framework's steps that nobody adapted, of all steps (METHOD,
    Customisation; CHECKLIST A3).

    Counted are all steps of the framework and of teams, hidden ones included, as hiding is a
    difference. Another place within the stage is none: what is done stays the same. What people
    have for themselves does not count.
    """

    common: int
    total: int

    @property
    def differing(self) -> int:
        return self.total - self.common

    @property
    def share(self) -> float | None:
        """From 0 to 1; None for a process without steps."""
        return self.common / self.total if self.total else None


@dataclass(frozen=True, kw_only=True)
class FoundCollision:
    """A change above that meets a difference below. `was` and `now` are the step above as JSON;
    `clash` is why the difference no longer holds, None if it does."""

    row: StepRow
    was: dict[str, Any] | None
    now: dict[str, Any] | None
    clash: Clash | None


def diff(
    before: LayerContent, after: LayerContent, *, above: Playbook | None = None
) -> tuple[LayerChange, ...]:
    """The changes between two states of one layer, by stage and step.

    `above` is what the layer inherits; without it, changed inherited steps have only their key for
    a name.
    """
    rows_before = {(row.stage, row.key): row for row in before.steps}
    rows_after = {(row.stage, row.key): row for row in after.steps}
    found: list[LayerChange] = list(_stage_changes(before, after, above))
    for stage, key in sorted(rows_before.keys() | rows_after.keys()):
        inherited = above.find(stage, key) if above else None
        found += _row_changes(
            rows_before.get((stage, key)), rows_after.get((stage, key)), inherited
        )
    return tuple(sorted(found, key=lambda change: change.stage))


def partial_content(
    before: LayerContent, after: LayerContent, chosen: Collection[str]
) -> LayerContent:
    """The layer with only some of its changes: those whose `LayerChange.id` is in `chosen`."""
    rows = {(row.stage, row.key): row for row in before.steps}
    news = {(row.stage, row.key): row for row in after.steps}
    for stage, key in rows.keys() | news.keys():
        if f"{stage.value}:{key}" in chosen:
            rows.pop((stage, key), None)
            if (stage, key) in news:
                rows[stage, key] = news[stage, key]
    strengths = dict(before.strengths)
    for gate in before.strengths.keys() | after.strengths.keys():
        if f"{gate}/{ChangeKind.STRENGTH}" in chosen:
            strengths.pop(gate, None)
            if gate in after.strengths:
                strengths[gate] = after.strengths[gate]
    stages = tuple(_chosen_stages(before, after, chosen))
    return LayerContent(steps=tuple(rows.values()), stages=stages, strengths=strengths)


def _chosen_stages(
    before: LayerContent, after: LayerContent, chosen: Collection[str]
) -> Iterator[StageNaming]:
    olds = {row.stage: row for row in before.stages}
    news = {row.stage: row for row in after.stages}
    for stage in Stage:
        old = olds.get(stage, StageNaming(stage=stage))
        new = news.get(stage, StageNaming(stage=stage))
        label = new.label if f"{stage.value}/{ChangeKind.NAMED}" in chosen else old.label
        days = new.norm_days if f"{stage.value}/{ChangeKind.TIMED}" in chosen else old.norm_days
        if label or days:
            yield StageNaming(stage=stage, label=label, norm_days=days)


def compare(
    was: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> tuple[LayerChange, ...]:
    """The changes between two steps as JSON (`step_json`)."""
    return tuple(_row_changes(_from_json(was), _from_json(now), None))


def differences(playbook: Playbook) -> tuple[Difference, ...]:
    """Where a playbook differs from the framework, in the order of its steps."""
    found = []
    for stage in Stage:
        for step in playbook.stages[stage]:
            if step.origin.level != Level.FRAMEWORK:
                found.append(
                    Difference(
                        step=step,
                        source=step.origin,
                        what=(ChangeKind.ADDED,),
                        reason=step.reason,
                        author=step.author,
                    )
                )
            found += [
                Difference(
                    step=step,
                    source=source,
                    what=_kinds(row),
                    reason=row.reason,
                    author=row.author,
                )
                for source, row in step.adapted
            ]
    return tuple(found)


def consistency(playbook: Playbook) -> Consistency:
    counted = [
        step
        for steps in playbook.stages.values()
        for step in steps
        if step.origin.level != Level.MINE
    ]
    common = sum(
        step.origin.level == Level.FRAMEWORK
        and not any(
            source.level != Level.MINE and set(_kinds(row)) - {ChangeKind.MOVED}
            for source, row in step.adapted
        )
        for step in counted
    )
    return Consistency(common=common, total=len(counted))


def step_json(step: PlaybookStep | None) -> dict[str, Any] | None:
    """A step in force as JSON, with every field, as collisions store it."""
    if step is None:
        return None
    said = {name: getattr(step, name) for name in SETTABLE_FIELDS}
    row = StepRow(stage=step.stage, key=step.key, adds=True, **said)
    data: dict[str, Any] = LayerContent(steps=(row,)).as_json()["steps"][0]
    return data


def find_collisions(
    rows: Iterable[StepRow], *, was: Playbook, now: Playbook
) -> Iterator[FoundCollision]:
    """The rows of a team's layer that meet a change above: those about the same fields, and those
    that no longer hold. `was` and `now` are the inherited playbooks before and after."""
    for row in rows:
        old, new = was.find(row.stage, row.key), now.find(row.stage, row.key)
        changed = _changed(old, new)
        if not changed:
            continue
        found = clashes(row, above=new, level=Level.TEAM)
        # Whoever hides a step has to know of any change in it; one that asks something else is
        # another step under the words of the team.
        same = row.hidden or changed & row.said().keys() or changed & REPLACING
        if found or (same and old is not None and new is not None):
            yield FoundCollision(
                row=row,
                was=step_json(old),
                now=step_json(new),
                clash=found[0] if found else None,
            )


def _changed(old: PlaybookStep | None, new: PlaybookStep | None) -> frozenset[str]:
    if old is None or new is None:
        return frozenset() if old is new else frozenset(SETTABLE_FIELDS)
    return frozenset(name for name in SETTABLE_FIELDS if getattr(old, name) != getattr(new, name))


def _from_json(data: Mapping[str, Any] | None) -> StepRow | None:
    return LayerContent.from_json({"steps": [data]}).steps[0] if data else None


def _row_changes(
    old: StepRow | None, new: StepRow | None, inherited: PlaybookStep | None
) -> Iterator[LayerChange]:
    row = new or old
    if row is None:
        return
    label = (new and new.label) or (old and old.label) or (inherited and inherited.label) or row.key

    def change(what: ChangeKind, *details: Detail) -> LayerChange:
        return LayerChange(
            what=what,
            stage=row.stage,
            key=row.key,
            label=label,
            details=details,
            reason=new.reason if new else "",
        )

    begins, began = new is not None and new.adds, old is not None and old.adds
    if new is not None and begins and not began:
        yield change(ChangeKind.ADDED, *_asked(new))
    elif began and not begins:
        yield change(ChangeKind.REMOVED)
    elif new is None:
        yield change(ChangeKind.AS_ABOVE)
    else:
        yield from (change(what, *details) for what, details in _field_changes(old, new, inherited))


# What a reader wants to know of a step that is new: what it is, how much it asks, what for.
_TOLD = (
    *("kind", "answer", "choices", "proof", "doing", "importance", "applies", "side", "fact"),
    *("gives_you", "gives_managers", "locked"),
)


def _asked(row: StepRow) -> Iterator[Detail]:
    """The fields of an added step, without those that have their usual value."""
    kind = row.kind or StepKind.CHECK
    said = {
        **{name: getattr(row, name) for name in _TOLD},
        "kind": kind,
        "importance": row.importance or Importance.EXPECTED,
        "applies": None if row.applies == Applies.ALWAYS else row.applies,
        **dict.fromkeys(fields_of_others(kind)),
    }
    for name in _TOLD:
        if value := said[name]:
            yield Detail(field=name, was="", now=_words(name, value))


def _field_changes(
    old: StepRow | None, new: StepRow, inherited: PlaybookStep | None
) -> Iterator[tuple[ChangeKind, list[Detail]]]:
    found: dict[ChangeKind, list[Detail]] = {}
    for name in FIELDS:
        if name not in SETTABLE_FIELDS:
            continue
        was = _effective(old, name, inherited)
        now = _effective(new, name, inherited)
        # What is said for the first time as it is above anyway is a difference on paper only.
        if was == now and getattr(old, name, None) == getattr(new, name):
            continue
        if was == now and inherited is None:
            continue
        detail = Detail(field=name, was=_words(name, was), now=_words(name, now))
        found.setdefault(_kind(name, was, now), []).append(detail)
    yield from found.items()


def _effective(row: StepRow | None, name: str, inherited: PlaybookStep | None) -> Any:
    value = getattr(row, name) if row is not None else None
    if value is None and inherited is not None and not (row is not None and row.adds):
        value = getattr(inherited, name)
    if value is False or value == "" or value == ():
        return None  # nothing said, nothing hidden, nothing locked
    return value


def _kind(name: str, was: Any, now: Any) -> ChangeKind:
    if name in _WORDING:
        return ChangeKind.REWORDED
    if name in REPLACING:
        return ChangeKind.REPLACED
    if name == "hidden":
        return ChangeKind.HIDDEN if now else ChangeKind.SHOWN
    if name == "locked":
        return ChangeKind.LOCKED if now else ChangeKind.UNLOCKED
    if name == "importance":
        return ChangeKind.SOFTENED if _weight(now) < _weight(was) else ChangeKind.TIGHTENED
    return ChangeKind.MOVED


def _weight(importance: Importance | None) -> int:
    """What is not known is what is usual."""
    return importance or Importance.EXPECTED


def _kinds(row: StepRow) -> tuple[ChangeKind, ...]:
    """The kinds of change that a row makes to the inherited step. A gate cannot be softened and
    nothing is weaker than a hint, so the importance in the row tells the direction."""
    found: list[ChangeKind] = []
    for name in FIELDS:
        value = getattr(row, name, None)
        if name not in SETTABLE_FIELDS or value is None:
            continue
        was = Importance.HINT if name == "importance" and value != Importance.HINT else None
        kind = _kind(name, was, value)
        if kind not in found:
            found.append(kind)
    return tuple(found)


def _words(name: str, value: Any) -> str:
    if value is None:
        return _("no") if name in ("hidden", "locked") else ""
    if value is True:
        return _("yes")
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, Enum):
        return str(getattr(value, "label", value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _stage_changes(
    before: LayerContent, after: LayerContent, above: Playbook | None
) -> Iterator[LayerChange]:
    olds = {row.stage: row for row in before.stages}
    news = {row.stage: row for row in after.stages}
    for stage in Stage:
        nothing = StageNaming(stage=stage)
        old, new = olds.get(stage, nothing), news.get(stage, nothing)
        for what, name in ((ChangeKind.NAMED, "label"), (ChangeKind.TIMED, "norm_days")):
            was, now = getattr(old, name), getattr(new, name)
            if was != now:
                # What a stage is called, and usually takes, is never nothing: it is as above.
                as_above = _inherited(stage, name, above)
                detail = Detail(field=name, was=str(was or as_above), now=str(now or as_above))
                yield LayerChange(
                    what=what, stage=stage, label=str(stage.universal), details=(detail,)
                )
    # The gates' own stages, for the order of the list only.
    for gate, stage in (("G4", Stage.NEEDS_ANALYSIS), ("G5", Stage.PROPOSAL)):
        was, now = before.strengths.get(gate), after.strengths.get(gate)
        if was != now:
            detail = Detail(
                field="strength",
                was=str(was.label) if was else "",
                now=str(now.label) if now else "",
            )
            yield LayerChange(what=ChangeKind.STRENGTH, stage=stage, label=gate, details=(detail,))


def _inherited(stage: Stage, name: str, above: Playbook | None) -> str:
    inherited = above or merge(())
    return str(inherited.label(stage) if name == "label" else inherited.norm_days(stage))
