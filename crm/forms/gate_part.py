"""What a gate may ask for, a small form each: what it is called, what it gives whom it asks, its
inputs, which of them fill it, and what they come to. `crm.forms.gate` puts those together that are
missing.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.contact import NewContact
from crm.commands.writers.concern import DispositionInput
from crm.commands.writers.conversation import AgreementInput, ConversationInput
from crm.commands.writers.decision_path import DecisionPathInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput
from crm.commands.writers.step_result import StepResultInput, Upload
from crm.commands.writers.verdict import VerdictInput
from crm.forms.fields import AmountField, CompanyPick, DayField
from crm.models import Activity, ActivityKind, Disposition, OfferKind, Per
from crm.models.evidence import LARGEST, FileBounds, file_bounds, too_large
from pipeline.process import framework
from pipeline.process.playbook import AnswerKind, Fact, Level, PlaybookStep, Proof, StepKind
from pipeline.process.stages import Stage
from salesprocess.lib.malware import ScannedFileField

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from crm.forms.gate import GateForm

LINE = forms.TextInput(attrs={"autocomplete": "off"})


def line(most: int, label: "StrOrPromise") -> forms.CharField:
    """One line of at most `most` characters, which may stay empty: a reason may do instead."""
    return forms.CharField(required=False, max_length=most, label=label, widget=LINE)


class GatePart(forms.Form):
    """One thing that is missing, as the sheet of `gate` asks for it.

    `hard` cannot be gone past. One input of each group of `needs` fills it. `begins` is an input that
    is filled in beforehand where it is asked for by the answer to an act.
    """

    name: str
    title: "StrOrPromise"
    gives: "StrOrPromise"
    hard: bool = False
    needs: tuple[tuple[str, ...], ...]
    step: PlaybookStep | None = None
    begins: ClassVar[str] = ""

    def __init__(self, gate: "GateForm", asked_by: PlaybookStep | None = None) -> None:
        """`asked_by` is the step of the process that wants it, if one does."""
        super().__init__()
        self.gate = gate
        # Whose demand it is; what no step says, the framework does.
        self.origin = _("framework")
        if asked_by is not None:
            self.title = asked_by.label or self.title
            self.gives = asked_by.gives_you or self.gives
            if asked_by.origin.level != Level.FRAMEWORK:
                self.origin = asked_by.origin.name

    @property
    def mark(self) -> tuple[str, str]:
        """Tone and icon of its origin, as beside the steps of a stage; the lock says `hard`."""
        return ("", "lock" if self.hard else "")

    def value(self, data: Mapping[str, Any]) -> Any:
        """What was filled in, for the command; nothing where it was not."""
        raise NotImplementedError

    def faults(self, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What is wrong with what was filled in: an input, and words."""
        yield from ()

    def choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # as declared below
        field.choices = choices

    def not_ahead(self, name: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        today = timezone.localdate(timezone=self.gate.user.zone)
        if (data.get(name) or today) > today:
            yield name, _("That lies in the future: plan an activity instead.")

    def noon(self, day: dt.date) -> dt.datetime | None:
        """Noon of an earlier day; of today and later the very moment, which is judged."""
        if day == timezone.localdate(timezone=self.gate.user.zone):
            return None
        return dt.datetime.combine(day, dt.time(12), tzinfo=self.gate.user.zone)


# Facts --------------------------------------------------------------------------------------------


class PartyPart(GatePart):
    name, hard, needs = "party", True, (("party_person", "party_who"),)
    title = gettext_lazy("Who is it with?")
    gives = gettext_lazy("a name to call.")

    party_company = line(200, gettext_lazy("Company"))
    party_who = forms.ChoiceField(required=False, label=gettext_lazy("Who"))
    party_person = line(200, gettext_lazy("Person"))
    party_reach = line(254, gettext_lazy("Phone or e-mail"))

    def __init__(self, gate: "GateForm", asked_by: PlaybookStep | None = None) -> None:
        super().__init__(gate, asked_by)
        self.choose("party_who", [(str(pk), who) for pk, who, _role in gate.deciders])

    def value(self, data: Mapping[str, Any]) -> dict[str, Any]:
        name, reach = data["party_person"], data["party_reach"]
        contact: Any = self.gate.visible_contact(data["party_who"])
        if name:
            contact = NewContact(name=name, **{"email" if "@" in reach else "phone": reach})
        typed = data["party_company"].strip()
        return {
            "company": CompanyPick.chosen("", typed, user=self.gate.user),
            "contact": contact,
        }


class ConversationPart(GatePart):
    name, hard, needs = "talk", True, (("talk_kind", "talk_logged"),)
    title = gettext_lazy("Which conversation was held?")
    gives = gettext_lazy("a pipeline of talks that took place, not of hopes.")
    begins = "talk_on"

    talk_kind = forms.ChoiceField(
        required=False,
        choices=[
            (kind.value, kind.label)
            for kind in (ActivityKind.CALL, ActivityKind.MEETING, ActivityKind.EMAIL)
        ],
        label=gettext_lazy("How"),
    )
    # Something that stands on the deal without a result, if that was the conversation.
    talk_logged = forms.ChoiceField(
        required=False, label=gettext_lazy("Logged without a result: did you speak with them?")
    )
    talk_on = DayField(required=False, label=gettext_lazy("On"))
    talk_with = forms.ChoiceField(required=False, label=gettext_lazy("With whom"))
    talk_words = line(20_000, gettext_lazy("What was said"))

    def __init__(self, gate: "GateForm", asked_by: PlaybookStep | None = None) -> None:
        super().__init__(gate, asked_by)
        people = [(str(pk), who) for pk, who, _role in gate.people]
        self.choose("talk_with", [("", _("somebody else")), *people])
        self.choose("talk_logged", gate.unsaid)
        if len(people) == 1:
            gate.initial.setdefault("talk_with", people[0][0])
        gate.initial.setdefault("talk_on", timezone.localdate(timezone=gate.user.zone))

    def value(self, data: Mapping[str, Any]) -> ConversationInput | None:
        if data["talk_logged"]:
            return ConversationInput(logged=Activity(pk=int(data["talk_logged"])))
        if not data["talk_kind"]:
            return None
        day = data["talk_on"]
        return ConversationInput(
            kind=ActivityKind(data["talk_kind"]),
            done_at=self.noon(day) if day else None,
            contact=self.gate.visible_contact(data["talk_with"]),
            words=data["talk_words"],
        )

    def faults(self, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        yield from self.not_ahead("talk_on", data)


class AgreementPart(GatePart):
    name, hard, needs = "agreed", True, (("agreed_to",),)
    title = gettext_lazy("What did they agree to?")
    gives = gettext_lazy("a talk that they expect as well.")

    agreed_to = line(200, gettext_lazy("They agreed to"))
    agreed_on = DayField(required=False, label=gettext_lazy("For the day"))

    def value(self, data: Mapping[str, Any]) -> AgreementInput | None:
        if not data["agreed_to"]:
            return None
        return AgreementInput(to=data["agreed_to"], on=data["agreed_on"])


class VerdictPart(GatePart):
    name, needs = "verdict", (("verdict",),)
    title = gettext_lazy("Do both sides want to proceed?")
    gives = gettext_lazy("no weeks for somebody who will never buy.")

    verdict = forms.ChoiceField(
        required=False, choices=[("qualified", gettext_lazy("Yes, both are sure"))]
    )
    ours_why = line(400, gettext_lazy("What shows it of them"))
    theirs_why = line(400, gettext_lazy("What shows it of us"))

    def value(self, data: Mapping[str, Any]) -> VerdictInput | None:
        if not data["verdict"]:
            return None
        return VerdictInput(ours_why=data["ours_why"], theirs_why=data["theirs_why"])


class NeedPart(GatePart):
    name, needs = "need", (("need_words",),)
    title = gettext_lazy("What is the problem, and what is it worth to them?")
    gives = gettext_lazy("a price that is held against a loss, not against a budget.")

    need_words = line(2000, gettext_lazy("In their words"))
    need_worth = AmountField(required=False, label=gettext_lazy("Worth to them a year"))

    def value(self, data: Mapping[str, Any]) -> NeedInput | None:
        if not data["need_words"]:
            return None
        return NeedInput(words=data["need_words"], worth=data["need_worth"], per=Per.YEAR)

    def faults(self, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if data.get("need_worth") is not None and not data.get("need_words"):
            yield "need_words", _("Write the need, in the customer’s words.")


class DecisionPathPart(GatePart):
    name = "path"
    title = gettext_lazy("Who decides, and how?")
    gives = gettext_lazy("no unknown decision-maker near the end.")
    begins = "path_who"

    path_who = forms.ChoiceField(required=False, label=gettext_lazy("Who decides"))
    path_person = line(200, gettext_lazy("Somebody else"))
    path_steps = line(2000, gettext_lazy("Steps to a yes"))
    path_on = DayField(required=False, label=gettext_lazy("Decision expected"))

    def __init__(self, gate: "GateForm", asked_by: PlaybookStep | None = None) -> None:
        super().__init__(gate, asked_by)
        people = [(str(pk), who) for pk, who, _role in gate.deciders]
        self.choose("path_who", people)
        if len(people) == 1:
            gate.initial.setdefault("path_who", people[0][0])
        who = () if gate.decider_known else (("path_person", "path_who"),)
        self.needs = (("path_steps",), *who)

    def value(self, data: Mapping[str, Any]) -> DecisionPathInput | None:
        person = data["path_person"].strip()
        # The only one is chosen beforehand: alone that says nothing yet.
        alone = len(self.gate.deciders) == 1 and not data["path_steps"]
        known = None if alone else self.gate.visible_contact(data["path_who"])
        decides = NewContact(name=person) if person else known
        if not data["path_steps"] and decides is None:
            return None
        return DecisionPathInput(
            steps=data["path_steps"], decides=decides, decides_on=data["path_on"]
        )


class OfferPart(GatePart):
    name, hard, needs = "offer", True, (("offer_kind",),)
    title = gettext_lazy("What was offered?")
    gives = gettext_lazy("what was agreed, in case anybody asks later.")
    begins = "offer_value"

    offer_kind = forms.ChoiceField(
        required=False,
        choices=[(kind.value, kind.label) for kind in (OfferKind.VERBAL, OfferKind.PRICE_LIST)],
    )
    offer_value = AmountField(required=False, label=gettext_lazy("For"))

    def __init__(self, gate: "GateForm", asked_by: PlaybookStep | None = None) -> None:
        super().__init__(gate, asked_by)
        if gate.deal is not None and gate.deal.amount is not None:
            gate.initial.setdefault("offer_value", gate.deal.amount)

    def value(self, data: Mapping[str, Any]) -> OfferInput | None:
        if not data["offer_kind"]:
            return None
        value = data["offer_value"] if self.gate.offer_has_value else None
        return OfferInput(kind=OfferKind(data["offer_kind"]), value=value)


class ConcernsPart(GatePart):
    name, hard = "concerns", True
    title = gettext_lazy("How were their concerns settled?")
    gives = gettext_lazy("no surprise after the handshake, and an answer for the next time.")

    def __init__(self, gate: "GateForm", asked_by: PlaybookStep | None = None) -> None:
        super().__init__(gate, asked_by)
        settled = [one for one in Disposition.choices if one[0] != Disposition.OPEN]
        for concern in gate.concerns:
            name = f"concern_{concern.pk}"
            self.fields[name] = forms.ChoiceField(
                required=False, choices=settled, label=concern.words
            )
            self.fields[f"{name}_response"] = response = line(2000, _("What we said, or gave"))
            response.initial = concern.response
        self.needs = tuple((f"concern_{one.pk}",) for one in gate.concerns) or (("version",),)

    def value(self, data: Mapping[str, Any]) -> dict[int, DispositionInput]:
        found = {}
        for concern in self.gate.concerns:
            name = f"concern_{concern.pk}"
            if not data.get(name):
                continue
            words = data.get(f"{name}_response", "")
            conceded = data[name] == Disposition.CONCEDED
            found[concern.pk] = DispositionInput(
                disposition=Disposition(data[name]),
                response="" if conceded else words,
                concession=words if conceded else "",
            )
        return found


# Which part fills the gap of a fact; a step that is bound to one of these is filled by the same.
PART_OF_FACT: dict[Fact, type[GatePart]] = {
    Fact.PARTY: PartyPart,
    Fact.CONVERSATION: ConversationPart,
    Fact.AGREEMENT: AgreementPart,
    Fact.QUALIFIED: VerdictPart,
    Fact.PROBLEM: NeedPart,
    Fact.WORTH: NeedPart,
    Fact.DECISION_PATH: DecisionPathPart,
    Fact.OFFER: OfferPart,
    Fact.CONCERNS_SETTLED: ConcernsPart,
}
FACT_PARTS = {part.name: part for part in PART_OF_FACT.values()}


# Steps --------------------------------------------------------------------------------------------


class StepPart(GatePart):
    """A step of the process; no input is required, as a reason may do. See STEP_PARTS."""

    step: PlaybookStep
    # How `templates/crm/deal/_gate.html` draws its inputs.
    layout: ClassVar[str]

    def __init__(self, gate: "GateForm", step: PlaybookStep) -> None:
        self.name = step_field(step)
        self.title = self.gives = ""
        super().__init__(gate, step)
        self.step = step
        self.fields |= self.inputs()
        # A note beside an answer is none itself.
        self.needs = (tuple(name for name in self.fields if name != f"{self.name}_note"),)

    @property
    def mark(self) -> tuple[str, str]:
        return ("acc", "users") if self.step.origin.level == Level.TEAM else super().mark

    def inputs(self) -> dict[str, forms.Field]:
        raise NotImplementedError

    def value(self, data: Mapping[str, Any]) -> StepResultInput | None:
        raise NotImplementedError


def step_field(step: PlaybookStep) -> str:
    return f"step_{step.stage.value}_{step.key}"


def place_of(name: str) -> tuple[Stage, str] | None:
    """Stage and key of the step whose field is called so, or None."""
    number, _dash, key = name.removeprefix("step_").partition("_")
    stage = {str(one.value): one for one in Stage}.get(number)
    return (stage, key) if stage else None


class CheckPart(StepPart):
    layout = "tick"

    def inputs(self) -> dict[str, forms.Field]:
        return {self.name: forms.BooleanField(required=False, label=_("Done"))}

    def value(self, data: Mapping[str, Any]) -> StepResultInput | None:
        return StepResultInput() if data.get(self.name) else None


class QuestionPart(StepPart):
    @property
    def layout(self) -> str:  # type: ignore[override]  # of a question it goes by the answer
        return "picks" if self.step.answer in (AnswerKind.CHOICE, AnswerKind.CONTACT) else "line"

    def inputs(self) -> dict[str, forms.Field]:
        return {self.name: self._question()}

    def _question(self) -> forms.Field:
        label = self.step.label
        match self.step.answer:
            case AnswerKind.TEXT:
                return line(2000, label)
            case AnswerKind.NUMBER:
                return AmountField(required=False, label=label, min_value=None, decimal_places=3)
            case AnswerKind.MONEY:
                return AmountField(required=False, label=label)
            case AnswerKind.DATE:
                return DayField(required=False, label=label)
            case AnswerKind.CHOICE:
                choices = [(one, framework.translated_text(one)) for one in self.step.choices]
                return forms.ChoiceField(required=False, label=label, choices=choices)
            case AnswerKind.CONTACT:
                people = [(str(pk), who) for pk, who, _role in self.gate.people]
                return forms.ChoiceField(required=False, label=label, choices=people)

    def value(self, data: Mapping[str, Any]) -> StepResultInput | None:
        value: Any = data.get(self.name)
        if value in (None, ""):
            return None
        if self.step.answer == AnswerKind.CONTACT:
            return StepResultInput(contact=self.gate.visible_contact(value))
        return StepResultInput(
            value=value.isoformat() if isinstance(value, dt.date) else str(value)
        )


class EvidencePart(StepPart):
    layout = "evidence"

    @property
    def proofs(self) -> frozenset[Proof]:
        return self.step.proof.kinds

    @property
    def bounds(self) -> FileBounds:
        return file_bounds()

    def inputs(self) -> dict[str, forms.Field]:
        proofs, found = self.proofs, dict[str, forms.Field]()
        if Proof.LINK in proofs:
            found[f"{self.name}_link"] = forms.URLField(
                required=False, max_length=500, label=_("Link"), assume_scheme="https"
            )
        if Proof.FILE in proofs:
            found[f"{self.name}_file"] = ScannedFileField(
                required=False,
                label=_("File"),
                validators=[_not_too_large],
            )
        if Proof.ACTIVITY in proofs:
            done = [(str(pk), words) for pk, words in self.gate.done]
            found[f"{self.name}_activity"] = forms.ChoiceField(
                required=False, label=_("Activity"), choices=[("", _("Choose …")), *done]
            )
        return found

    def value(self, data: Mapping[str, Any]) -> StepResultInput | None:
        link, file = data.get(f"{self.name}_link", ""), data.get(f"{self.name}_file")
        pk = data.get(f"{self.name}_activity", "")
        if not (link or file or pk):
            return None
        done = Activity.objects.done().filter(deal=self.gate.deal)
        upload = file and Upload(
            name=file.name, content=file.read(), content_type=file.content_type or ""
        )
        return StepResultInput(
            link=link, file=upload or None, activity=done.filter(pk=int(pk)).first() if pk else None
        )


class ActivityPart(StepPart):
    layout = "activity"

    def inputs(self) -> dict[str, forms.Field]:
        day = DayField(required=False, label=_("Done on"), help_text=_("Enter: today"))
        today = timezone.localdate(timezone=self.gate.user.zone)
        day.widget.attrs["data-enter"] = today.isoformat()
        return {
            self.name: day,
            f"{self.name}_note": line(2000, _("What was said")),
        }

    def value(self, data: Mapping[str, Any]) -> StepResultInput | None:
        day = data.get(self.name)
        if not day:
            return None
        at = self.noon(day) or timezone.now()
        return StepResultInput(done_at=at, note=data.get(f"{self.name}_note", ""))

    def faults(self, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        yield from self.not_ahead(self.name, data)


STEP_PARTS: dict[StepKind, type[StepPart]] = {
    StepKind.CHECK: CheckPart,
    StepKind.QUESTION: QuestionPart,
    StepKind.EVIDENCE: EvidencePart,
    StepKind.ACTIVITY: ActivityPart,
    # No gate asks for a hint; whoever ticks one all the same is told by the command.
    StepKind.HINT: CheckPart,
}


def step_part(gate: "GateForm", step: PlaybookStep) -> StepPart:
    return STEP_PARTS[step.kind](gate, step)


def _not_too_large(file: Any) -> None:
    if file.size > LARGEST:
        raise forms.ValidationError(too_large())
