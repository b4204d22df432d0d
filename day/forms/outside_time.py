"""The line by which time outside of the process is logged."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms.fields import DayField
from day.models import OutsideKind
from salesprocess.lib.attempt import CommandForm

_CLOCK = re.compile(r"(?P<hours>\d{1,2})(?::(?P<minutes>[0-5]\d)|\s*(?:h|std)\.?)", re.IGNORECASE)


class OutsideTimeForm(CommandForm):
    kind = forms.ChoiceField(
        choices=OutsideKind, initial=OutsideKind.SERVICE, label=gettext_lazy("What it was")
    )
    took = forms.CharField(max_length=12, label=gettext_lazy("How long"))
    words = forms.CharField(required=False, max_length=200, label=gettext_lazy("What for"))
    on = DayField(required=False, label=gettext_lazy("Day"))

    def input_of(self, name: str | None) -> str | None:
        return "took" if name == "minutes" else super().input_of(name)

    def clean_took(self) -> int:
        """Minutes, or a clock: `45`, `1:30`, `2 h`."""
        text: str = self.cleaned_data["took"].strip()
        found = _CLOCK.fullmatch(text)
        if found:
            return int(found["hours"]) * 60 + int(found["minutes"] or 0)
        if not text.isdecimal():
            raise forms.ValidationError(_("Write minutes, or a time such as 1:30."))
        return int(text[:6])

    def command_arguments(self, *, today: Any) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "kind": OutsideKind(said["kind"]),
            "minutes": said["took"],
            "words": said["words"],
            "on": said["on"] or today,
        }
