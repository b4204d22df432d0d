"""The visits of a deal by a history of its stages that another system kept; pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from exchange.imports.visits import REASON
from pipeline.process import moves
from pipeline.process.moves import Visit
from pipeline.process.stages import Outcome, Stage


class Unfit(Exception):
    """A history does not end where the deal is."""


@dataclass(frozen=True, kw_only=True)
class ForeignMove:
    """What a deal came to at an instant, by whom, and which stage it left, where that is said."""

    at: dt.datetime
    stage: Stage
    outcome: Outcome
    left: Stage | None = None
    by_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class DealPlace:
    """Where a deal is. `began_at` is when it was first on record."""

    stage: Stage
    outcome: Outcome
    entered_at: dt.datetime | None
    closed_at: dt.datetime | None
    began_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class PassedVisit:
    """A visit, and who began and ended it, where that is known."""

    visit: Visit
    entered_by: int | None = None
    left_by: int | None = None


def passed(steps: Sequence[ForeignMove], standing: DealPlace) -> list[PassedVisit]:
    """The visits that follow from `steps`, in whatever order these are; of one instant they are in the
    order of the stages. They end where the deal is: with the move there, or the closing, that the
    deal itself says if the steps do not. The instant at which the deal counts as closed stays what it
    was: nothing is later.

    Raises Unfit where they cannot end there.
    """
    way = _Way()
    ordered = sorted(steps, key=lambda step: (step.at, step.outcome != Outcome.OPEN, step.stage))
    first = ordered[0]
    begins = first.left if first.left is not None else first.stage
    if first.left is not None or first.outcome != Outcome.OPEN:
        way.begin(begins, standing.began_at if standing.began_at <= first.at else None)
    for step in ordered:
        way.take(step)
    way.end(standing)
    if moves.broken_links([each.visit for each in way.passed]):
        raise Unfit
    return way.passed


def after(visit: Visit, step: ForeignMove) -> list[Visit]:
    """`visit`, the latest of a deal, and those that follow it when the deal comes to where `step` says."""
    way = _Way()
    way.passed = [PassedVisit(visit=visit)]
    way.take(step)
    return [each.visit for each in way.passed]


class _Way:
    """The visits so far."""

    def __init__(self) -> None:
        self.passed: list[PassedVisit] = []

    @property
    def _last(self) -> Visit:
        return self.passed[-1].visit

    def begin(self, stage: Stage, at: dt.datetime | None, by_id: int | None = None) -> None:
        self.passed = [PassedVisit(visit=moves.start(stage, at, imported=True), entered_by=by_id)]

    def take(self, step: ForeignMove) -> None:
        if not self.passed:
            self.begin(step.stage, step.at, step.by_id)
            return
        if self._last.left_how is not None:
            if moves.outcome_of(self._last) == step.outcome:
                return
            again = moves.reopen(self._last, step.at, reason=REASON)
            self.passed.append(PassedVisit(visit=again, entered_by=step.by_id))
        if step.outcome == Outcome.OPEN:
            self._go(step.stage, step.at, step.by_id)
        else:
            self._close(step.outcome, step.at, step.by_id)

    def _go(self, stage: Stage, at: dt.datetime, by_id: int | None) -> None:
        if stage == self._last.stage:
            return
        reason = REASON if moves.needs_reason(self._last.stage, stage) else ""
        self._replace(moves.move(self._last, stage, at, reason=reason), by_id)

    def _close(self, outcome: Outcome, at: dt.datetime, by_id: int | None) -> None:
        if outcome == Outcome.STOPPED:
            self._replace((moves.stop(self._last, at),), by_id)
        else:
            self._replace(moves.win(self._last, at, reason=REASON), by_id)

    def _replace(self, visits: Sequence[Visit], by_id: int | None) -> None:
        before = self.passed.pop()
        entered_by = before.entered_by
        for visit in visits:
            left_by = by_id if visit.left_how is not None else None
            self.passed.append(PassedVisit(visit=visit, entered_by=entered_by, left_by=left_by))
            entered_by = by_id

    def end(self, standing: DealPlace) -> None:
        if standing.outcome == Outcome.OPEN:
            self._end_open(standing)
        else:
            self._end_closed(standing.outcome, standing.closed_at)

    def _end_open(self, standing: DealPlace) -> None:
        if self._last.left_how is not None:
            raise Unfit
        if self._last.stage != standing.stage:
            if standing.entered_at is None or not self._is_since(standing.entered_at):
                raise Unfit
            self._go(standing.stage, standing.entered_at, None)

    def _end_closed(self, outcome: Outcome, closed_at: dt.datetime | None) -> None:
        if self._last.left_how is None:
            if closed_at is None or not self._is_since(closed_at):
                raise Unfit
            self._close(outcome, closed_at, None)
        elif moves.outcome_of(self._last) != outcome:
            raise Unfit
        elif closed_at is not None:
            self.passed = [_not_after(each, closed_at) for each in self.passed]
            last = self.passed[-1]
            self.passed[-1] = replace(last, visit=replace(last.visit, left_at=closed_at))

    def _is_since(self, at: dt.datetime) -> bool:
        """Whether an instant is not before the last visit began."""
        return self._last.entered_at is None or at >= self._last.entered_at


def _not_after(each: PassedVisit, closed_at: dt.datetime) -> PassedVisit:
    entered, left = (
        at and min(at, closed_at) for at in (each.visit.entered_at, each.visit.left_at)
    )
    return replace(each, visit=replace(each.visit, entered_at=entered, left_at=left))
