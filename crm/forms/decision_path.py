"""How they decide, and who of them does what in it."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.writers.decision_path import DecisionPathInput
from crm.forms.deal_people import PersonField, of_deal
from crm.forms.fields import DayField, VerbForm
from crm.models import Deal, DealContact, DealRole, DecisionPath
from salesprocess.lib.text_area import TextArea


class DecisionPathForm(VerbForm):
    steps = forms.CharField(
        required=False,
        max_length=2000,
        label=gettext_lazy("How they decide, step by step"),
        widget=TextArea(attrs={"rows": 3}),
    )
    criteria = forms.CharField(
        required=False,
        max_length=2000,
        label=gettext_lazy("By what they decide"),
        widget=TextArea(attrs={"rows": 2}),
    )
    decides_on = DayField(required=False, label=gettext_lazy("Decision expected"))
    confirmed_by = PersonField(label=gettext_lazy("Who confirmed it"))
    confirmed_on = DayField(required=False, label=gettext_lazy("Confirmed on"))

    def __init__(self, *args: Any, path: DecisionPath | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        of_deal(self, self.deal)
        if path is not None:
            for name in ("steps", "criteria", "decides_on", "confirmed_by", "confirmed_on"):
                self.initial.setdefault(name, getattr(path, name))
        people = self.deal.deal_contacts.select_related("contact") if self.deal else ()
        self.people: list[DealContact] = list(people)
        for link in self.people:
            self.fields[f"role_{link.contact_id}"] = forms.ChoiceField(
                choices=DealRole.choices,
                initial=link.role,
                required=False,
                label=link.contact.name,
            )

    def roles(self) -> Iterator[forms.BoundField]:
        """What each of their people is to the decision."""
        for link in self.people:
            yield self[f"role_{link.contact_id}"]

    def command_arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        roles = {
            link.contact_id: DealRole(data[f"role_{link.contact_id}"] or link.role)
            for link in self.people
        }
        return self.arguments_with(DecisionPathInput, roles=roles)

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        now = DecisionPath.objects.filter(deal=deal).first()
        return [(_("Decision path"), now.steps if now else "", self.cleaned_data.get("steps", ""))]
