"""What a gate asks for, as inputs of the form of the verb that met it: only what is missing, each
to be filled in on the spot, and a reason to go ahead where one is enough (METHOD, "Gates").
"""

from collections.abc import Iterable, Set
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.commands.gate import GoAhead
from crm.commands.gate_input import GateInput
from crm.forms.fields import VerbForm
from crm.forms.gate_part import FACT_PARTS, PART_OF_FACT, GatePart, line, place_of, step_part
from crm.models import Activity, Concern, Contact, DealRole, Disposition
from crm.queries.deal_process import playbook_of
from pipeline.process.gates import Finding, Gap, Reason, Weight
from pipeline.process.playbook import Fact
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# People of a company that are offered; more are typed.
FEW = 6


class GateForm(VerbForm):
    """The parts that are asked for: `asks` names them, and each brings its inputs."""

    go_reason = forms.ChoiceField(
        required=False, choices=Reason.choosable, label=gettext_lazy("Reason")
    )
    go_words = line(2000, gettext_lazy("In your words"))

    named = {"email": "party_reach", "phone": "party_reach", "talk_at": "talk_on"}
    offer_has_value = True
    # Where nobody is on the deal who could.
    who_decides: "StrOrPromise" = gettext_lazy("Who decides")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.asks: list[GatePart] = []
        self.go_ahead_offered = False
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
            self._ask_finding(finding)
        names = {ask.name for ask in self.asks}
        self.asks += [ask for ask in before if ask.name not in names and self._begun(ask)]
        self.go_ahead_offered = any(one.weight != Weight.HARD for one in findings)
        if self.is_bound:
            self._begin(names - {ask.name for ask in before})

    def _begin(self, names: Set[str]) -> None:
        """What is asked for by the answer to an act begins as in a form that nobody has sent yet."""
        typed: Any = self.data
        self.data = begun = typed.copy()
        for ask in self.asks:
            if ask.name in names and self.initial.get(ask.begins) is not None:
                begun.setdefault(ask.begins, self.initial[ask.begins])

    def refuse(self, wrong: Refused | ValidationError) -> None:
        if isinstance(wrong, Gap):
            self.ask_for(wrong.findings)
            # That something is missing is what the sheet says; a second try says it of each.
            self._say_missing()
            return
        super().refuse(wrong)

    def _say_missing(self) -> None:
        for ask in self.left if self.data.get("asks") else ():
            empty = next((group for group in ask.needs if not self._has(group)), ask.needs[0])
            # What was refused says itself what is wrong with it.
            if not self.errors.keys() & {*empty, *ask.fields}:
                self.say(empty[0], _("This is missing."))

    @property
    def left(self) -> list[GatePart]:
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
    def counts(self) -> list[str]:
        """What is missing still, by how much it is: where the sheet is called otherwise."""
        return [_("Nothing is missing"), *map(_missing, range(1, len(self.asks) + 1))]

    @property
    def hard_ones(self) -> bool:
        return any(ask.hard for ask in self.asks)

    def _ask_finding(self, finding: Finding) -> None:
        step = finding.step
        fact = finding.fact or (step.fact if step else None)
        part = PART_OF_FACT.get(fact) if fact else None
        if part is None and step is not None:
            self.ask(step_part(self, step))
        elif part is not None and part.name not in {ask.name for ask in self.asks}:
            self.ask(part(self, step)).hard = finding.weight == Weight.HARD

    def _ask_again(self, name: str) -> None:
        if name in FACT_PARTS:
            self.ask(FACT_PARTS[name](self))
            return
        place = place_of(name)
        if place is not None and self._playbook is not None:
            step = self._playbook.find(*place)
            if step is not None and not step.hidden:
                self.ask(step_part(self, step))

    def ask(self, part: GatePart) -> GatePart:
        """Take up a part and its inputs; those that are there already stay as they are."""
        self.fields |= {
            name: field for name, field in part.fields.items() if name not in self.fields
        }
        self.asks.append(part)
        return part

    def _has(self, group: Iterable[str]) -> bool:
        return any(self._said(name) for name in group)

    def _said(self, name: str) -> bool:
        if isinstance(self.fields.get(name), forms.FileField):
            return name in self.files
        return bool(str(self.data.get(name) or "").strip())

    def _filled(self, ask: GatePart) -> bool:
        """A value that was refused fills nothing."""
        return all(map(self._has, ask.needs)) and not self.errors.keys() & ask.fields.keys()

    def _begun(self, ask: GatePart) -> bool:
        return any(map(self._has, ask.needs))

    # --- what the deal has --------------------------------------------------------------------

    @cached_property
    def people(self) -> list[tuple[int, str, str]]:
        if self.deal is None:
            return []
        rows = self.deal.deal_contacts.filter(contact__erased_at=None).order_by("id")
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
        return playbook_of(self.deal) if self.deal is not None else None

    @cached_property
    def done(self) -> list[tuple[int, str]]:
        """What was done lately on the deal, as evidence to choose from."""
        if self.deal is None:
            return []
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
        for ask in self.asks:
            for name, words in ask.faults(self.cleaned_data):
                self.add_error(name, words)
        if self.errors:
            # All that is wrong with it is told at once.
            self._say_missing()
        return said

    def gate_input(self) -> GateInput:
        """What was filled in of that which was asked for."""
        data = self.cleaned_data
        said = {ask.name: ask.value(data) for ask in self.asks if ask.step is None}
        answers = {ask.step.place: ask.value(data) for ask in self.asks if ask.step is not None}
        return GateInput(
            **said.get("party", {}),
            conversation=said.get("talk"),
            agreement=said.get("agreed"),
            verdict=said.get("verdict"),
            need=said.get("need"),
            path=said.get("path"),
            offer=said.get("offer"),
            dispositions=said.get("concerns", {}),
            answers={place: answer for place, answer in answers.items() if answer is not None},
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

    def visible_contact(self, pk: str) -> Contact | None:
        return Contact.objects.visible_to(self.user).filter(pk=int(pk)).first() if pk else None


def _missing(count: int) -> str:
    return ngettext("%(n)s thing missing", "%(n)s things missing", count) % {"n": count}
