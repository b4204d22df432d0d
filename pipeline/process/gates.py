"""The gates G1 to G15, and the only place where they are judged (METHOD, "Gates"; ARCHITECTURE 5).

`judge` says what is missing for an act, how hard, and how it can be supplied; it never refuses
anything itself. Commands raise `Gap` with the findings, pages turn them into fields of the same
dialog. Pure: what the records say comes as `Facts`, what is expected as a `Playbook`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.process.playbook import Fact, Playbook, PlaybookStep, Strength
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Gate(models.TextChoices):
    """By METHOD's numbers. G10 and G11 are never gated, G12 is a rule of moves, G14 of the tables."""

    PARTY = "G1", gettext_lazy("No prospecting without somebody to talk to")
    CONVERSATION = "G2", gettext_lazy("No qualification without a held conversation")
    AGREEMENT = "G3", gettext_lazy("Prospecting ends with the other side’s agreement")
    QUALIFIED = "G4", gettext_lazy("Needs analysis comes after qualification")
    UNDERSTOOD = "G5", gettext_lazy("A proposal rests on the problem and the decision path")
    OFFER_BEFORE_TALKS = "G6", gettext_lazy("Objections need an offer")
    OFFER_BEFORE_WIN = "G7", gettext_lazy("A win needs an offer")
    CONCERNS = "G8", gettext_lazy("A win needs every concern settled")
    REVISION = "G9", gettext_lazy("A win names the current offer")
    NEXT = "G13", gettext_lazy("An open deal has a what’s-next or is parked")
    STEP = "G15", gettext_lazy("A step that the process asks for")


class Weight(models.TextChoices):
    HARD = "hard", gettext_lazy("Needed")
    STEP = "step", gettext_lazy("Needed, or a reason")
    ADVISORY = "advisory", gettext_lazy("Better first")
    NAG = "nag", gettext_lazy("Missing")


class Reason(models.TextChoices):
    """Why somebody went ahead all the same (G15, G4, G5)."""

    NOT_APPLICABLE = "not_applicable", gettext_lazy("Not applicable")
    DONE_BEFORE = "done_before", gettext_lazy("Done before")
    CUSTOMER_INSISTED = "customer_insisted", gettext_lazy("The customer insisted")
    PROCESS_WRONG = "process_wrong", gettext_lazy("The process is wrong")
    IMPORTED = "imported", gettext_lazy("Imported")

    @classmethod
    def choosable(cls) -> list[tuple[str, StrOrPromise]]:
        """What a person can choose; imports give their own."""
        return [(reason.value, reason.label) for reason in cls if reason != cls.IMPORTED]


class Verb(StrEnum):
    OPEN = "open"
    MOVE = "move"
    OFFER = "offer"
    WIN = "win"
    STAND = "stand"


@dataclass(frozen=True, kw_only=True)
class Act:
    """What somebody is about to do. `from_stage` is None when a deal begins in `to`."""

    verb: Verb
    from_stage: Stage | None
    to: Stage


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the records of a deal say, read by crm in one query.

    `settled` are the steps, by (stage, key), that are done or overridden with a reason;
    `concerns_open` counts concerns without a disposition.
    """

    known: frozenset[Fact] = frozenset()
    settled: frozenset[tuple[Stage, str]] = frozenset()
    concerns_open: int = 0
    existing_customer: bool = False
    parked: bool = False

    def has(self, step: PlaybookStep) -> bool:
        return step.place in self.settled or (step.fact is not None and step.fact in self.known)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is missing, how strictly it is asked for, and what supplies it.

    `fact` is the record that would fill the gap, `step` the step of the playbook (G15), `stage`
    where it belongs.
    """

    gate: Gate
    weight: Weight
    stage: Stage
    fact: Fact | None = None
    step: PlaybookStep | None = None

    @property
    def label(self) -> StrOrPromise:
        """What is missing, in words."""
        if self.step is not None:
            return self.step.label
        return self.fact.label if self.fact is not None else self.gate.label

    @property
    def key(self) -> str:
        """A unique name within the act, for form fields and records."""
        if self.step is not None:
            return f"{self.gate.value}-{self.stage.value}-{self.step.key}"
        return f"{self.gate.value}-{self.fact.value}" if self.fact else self.gate.value


