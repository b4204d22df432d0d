"""We asked for the agreement."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from crm.forms.fields import VerbForm
from crm.models import Reply


class AttemptForm(VerbForm):
    needs_version = False

    reply = forms.ChoiceField(choices=Reply.choices, label=gettext_lazy("They said"))
    why = forms.CharField(
        required=False,
        max_length=300,
        label=gettext_lazy("Their reason"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    asked = forms.CharField(
        required=False,
        max_length=300,
        label=gettext_lazy("How we asked"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def command_arguments(self) -> dict[str, Any]:
        return self.cleaned_data | {"reply": Reply(self.cleaned_data["reply"])}
