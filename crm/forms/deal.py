"""Forms for the verbs of a deal."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django import forms
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.gate_input import GateInput
from crm.commands.writers.activity import Next
from crm.forms.activity import AHEAD, PROPOSED, read_proposal
from crm.forms.contact import AddContactForm
from crm.forms.fields import AmountField, CompanyPick, DayField, VerbForm
from crm.forms.gate import GateForm
from crm.models import ActivityKind, Company, Deal, Relationship, Source, SourceKind, StopCause
from crm.queries import gates as queries
from crm.queries import touch_plan as touch_queries
from crm.queries.deal_value import ValuePlace
from crm.touch_rhythm import proposed_rhythm
from pipeline.models import Team, User
from pipeline.process import moves
from pipeline.process.gates import Finding
from pipeline.process.playbook import Fact, Playbook
from pipeline.process.queries import in_force as process
from pipeline.process.stages import Initiator, Outcome, Stage
from salesprocess.lib.folding import words
from salesprocess.lib.format import money
from salesprocess.lib.text_area import TextArea

REASON = TextArea(attrs={"rows": 3})
TOUCH_CHOICES = [
    (1, gettext_lazy("Month")),
    (3, gettext_lazy("3 months")),
    (6, gettext_lazy("6 months")),
    (12, gettext_lazy("Year")),
]
STAGES = [(stage.value, stage.label) for stage in Stage]


class TakeOverForm(VerbForm):
    """From where the deal's value is taken: from its products or from its offer."""

    taken_from = forms.ChoiceField(
        choices=[(place, place) for place in (ValuePlace.LINES, ValuePlace.OFFER)]
    )

    def command_arguments(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {"place": ValuePlace(said["taken_from"]), "version": said["version"]}


class UndoForm(VerbForm):
    """Which act of one's own; the note that offers it has no fields to fill in.

    The act itself holds the version that it made.
    """

    needs_version = False

    act = forms.IntegerField(min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def command_arguments(self) -> dict[str, Any]:
        return {"act": self.cleaned_data["act"]}


class MoveForm(GateForm):
    """A move, and what comes next once it is made: what is planned stays, and what the page proposed
    (`proposed_then`, as it was shown) comes beside it, on its day or on another."""

    to = forms.TypedChoiceField(choices=STAGES, coerce=int, label=gettext_lazy("To which stage"))
    reason = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("Reason"), widget=REASON
    )
    then = forms.ChoiceField(
        required=False,
        choices=[
            ("", gettext_lazy("Nothing yet")),
            (PROPOSED, gettext_lazy("As proposed")),
            ("tomorrow", gettext_lazy("Tomorrow")),
            ("3d", gettext_lazy("+3 d")),
            ("1w", gettext_lazy("+1 w")),
        ],
    )
    then_on = DayField(required=False, label=gettext_lazy("Or on"))

    named = GateForm.named | {"due_on": "then_on", "next_kind": "then"}

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        day, today = self.cleaned_data.get("then_on"), self._today
        if day is not None and day < today:
            self.add_error("then_on", _("Choose today or a day ahead."))
        proposed = self._proposed
        if (
            self.cleaned_data.get("then") == PROPOSED
            and day is None
            and (proposed is None or proposed.due.day(self.user.zone) < today)
        ):
            self.add_error("then", _("Choose when."))
        return said

    @property
    def _today(self) -> dt.date:
        return timezone.localdate(timezone=self.user.zone)

    @property
    def _proposed(self) -> Next | None:
        return read_proposal(self.data.get("proposed_then", ""), zone=self.user.zone)

    def next(self) -> Next | None:
        """What was chosen to come next; a day that was written means that day."""
        then, day = self.cleaned_data["then"], self.cleaned_data["then_on"]
        if not then and day is None:
            return None
        what = self._proposed or Next(kind=ActivityKind.CALL, due_on=self._today)
        if day is None and then == PROPOSED:
            return what
        return replace(
            what, due_at=None, due_on=day or self._today + dt.timedelta(days=AHEAD[then])
        )

    def command_arguments(self) -> dict[str, Any]:
        said = self.own()
        del said["then"], said["then_on"]
        move = {"to": Stage(self.cleaned_data["to"]), "next": self.next()}
        return said | move | self.gated()

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        return [(_("Stage"), _where(deal), str(Stage(self.cleaned_data["to"]).label))]


class WinForm(GateForm):
    """`through` wins by way of every stage that is left, as a sale in one conversation does."""

    # What was offered by word or from the list is what it was won for.
    offer_has_value = False

    value = AmountField(label=gettext_lazy("Won for"))
    on = DayField(required=False, label=gettext_lazy("On"))
    reason = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("Reason"), widget=REASON
    )
    note = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("What decided it"), widget=REASON
    )

    planned = forms.ChoiceField(
        required=False,
        choices=[
            ("", gettext_lazy("Keep it for the hand-off")),
            ("cancel", gettext_lazy("Cancel it")),
        ],
        label=gettext_lazy("What is planned"),
    )
    # A win begins to keep in touch, unless one says no.
    touch_months = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", gettext_lazy("not now")), *TOUCH_CHOICES],
        label=gettext_lazy("Keep in touch: a touch every …"),
    )

    named = GateForm.named | {"at": "on", "touch": "touch_months"}

    def __init__(self, *args: Any, at: dt.datetime, through: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.at = at
        self.through = through
        if self.deal is not None:
            self.initial.setdefault("value", self.deal.amount)
            self._propose_touches(self.deal.company)
        self.initial.setdefault("on", at.astimezone(self.user.zone).date())

    def _propose_touches(self, company: Company | None) -> None:
        """Where nobody has decided about the customer yet."""
        if company is None or touch_queries.plan_of(company) is not None:
            del self.fields["touch_months"]
            return
        rhythm = proposed_rhythm(self.user.style, company.employees)
        self.initial.setdefault("touch_months", rhythm)

    @property
    def needs_reason(self) -> bool:
        deal = self.deal
        if deal is None or self.through:
            return False
        return moves.needs_reason(Stage(deal.stage), Stage.CLOSING)

    def command_arguments(self) -> dict[str, Any]:
        said = self.own()
        entered = self.deal.stage_entered_at if self.deal else None
        at = _instant(said.pop("on"), now=self.at, user=self.user, since=entered)
        said["cancel_planned"] = said.pop("planned") == "cancel"
        if self.through:
            del said["reason"]
        return said | {"at": at} | self.gated()

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        value = self.cleaned_data.get("value")
        return [
            (_("Stage"), _where(deal), str(Outcome.WON.label)),
            (_("Value"), money(deal.amount, deal.currency), money(value, deal.currency)),
        ]


class StopForm(VerbForm):
    """Who decided and why are one press: causes stand below those who may have them."""

    decision = forms.ChoiceField(
        label=gettext_lazy("Who decided, and why"),
        error_messages={"required": gettext_lazy("Choose who decided, and why.")},
    )
    note = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("In their words"), widget=REASON
    )

    named = {"initiator": "decision", "cause": "decision"}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.causes = {cause.key: cause for cause in StopCause.objects.active().order_by("id")}
        self.groups = [
            (
                side.label,
                [
                    (f"{side.value}:{cause.key}", str(cause))
                    for cause in self.causes.values()
                    if cause.initiator in ("", side)
                ],
            )
            for side in Initiator
        ]
        self.fields["decision"].choices = [  # type: ignore[attr-defined]  # a ChoiceField, see above
            choice for _side, choices in self.groups for choice in choices
        ]

    def command_arguments(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        side, key = said.pop("decision").split(":", 1)
        return said | {"initiator": Initiator(side), "cause": self.causes[key]}

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        return [(_("Stage"), _where(deal), str(Outcome.STOPPED.label))]


class ReasonForm(VerbForm):
    reason = forms.CharField(max_length=2000, label=gettext_lazy("Reason"), widget=REASON)

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        return [(_("Stage"), _where(deal), str(Outcome.OPEN.label))]


class HandOverForm(VerbForm):
    to = forms.ModelChoiceField(queryset=User.objects.none(), label=gettext_lazy("Who takes over"))
    reason = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("What to know"), widget=REASON
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        people = User.objects.assignable_by(self.user).filter(team__isnull=False)
        if self.deal is not None and self.deal.owner_id:
            people = people.exclude(pk=self.deal.owner_id)
        to = self.fields["to"]
        assert isinstance(to, forms.ModelChoiceField)  # noqa: S101  # as declared above
        to.empty_label = _("Choose …")
        to.queryset = people.order_by(Lower("name"))

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        to = self.cleaned_data.get("to")
        return [(_("Owner"), str(deal.owner or ""), str(to or ""))]


class ParkForm(VerbForm):
    """Until when; or, with `wake`, take it up again now."""

    wake = forms.BooleanField(required=False, widget=forms.HiddenInput)
    days = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            (7, gettext_lazy("1 week")),
            (30, gettext_lazy("1 month")),
            (91, gettext_lazy("3 months")),
            (182, gettext_lazy("6 months")),
        ],
        label=gettext_lazy("For"),
    )
    until = DayField(required=False, label=gettext_lazy("Or until"))

    def __init__(self, *args: Any, at: dt.datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today = at.astimezone(self.user.zone).date()

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        data = self.cleaned_data
        if data.get("wake"):
            data["until"] = None
        elif data.get("until") is None and data.get("days") is not None:
            data["until"] = self.today + dt.timedelta(days=data["days"])
        elif data.get("until") is None and "until" not in self.errors:
            self.add_error("until", _("Choose until when."))
        return said

    def command_arguments(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("until", "version")}

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        until = self.cleaned_data.get("until")
        return [(_("Parked to"), _day(deal.parked_until), _day(until))]


class OpenForm(AddContactForm, GateForm):
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
            at = _instant(data["on"], now=self.at, user=self.user)
            return said | {"value": data["value"], "note": data["note"], "at": at}
        stage = Stage(data["stage"] or Stage.LEAD_GENERATION)
        return said | {"amount": data["value"], "stage": stage, "at": self.at}


def _instant(
    day: dt.date | None, *, now: dt.datetime, user: User, since: dt.datetime | None = None
) -> dt.datetime:
    """Now, or on an earlier day its noon; never before `since`, when the deal came to its stage."""
    if day is None or day == now.astimezone(user.zone).date():
        return now
    noon = dt.datetime.combine(day, dt.time(12), tzinfo=user.zone)
    if since is not None and since.astimezone(user.zone).date() == day:
        return max(noon, since)
    return noon


def _fact(finding: Finding) -> Fact | None:
    return finding.fact or (finding.step.fact if finding.step else None)


def _where(deal: Deal) -> str:
    return str(Stage(deal.stage).label if deal.is_open else Outcome(deal.outcome).label)


def _day(day: dt.date | None) -> str:
    return day.isoformat() if day else ""
