"""Collects what the demo's people recorded, and knows of one deal when that was, and by whom."""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import models
from django.utils.functional import cached_property

from crm.models import (
    ClosingAttempt,
    Concern,
    Deal,
    DealRole,
    DecisionPath,
    HandOff,
    Judgement,
    Need,
    Offer,
    OfferLine,
    OfferRecipient,
    Retrospective,
    StageVisit,
    StepResult,
    Verdict,
)
from demo.records import SimContact, SimDeal
from exchange.imports import bulk
from pipeline.process.gates import Facts
from pipeline.process.moves import Visit
from pipeline.process.playbook import Fact, StepRow
from pipeline.process.stages import Outcome, Stage

# Of older deals only what the gates rest on is on record: the rest was before the new process.
RECENT = dt.timedelta(days=270)
# What a deal has that came to where they are asked for (see `story`).
ALWAYS = frozenset({Fact.PARTY, Fact.CONVERSATION, Fact.AGREEMENT})


class ProcessInForce(Protocol):
    """The process by which the people of a filling work."""

    def in_force(self, team: str, at: dt.datetime) -> tuple[int, ...]:
        """The ids of the published versions in force for a team at an instant."""

    def own_steps(self, user_id: int, stage: Stage, at: dt.datetime) -> list[StepRow]:
        """What a person ticks for himself in a stage, at an instant."""

    def fingerprint(self, version_ids: tuple[int, ...]) -> str:
        """The short name of these versions, as visits keep it."""


class Recorder:
    """Collects the records of all deals, with ids where others refer to them, and writes them."""

    def __init__(
        self,
        process: ProcessInForce,
        *,
        user: dict[str, int],
        contact: dict[SimContact, int],
        product: list[int],
        now: dt.datetime,
    ) -> None:
        self.process, self.user, self.contact, self.product = process, user, contact, product
        self.now = now
        self.rng = random.Random(4)  # noqa: S311  # chance must be repeatable here
        self.rows: dict[type[models.Model], list[Any]] = {model: [] for model in _ORDER}
        self.ids: dict[type[models.Model], Iterator[int]] = {}

    def write(self) -> None:
        for model, rows in self.rows.items():
            bulk.write(model, rows)

    def add(self, row: Any) -> Any:
        self.rows[type(row)].append(row)
        return row

    def next_id(self, model: type[models.Model]) -> int:
        """Ids are fetched by the thousand: most are used."""
        found = next(self.ids.get(model, iter(())), None)
        if found is None:
            self.ids[model] = iter(bulk.next_ids(model, 1000))
            found = next(self.ids[model])
        return found


_ORDER: tuple[type[models.Model], ...] = (
    Verdict,
    Need,
    DecisionPath,
    Offer,
    OfferLine,
    OfferRecipient,
    Concern,
    ClosingAttempt,
    HandOff,
    Retrospective,
    StepResult,
    Judgement,
)


@dataclass
class KnownFacts:
    """From when on what is known: what the gates would have been told at an instant."""

    since: dict[Fact, dt.datetime] = field(default_factory=dict)
    settled: dict[tuple[Stage, str], dt.datetime] = field(default_factory=dict)

    def facts(self, at: dt.datetime) -> Facts:
        known = {fact for fact, since in self.since.items() if since <= at}
        return Facts(
            known=ALWAYS | known,
            settled=frozenset(place for place, since in self.settled.items() if since <= at),
        )


class DealRecording:
    """What is recorded of one deal needs: when, by whom, and what was known by then."""

    def __init__(
        self,
        recorder: Recorder,
        sim: SimDeal,
        deal: Deal,
        stage_visits: list[StageVisit],
        by: list[int],
    ) -> None:
        self.to, self.rng, self.now = recorder, recorder.rng, recorder.now
        self.sim, self.deal, self.stage_visits, self.by = sim, deal, stage_visits, by
        self.visits = sim.visits
        self.known = KnownFacts()
        self.won = deal.outcome == Outcome.WON
        self.closed_at = deal.closed_at
        self.reached = max(visit.stage for visit in self.visits)
        self.recent = self.closed_at is None or self.closed_at > self.now - RECENT
        self.people = [recorder.contact[contact] for contact, _role in sim.contacts]

    def first(self, stage: Stage) -> dt.datetime | None:
        """When the deal came to a stage or beyond it."""
        return next((s.entered_at for s in self.visits if s.stage >= stage), None)

    def visit(self, stage: Stage) -> Visit | None:
        return next((s for s in self.visits if s.stage == stage), None)

    def within(self, visit: Visit) -> dt.datetime:
        """An instant of a visit at which something was done, else when it began."""
        begin, end = visit.entered_at or self.now, visit.left_at or self.now
        done = [d.done_at for d in self.sim.doings if d.done_at and begin < d.done_at < end]
        return self.rng.choice(done) if done else begin

    def actor(self, at: dt.datetime) -> int:
        """Who had the deal in the visit of that instant."""
        found = self.by[0]
        for stage_visit, who in zip(self.stage_visits, self.by, strict=True):
            if stage_visit.entered_at and stage_visit.entered_at <= at:
                found = who
        return found

    def day(self, at: dt.datetime, days: int = 0) -> dt.date:
        return at.date() + dt.timedelta(days=days)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    @cached_property
    def decider(self) -> int | None:
        roles = zip(self.people, self.sim.contacts, strict=True)
        return next((pk for pk, (_c, role) in roles if role == DealRole.DECIDES), None)
