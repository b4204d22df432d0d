"""Forms for sorting new leads."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.writers.activity import Next
from crm.first_touch import first_touches
from crm.forms.activity import KINDS, PlanForm
from crm.forms.fields import DayField, VerbForm
from crm.forms.gate import GateForm
from crm.models import ActivityKind, Deal
from pipeline.models import User
from pipeline.process.gates import Finding, Gate, Weight
from pipeline.process.playbook import Fact
from pipeline.process.stages import Stage
from salesprocess.lib.dates import is_plausible
from salesprocess.lib.format import full_day, money


class AcceptLeadForm(GateForm):
    """When the first touch is, and no more; and who it is with, where the lead names nobody (G1)."""

    kind = forms.ChoiceField(
        required=False, choices=KINDS, initial=ActivityKind.CALL, label=gettext_lazy("What")
    )
    # One of the moments that are proposed, as the writer's clock shows it.
    first = forms.CharField(required=False, max_length=40)
    first_on = DayField(required=False, label=gettext_lazy("Day"))
    first_at = forms.TimeField(
        required=False,
        label=gettext_lazy("Time"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    named = GateForm.named | {"due_on": "first_on", "due_at": "first_on"}

    def __init__(self, *args: Any, at: dt.datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self.now = at.astimezone(self.user.zone)
        self.proposed = first_touches(self.now, self.user.organisation.working_hours)

    def ask_for_person(self) -> None:
        self.ask_for(
            [
                Finding(
                    gate=Gate.PARTY,
                    weight=Weight.HARD,
                    stage=Stage.PROSPECTING,
                    fact=Fact.PARTY,
                )
            ]
        )

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        data = self.cleaned_data
        # Enter in the field of the day sends the first of the buttons along: the day is what was meant.
        if data.get("first_on") is not None:
            day, time = data["first_on"], data.get("first_at")
            if day < self.now.date():
                self.add_error("first_on", _("Choose today or a day ahead."))
            data["due_at"] = time and dt.datetime.combine(day, time, tzinfo=self.now.tzinfo)
        elif data.get("first"):
            data["due_at"] = self._moment(data["first"])
        elif not self.errors:
            self.add_error("first_on", _("Choose when."))
        return said

    def _moment(self, text: str) -> dt.datetime | None:
        """What was proposed a while ago may be past by now, and is planned all the same."""
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or not is_plausible(moment.date()):
            self.add_error("first_on", _("Choose when."))
            return None
        return moment

    def command_arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        due_at = data.get("due_at")
        first = Next(
            kind=ActivityKind(data["kind"] or ActivityKind.CALL),
            due_at=due_at,
            due_on=None if due_at else data["first_on"],
        )
        return {"first": first, "version": data["version"], **self.gated()}

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        return [(_("Stage"), str(Stage(deal.stage).label), str(Stage.PROSPECTING.label))]


class FirstTouchForm(PlanForm):
    """When the first touch is, for many leads at once."""

    named = {**PlanForm.named, "first": "next"}

    def command_arguments(self) -> dict[str, Any]:
        return {"first": self.planned()}


# What can be chosen of a deal that is the same as another (`deal_merge.FACTS`).
FACT_LABELS = {
    "name": gettext_lazy("Name"),
    "company": gettext_lazy("Company"),
    "amount": gettext_lazy("Value"),
    "expected_close_on": gettext_lazy("Closing date"),
    "source": gettext_lazy("Source"),
    "source_detail": gettext_lazy("Source detail"),
    "method": gettext_lazy("Method"),
}


class SameForm(VerbForm):
    """Which deal it is the same as, and which of its facts go before those of that one."""

    take = forms.MultipleChoiceField(
        choices=list(FACT_LABELS.items()), required=False, widget=forms.CheckboxSelectMultiple
    )

    into = forms.ModelChoiceField(
        queryset=Deal.objects.none(),
        label=gettext_lazy("Which deal"),
        error_messages={"required": gettext_lazy("Choose the deal that it is the same as.")},
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Any = None, *, user: User, deal: Deal, **options: Any) -> None:
        super().__init__(data, user=user, deal=deal, **options)
        into = self.fields["into"]
        assert isinstance(into, forms.ModelChoiceField)  # noqa: S101  # as declared above
        into.queryset = self._others = Deal.objects.editable_by(user).open().exclude(pk=deal.pk)

    def command_arguments(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {"into": said["into"], "take": said["take"], "version": said["version"]}

    def chosen(self, asked: str) -> Deal | None:
        """The deal that it may be the same as, as far as that is said yet."""
        said = self.data.get("into", "") if self.is_bound else asked
        number = int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else 0
        return self._others.filter(pk=number).first()

    def compared(self, into: Deal) -> list[tuple[str, str, str, str]]:
        """What differs: the fact, what it is called, and what this deal and that one say of it; what
        only one of them says, is taken anyway."""
        assert self.deal is not None  # noqa: S101  # it is the form of one
        rows = []
        for name, label in FACT_LABELS.items():
            ours, theirs = _told(self.deal, name), _told(into, name)
            if ours and theirs and ours != theirs:
                rows.append((name, str(label), ours, theirs))
        return rows

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        into = self.cleaned_data.get("into")
        return [(_("The same as"), "", str(into or ""))]


def _told(deal: Deal, name: str) -> str:
    value = getattr(deal, name)
    if name == "amount":
        return money(value, deal.currency) if value is not None else ""
    if name == "expected_close_on":
        return full_day(value) if value else ""
    return "" if value is None else str(value)
