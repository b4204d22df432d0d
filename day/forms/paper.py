"""What was written on a sheet, a line for each, and the day on which it was written."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms.fields import DayField
from crm.forms.quick_log import QuickLogForm
from crm.models import ActivityKind
from salesprocess.lib.attempt import CommandForm
from salesprocess.lib.text_area import TextArea

# More stands on no sheet, and takes its time to be tried out.
MOST_LINES = 60


class PaperLineForm(QuickLogForm):
    """One line of it; unlike what is typed on the way, it may be the task that stood on the sheet."""

    kind = forms.ChoiceField(choices=ActivityKind.choices)


class PaperForm(CommandForm):
    lines = forms.CharField(
        max_length=20_000,
        label=gettext_lazy("A line for each, beginning with its code"),
        widget=TextArea(attrs={"rows": 8, "spellcheck": "false"}),
    )
    on = DayField(label=gettext_lazy("Written on"))

    def __init__(self, data: Any = None, *, today: dt.date, **options: Any) -> None:
        options.setdefault("auto_id", "paper-%s")
        super().__init__(data, initial={"on": today}, **options)
        self.today = today

    def clean_lines(self) -> list[str]:
        said = (" ".join(line.split()) for line in self.cleaned_data["lines"].splitlines())
        lines = [line for line in said if line]
        if len(lines) > MOST_LINES:
            raise forms.ValidationError(_("At most %(n)s lines at a time.") % {"n": MOST_LINES})
        return lines

    def clean_on(self) -> dt.date:
        on: dt.date = self.cleaned_data["on"]
        if on > self.today:
            raise forms.ValidationError(_("This day is still to come."))
        return on
