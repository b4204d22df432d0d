"""Which way a deal goes through the stages, and how long it stays in each; chance decides.

Lengths are in working days; `pipeline.process.moves` makes the visits of it, so that no path breaks a rule.
"""

import datetime as dt
import enum
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from demo import writing
from demo.effects import USUAL, Manner
from pipeline.process import moves
from pipeline.process.moves import Visit
from pipeline.process.stages import DESCRIPTIONS, Stage

# How often a visit leads on, for average skill: the front lets most fall, the end few.
LEADS_ON = {1: 0.80, 2: 0.58, 3: 0.66, 4: 0.80, 5: 0.68, 6: 0.73, 7: 0.70}
BACK_FROM = {4: 0.05, 5: 0.06, 6: 0.10, 7: 0.08}
JUMPS = 0.05
REOPENS = 0.05
WON_EARLY = 0.06
# From calendar to working days, and a little above the norm: a norm is kept half of the time.
PACE = 5 / 7 * 1.1
SHORTEST = 0.03  # a quarter of an hour


class SimAct(enum.Enum):
    MOVE = "move"
    WIN = "win"
    STOP = "stop"
    REOPEN = "reopen"


@dataclass(frozen=True, kw_only=True)
class SimStep:
    """What happens after `days` in the present state."""

    days: float
    act: SimAct
    to: Stage
    reason: str = ""


@dataclass(kw_only=True)
class SimPath:
    """`rest` is how long an open deal has been in its last stage by now."""

    start: Stage
    manner: Manner = USUAL
    steps: list[SimStep] = field(default_factory=list)
    rest: float = 0.0

    @property
    def stage(self) -> Stage:
        return self.steps[-1].to if self.steps else self.start

    @property
    def days(self) -> float:
        return sum(step.days for step in self.steps) + self.rest

    def marks(self, created: float) -> list[float]:
        """When each step is taken, for a deal that begins at `created`."""
        found = []
        for step in self.steps:
            created += step.days
            found.append(created)
        return found


class PathMaker:
    """Makes paths of deals that are worked on in one manner."""

    def __init__(self, rng: random.Random, manner: Manner) -> None:
        self.rng = rng
        self.manner = manner

    def closed(self, start: Stage, created: float) -> SimPath:
        """A path to its end, for a deal that begins at `created`."""
        path = SimPath(start=start, manner=self.manner)
        while not self._finished(path):
            stage, chance = path.stage, self.rng.random()
            odds = self.manner.odds_in(stage, created + path.days)
            leads_on = _with_odds(LEADS_ON[stage], odds)
            if chance < leads_on:
                self._go_on(path)
            elif chance < leads_on + BACK_FROM.get(stage, 0):
                self._go_back(path)
            else:
                path.steps.append(SimStep(days=self.visit(stage), act=SimAct.STOP, to=stage))
            self._answered_first(path)
        return path

    def open_in(self, stage: Stage, start: Stage) -> SimPath:
        """A path that has reached `stage` and goes on."""
        path = SimPath(start=min(start, stage), manner=self.manner)
        while path.stage != stage:
            ahead = stage - path.stage
            to = stage if ahead in (2, 3) and self.rng.random() < JUMPS else Stage(path.stage + 1)
            if ahead >= 2 and self._skips_analysis(path):
                to = Stage.PROPOSAL
            self._move(path, to)
            self._answered_first(path)
            if self.rng.random() < BACK_FROM.get(path.stage, 0):
                self._go_back(path)
        # Those that nobody closes age on the board.
        path.rest = self.visit(stage) * (3 if self.rng.random() < 0.12 else 0.8)
        return path

    def visit(self, stage: Stage) -> float:
        median = DESCRIPTIONS[stage].norm_days * PACE * self.manner.pace_in(stage)
        return max(SHORTEST, self.rng.lognormvariate(math.log(median), 0.75))

    def _finished(self, path: SimPath) -> bool:
        if not path.steps:
            return False
        last = path.steps[-1]
        if last.act == SimAct.WIN:
            return True
        if last.act != SimAct.STOP:
            return False
        if self.rng.random() > REOPENS or len(path.steps) > 9:
            return True
        reason = self.rng.choice(writing.REOPEN_REASONS)
        days = self.rng.uniform(8, 50)
        path.steps.append(SimStep(days=days, act=SimAct.REOPEN, to=last.to, reason=reason))
        return False

    def _go_on(self, path: SimPath) -> None:
        stage = path.stage
        early = stage >= Stage.PROPOSAL and self.rng.random() < WON_EARLY
        if stage == Stage.CLOSING or early:
            reason = self._reason(stage, Stage.CLOSING)
            step = SimStep(days=self.visit(stage), act=SimAct.WIN, to=Stage.CLOSING, reason=reason)
            path.steps.append(step)
            return
        ahead = 1
        if self._skips_analysis(path):
            ahead = 2
        elif stage <= Stage.NEEDS_ANALYSIS and self.rng.random() < JUMPS:
            ahead = self.rng.choice((2, 2, 3))
        self._move(path, Stage(stage + ahead))

    def _skips_analysis(self, path: SimPath) -> bool:
        manner = self.manner
        at = path.stage == Stage.QUALIFICATION
        return at and manner.hasty and self.rng.random() < manner.skips

    def _answered_first(self, path: SimPath) -> None:
        """Nobody who waits for an answer is moved before having got one."""
        first = path.steps[0]
        least = (self.manner.answered or 0) + SHORTEST
        if first.days < least:
            path.steps[0] = replace(first, days=least)

    def _go_back(self, path: SimPath) -> None:
        back = 1 if path.stage == Stage.NEEDS_ANALYSIS or self.rng.random() < 0.75 else 2
        self._move(path, Stage(path.stage - back))

    def _move(self, path: SimPath, to: Stage) -> None:
        days, reason = self.visit(path.stage), self._reason(path.stage, to)
        path.steps.append(SimStep(days=days, act=SimAct.MOVE, to=to, reason=reason))

    def _reason(self, from_stage: Stage, to: Stage) -> str:
        if not moves.needs_reason(from_stage, to):
            return ""
        return self.rng.choice(writing.BACK_REASONS if to < from_stage else writing.JUMP_REASONS)


def visits(path: SimPath, created: float, instant: Callable[[float], dt.datetime]) -> list[Visit]:
    """The visits that the rules make of a path; `instant` turns a count of days into a time."""
    chain = [moves.start(path.start, instant(created))]
    for step, mark in zip(path.steps, path.marks(created), strict=True):
        chain[-1:] = _take(step, chain[-1], instant(mark))
    return chain


def _take(step: SimStep, visit: Visit, at: dt.datetime) -> tuple[Visit, ...]:
    if step.act == SimAct.MOVE:
        return moves.move(visit, step.to, at, reason=step.reason)
    if step.act == SimAct.WIN:
        return moves.win(visit, at, reason=step.reason)
    if step.act == SimAct.STOP:
        return (moves.stop(visit, at),)
    return visit, moves.reopen(visit, at, reason=step.reason)


def _with_odds(chance: float, factor: float) -> float:
    odds = chance / (1 - chance) * factor
    return odds / (1 + odds)
