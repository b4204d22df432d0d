"""The forms of a customer's touches."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms.fields import DayField
from crm.touch_rhythm import RHYTHMS
from salesprocess.lib.attempt import CommandForm, SeenForm

NONE = "none"


class RhythmForm(SeenForm):
    """A touch every so many months, or none; `seen` is 0 while nothing was decided."""

    months = forms.ChoiceField(
        choices=[(str(months), str(months)) for months in RHYTHMS] + [(NONE, NONE)],
        label=gettext_lazy("A touch every …"),
    )

    def chosen(self) -> int | None:
        said = self.cleaned_data["months"]
        return None if said == NONE else int(said)


class TouchOnForm(CommandForm):
    """On which day the next touch is."""

    on = DayField(label=gettext_lazy("Day"))

    def __init__(self, data: Any, *, today: Any) -> None:
        super().__init__(data)
        self.today = today

    def clean_on(self) -> Any:
        day = self.cleaned_data["on"]
        if day < self.today:
            raise forms.ValidationError(_("Choose today or a day ahead."))
        return day
