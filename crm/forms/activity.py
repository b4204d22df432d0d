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
from crm.models.due import Due
from pipeline.stages import Stage
from salesprocess.text_area import TextArea

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

    named = {"due_on": "next_on", "due_at": "next_on"}

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
            elif not self._is_meant(day):
                self.add_error("next_on", _("Choose today or a day ahead."))
        return said

    def due(self) -> Due | None:
        """The day that the writer means, or an hour of it where he or she is; None if nothing was
        chosen."""
        choice = self.cleaned_data["next"]
        if not choice:
            return None
        if choice != "on":
            return Due(on=self.today + dt.timedelta(days=AHEAD[choice]))
        day, time = self.cleaned_data["next_on"], self.cleaned_data["next_at"]
        if time is None:
            return Due(on=day)
        return Due(at=dt.datetime.combine(day, time, tzinfo=self.user.zone))

    def _is_meant(self, day: dt.date) -> bool:
        """Whether something can be planned for that day."""
        return day >= self.today


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
            due_on=due.on,
            due_at=due.at,
            subject=self.cleaned_data["next_subject"],
        )


class DoneForm(NextForm):
    """What came of it, in a word and in a text."""

    body = forms.CharField(
        required=False,
        max_length=20_000,
        strip=True,
        widget=TextArea(attrs={"rows": 2}),
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
        return Next(kind=kind, subject=now.subject, due_on=due.on, due_at=due.at)

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        if not self.cleaned_data.get("next") and "next" not in self.errors:
            self.add_error("next", _("Choose when."))
        return said


def _minute(moment: dt.datetime) -> dt.time:
    """As the field of a time shows it."""
    return moment.time().replace(second=0, microsecond=0)


class ChangeForm(PlanForm):
    """A planned activity as it stands, to become another."""

    def __init__(self, *args: Any, of: Activity, **options: Any) -> None:
        assert of.due is not None  # noqa: S101  # planned ones have it
        zone = options["user"].zone
        self.was = of.due
        self.shown = (of.due.day(zone), of.due.at and _minute(of.due.at.astimezone(zone)))
        options["initial"] = {
            "next": "on",
            "next_on": self.shown[0],
            "next_at": self.shown[1],
            "next_kind": of.kind,
            "next_subject": of.subject,
        }
        super().__init__(*args, of=of, **options)

    def due(self) -> Due | None:
        """What is left as it was shown stays what it is: to the second, in the hour that a clock
        shows twice, and on a day that is past."""
        said = self.cleaned_data["next_on"], self.cleaned_data["next_at"]
        if self.cleaned_data["next"] == "on" and said == self.shown:
            return self.was
        return super().due()

    def _is_meant(self, day: dt.date) -> bool:
        return day == self.shown[0] or super()._is_meant(day)

    def instead(self, now: Activity) -> Next | None:
        return self.planned()
