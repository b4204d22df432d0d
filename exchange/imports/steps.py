"""The steps of the processes here that a column of a file can answer.

An activity comes in by itself, and so does what the records say; a person of the other side comes in
with a role, a file by hand.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from exchange.imports.kinds import CellType
from pipeline.process.playbook import AnswerKind, Playbook, PlaybookStep, Proof, StepKind
from pipeline.process.queries.in_force import current_versions_of_teams, of_versions
from pipeline.process.stages import Stage

_TYPES = {
    AnswerKind.TEXT: CellType.LONG,
    AnswerKind.NUMBER: CellType.NUMBER,
    AnswerKind.MONEY: CellType.MONEY,
    AnswerKind.DATE: CellType.DAY,
    AnswerKind.CHOICE: CellType.WORD,
}


@dataclass(frozen=True, kw_only=True)
class AnsweredStep:
    """A step that a column answers, and how its cells are read: FLAG is a tick, WORD one of `choices`,
    LINK what proves it."""

    stage: Stage
    key: str
    label: str
    cell_type: CellType
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return name_of(self.stage, self.key)


def name_of(stage: Stage, key: str) -> str:
    """How a mapping calls a step: “qualification/budget”."""
    return f"{stage.key}/{key}"


def type_of(step: PlaybookStep | None) -> CellType | None:
    """How cells are read that answer a step; None where none can."""
    if step is None or step.hidden or step.is_mine or step.fact is not None:
        return None
    if step.kind == StepKind.QUESTION:
        return _TYPES.get(step.answer)
    if step.kind == StepKind.EVIDENCE and step.proof in (Proof.ANY, Proof.LINK):
        return CellType.LINK
    return CellType.FLAG if step.kind == StepKind.CHECK else None


def answerable_steps(teams: Collection[int] | None = None) -> dict[str, AnsweredStep]:
    """Those of the processes of some teams, or of all, by name, in the order of the process. Where two
    processes have one name, that of the team further up counts, with the choices of all. One query."""
    found: dict[str, AnsweredStep] = {}
    by_team = current_versions_of_teams()
    paths = {path for team, path in by_team.items() if teams is None or team in teams}
    for path in sorted(paths, key=lambda path: (len(path), path)):
        for each in _of(of_versions(path)):
            known = found.setdefault(each.name, each)
            if known.cell_type is each.cell_type:
                # What each deal's own process lets one choose is judged by that.
                choices = tuple(dict.fromkeys(known.choices + each.choices))
                found[each.name] = replace(known, choices=choices)
    return dict(sorted(found.items(), key=lambda item: item[1].stage))


def _of(book: Playbook) -> Iterator[AnsweredStep]:
    for stage in Stage:
        for step in book.steps(stage):
            cell_type = type_of(step)
            if cell_type is not None:
                yield AnsweredStep(
                    stage=stage,
                    key=step.key,
                    label=step.label,
                    cell_type=cell_type,
                    choices=step.choices if cell_type is CellType.WORD else (),
                )
