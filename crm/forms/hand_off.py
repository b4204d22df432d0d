"""What delivery has to know."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms.fields import DayField, VerbForm
from crm.models import Deal, HandOff
from salesprocess.lib.text_area import TextArea


class HandOffForm(VerbForm):
    to = forms.CharField(max_length=200, label=gettext_lazy("Who delivers"))
    promised = forms.CharField(
        required=False,
        max_length=4000,
        label=gettext_lazy("What was promised"),
        widget=TextArea(attrs={"rows": 3}),
    )
    starts_on = DayField(required=False, label=gettext_lazy("Begins"))
    due_on = DayField(required=False, label=gettext_lazy("Due"))
    seller_involved = forms.BooleanField(
        required=False, label=gettext_lazy("The salesperson takes part in the delivery")
    )

    def __init__(self, *args: Any, hand_off: HandOff | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if hand_off is not None:
            for name in ("to", "promised", "starts_on", "due_on", "seller_involved"):
                self.initial.setdefault(name, getattr(hand_off, name))

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        now = HandOff.objects.filter(deal=deal).first()
        return [(_("Who delivers"), now.to if now else "", self.cleaned_data.get("to", ""))]
