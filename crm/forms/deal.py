"""Forms for the verbs of a deal."""

import datetime as dt
from dataclasses import replace
from typing import Any

from django import forms
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.writers.activity import Next
from crm.forms.activity import AHEAD, PROPOSED, read_proposal
from crm.forms.fields import AmountField, DayField, VerbForm
from crm.forms.gate import GateForm
from crm.models import ActivityKind, Company, Deal, StopCause
from crm.queries import touch_plan as touch_queries
from crm.queries.deal_value import ValuePlace
from crm.touch_rhythm import proposed_rhythm
from pipeline.models import User
from pipeline.process import moves
from pipeline.process.stages import Initiator, Outcome, Stage
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


class UndoManyForm(VerbForm):
    """The instant at which one did something to many records at once; as `UndoForm`."""

    needs_version = False

    at = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def clean_at(self) -> dt.datetime:
        try:
            at = dt.datetime.fromisoformat(self.cleaned_data["at"])
        except ValueError:
            raise forms.ValidationError("no instant") from None
        if at.tzinfo is None:
            raise forms.ValidationError("no instant")
        return at


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
        at = instant_of(said.pop("on"), now=self.at, user=self.user, since=entered)
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


def instant_of(
    day: dt.date | None, *, now: dt.datetime, user: User, since: dt.datetime | None = None
) -> dt.datetime:
    """Now, or on an earlier day its noon; never before `since`, when the deal came to its stage."""
    if day is None or day == now.astimezone(user.zone).date():
        return now
    noon = dt.datetime.combine(day, dt.time(12), tzinfo=user.zone)
    if since is not None and since.astimezone(user.zone).date() == day:
        return max(noon, since)
    return noon


def _where(deal: Deal) -> str:
    return str(Stage(deal.stage).label if deal.is_open else Outcome(deal.outcome).label)


def _day(day: dt.date | None) -> str:
    return day.isoformat() if day else ""
