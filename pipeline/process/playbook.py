"""The process in layers: what a step may be, the differences that a layer holds, and the `Playbook`
that they come to (ARCHITECTURE 4). Pure; `pipeline.process.merging` folds them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from pipeline.process.stages import Stage

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Level(models.TextChoices):
    """Whose layer it is. A team's layer may lie under another team's: the tree is of any depth."""

    FRAMEWORK = "framework", _("Framework")
    TEAM = "team", _("Team")
    MINE = "mine", _("Mine")


class StepKind(models.TextChoices):
    CHECK = "check", _("Check")
    QUESTION = "question", _("Question")
    EVIDENCE = "evidence", _("Evidence")
    ACTIVITY = "activity", _("Activity")
    HINT = "hint", _("Hint or script")


class AnswerKind(models.TextChoices):
    """What a question takes."""

    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    MONEY = "money", _("Money")
    DATE = "date", _("Date")
    CHOICE = "choice", _("Choice")
    CONTACT = "contact", _("Person of the other side")


class Proof(models.TextChoices):
    """What counts as evidence."""

    ANY = "any", _("File, link or activity")
    FILE = "file", _("File")
    LINK = "link", _("Link")
    ACTIVITY = "activity", _("Activity")

    @property
    def kinds(self) -> frozenset[Proof]:
        """What may be given: of any, each of them."""
        return frozenset({Proof.FILE, Proof.LINK, Proof.ACTIVITY} if self == Proof.ANY else {self})


class WorkKind(models.TextChoices):
    """The kinds of work whose doing completes a step of kind activity."""

    CALL = "call", _("Call")
    EMAIL = "email", _("E-mail")
    MEETING = "meeting", _("Meeting")
    TASK = "task", _("Task")


class Importance(models.IntegerChoices):
    HINT = 1, _("Hint")
    EXPECTED = 2, _("Expected")
    GATE = 3, _("Gate")


class Applies(models.TextChoices):
    """For whose business a step is meant."""

    ALWAYS = "always", _("Every deal")
    NEW = "new", _("New customers")
    EXISTING = "existing", _("Existing customers")


class Side(models.TextChoices):
    """Qualification is two-sided: whose confidence a criterion is about (CHECKLIST C13, A18)."""

    OURS = "ours", _("We in them")
    THEIRS = "theirs", _("They in us")


class Fact(models.TextChoices):
    """What the records of a deal say by themselves. A step bound to one is done by it, unasked."""

    PARTY = "party", _("There is somebody to talk to")
    SOURCE = "source", _("The source is known")
    CONVERSATION = "conversation", _("A sales conversation was held")
    AGREEMENT = "agreement", _("The other side agreed to a conversation")
    QUALIFIED = "qualified", _("Both sides want to proceed")
    PROBLEM = "problem", _("The problem is known in the customer’s words")
    WORTH = "worth", _("What the problem is worth is known")
    DECISION_PATH = "decision_path", _("Who decides, and how, is known")
    CONFIRMED = "confirmed", _("The customer confirmed it")
    OFFER = "offer", _("An offer was made")
    OFFER_SENT_TO = "offer_sent_to", _("The offer went to named people")
    OFFER_FITS = "offer_fits", _("The offer’s lines are tied to needs")
    DECISION_DATE = "decision_date", _("It is known when they decide")
    CONCERNS_RECORDED = "concerns_recorded", _("Concerns are recorded in their words")
    CONCERNS_SETTLED = "concerns_settled", _("Every concern is settled")
    ASKED = "asked", _("We asked for the agreement")
    HAND_OFF = "hand_off", _("Delivery knows what was promised")
    NEXT = "next", _("What’s next is set")


class Strength(models.TextChoices):
    """How much an advisory gate (G4, G5) asks for; the organisation sets it."""

    WARN = "warn", _("Say what is missing")
    ASK = "ask", _("Say what is missing and ask why")


class Clash(models.TextChoices):
    """Why a difference on a layer does not hold against what lies above it."""

    ORPHAN = "orphan", _("The step was taken out above.")
    TWIN = "twin", _("A layer above has a step of the same name.")
    LOCKED = "locked", _("This step is locked above: it can be moved or tightened only.")
    WEAKENS = "weakens", _("A gate cannot be weakened or hidden below.")
    PERSONAL = "personal", _("One’s own layer changes how steps are shown, not what they ask.")
    UNLOCKS = "unlocks", _("A lock can be opened only where it was set.")


# What changes what a step asks for; the rest is wording and place.
REPLACING = frozenset({"kind", "answer", "choices", "proof", "doing", "applies", "side", "fact"})
# What only steps of one kind say.
FIELDS_OF_KIND: Mapping[StepKind, tuple[str, ...]] = {
    StepKind.CHECK: (),
    StepKind.QUESTION: ("answer", "choices"),
    StepKind.EVIDENCE: ("proof",),
    StepKind.ACTIVITY: ("doing",),
    StepKind.HINT: (),
}


def fields_of_others(kind: StepKind) -> frozenset[str]:
    """The fields that say nothing of a step of this kind."""
    every = {name for names in FIELDS_OF_KIND.values() for name in names}
    return frozenset(every.difference(FIELDS_OF_KIND[kind]))


@dataclass(frozen=True, kw_only=True, slots=True)
class StepRow:
    """One difference on one layer, by (stage, key). None means: as inherited.

    `adds` says that the step begins here; otherwise the row adapts one from above. `reason` is
    why an inherited step is changed. `position` orders steps inside their stage, lowest first.
    """

    stage: Stage
    key: str
    adds: bool = False
    label: str | None = None
    kind: StepKind | None = None
    answer: AnswerKind | None = None
    choices: tuple[str, ...] | None = None
    proof: Proof | None = None
    doing: WorkKind | None = None
    importance: Importance | None = None
    applies: Applies | None = None
    side: Side | None = None
    fact: Fact | None = None
    gives_you: str | None = None
    gives_managers: str | None = None
    help: str | None = None
    position: float | None = None
    hidden: bool | None = None
    locked: bool | None = None
    reason: str = ""
    author: str = ""
    made_on: dt.date | None = None
    # Who `author` is, so that a version that is restored gives each row back to its author.
    author_id: int | None = None

    @property
    def place(self) -> tuple[Stage, str]:
        return (self.stage, self.key)

    def said(self) -> dict[str, Any]:
        """What the row says of the step itself, without what it inherits."""
        return {
            name: value
            for name in SETTABLE_FIELDS
            if (value := getattr(self, name, None)) is not None
        }


SETTABLE_FIELDS = tuple(
    f.name
    for f in fields(StepRow)
    if f.name not in {"stage", "key", "adds", "reason", "author", "made_on", "author_id"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StageNaming:
    """What a layer calls a stage, and how many days a visit in it usually takes."""

    stage: Stage
    label: str | None = None
    norm_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class LayerContent:
    """Everything that a layer says; what a version keeps for ever."""

    steps: tuple[StepRow, ...] = ()
    stages: tuple[StageNaming, ...] = ()
    strengths: Mapping[str, Strength] = field(default_factory=dict)  # by gate: "G4", "G5"

    def as_json(self) -> dict[str, Any]:
        """Sorted, so that equal contents are equal texts."""
        return {
            "steps": [_row_json(row) for row in sorted(self.steps, key=lambda row: row.place)],
            "stages": [_row_json(row) for row in sorted(self.stages, key=lambda row: row.stage)],
            "strengths": {gate: str(self.strengths[gate]) for gate in sorted(self.strengths)},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LayerContent:
        return cls(
            steps=tuple(_step_row(row) for row in data.get("steps", ())),
            stages=tuple(
                StageNaming(**{**row, "stage": Stage(row["stage"])})
                for row in data.get("stages", ())
            ),
            strengths={gate: Strength(value) for gate, value in data.get("strengths", {}).items()},
        )


@dataclass(frozen=True, kw_only=True)
class LayerSource:
    """The layer that something comes from."""

    level: Level
    layer_id: int | None
    name: str
    version_id: int | None = None
    number: int | None = None


@dataclass(frozen=True, kw_only=True)
class MergedLayer:
    source: LayerSource
    content: LayerContent


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaybookStep:
    """A step in force, with its origin and the layers that adapted it."""

    stage: Stage
    key: str
    label: str
    kind: StepKind
    importance: Importance
    origin: LayerSource
    answer: AnswerKind = AnswerKind.TEXT
    choices: tuple[str, ...] = ()
    proof: Proof = Proof.ANY
    doing: WorkKind = WorkKind.CALL
    applies: Applies = Applies.ALWAYS
    side: Side | None = None
    fact: Fact | None = None
    gives_you: str = ""
    gives_managers: str = ""
    help: str = ""
    position: float = 0.0
    hidden: bool = False
    locked: bool = False
    # Why it is asked, where whoever added it said so; why it was changed stands in `adapted`.
    reason: str = ""
    author: str = ""
    made_on: dt.date | None = None
    # Each layer that adapted it, from above down, with the row that did.
    adapted: tuple[tuple[LayerSource, StepRow], ...] = ()

    @property
    def place(self) -> tuple[Stage, str]:
        return (self.stage, self.key)

    @property
    def is_mine(self) -> bool:
        return self.origin.level == Level.MINE

    @property
    def can_be_done(self) -> bool:
        """There is nothing to do about a hint."""
        return self.kind != StepKind.HINT

    @property
    def counts(self) -> bool:
        """Whether it counts in "3 of 5" and in adherence: expected of everybody, not personal."""
        return not self.hidden and not self.is_mine and self.importance >= Importance.EXPECTED

    @property
    def gates(self) -> bool:
        return not self.hidden and self.importance == Importance.GATE

    def is_for(self, *, existing_customer: bool) -> bool:
        if self.applies == Applies.ALWAYS:
            return True
        return (self.applies == Applies.EXISTING) == existing_customer


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """A difference that is ignored, and why; it stays on its layer until somebody decides."""

    source: LayerSource
    row: StepRow
    clash: Clash


@dataclass(frozen=True)
class Playbook:
    """The process in force for somebody: the steps and names of the seven stages."""

    stages: Mapping[Stage, tuple[PlaybookStep, ...]]  # hidden ones included, in their order
    labels: Mapping[Stage, str]
    norms: Mapping[Stage, int]
    strengths: Mapping[str, Strength]
    sources: tuple[LayerSource, ...]
    ignored: tuple[Ignored, ...] = ()

    def steps(self, stage: Stage) -> tuple[PlaybookStep, ...]:
        """The visible steps of a stage, in order."""
        return self._shown[stage]

    def find(self, stage: Stage, key: str) -> PlaybookStep | None:
        return self._by_place.get((stage, key))

    def label(self, stage: Stage) -> StrOrPromise:
        """The name of the stage in this process, whoever reads: for pages about a process."""
        return self.labels.get(stage) or stage.universal

    def norm_days(self, stage: Stage) -> int:
        return self.norms.get(stage) or stage.about.norm_days

    def strength(self, gate: str) -> Strength:
        return self.strengths.get(gate, Strength.ASK)

    @property
    def version_ids(self) -> tuple[int, ...]:
        """The published versions that it is made of, from the framework down."""
        return tuple(s.version_id for s in self.sources if s.version_id is not None)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.version_ids)

    @cached_property
    def _shown(self) -> Mapping[Stage, tuple[PlaybookStep, ...]]:
        return {
            stage: tuple(step for step in steps if not step.hidden)
            for stage, steps in self.stages.items()
        }

    @cached_property
    def _by_place(self) -> Mapping[tuple[Stage, str], PlaybookStep]:
        return {step.place: step for steps in self.stages.values() for step in steps}


def fingerprint(version_ids: Iterable[int]) -> str:
    """A short hash of the versions in force, by which visits are compared."""
    text = "-".join(str(pk) for pk in version_ids)
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else ""


_ENUMS: dict[str, type] = {
    "stage": Stage,
    "kind": StepKind,
    "answer": AnswerKind,
    "proof": Proof,
    "doing": WorkKind,
    "importance": Importance,
    "applies": Applies,
    "side": Side,
    "fact": Fact,
}


# Empty means the same as not there; of what a step says, an empty text takes the inherited one away.
_UNSAID = frozenset({"adds", "reason", "author"})


def _row_json(row: StepRow | StageNaming) -> dict[str, Any]:
    """Only the fields that are set: most are null."""
    data: dict[str, Any] = {}
    for name in (f.name for f in fields(row)):
        value = getattr(row, name)
        if value is None or (name in _UNSAID and not value):
            continue
        if name == "made_on":
            value = value.isoformat()
        elif name == "choices":
            value = list(value)
        elif name in _ENUMS:
            value = value.value
        data[name] = value
    return data


def _step_row(data: Mapping[str, Any]) -> StepRow:
    values = dict(data)
    for name, enum in _ENUMS.items():
        if name in values:
            values[name] = enum(values[name])
    if "choices" in values:
        values["choices"] = tuple(values["choices"])
    if "made_on" in values:
        values["made_on"] = dt.date.fromisoformat(values["made_on"])
    return StepRow(**values)
