"""What a gate asks for, as fields of the form of the verb that met it: only what is missing, each
to be filled in on the spot, and a reason to go ahead where one is enough (METHOD, "Gates").
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.commands.contact import NewContact
from crm.commands.gate import GoAhead
from crm.commands.gate_input import GateInput
from crm.commands.writers.concern import DispositionInput
from crm.commands.writers.conversation import AgreementInput, ConversationInput
from crm.commands.writers.decision_path import DecisionPathInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput
from crm.commands.writers.step_result import StepResultInput, Upload
from crm.commands.writers.verdict import VerdictInput
from crm.forms.fields import AmountField, CompanyPick, DayField, VerbForm
from crm.models import (
    Activity,
    ActivityKind,
    Concern,
    Contact,
    DealRole,
    Disposition,
    OfferKind,
    Per,
)
from crm.models.evidence import LARGEST
from crm.queries import gates as queries
from pipeline import framework
from pipeline.gates import Finding, Gap, Reason, Weight
from pipeline.playbook import Answer, Fact, Level, Proof, Step, StepKind
from pipeline.stages import Stage
from salesprocess.lib.refused import Refused

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LINE = forms.TextInput(attrs={"autocomplete": "off"})
# People of a company that are offered; more are typed.
FEW = 6
# What a thing that is asked for begins with.
_BEGIN = {"talk": "talk_on", "path": "path_who", "offer": "offer_value"}
# Which inputs fill a thing: one of each group. What depends on the deal is in `GateForm._needs`.
_NEEDS = {
    "party": (("party_person", "party_who"),),
    "talk": (("talk_kind", "talk_logged"),),
    "agreed": (("agreed_to",),),
    "verdict": (("verdict",),),
    "need": (("need_words",),),
    "offer": (("offer_kind",),),
}
# What no reason can stand for (`pipeline.gates`).
_HARD = frozenset({"party", "talk", "agreed", "offer", "concerns"})
# Which fields fill the gap of a fact; a step that is bound to one of these is filled by the same.
_ASKS = {
    Fact.PARTY: "party",
    Fact.CONVERSATION: "talk",
    Fact.AGREEMENT: "agreed",
    Fact.QUALIFIED: "verdict",
    Fact.PROBLEM: "need",
    Fact.WORTH: "need",
    Fact.DECISION_PATH: "path",
    Fact.OFFER: "offer",
    Fact.CONCERNS_SETTLED: "concerns",
}
_TITLES: dict[str, "StrOrPromise"] = {
    "party": gettext_lazy("Who is it with?"),
    "talk": gettext_lazy("Which conversation was held?"),
    "agreed": gettext_lazy("What did they agree to?"),
    "verdict": gettext_lazy("Do both sides want to proceed?"),
    "need": gettext_lazy("What is the problem, and what is it worth to them?"),
    "path": gettext_lazy("Who decides, and how?"),
    "offer": gettext_lazy("What was offered?"),
    "concerns": gettext_lazy("How were their concerns settled?"),
}
_GIVES: dict[str, "StrOrPromise"] = {
    "party": gettext_lazy("a name to call."),
    "talk": gettext_lazy("a pipeline of talks that took place, not of hopes."),
    "agreed": gettext_lazy("a talk that they expect as well."),
    "verdict": gettext_lazy("no weeks for somebody who will never buy."),
    "need": gettext_lazy("a price that is held against a loss, not against a budget."),
    "path": gettext_lazy("no unknown decision-maker near the end."),
    "offer": gettext_lazy("what was agreed, in case anybody asks later."),
    "concerns": gettext_lazy("no surprise after the handshake, and an answer for the next time."),
}


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One thing that is missing, as the sheet shows it. `hard` cannot be gone past; one input of each
    group of `needs` fills it.
    """

    name: str
    title: "StrOrPromise"
    gives: "StrOrPromise"
    origin: str
    hard: bool
    needs: tuple[tuple[str, ...], ...]
    step: Step | None = None

    @property
    def mark(self) -> tuple[str, str]:
        """Tone and icon of its origin, as beside the steps of a stage; the lock says `hard`."""
        if self.step is not None and self.step.origin.level == Level.TEAM:
            return ("acc", "users")
        return ("", "lock" if self.hard else "")


def _origin(step: Step | None) -> str:
    """Whose demand it is; what no step says, the framework does."""
    if step is None or step.origin.level == Level.FRAMEWORK:
        return _("framework")
    return step.origin.name


