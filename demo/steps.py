"""The steps of a deal of the demo, and what its gates were told."""

import datetime as dt
from typing import assert_never

from crm.commands.gate import as_json
from crm.models import (
    ActivityKind,
    Judgement,
    StageVisit,
    StepResult,
    StepState,
)
from crm.models.activity import is_attempt
from demo import wording
from demo.recorder import DealRecording
from pipeline.process.gates import Act, Reason, Verb, judge
from pipeline.process.moves import EnteredHow, LeftHow, Visit
from pipeline.process.playbook import AnswerKind, Importance, PlaybookStep, StepKind
from pipeline.process.queries.in_force import of_versions
from pipeline.process.stages import Stage

REASONS = (Reason.CUSTOMER_INSISTED, Reason.DONE_BEFORE, Reason.NOT_APPLICABLE)


class StepRecording(DealRecording):
    """What was recorded against the steps of the stages, and what was gone past."""

    def record_steps(self) -> None:
        """Each visited stage's steps that no record says by itself; a gate that was left is always
        done, or overridden with a reason."""
        for stage_visit in self.stage_visits:
            visit, left = stage_visit.visit, stage_visit.left_how in (LeftHow.ADVANCED, LeftHow.WON)
            for step in of_versions(stage_visit.version_ids).steps(Stage(stage_visit.stage)):
                if step.fact or not step.can_be_done or step.place in self.known.settled:
                    continue
                gate = left and step.importance == Importance.GATE
                usual = 0.25 if step.importance == Importance.HINT else 0.74
                lucky = gate or self.chance(usual if left else usual / 2)
                # What was logged has done its step, whoever thought of it.
                if lucky or step.kind == StepKind.ACTIVITY:
                    done_at = self._done_at(step, visit)
                    if done_at is not None:
                        self._result(step, stage_visit, done_at)
                    elif gate:
                        self._override(step, stage_visit)
                elif left and step.counts and self.chance(0.2):
                    self._override(step, stage_visit)

    def record_own_steps(self) -> None:
        """What people ask of themselves; nobody else sees it, and no gate knows it."""
        told = set()
        for stage_visit, by in zip(self.stage_visits, self.by, strict=True):
            at = self.within(stage_visit.visit)
            for row in self.to.process.own_steps(by, Stage(stage_visit.stage), at):
                if (row.key, by) in told or not self.chance(0.6):
                    continue
                told.add((row.key, by))
                self.to.add(
                    StepResult(
                        deal_id=self.deal.pk,
                        stage=stage_visit.stage,
                        key=row.key,
                        label=row.label or "",
                        state=StepState.DONE,
                        version_ids=stage_visit.version_ids,
                        at=at,
                        by_id=by,
                        private_to_id=by,
                    )
                )

    def _done_at(self, step: PlaybookStep, visit: Visit) -> dt.datetime | None:
        """When it was done; None if it was not: a meeting that was never held is no step."""
        if step.importance == Importance.GATE and self.chance(0.15):
            return None
        if step.answer == AnswerKind.CONTACT and step.kind == StepKind.QUESTION and not self.people:
            return None
        if step.kind != StepKind.ACTIVITY:
            return self._ticked_at(visit)
        kind = {"call": ActivityKind.CALL, "meeting": ActivityKind.MEETING}.get(step.doing)
        end = visit.left_at or self.now
        held = [
            doing.done_at
            for doing in self.sim.doings
            if doing.kind == kind and doing.done_at and visit.entered_at
            if visit.entered_at <= doing.done_at <= end
            if not is_attempt(doing.kind, doing.result)
        ]
        return held[0] if held else None

    def _ticked_at(self, visit: Visit) -> dt.datetime:
        """One after the other, or all of them when the deal has to move."""
        at, end = self.within(visit), visit.left_at or self.now
        if self.sim.manner.records_late:
            return end
        later = at + dt.timedelta(minutes=self.rng.randint(2, 150))
        return later if later < end else at

    def _result(self, step: PlaybookStep, stage_visit: StageVisit, at: dt.datetime) -> None:
        row = StepResult(
            deal_id=self.deal.pk,
            stage=step.stage,
            key=step.key,
            label=step.label,
            state=StepState.DONE,
            version_ids=stage_visit.version_ids,
            at=at,
            by_id=self.actor(at),
        )
        match step.kind:
            case StepKind.CHECK:
                row.note = wording.PASSED_NOTES.get(step.stage, "") if self.chance(0.3) else ""
            case StepKind.QUESTION:
                self._answer(step, row, at)
            case StepKind.EVIDENCE:
                row.link = f"https://files.brunnmark.example/lines/{self.deal.pk}.pdf"
            case StepKind.ACTIVITY | StepKind.HINT:
                pass
            case _:
                assert_never(step.kind)
        self.known.settled[step.place] = at
        self.to.add(row)

    def _answer(self, step: PlaybookStep, row: StepResult, at: dt.datetime) -> None:
        match step.answer:
            case AnswerKind.TEXT:
                row.value = self.rng.choice(wording.ANSWERS.get(step.key, ["Yes."]))
            case AnswerKind.NUMBER | AnswerKind.MONEY:
                row.value = str(self.rng.choice((1, 2, 2, 3, 4, 6)))
            case AnswerKind.DATE:
                row.value = self.day(at, self.rng.randint(30, 150)).isoformat()
            case AnswerKind.CHOICE:
                row.value = self.rng.choice((step.choices[0], *step.choices))
            case AnswerKind.CONTACT:
                row.contact_id = self.people[0]
            case _:
                assert_never(step.answer)

    def _override(self, step: PlaybookStep, stage_visit: StageVisit) -> None:
        at = stage_visit.left_at or self.now
        reason = self.rng.choice(REASONS)
        self.known.settled[step.place] = at
        self.to.add(
            StepResult(
                deal_id=self.deal.pk,
                stage=step.stage,
                key=step.key,
                label=step.label,
                state=StepState.OVERRIDDEN,
                reason=reason,
                note=wording.OVERRIDDEN[reason.value],
                version_ids=stage_visit.version_ids,
                at=at,
                by_id=self.actor(at),
            )
        )

    def record_judgements(self) -> None:
        """What was missing at each step forward: as the gates judged it, and why it went on."""
        for before, after in zip(self.stage_visits, [*self.stage_visits[1:], None], strict=True):
            won = before.left_how == LeftHow.WON
            forward = after is not None and after.entered_how == EnteredHow.FORWARD
            if not (won or forward) or before.left_at is None:
                continue
            to = Stage.CLOSING if after is None else Stage(after.stage)
            act = Act(verb=Verb.WIN if won else Verb.MOVE, from_stage=Stage(before.stage), to=to)
            facts = self.known.facts(before.left_at)
            findings = judge(facts, of_versions(before.version_ids), act)
            if not findings:
                continue
            reason = self.rng.choice(REASONS)
            self.to.add(
                Judgement(
                    deal_id=self.deal.pk,
                    visit_id=before.pk,
                    verb=act.verb.value,
                    from_stage=act.from_stage,
                    to=act.to,
                    findings=[as_json(finding) for finding in findings],
                    reason=reason,
                    words=wording.OVERRIDDEN[reason.value],
                    version_ids=before.version_ids,
                    at=before.left_at,
                    by_id=self.actor(before.left_at),
                )
            )
