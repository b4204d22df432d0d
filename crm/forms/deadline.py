from django import forms
from django.utils.translation import gettext_lazy

from crm.forms.fields import VerbForm
from crm.queries.deadlines import Deadline


class DeadlineForm(VerbForm):
    """The column of the board of deadlines that a card is put in."""

    to = forms.TypedChoiceField(
        label=gettext_lazy("When"),
        choices=[(one.value, one.label) for one in Deadline if one.can_be_set],
        coerce=lambda value: Deadline(int(value)),
    )
