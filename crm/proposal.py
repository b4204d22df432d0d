"""What is proposed to come next, once somebody has said how it went. Pure; nothing else decides it.

There is always exactly one proposal, with its reason in words:

- no answer: a call on the next working day, in the other half of it;
- a meeting was set: that meeting. Its day is known to who set it (`on`); where it was not said, one is
  assumed and the proposal says so (`is_day_assumed`), so that a page asks for it;
- moved forward: the first open step of the stage that was entered;
- reached: what the first open gate before the next stage asks for, else a call in a few days;
- an e-mail without a result: a call, if no answer comes; anything else: a call, so that no deal is
  silent. Without a deal: something to keep in touch with.

Any other choice replaces it, and its reason goes with it. For "nothing" a reason is asked
(`NothingNext`).

    standing = DealStanding(stage=…, playbook=…, facts=…)     # `crm.queries.standing.standing_of`
    found = propose(ActivityKind.CALL, ActivityResult.REACHED, standing=standing, at=…, hours=…)
    found.kind, found.due, found.subject      # what the commands take as `Next`
    found.reason                              # "before Proposal: Who decides, and how"
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.activity import ActivityKind, ActivityResult, is_attempt, is_conversation
from crm.models.due import Due
from pipeline.process.gates import Act, Facts, Finding, Verb, blocking_findings, judge
from pipeline.process.playbook import Fact, Playbook, PlaybookStep, StepKind
from pipeline.process.stages import Stage
from salesprocess.lib.working_hours import WorkingHours

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Working days until one speaks to somebody again, and to somebody without a deal.
FEW_DAYS = 3
A_MONTH = 20
# The longest subject of something planned.
_LONGEST = 200
# The shares of a working day at which somebody is tried again: in the other half of it.
_FORENOON, _MIDDLE, _AFTERNOON = 1 / 8, 1 / 2, 3 / 4


class ProposalReason(models.TextChoices):
    """Why it is proposed; `%(stage)s` and `%(what)s` are filled from the proposal's `places`."""

    ANOTHER_HOUR = "another_hour", _("no answer: the next working day, at another hour")
    MEETING = "meeting", _("the meeting that was set")
    MEETING_DAY = "meeting_day", _("a meeting was set: choose its day")
    GATE = "gate", _("before %(stage)s: %(what)s")
    GATE_OF_WIN = "gate_of_win", _("before it can be won: %(what)s")
    FIRST_STEP = "first_step", _("first in %(stage)s: %(what)s")
    NOTHING_MISSING = "nothing_missing", _("nothing is missing: stay in touch")
    ANSWER = "answer", _("in case no answer comes")
    NOT_SILENT = "not_silent", _("nothing else is planned")
    TOUCH = "touch", _("to keep in touch")


class NothingNext(models.TextChoices):
    """Why nothing comes next on an open deal, for once: no deal is left without a word."""

    THEIR_TURN = "their_turn", _("They come back to us, and want to be left alone until then")
    COLLEAGUE = "colleague", _("A colleague does the next thing")
    STOPPING = "stopping", _("I am about to stop it")
    LATER = "later", _("I plan it later today")


