"""Forms of My Day: how it went, and when else."""

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from crm.forms.activity import LogForm, WhenForm
from crm.models import Activity, ActivityKind, ActivityResult
from crm.models.due import Due
from day.models import NotToday
from salesprocess.lib.attempt import CommandForm
from salesprocess.lib.format import format_day

AFTERNOON = dt.time(14)


class DayLogForm(LogForm):
    """How a thing of the day went, and what comes next; with `advance` its deal moves on as well."""

    kind = forms.ChoiceField(
        choices=ActivityKind.choices,
        initial=ActivityKind.CALL,
        label=gettext_lazy("What was done"),
    )
    advance = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any] | None:
        if self.cleaned_data.get("advance"):
            # The proposal for what was moved forward is the one that counts.
            self.cleaned_data["result"] = ActivityResult.MOVED_FORWARD.value
        return super().clean()

    def closed(self) -> Activity | None:
        """The plan that it was: here the row is the plan, of whichever kind."""
        return next(iter(self.cleaned_data["closes"]), None)


class LaterForm(WhenForm):
    """When else something of the day is to be done, or why not today."""

    needs_version = False

    AFTERNOON_PICK = "afternoon"
    WEEK = "week"

    why = forms.ChoiceField(required=False, choices=[("", ""), *NotToday.choices])

    named: ClassVar[dict[str, str]] = {"due_on": "next_on", "due_at": "next_on"}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["next"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            ("", ""),
            (self.AFTERNOON_PICK, _("This afternoon")),
            ("tomorrow", _("Tomorrow")),
            (self.WEEK, _("Next week")),
            ("on", _("Pick a day")),
        ]

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        if not self.cleaned_data.get("next") and not self.cleaned_data.get("why"):
            self.add_error("next", _("Choose when, or why not today."))
        return said

    def not_today(self) -> NotToday | None:
        why = self.cleaned_data["why"]
        return NotToday(why) if why else None

    def due(self) -> Due | None:
        choice = self.cleaned_data["next"]
        if choice == self.AFTERNOON_PICK:
            return Due(at=self.afternoon())
        if choice == self.WEEK:
            return Due(on=self.next_week())
        return super().due()

    def afternoon(self) -> dt.datetime:
        """Two in the afternoon; once that is near or past, in two hours."""
        zone = self.user.zone
        local = self.at.astimezone(zone)
        usual = dt.datetime.combine(local.date(), AFTERNOON, tzinfo=zone)
        if usual > local + dt.timedelta(minutes=30):
            return usual
        late = local + dt.timedelta(hours=2)
        return late.replace(minute=late.minute // 30 * 30, second=0, microsecond=0)

    def next_week(self) -> dt.date:
        """The first working day of the next week."""
        monday = self.today + dt.timedelta(days=8 - self.today.isoweekday())
        days = self.user.organisation.working_hours.days
        return next(
            day for n in range(7) if (day := monday + dt.timedelta(days=n)).isoweekday() in days
        )


class PlaceForm(CommandForm):
    """Where something is to stand today, from 0; without one, where it is ranked."""

    place = forms.IntegerField(required=False, min_value=0, max_value=500)


class ProtectForm(CommandForm):
    """Hours of a weekday to be kept free."""

    weekday = forms.TypedChoiceField(coerce=int, label=gettext_lazy("Day"))
    starts = forms.TimeField(
        label=gettext_lazy("From"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    ends = forms.TimeField(
        label=gettext_lazy("Until"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("auto_id", "protect-%s")
        super().__init__(*args, **options)
        # A week that begins on a Monday.
        monday = dt.date(2026, 1, 5)
        self.fields["weekday"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (n, format_day(monday + dt.timedelta(days=n - 1), "EEEE", get_language() or "en"))
            for n in range(1, 8)
        ]
