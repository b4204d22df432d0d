"""The form of a new deal, sold already or at its beginning."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django import forms
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.gate_input import GateInput
from crm.forms.contact import AddContactForm
from crm.forms.deal import REASON, STAGES, instant_of
from crm.forms.fields import AmountField, CompanyPick, DayField
from crm.forms.gate import GateForm
from crm.models import Company, Relationship, Source, SourceKind
from crm.queries import gates as queries
from pipeline.models import Team, User
from pipeline.process.gates import Finding
from pipeline.process.playbook import Fact, Playbook
from pipeline.process.queries import in_force as process
from pipeline.process.stages import Stage
from salesprocess.lib.folding import words


class NewDealForm(AddContactForm, GateForm):
    """Quick create: any one name will do.

    With `sold`, it was sold in one conversation already: the same form says what for and when, and
    what the gates of all stages ask for.
    """

    # What was offered by word or from the list is what it was won for.
    offer_has_value = False

    name = forms.CharField(
        required=False,
        max_length=200,
        label=gettext_lazy("What it is about"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    company_name = forms.CharField(
        required=False,
        max_length=200,
        label=gettext_lazy("Company"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    # A company's id, or empty for the name that was typed.
    company = forms.CharField(required=False, max_length=20)
    value = AmountField(required=False, label=gettext_lazy("Value"))
    source = forms.ModelChoiceField(
        queryset=Source.objects.none(), required=False, label=gettext_lazy("Source")
    )
    source_detail = forms.CharField(
        required=False, max_length=200, label=gettext_lazy("Which, or who")
    )
    customer = forms.CharField(
        required=False,
        max_length=200,
        label=gettext_lazy("From which customer"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    stage = forms.TypedChoiceField(
        choices=STAGES, coerce=int, initial=Stage.LEAD_GENERATION, label=gettext_lazy("Stage")
    )
    owner = forms.ChoiceField(required=False, label=gettext_lazy("For"))
    sold = forms.BooleanField(
        required=False, label=gettext_lazy("Sold already, in one conversation")
    )
    on = DayField(required=False, label=gettext_lazy("On"))
    note = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("What decided it"), widget=REASON
    )

    named = {"team": "owner", "at": "on"}
    who_decides = gettext_lazy("Who decides, if not the person above")

    def __init__(self, *args: Any, at: dt.datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self.at = at
        self.initial.setdefault("on", at.astimezone(self.user.zone).date())
        # Asked only where a person is added to a deal that exists.
        del self.fields["role"]
        self.fields["stage"].required = False
        source = self.fields["source"]
        assert isinstance(source, forms.ModelChoiceField)  # noqa: S101  # as declared above
        source.empty_label = _("not known")
        source.queryset = Source.objects.visible_to(self.user).active().order_by("id")
        self._begin_with_customer()
        choices = [(key, self._label(who)) for key, who in self.owners.items()]
        self.fields["owner"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.initial.setdefault("owner", f"u{self.user.pk}")

    def _begin_with_customer(self) -> None:
        """A deal that is opened on the page of a customer comes from there, unless one says else."""
        known = self._known()
        if known is None or known.relationship != Relationship.CUSTOMER:
            return
        source = Source.objects.visible_to(self.user).active()
        first = source.filter(kind=SourceKind.EXISTING_CUSTOMER).order_by("id").first()
        if first is not None and "source" not in self.initial:
            self.initial["source"] = first.pk
            self.initial["customer"] = known.name

    @property
    def is_sold(self) -> bool:
        return bool(self["sold"].value())

    def is_multipart(self) -> bool:
        # What a sale is asked for, once it is said to be one, may be a file.
        return True

    @cached_property
    def owners(self) -> dict[str, User | Team]:
        people = User.objects.assignable_by(self.user).order_by(Lower("name"))
        owners: dict[str, User | Team] = {f"u{self.user.pk}": self.user}
        owners |= {f"u{person.pk}": person for person in people}
        reach = self.user.scope
        teams = Team.objects.visible_to(self.user)
        if not reach.everything:
            teams = teams.filter(pk__in=sorted(reach.pool_team_ids))
        return owners | {f"t{team.pk}": team for team in teams.order_by(Lower("name"))}

    def _label(self, who: User | Team) -> str:
        if isinstance(who, Team):
            return _("Pool of %(team)s, unowned") % {"team": who.name}
        return _("Me") if who.pk == self.user.pk else who.name

    def clean_company(self) -> Company | None:
        value = self.cleaned_data["company"]
        return CompanyPick.by_id(value, user=self.user) if value else None

    def clean(self) -> dict[str, Any] | None:
        # The person is asked for by the form of which this is one, but may be left out here.
        said = GateForm.clean(self)
        data = self.cleaned_data
        if not (self.party() or self.who() or data.get("name")) and not self.errors:
            self.add_error("company_name", _("Write a name: of the deal, a company or a person."))
        data["customer"] = self._customer(data)
        if data.get("sold") and data.get("value") is None and "value" not in self.errors:
            self.add_error("value", _("Write what it was won for: a number, zero or more."))
        return said

    def _customer(self, data: dict[str, Any]) -> Company | None:
        """From which customer it comes, where the source is one or another company is named."""
        typed = CompanyPick.chosen("", data.get("customer", ""), user=self.user)
        return CompanyPick.customer_of(self, "customer", typed, own=data.get("company"))

    def ask_for_sale(self) -> None:
        """Show what a sale of what is typed so far would be asked for."""
        known = {Fact.PARTY, Fact.OFFER} | ({Fact.SOURCE} if self["source"].value() else set())
        self.ask_for(queries.missing_of_sale(self._playbook, known=known, company=self._known()))

    def _known(self) -> Company | None:
        value = str(self["company"].value() or "")
        try:
            return CompanyPick.by_id(value[:20], user=self.user) if value else None
        except forms.ValidationError:
            return None

    def ask_for(self, findings: Iterable[Finding]) -> None:
        """With whom it is, this form asks by itself."""
        findings = list(findings)
        others = [one for one in findings if _fact(one) != Fact.PARTY]
        if self.is_bound and len(others) < len(findings):
            self.add_error("person", _("Write with whom it is: the name of a person."))
        super().ask_for(others)

    @cached_property
    def _playbook(self) -> Playbook:
        """The process that the deal will go by: that of the team for which it is opened."""
        holder = self.owners.get(str(self["owner"].value() or ""), self.user)
        team = holder.pk if isinstance(holder, Team) else holder.team_id
        return process.of_versions(process.current_version_ids(team or self.user.organisation.pk))

    def gate_input(self) -> GateInput:
        """Who is named twice, as the person and as who decides, is one."""
        said, data = super().gate_input(), self.cleaned_data
        same = words(data.get("path_person") or "") == words(data.get("person") or "")
        return replace(said, path=replace(said.path, decides=None)) if said.path and same else said

    def party(self) -> Company | str | None:
        known = self.cleaned_data.get("company")
        return known or self.cleaned_data.get("company_name") or None

    def command_arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        holder = self.owners.get(data["owner"], self.user)
        place = {"team" if isinstance(holder, Team) else "owner": holder}
        said = {
            "name": data["name"],
            "company": self.party(),
            "contact": self.who(),
            "source": data["source"],
            "source_detail": data["source_detail"],
            "source_company": data["customer"],
            **place,
            **self.gated(),
        }
        if data["sold"]:
            at = instant_of(data["on"], now=self.at, user=self.user)
            return said | {"value": data["value"], "note": data["note"], "at": at}
        stage = Stage(data["stage"] or Stage.LEAD_GENERATION)
        return said | {"amount": data["value"], "stage": stage, "at": self.at}


def _fact(finding: Finding) -> Fact | None:
    return finding.fact or (finding.step.fact if finding.step else None)
