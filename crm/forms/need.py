"""A need, in the customer's words."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.writers.need import NeedInput
from crm.forms.deal_people import PersonField, of_deal
from crm.forms.fields import AmountField, DayField, VerbForm
from crm.models import Deal, Need, Per
from salesprocess.lib.text_area import TextArea


class NeedForm(VerbForm):
    words = forms.CharField(
        max_length=2000,
        label=gettext_lazy("The problem, in the customer’s words"),
        widget=TextArea(attrs={"rows": 3}),
    )
    worth = AmountField(required=False, label=gettext_lazy("What solving it is worth"))
    per = forms.ChoiceField(choices=Per.choices, initial=Per.YEAR, label=gettext_lazy("Per"))
    said_by = PersonField(label=gettext_lazy("Who said it"))
    confirmed_on = DayField(required=False, label=gettext_lazy("Confirmed by the customer on"))

    def __init__(self, *args: Any, need: Need | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        of_deal(self, self.deal)
        self.need = need
        self.needs_version = need is not None
        if need is not None:
            for name in ("words", "worth", "per", "said_by", "confirmed_on"):
                self.initial.setdefault(name, getattr(need, name))

    def command_arguments(self) -> dict[str, Any]:
        return self.arguments_with(NeedInput, per=Per(self.cleaned_data["per"]))

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        now = deal.needs.filter(pk=self.need.pk).first() if self.need else None
        return [(_("Need"), now.words, self.cleaned_data.get("words", ""))] if now else []
