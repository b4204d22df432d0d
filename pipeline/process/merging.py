"""The only place where the layers of a process meet (ARCHITECTURE 4; CHECKLIST A2, A3, E20).

The organisation's framework, the layers of the teams below it and a salesperson's own each hold
only differences; `merge` folds them into the one `Playbook` that a person works by. Pure: it reads
no table and knows no deal, so that pages, gates, previews and tests all get the same answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.process.playbook import (
    REPLACING,
    SETTABLE_FIELDS,
    Clash,
    Ignored,
    Importance,
    LayerSource,
    Level,
    MergedLayer,
    Playbook,
    PlaybookStep,
    StepKind,
    StepRow,
    Strength,
)
from pipeline.process.stages import Stage

# What a lower layer may still say of a locked step: `importance` upwards only.
_FREE_WHEN_LOCKED = frozenset({"position", "importance"})
# What somebody may say of an inherited step for himself or herself.
_PERSONAL = frozenset({"label", "help", "position", "hidden"})


def merge(layers: Sequence[MergedLayer]) -> Playbook:
    """Fold the layers, from the framework down to a salesperson's own, into the playbook in force.

    Total: a difference that does not hold is left out and reported in `ignored`, so that neither a
    change above nor a faulty row can take away a locked step, weaken a gate or break a page. The
    order of rows inside a layer does not matter.
    """
    found: dict[tuple[Stage, str], PlaybookStep] = {}
    labels: dict[Stage, str] = {}
    norms: dict[Stage, int] = {}
    strengths: dict[str, Strength] = {}
    ignored: list[Ignored] = []
    for layer in layers:
        source = layer.source
        ignored += _apply_layer(found, layer)
        for wording in layer.content.stages:
            if wording.label:
                labels[wording.stage] = wording.label
            # How long a visit usually takes is the team's matter: figures compare people by it.
            if wording.norm_days and source.level != Level.MINE:
                norms[wording.stage] = wording.norm_days
        if source.level == Level.FRAMEWORK:
            strengths.update(layer.content.strengths)
    of_stage: dict[Stage, list[PlaybookStep]] = {stage: [] for stage in Stage}
    for step in sorted(found.values(), key=lambda step: (step.position, step.key)):
        of_stage[step.stage].append(step)
    return Playbook(
        stages={stage: tuple(steps) for stage, steps in of_stage.items()},
        labels=labels,
        norms=norms,
        strengths=strengths,
        sources=tuple(layer.source for layer in layers),
        ignored=tuple(ignored),
    )


def _apply_layer(
    found: dict[tuple[Stage, str], PlaybookStep], layer: MergedLayer
) -> Iterator[Ignored]:
    """Apply the layer's differences to the steps found above; returns those that are ignored."""
    source = layer.source
    for row in sorted(layer.content.steps, key=lambda row: row.place):
        above = found.get((row.stage, row.key))
        for clash in clashes(row, above=above, level=source.level):
            yield Ignored(source=source, row=row, clash=clash)
        step = _apply(row, above=above, source=source)
        if step is not None:
            found[step.place] = step


def clashes(row: StepRow, *, above: PlaybookStep | None, level: Level) -> list[Clash]:
    """Why `row` on a layer of `level` does not hold over the step that it inherits; empty if it
    does.

    Commands refuse a new row with a clash; `merge` ignores one that clashes later.
    """
    if above is None:
        if not row.adds:
            return [Clash.ORPHAN]
        too_much = level == Level.MINE and (row.importance == Importance.GATE or row.locked)
        return [Clash.PERSONAL] if too_much else []
    found = [Clash.TWIN] if row.adds else []
    said = row.said()
    allowed = _allowed(said, above=above, level=level)
    held_back = {
        name
        for name, value in said.items()
        if name not in allowed and value != getattr(above, name)
    }
    if not held_back:
        return found
    if level == Level.MINE:
        found.append(Clash.LOCKED if above.locked and held_back <= _PERSONAL else Clash.PERSONAL)
    elif "locked" in held_back:
        found.append(Clash.UNLOCKS)
    elif above.locked:
        found.append(Clash.LOCKED)
    else:
        found.append(Clash.WEAKENS)
    return found


def settable_fields(above: PlaybookStep, level: Level) -> frozenset[str]:
    """The fields that a layer of `level` may set on an inherited step. Of `importance`, only values
    from `least_importance` up."""
    anything = {name: getattr(above, name) for name in SETTABLE_FIELDS}
    names = set(_allowed(anything, above=above, level=level))
    if "importance" in names and least_importance(above) == Importance.GATE:
        names.discard("importance")  # there is nothing above a gate
    return frozenset(names)


def least_importance(above: PlaybookStep) -> Importance:
    """The lowest importance that a layer below may give to an inherited step."""
    return above.importance if above.locked or above.gates else Importance.HINT


def _allowed(said: Mapping[str, Any], *, above: PlaybookStep, level: Level) -> dict[str, Any]:
    """The part of `said` that a layer of `level` may set on the inherited step."""
    names = set(said)
    if level == Level.MINE:
        names &= _PERSONAL
        # A hint can be put away; what is expected of everybody stays in sight of everybody.
        if above.importance > Importance.HINT and above.origin.level != Level.MINE:
            names.discard("hidden")
    if above.locked:
        names &= _FREE_WHEN_LOCKED
    wanted = said.get("importance")
    if wanted is not None and wanted < above.importance and (above.locked or above.gates):
        names.discard("importance")
    if above.importance == Importance.GATE:
        names.discard("hidden")
        # To ask less, or of fewer deals, would be a weaker gate under the same name.
        names -= REPLACING
    return {name: said[name] for name in names}


def _apply(row: StepRow, *, above: PlaybookStep | None, source: LayerSource) -> PlaybookStep | None:
    said = row.said()
    if above is not None:
        changed = {
            name: value
            for name, value in _allowed(said, above=above, level=source.level).items()
            if value != getattr(above, name)
        }
        if not changed:
            return above
        step = replace(above, **changed, adapted=(*above.adapted, (source, row)))
    elif row.adds:
        said.setdefault("label", row.key)
        said.setdefault("kind", StepKind.CHECK)
        said.setdefault("importance", Importance.EXPECTED)
        if source.level == Level.MINE:
            said["importance"] = min(said["importance"], Importance.EXPECTED)
            said["locked"] = False
        step = PlaybookStep(
            stage=row.stage,
            key=row.key,
            origin=source,
            reason=row.reason,
            author=row.author,
            made_on=row.made_on,
            **said,
        )
    else:
        return None
    if step.kind == StepKind.HINT and step.importance != Importance.HINT:
        # There is nothing to do about a hint, so nobody can be asked for it.
        return replace(step, importance=Importance.HINT)
    return step