class GateForm(VerbForm):
    """The fields that gates may ask for; they show only where `asks` names them."""

    party_company = forms.CharField(
        required=False, max_length=200, label=gettext_lazy("Company"), widget=LINE
    )
    party_who = forms.ChoiceField(required=False, label=gettext_lazy("Who"))
    party_person = forms.CharField(
        required=False, max_length=200, label=gettext_lazy("Person"), widget=LINE
    )
    party_reach = forms.CharField(
        required=False, max_length=254, label=gettext_lazy("Phone or e-mail"), widget=LINE
    )
    talk_kind = forms.ChoiceField(
        required=False,
        choices=[
            (ActivityKind.CALL.value, ActivityKind.CALL.label),
            (ActivityKind.MEETING.value, ActivityKind.MEETING.label),
            (ActivityKind.EMAIL.value, ActivityKind.EMAIL.label),
        ],
        label=gettext_lazy("How"),
    )
    # Something that stands on the deal without a result, if that was the conversation.
    talk_logged = forms.ChoiceField(
        required=False, label=gettext_lazy("Logged without a result: did you speak with them?")
    )
    talk_on = DayField(required=False, label=gettext_lazy("On"))
    talk_with = forms.ChoiceField(required=False, label=gettext_lazy("With whom"))
    talk_words = forms.CharField(
        required=False, max_length=20_000, label=gettext_lazy("What was said"), widget=LINE
    )
    agreed_to = forms.CharField(
        required=False, max_length=200, label=gettext_lazy("They agreed to"), widget=LINE
    )
    agreed_on = DayField(required=False, label=gettext_lazy("For the day"))
    verdict = forms.ChoiceField(
        required=False, choices=[("qualified", gettext_lazy("Yes, both are sure"))]
    )
    ours_why = forms.CharField(
        required=False, max_length=400, label=gettext_lazy("What shows it of them"), widget=LINE
    )
    theirs_why = forms.CharField(
        required=False, max_length=400, label=gettext_lazy("What shows it of us"), widget=LINE
    )
    need_words = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("In their words"), widget=LINE
    )
    need_worth = AmountField(required=False, label=gettext_lazy("Worth to them a year"))
    path_who = forms.ChoiceField(required=False, label=gettext_lazy("Who decides"))
    path_person = forms.CharField(
        required=False, max_length=200, label=gettext_lazy("Somebody else"), widget=LINE
    )
    path_steps = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("Steps to a yes"), widget=LINE
    )
    path_on = DayField(required=False, label=gettext_lazy("Decision expected"))
    offer_kind = forms.ChoiceField(
        required=False,
        choices=[
            (OfferKind.VERBAL.value, OfferKind.VERBAL.label),
            (OfferKind.PRICE_LIST.value, OfferKind.PRICE_LIST.label),
        ],
    )
    offer_value = AmountField(required=False, label=gettext_lazy("For"))
    go_reason = forms.ChoiceField(
        required=False, choices=Reason.offered, label=gettext_lazy("Reason")
    )
    go_words = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("In your words"), widget=LINE
    )

    named = {"email": "party_reach", "phone": "party_reach", "talk_at": "talk_on"}
    offer_has_value = True
    # Where nobody is on the deal who could.
    who_decides: "StrOrPromise" = gettext_lazy("Who decides")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.asks: list[Ask] = []
        self.go_ahead_offered = False
        if self.deal is not None and self.deal.amount is not None:
            self.initial.setdefault("offer_value", self.deal.amount)
        if self.is_bound:
            # As it was shown: what was asked for then is asked for again, with all that was typed.
            self.go_ahead_offered = bool(self.data.get("go_offered"))
            asked = self.data.getlist("asks") if hasattr(self.data, "getlist") else []
            for name in asked[:100]:
                self._ask_again(name)

    # --- what is asked for --------------------------------------------------------------------

    def ask_for(self, findings: Iterable[Finding]) -> None:
        """Show these, and what was typed for others."""
        before, self.asks = self.asks, []
        findings = list(findings)
        facts = {one.fact or (one.step and one.step.fact) for one in findings}
        for finding in findings:
            if finding.fact == Fact.AGREEMENT and Fact.CONVERSATION in facts:
                continue  # Whoever spoke with us had agreed to.
            self._ask(finding)
        names = {ask.name for ask in self.asks}
        self.asks += [ask for ask in before if ask.name not in names and self._begun(ask)]
        self.go_ahead_offered = any(one.weight != Weight.HARD for one in findings)
        if "talk" in {ask.name for ask in self.asks}:
            self.initial.setdefault("talk_on", timezone.localdate(timezone=self.user.zone))
        if self.is_bound:
            self._begin({ask.name for ask in self.asks} - {ask.name for ask in before})

    def _begin(self, names: Set[str]) -> None:
        """What is asked for by the answer to an act begins as in a form that nobody has sent yet."""
        typed: Any = self.data
        self.data = begun = typed.copy()
        for ask, field in _BEGIN.items():
            if ask in names and self.initial.get(field) is not None:
                begun.setdefault(field, self.initial[field])

    def refuse(self, refused: Refused) -> None:
        if isinstance(refused, Gap):
            self.ask_for(refused.findings)
            # That something is missing is what the sheet says; a second try says it of each.
            self._say_missing()
            return
        super().refuse(refused)

    def _say_missing(self) -> None:
        for ask in self.left if self.data.get("asks") else ():
            empty = next((group for group in ask.needs if not self._has(group)), ask.needs[0])
            if not self.errors.keys() & set(empty):
                self.say(empty[0], _("This is missing."))

    @property
    def left(self) -> list[Ask]:
        """What is missing still: what is filled in, or gone past with a reason, is not."""
        if not self.is_bound:
            return self.asks
        past = bool(self.data.get("go_reason"))
        return [ask for ask in self.asks if not (self._filled(ask) or (past and not ask.hard))]

    def titles(self, to: Stage) -> list[str]:
        """What the sheet of a move is called, by how many things are missing still."""
        stage = self.name_of(to)
        return [_("Move to %(stage)s") % {"stage": stage}] + [
            _("%(what)s before %(stage)s") % {"what": _missing(count), "stage": stage}
            for count in range(1, len(self.asks) + 1)
        ]

    @property
    def hard_ones(self) -> bool:
        return any(ask.hard for ask in self.asks)

    def _ask(self, finding: Finding) -> None:
        step = finding.step
        fact = finding.fact or (step.fact if step else None)
        name = _ASKS.get(fact) if fact else None
        if name is None and step is not None:
            self._ask_step(step)
        elif name is not None and name not in {ask.name for ask in self.asks}:
            self._show(name, hard=finding.weight == Weight.HARD, step=step)

    def _ask_again(self, name: str) -> None:
        if name in _TITLES:
            self._show(name, hard=name in _HARD)
            return
        stage, _dash, key = name.removeprefix("step_").partition("_")
        place = {str(one.value): one for one in Stage}.get(stage)
        if place is not None and self._playbook is not None:
            step = self._playbook.find(place, key)
            if step is not None and not step.hidden:
                self._ask_step(step)

    def _show(self, name: str, *, hard: bool, step: Step | None = None) -> None:
        if name == "party":
            self._choices("party_who", [(str(pk), who) for pk, who, _role in self.deciders])
        if name in ("talk", "path"):
            people = self.people if name == "talk" else self.deciders
            choices = [(str(pk), who) for pk, who, _role in people]
            nobody = [("", _("somebody else"))] if name == "talk" else []
            self._choices("talk_with" if name == "talk" else "path_who", nobody + choices)
            if name == "path" and len(people) == 1:
                self.initial.setdefault("path_who", choices[0][0])
            if name == "talk":
                self._choices("talk_logged", self.unsaid)
                if len(people) == 1:
                    self.initial.setdefault("talk_with", choices[0][0])
        if name == "concerns":
            for concern in self.concerns:
                self._add_concern(concern)
        self.asks.append(
            Ask(
                name=name,
                title=(step.label if step else "") or _TITLES[name],
                gives=(step.gives_you if step else "") or _GIVES[name],
                origin=_origin(step),
                hard=hard,
                needs=self._needs(name),
            )
        )

    def _needs(self, name: str) -> tuple[tuple[str, ...], ...]:
        if name == "concerns":
            return tuple((f"concern_{concern.pk}",) for concern in self.concerns) or (("version",),)
        if name == "path":
            who = () if self.decider_known else (("path_person", "path_who"),)
            return (("path_steps",), *who)
        return _NEEDS[name]

    def _ask_step(self, step: Step) -> None:
        name = f"step_{step.stage.value}_{step.key}"
        fields = _fields_of(name, step, self._done, self.people)
        self.fields |= fields
        # A note beside an answer is none itself.
        answers = tuple(field for field in fields if field != f"{name}_note")
        self.asks.append(
            Ask(
                name=name,
                title=step.label,
                gives=step.gives_you,
                origin=_origin(step),
                hard=False,
                needs=(answers,),
                step=step,
            )
        )

    def _add_concern(self, concern: Concern) -> None:
        name = f"concern_{concern.pk}"
        if name in self.fields:
            return
        self.fields[name] = forms.ChoiceField(
            required=False,
            choices=[one for one in Disposition.choices if one[0] != Disposition.OPEN],
            label=concern.words,
        )
        self.fields[f"{name}_response"] = forms.CharField(
            required=False,
            max_length=2000,
            label=_("What we said, or gave"),
            widget=LINE,
            initial=concern.response,
        )

    def _choices(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # as declared above
        field.choices = choices

    def _has(self, group: Iterable[str]) -> bool:
        return any(self._said(name) for name in group)

    def _said(self, name: str) -> bool:
        if isinstance(self.fields.get(name), forms.FileField):
            return name in self.files
        return bool(str(self.data.get(name) or "").strip())

    def _filled(self, ask: Ask) -> bool:
        return all(map(self._has, ask.needs))

    def _begun(self, ask: Ask) -> bool:
        return any(map(self._has, ask.needs))

    # --- what the deal has --------------------------------------------------------------------

    @cached_property
    def people(self) -> list[tuple[int, str, str]]:
        if self.deal is None:
            return []
        rows = self.deal.deal_contacts.order_by("id")
        return list(rows.values_list("contact_id", "contact__name", "role"))

    @cached_property
    def deciders(self) -> list[tuple[int, str, str]]:
        """Who may decide: the people of the deal, or while nobody is on it those of its company."""
        if self.people or self.deal is None or self.deal.company_id is None:
            return self.people
        known = Contact.objects.visible_to(self.user).filter(company=self.deal.company_id)
        found = list(known.order_by("id").values_list("id", "name")[: FEW + 1])
        return [(pk, name, "") for pk, name in found] if len(found) <= FEW else []

    @property
    def decider_known(self) -> bool:
        return any(role == DealRole.DECIDES for _pk, _name, role in self.people)

    @cached_property
    def concerns(self) -> list[Concern]:
        if self.deal is None:
            return []
        rows = self.deal.concerns.filter(disposition=Disposition.OPEN)
        return list(rows.order_by("id"))

    def name_of(self, stage: Stage) -> "StrOrPromise":
        """The stage as its reader calls it: the page behind the sheet does so, too."""
        return stage.label

    def names_of(self, stages: Iterable[Stage]) -> str:
        return ", ".join(str(self.name_of(stage)) for stage in stages)

    @cached_property
    def _playbook(self) -> Any:
        return queries.playbook_of(self.deal) if self.deal is not None else None

    @cached_property
    def _done(self) -> list[tuple[int, str]]:
        """What was done lately on the deal, as evidence to choose from."""
        rows = Activity.objects.done().filter(deal=self.deal).order_by("-done_at", "-id")[:20]
        return [(row.pk, self._told(row)) for row in rows]

    @cached_property
    def unsaid(self) -> list[tuple[str, str]]:
        """What was logged lately and does not say what came of it."""
        if self.deal is None:
            return []
        rows = Activity.objects.without_result(self.deal, by=self.user)[:FEW]
        return [(str(row.pk), self._told(row)) for row in rows]

    def _told(self, row: Activity) -> str:
        assert row.done_at is not None  # noqa: S101  # nothing else is told
        day = row.done_at.astimezone(self.user.zone)
        return f"{day:%Y-%m-%d} {row.get_kind_display()} {row.subject or row.body[:40]}".strip()

    # --- what was said ------------------------------------------------------------------------

    def clean(self) -> dict[str, Any] | None:
        said = forms.Form.clean(self)
        data = self.cleaned_data
        worth_alone = data.get("need_worth") is not None and not data.get("need_words")
        if worth_alone and "need" in {ask.name for ask in self.asks}:
            self.add_error("need_words", _("Write the need, in the customer’s words."))
        today = timezone.localdate(timezone=self.user.zone)
        for name in self._days_done():
            if (data.get(name) or today) > today:
                self.add_error(name, _("That lies in the future: plan an activity instead."))
        if self.errors:
            # All that is wrong with it is told at once.
            self._say_missing()
        return said

    def _days_done(self) -> Iterator[str]:
        """The inputs that ask when something was done."""
        for ask in self.asks:
            if ask.name == "talk":
                yield "talk_on"
            elif ask.step is not None and ask.step.kind == StepKind.ACTIVITY:
                yield ask.name

    def gate_input(self) -> GateInput:
        """What was filled in of that which was asked for."""
        data = self.cleaned_data
        asked = {ask.name for ask in self.asks}
        said: dict[str, Any] = {
            name: make(data) for name, make in self._makers().items() if name in asked
        }
        return GateInput(
            company=self._company(data) if "party" in asked else None,
            contact=self._party(data) if "party" in asked else None,
            conversation=said.get("talk"),
            agreement=said.get("agreed"),
            verdict=said.get("verdict"),
            need=said.get("need"),
            path=said.get("path"),
            offer=said.get("offer"),
            dispositions=self._dispositions(data) if "concerns" in asked else {},
            answers=self._answers(data),
        )

    def go_ahead(self) -> GoAhead | None:
        """Why to go ahead all the same."""
        data = self.cleaned_data
        if not data["go_reason"]:
            return None
        return GoAhead(reason=Reason(data["go_reason"]), words=data["go_words"])

    def gated(self) -> dict[str, Any]:
        """Both, as arguments of a verb."""
        return {"gate_input": self.gate_input(), "go_ahead": self.go_ahead()}

    def own(self) -> dict[str, Any]:
        """What the form asks for by itself, without what gates do."""
        mine = set(self.base_fields) - set(GateForm.base_fields) | {"version"}
        return {name: value for name, value in self.cleaned_data.items() if name in mine}

    def _makers(self) -> Mapping[str, Any]:
        return {
            "talk": self._talk,
            "agreed": lambda data: (
                AgreementInput(to=data["agreed_to"], on=data["agreed_on"])
                if data["agreed_to"]
                else None
            ),
            "verdict": lambda data: (
                VerdictInput(ours_why=data["ours_why"], theirs_why=data["theirs_why"])
                if data["verdict"]
                else None
            ),
            "need": lambda data: (
                NeedInput(words=data["need_words"], worth=data["need_worth"], per=Per.YEAR)
                if data["need_words"]
                else None
            ),
            "path": self._path,
            "offer": lambda data: (
                OfferInput(
                    kind=OfferKind(data["offer_kind"]),
                    value=data["offer_value"] if self.offer_has_value else None,
                )
                if data["offer_kind"]
                else None
            ),
        }

    def _company(self, data: Mapping[str, Any]) -> Any:
        typed = data["party_company"].strip()
        return CompanyPick.chosen("", typed, user=self.user)

    def _party(self, data: Mapping[str, Any]) -> Contact | NewContact | None:
        name, reach = data["party_person"], data["party_reach"]
        if not name:
            return self._contact(data["party_who"])
        way = "email" if "@" in reach else "phone"
        return NewContact(name=name, **{way: reach})

    def _talk(self, data: Mapping[str, Any]) -> ConversationInput | None:
        if data["talk_logged"]:
            return ConversationInput(logged=Activity(pk=int(data["talk_logged"])))
        if not data["talk_kind"]:
            return None
        day = data["talk_on"]
        return ConversationInput(
            kind=ActivityKind(data["talk_kind"]),
            done_at=self._noon(day) if day else None,
            contact=self._contact(data["talk_with"]),
            words=data["talk_words"],
        )

    def _noon(self, day: dt.date) -> dt.datetime | None:
        """Noon of an earlier day; of today and later the very moment, which is judged."""
        if day == timezone.localdate(timezone=self.user.zone):
            return None
        return dt.datetime.combine(day, dt.time(12), tzinfo=self.user.zone)

    def _path(self, data: Mapping[str, Any]) -> DecisionPathInput | None:
        person = data["path_person"].strip()
        # The only one is chosen beforehand: alone that says nothing yet.
        alone = len(self.deciders) == 1 and not data["path_steps"]
        known = None if alone else self._contact(data["path_who"])
        decides = NewContact(name=person) if person else known
        if not data["path_steps"] and decides is None:
            return None
        return DecisionPathInput(
            steps=data["path_steps"], decides=decides, decides_on=data["path_on"]
        )

    def _contact(self, pk: str) -> Contact | None:
        return Contact.objects.visible_to(self.user).filter(pk=int(pk)).first() if pk else None

    def _dispositions(self, data: Mapping[str, Any]) -> dict[int, DispositionInput]:
        found = {}
        for concern in self.concerns:
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

    def _answers(self, data: Mapping[str, Any]) -> dict[tuple[Stage, str], StepResultInput]:
        found = {}
        for ask in self.asks:
            if ask.step is None:
                continue
            answer = self._answer(ask.name, ask.step, data)
            if answer is not None:
                found[ask.step.place] = answer
        return found

    def _answer(self, name: str, step: Step, data: Mapping[str, Any]) -> StepResultInput | None:
        value: Any = data.get(name)
        if step.kind == StepKind.EVIDENCE:
            return self._evidence(name, data)
        if value in (None, "", False):
            return None
        if step.kind == StepKind.ACTIVITY:
            at = self._noon(value)
            return StepResultInput(done_at=at or timezone.now(), note=data.get(f"{name}_note", ""))
        if step.kind != StepKind.QUESTION:
            return StepResultInput()
        if step.answer == Answer.CONTACT:
            return StepResultInput(contact=self._contact(value))
        return StepResultInput(
            value=value.isoformat() if isinstance(value, dt.date) else str(value)
        )

    def _evidence(self, name: str, data: Mapping[str, Any]) -> StepResultInput | None:
        link, file = data.get(f"{name}_link", ""), data.get(f"{name}_file")
        pk = data.get(f"{name}_activity", "")
        if not (link or file or pk):
            return None
        activity = (
            Activity.objects.done().filter(deal=self.deal, pk=int(pk)).first() if pk else None
        )
        upload = file and Upload(
            name=file.name, content=file.read(), content_type=file.content_type or ""
        )
        return StepResultInput(link=link, file=upload or None, activity=activity)


def _missing(count: int) -> str:
    return ngettext("%(n)s thing missing", "%(n)s things missing", count) % {"n": count}


def _fields_of(
    name: str,
    step: Step,
    done: Sequence[tuple[int, str]],
    people: Sequence[tuple[int, str, str]],
) -> dict[str, forms.Field]:
    """What records that a step is done, by its kind; none is required, as a reason may do."""
    if step.kind == StepKind.EVIDENCE:
        return _evidence_fields(name, step.proof, done)
    if step.kind == StepKind.ACTIVITY:
        return {
            name: DayField(required=False, label=_("Done on")),
            f"{name}_note": forms.CharField(
                required=False, max_length=2000, label=_("What was said"), widget=LINE
            ),
        }
    if step.kind == StepKind.QUESTION:
        return {name: _question(step, people)}
    return {name: forms.BooleanField(required=False, label=_("Done"))}


def _question(step: Step, people: Sequence[tuple[int, str, str]]) -> forms.Field:
    label = step.label
    if step.answer == Answer.NUMBER:
        return AmountField(required=False, label=label, min_value=None, decimal_places=3)
    if step.answer == Answer.MONEY:
        return AmountField(required=False, label=label)
    if step.answer == Answer.DATE:
        return DayField(required=False, label=label)
    if step.answer == Answer.CHOICE:
        return forms.ChoiceField(
            required=False,
            label=label,
            choices=[(one, framework.shown(one)) for one in step.choices],
        )
    if step.answer == Answer.CONTACT:
        return forms.ChoiceField(
            required=False, label=label, choices=[(str(pk), who) for pk, who, _role in people]
        )
    return forms.CharField(required=False, max_length=2000, label=label, widget=LINE)


def _evidence_fields(
    name: str, proof: Proof, done: Sequence[tuple[int, str]]
) -> dict[str, forms.Field]:
    found: dict[str, forms.Field] = {}
    if proof in (Proof.ANY, Proof.LINK):
        found[f"{name}_link"] = forms.URLField(
            required=False, max_length=500, label=_("Link"), assume_scheme="https"
        )
    if proof in (Proof.ANY, Proof.FILE):
        found[f"{name}_file"] = forms.FileField(
            required=False, label=_("File"), validators=[_not_too_large]
        )
    if proof in (Proof.ANY, Proof.ACTIVITY):
        found[f"{name}_activity"] = forms.ChoiceField(
            required=False,
            label=_("Activity"),
            choices=[("", _("Choose …")), *((str(pk), words) for pk, words in done)],
        )
    return found


def _not_too_large(file: Any) -> None:
    if file.size > LARGEST:
        raise forms.ValidationError(
            _("This file is larger than %(n)s MB: add a link to it instead.")
            % {"n": LARGEST // 1024**2}
        )
