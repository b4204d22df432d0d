"""Forms for what was done and what comes next."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.activity import Next
from crm.forms.fields import DayField, VerbForm
from crm.models import Activity, ActivityKind, ActivityResult, Contact
from crm.models.activity import PLANNABLE
from pipeline.stages import Stage

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

KINDS = [(kind.value, kind.label) for kind in PLANNABLE]
# How far ahead the picks for what's next reach, in days.
AHEAD = {"today": 0, "tomorrow": 1, "3d": 3, "1w": 7}


class PlannedForm(VerbForm):
    """A verb on something planned. `of` is that, as the page shows it."""

    # What the verb makes of it, in a word, where it makes no other plan.
    becomes: "StrOrPromise" = gettext_lazy("Not to be done")

    def __init__(self, data: Any = None, *, of: Activity | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        if of is not None:
            self.initial.setdefault("version", of.version)

    def instead(self, now: Activity) -> Next | None:
        """The plan that was asked for in the place of what is planned now, if any."""
        return None


class WhenForm(PlannedForm):
    """A day by pick or by date, and a time if it matters."""

    next = forms.ChoiceField(
        required=False,
        choices=[
            ("", gettext_lazy("Nothing")),
            ("today", gettext_lazy("Today")),
            ("tomorrow", gettext_lazy("Tomorrow")),
            ("3d", gettext_lazy("+3 d")),
            ("1w", gettext_lazy("+1 w")),
            ("on", gettext_lazy("Pick a day")),
        ],
    )
    next_on = DayField(required=False, label=gettext_lazy("Day"))
    next_at = forms.TimeField(
        required=False,
        label=gettext_lazy("Time"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    named = {"due_at": "next_on"}

    def __init__(self, *args: Any, at: dt.datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today = at.astimezone(self.user.zone).date()

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        if "next" not in self.data and self.cleaned_data.get("next_on"):
            # Enter in the field of the day: no pick was pressed.
            self.cleaned_data["next"] = "on"
        if self.cleaned_data.get("next") == "on" and "next_on" not in self.errors:
            day = self.cleaned_data.get("next_on")
            if day is None:
                self.add_error("next_on", _("Choose a day."))
            elif day < self.today:
                self.add_error("next_on", _("Choose today or a day ahead."))
        return said

    def due(self) -> tuple[dt.datetime, bool] | None:
        """When, and whether only the day counts; None if nothing was chosen."""
        choice = self.cleaned_data["next"]
        if not choice:
            return None
        time = self.cleaned_data["next_at"] if choice == "on" else None
        if choice == "on":
            day = self.cleaned_data["next_on"]
        else:
            day = self.today + dt.timedelta(days=AHEAD[choice])
        # Noon is in the same day wherever the owner of the activity is near.
        due_at = dt.datetime.combine(day, time or dt.time(12), tzinfo=self.user.zone)
        return due_at, time is None


class NextForm(WhenForm):
    """What's next: chosen in the same gesture as what was done."""

    next_kind = forms.ChoiceField(
        required=False, choices=KINDS, label=gettext_lazy("What"), initial=ActivityKind.CALL
    )
    next_subject = forms.CharField(
        required=False, max_length=200, strip=True, label=gettext_lazy("About")
    )

    def planned(self) -> Next | None:
        due = self.due()
        if due is None:
            return None
        return Next(
            kind=ActivityKind(self.cleaned_data["next_kind"] or ActivityKind.CALL),
            due_at=due[0],
            all_day=due[1],
            subject=self.cleaned_data["next_subject"],
        )


class DoneForm(NextForm):
    """What came of it, in a word and in a text."""

    body = forms.CharField(
        required=False,
        max_length=20_000,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 2}),
        label=gettext_lazy("What was said"),
    )
    result = forms.ChoiceField(
        required=False, choices=[("", ""), *ActivityResult.choices], label=gettext_lazy("Result")
    )

    becomes = gettext_lazy("Done")

    # The stage that the page showed; "moved forward" goes on from there and from no other.
    from_stage = forms.TypedChoiceField(
        required=False,
        choices=Stage.choices,
        coerce=lambda value: Stage(int(value)),
        empty_value=None,
        widget=forms.HiddenInput,
    )

    def came_of_it(self) -> ActivityResult | None:
        said = self.cleaned_data["result"]
        return ActivityResult(said) if said else None


class LogForm(DoneForm):
    """The composer of the deal page."""

    kind = forms.ChoiceField(
        choices=[(kind.value, kind.label) for kind in ActivityKind if kind != ActivityKind.TASK],
        initial=ActivityKind.CALL,
        label=gettext_lazy("What was done"),
    )
    contact = forms.ModelChoiceField(
        queryset=Contact.objects.none(), required=False, label=gettext_lazy("With")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.data.get("contact"):
            return
        people = self.fields["contact"]
        assert isinstance(people, forms.ModelChoiceField)  # noqa: S101  # as declared above
        people.queryset = Contact.objects.visible_to(self.user).filter(deals=self.deal)

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        # A note has no result, whatever was pressed before it became one.
        if self.cleaned_data.get("kind") == ActivityKind.NOTE:
            self.cleaned_data["result"] = ""
        return said


class PlanForm(NextForm):
    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        if not self.cleaned_data.get("next") and "next" not in self.errors:
            self.add_error("next", _("Choose when."))
        return said


class PostponeForm(WhenForm):
    def instead(self, now: Activity) -> Next | None:
        due = self.due()
        if due is None:
            return None
        kind = ActivityKind(now.kind)
        return Next(kind=kind, subject=now.subject, due_at=due[0], all_day=due[1])

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        if not self.cleaned_data.get("next") and "next" not in self.errors:
            self.add_error("next", _("Choose when."))
        return said


class ChangeForm(PlanForm):
    """A planned activity as it stands, to become another."""

    def __init__(self, *args: Any, of: Activity, **options: Any) -> None:
        assert of.due_at is not None  # noqa: S101  # planned ones have it
        due_at = of.due_at.astimezone(options["user"].zone)
        options["initial"] = {
            "next": "on",
            "next_on": due_at.date(),
            "next_at": None if of.all_day else due_at.time(),
            "next_kind": of.kind,
            "next_subject": of.subject,
        }
        super().__init__(*args, of=of, **options)

    def instead(self, now: Activity) -> Next | None:
        return self.planned()