@dataclass(frozen=True, kw_only=True)
class DealStanding:
    """Where an open deal stands before what is about to be logged."""

    stage: Stage
    playbook: Playbook
    facts: Facts


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What is proposed: a thing to plan, and why. `is_day_assumed`: nobody said that day."""

    kind: ActivityKind
    due: Due
    why: ProposalReason
    subject: str = ""
    places: Mapping[str, "StrOrPromise"] = field(default_factory=dict)
    is_day_assumed: bool = False

    @property
    def reason(self) -> str:
        return str(self.why.label) % {name: str(word) for name, word in self.places.items()}


def propose(
    kind: ActivityKind,
    result: ActivityResult | None,
    *,
    standing: DealStanding | None,
    at: dt.datetime,
    hours: WorkingHours,
    on: dt.date | None = None,
) -> Proposal:
    """What comes next after something of that kind was done with that result.

    `standing` is None for what was done without a deal. `at` is when it was done, in the zone of who
    did it. `on` is a day that was said, of the meeting that was set.
    """
    if result == ActivityResult.NO_ANSWER:
        return _another_hour(at, hours)
    if result == ActivityResult.MEETING_SET:
        return _meeting(at, hours, on)
    later = Due(on=hours.day_after(at.date(), FEW_DAYS))
    if standing is None:
        month = Due(on=hours.day_after(at.date(), A_MONTH))
        return Proposal(kind=ActivityKind.CALL, due=month, why=ProposalReason.TOUCH)
    step = None
    if result == ActivityResult.MOVED_FORWARD:
        step = _first_step(standing, at, hours)
    elif result == ActivityResult.REACHED:
        step = _for_gate(_after_it(standing, kind, result), at, hours)
    return step or Proposal(kind=ActivityKind.CALL, due=later, why=_why_call(kind, result))


def comes_beside(result: ActivityResult | None) -> bool:
    """Whether the proposal is for something new although another thing stays planned: the next try,
    or the meeting itself."""
    return result in (ActivityResult.NO_ANSWER, ActivityResult.MEETING_SET)


def steps_done_by(
    standing: DealStanding, kind: ActivityKind, result: ActivityResult | None
) -> list[PlaybookStep]:
    """The open steps of the stage that something of that kind with that result would do."""
    known: set[Fact] = set()
    if is_conversation(kind, result):
        known = {Fact.CONVERSATION, Fact.AGREEMENT}
    elif result == ActivityResult.MEETING_SET:
        known = {Fact.AGREEMENT}
    attempt = is_attempt(kind, result)
    return [
        step
        for step in _open_steps(standing, standing.stage)
        if step.fact in known
        or (step.kind == StepKind.ACTIVITY and step.doing.value == kind.value and not attempt)
    ]


def steps_between(before: DealStanding, after: DealStanding) -> list[PlaybookStep]:
    """The steps of the stage that were open before and are settled after, as expected of everybody."""
    return [
        step for step in _expected(before) if not before.facts.has(step) and after.facts.has(step)
    ]


def progress_in(standing: DealStanding) -> tuple[int, int]:
    """How many of the steps that are expected in the stage are settled, and of how many."""
    steps = _expected(standing)
    return sum(map(standing.facts.has, steps)), len(steps)


def _expected(standing: DealStanding) -> list[PlaybookStep]:
    existing = standing.facts.existing_customer
    steps = standing.playbook.steps(standing.stage)
    return [step for step in steps if step.counts and step.is_for(existing_customer=existing)]


def _why_call(kind: ActivityKind, result: ActivityResult | None) -> ProposalReason:
    if result is not None:
        return ProposalReason.NOTHING_MISSING
    return ProposalReason.ANSWER if kind == ActivityKind.EMAIL else ProposalReason.NOT_SILENT


def _another_hour(at: dt.datetime, hours: WorkingHours) -> Proposal:
    """Who was not there in the forenoon may be in the afternoon."""
    share = _AFTERNOON if at.time() < hours.time_at(_MIDDLE) else _FORENOON
    day = hours.day_after(at.date())
    moment = dt.datetime.combine(day, hours.time_at(share), tzinfo=at.tzinfo)
    return Proposal(kind=ActivityKind.CALL, due=Due(at=moment), why=ProposalReason.ANOTHER_HOUR)


def _meeting(at: dt.datetime, hours: WorkingHours, on: dt.date | None) -> Proposal:
    why = ProposalReason.MEETING if on else ProposalReason.MEETING_DAY
    return Proposal(
        kind=ActivityKind.MEETING,
        due=Due(on=on or hours.day_after(at.date(), FEW_DAYS)),
        why=why,
        is_day_assumed=on is None,
    )


def _after_it(standing: DealStanding, kind: ActivityKind, result: ActivityResult) -> DealStanding:
    """With what the records say once it is logged: who was spoken to agreed to a conversation."""
    if not is_conversation(kind, result):
        return standing
    known = standing.facts.known | {Fact.CONVERSATION, Fact.AGREEMENT}
    return replace(standing, facts=replace(standing.facts, known=known))


def _for_gate(standing: DealStanding, at: dt.datetime, hours: WorkingHours) -> Proposal | None:
    """What the first open gate before the next stage asks for, or before a win from the last one."""
    here, playbook = standing.stage, standing.playbook
    wins = here == Stage.CLOSING
    to = Stage.CLOSING if wins else Stage(here + 1)
    act = Act(verb=Verb.WIN if wins else Verb.MOVE, from_stage=here, to=to)
    for finding in blocking_findings(judge(standing.facts, playbook, act), playbook):
        step = finding.step or _step_of(finding, playbook)
        label = step.label if step else finding.label
        return _of_step(
            step,
            label,
            at=at,
            hours=hours,
            why=ProposalReason.GATE_OF_WIN if wins else ProposalReason.GATE,
            stage=to,
            fact=finding.fact,
        )
    return None


def _step_of(finding: Finding, playbook: Playbook) -> PlaybookStep | None:
    """The step that the same record completes: it is worded for who does it."""
    steps = playbook.steps(finding.stage)
    return next(
        (step for step in steps if step.fact is not None and step.fact == finding.fact), None
    )


def _first_step(standing: DealStanding, at: dt.datetime, hours: WorkingHours) -> Proposal | None:
    """The first open step of the stage that is entered by moving forward."""
    if standing.stage == Stage.CLOSING:
        return None
    entered = Stage(standing.stage + 1)
    for step in _open_steps(standing, entered):
        return _of_step(
            step,
            step.label,
            at=at,
            hours=hours,
            why=ProposalReason.FIRST_STEP,
            stage=entered,
            fact=step.fact,
        )
    return None


def _open_steps(standing: DealStanding, stage: Stage) -> Iterator[PlaybookStep]:
    facts = standing.facts
    for step in standing.playbook.steps(stage):
        # What's next is set by the very proposal.
        if not step.can_be_done or step.fact == Fact.NEXT or facts.has(step):
            continue
        if step.is_for(existing_customer=facts.existing_customer):
            yield step


def _of_step(
    step: PlaybookStep | None,
    label: "StrOrPromise",
    *,
    at: dt.datetime,
    hours: WorkingHours,
    why: ProposalReason,
    stage: Stage,
    fact: Fact | None,
) -> Proposal:
    kind = _kind_of(step, fact)
    # What one does alone need not wait; to somebody who was just spoken to one leaves some days.
    alone = kind in (ActivityKind.TASK, ActivityKind.EMAIL)
    return Proposal(
        kind=kind,
        due=Due(on=hours.day_after(at.date(), 1 if alone else FEW_DAYS)),
        why=why,
        subject=str(label)[:_LONGEST],
        places={"stage": stage.short, "what": label},
    )


# What supplies a record: written by oneself, sent, or asked for on the telephone.
_KINDS: Mapping[Fact, ActivityKind] = {
    Fact.PARTY: ActivityKind.TASK,
    Fact.SOURCE: ActivityKind.TASK,
    Fact.OFFER_FITS: ActivityKind.TASK,
    Fact.HAND_OFF: ActivityKind.TASK,
    Fact.OFFER: ActivityKind.EMAIL,
    Fact.OFFER_SENT_TO: ActivityKind.EMAIL,
}


def _kind_of(step: PlaybookStep | None, fact: Fact | None) -> ActivityKind:
    if fact is not None:
        return _KINDS.get(fact, ActivityKind.CALL)
    if step is not None and step.kind == StepKind.ACTIVITY:
        return ActivityKind(step.doing)
    if step is not None and step.kind == StepKind.EVIDENCE:
        return ActivityKind.TASK
    return ActivityKind.CALL
