"""A verdict on a deal, from both sides."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.writers.verdict import VerdictInput
from crm.forms.fields import DayField, VerbForm
from crm.models import Confidence, Deal, Ruling


class VerdictForm(VerbForm):
    ours = forms.ChoiceField(
        choices=Confidence.choices,
        label=gettext_lazy("Can they buy, and do we want to serve them?"),
    )
    ours_why = forms.CharField(required=False, max_length=400, label=gettext_lazy("What shows it"))
    theirs = forms.ChoiceField(
        choices=Confidence.choices, label=gettext_lazy("Do they trust us to do our part?")
    )
    theirs_why = forms.CharField(
        required=False, max_length=400, label=gettext_lazy("What shows it")
    )
    ruling = forms.ChoiceField(choices=Ruling.choices, label=gettext_lazy("So it is"))
    revisit_on = DayField(required=False, label=gettext_lazy("Ask again on, if not yet"))

    def command_arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        return self.arguments_with(
            VerdictInput,
            ruling=Ruling(data["ruling"]),
            ours=Confidence(data["ours"]),
            theirs=Confidence(data["theirs"]),
        )

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        now = deal.verdicts.order_by("-at", "-id").first()
        yours = Ruling(self.cleaned_data["ruling"]).label
        return [(_("Verdict"), now.get_ruling_display() if now else "", str(yours))]