class Gap(Refused):
    """Raised by commands for an act with findings: supply what is missing, or give a reason if that
    is allowed."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        missing = "; ".join(str(finding.label) for finding in self.findings)
        super().__init__(_("Still missing: %(what)s.") % {"what": missing})

    @property
    def hard(self) -> bool:
        """Whether something is missing that no reason can replace."""
        return any(finding.weight == Weight.HARD for finding in self.findings)


def judge(facts: Facts, playbook: Playbook, act: Act) -> tuple[Finding, ...]:
    """What is missing for `act`, hard things first.

    Nothing is asked of a step back or a stop (G10, G11). A jump is judged for every stage that it
    leaves or passes over, so that it is no way around a gate (G12).
    """
    if act.verb == Verb.STAND:
        return tuple(_standing(facts))
    findings = [*_universal(facts, act), *_steps(facts, playbook, act)]
    order = list(Weight)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.weight)))


def is_premature(facts: Facts) -> bool:
    """Whether an offer now comes before problem and decision path are known (G5)."""
    return not facts.known.issuperset(_UNDERSTOOD)


def blocking_findings(findings: Iterable[Finding], playbook: Playbook) -> tuple[Finding, ...]:
    """The findings that an act must answer by a record or a reason; the others are only shown and
    counted."""
    return tuple(
        finding
        for finding in findings
        if finding.weight in (Weight.HARD, Weight.STEP)
        or (
            finding.weight == Weight.ADVISORY
            and playbook.strength(finding.gate.value) == Strength.ASK
        )
    )


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """`fact`, which belongs to `stage`, is asked for by `verbs` that come to `entered` or beyond."""

    gate: Gate
    weight: Weight
    entered: Stage
    stage: Stage
    fact: Fact
    verbs: tuple[Verb, ...] = (Verb.OPEN, Verb.MOVE, Verb.WIN)


# What a proposal rests on (G5).
_UNDERSTOOD = (Fact.PROBLEM, Fact.DECISION_PATH)

# METHOD, "Gates". A win is a decision about an offer whatever was passed over, hence G7 beside G6.
_RULES = (
    _Rule(
        gate=Gate.PARTY,
        weight=Weight.HARD,
        entered=Stage.PROSPECTING,
        stage=Stage.LEAD_GENERATION,
        fact=Fact.PARTY,
    ),
    _Rule(
        gate=Gate.CONVERSATION,
        weight=Weight.HARD,
        entered=Stage.QUALIFICATION,
        stage=Stage.PROSPECTING,
        fact=Fact.CONVERSATION,
    ),
    _Rule(
        gate=Gate.AGREEMENT,
        weight=Weight.HARD,
        entered=Stage.QUALIFICATION,
        stage=Stage.PROSPECTING,
        fact=Fact.AGREEMENT,
    ),
    _Rule(
        gate=Gate.QUALIFIED,
        weight=Weight.ADVISORY,
        entered=Stage.NEEDS_ANALYSIS,
        stage=Stage.QUALIFICATION,
        fact=Fact.QUALIFIED,
    ),
    *(
        _Rule(
            gate=Gate.UNDERSTOOD,
            weight=Weight.ADVISORY,
            entered=Stage.PROPOSAL,
            stage=Stage.NEEDS_ANALYSIS,
            fact=fact,
            verbs=(Verb.OPEN, Verb.MOVE, Verb.WIN, Verb.OFFER),
        )
        for fact in _UNDERSTOOD
    ),
    _Rule(
        gate=Gate.OFFER_BEFORE_TALKS,
        weight=Weight.HARD,
        entered=Stage.OBJECTIONS,
        stage=Stage.PROPOSAL,
        fact=Fact.OFFER,
        verbs=(Verb.OPEN, Verb.MOVE),
    ),
)


def _universal(facts: Facts, act: Act) -> Iterator[Finding]:
    for rule in _RULES:
        if act.verb in rule.verbs and _comes_to(rule.entered, act) and rule.fact not in facts.known:
            yield Finding(gate=rule.gate, weight=rule.weight, stage=rule.stage, fact=rule.fact)
    if act.verb != Verb.WIN:
        return
    if Fact.OFFER not in facts.known:
        yield Finding(
            gate=Gate.OFFER_BEFORE_WIN,
            weight=Weight.HARD,
            stage=Stage.PROPOSAL,
            fact=Fact.OFFER,
        )
    if facts.concerns_open:
        yield Finding(
            gate=Gate.CONCERNS,
            weight=Weight.HARD,
            stage=Stage.OBJECTIONS,
            fact=Fact.CONCERNS_SETTLED,
        )


def _comes_to(stage: Stage, act: Act) -> bool:
    """Whether the act enters `stage` or a later one from before it; an offer may be made from any
    stage."""
    return act.verb == Verb.OFFER or (
        act.to >= stage and (act.from_stage is None or act.from_stage < stage)
    )


def _steps(facts: Facts, playbook: Playbook, act: Act) -> Iterator[Finding]:
    """G15, for every stage that is left or skipped; a win also leaves the seventh."""
    if act.verb not in (Verb.MOVE, Verb.WIN) or act.from_stage is None:
        return
    left = [stage for stage in Stage if act.from_stage <= stage < act.to]
    if act.verb == Verb.WIN:
        left = [stage for stage in Stage if stage >= act.from_stage]
    for stage in left:
        for step in playbook.steps(stage):
            meant = step.gates and step.is_for(existing_customer=facts.existing_customer)
            if meant and not facts.has(step):
                yield Finding(gate=Gate.STEP, weight=Weight.STEP, stage=stage, step=step)


def _standing(facts: Facts) -> Iterator[Finding]:
    if Fact.NEXT not in facts.known and not facts.parked:
        yield Finding(
            gate=Gate.NEXT, weight=Weight.NAG, stage=Stage.LEAD_GENERATION, fact=Fact.NEXT
        )
