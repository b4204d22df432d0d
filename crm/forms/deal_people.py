"""Choosing among the people of the other side who are on a deal."""

from typing import Any

from django import forms
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy

from crm.models import Contact, Deal


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in stubs only
    """One of the deal's people, or nobody. `of_deal` says whose."""

    def __init__(self, **options: Any) -> None:
        usual: dict[str, Any] = {
            "required": False,
            "queryset": Contact.objects.none(),
            "empty_label": gettext_lazy("not known"),
        }
        super().__init__(**usual | options)

    def of_deal(self, deal: Deal | None) -> None:
        if deal is not None:
            self.queryset = deal.contacts.order_by(Lower("name"), "id")


class PeopleField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # likewise
    """Any of the deal's people."""

    def __init__(self, **options: Any) -> None:
        usual: dict[str, Any] = {"required": False, "queryset": Contact.objects.none()}
        super().__init__(**usual | options)

    def of_deal(self, deal: Deal | None) -> None:
        if deal is not None:
            self.queryset = deal.contacts.order_by(Lower("name"), "id")


def of_deal(form: forms.Form, deal: Deal | None) -> None:
    """Let every field of a form that is about people offer those of the deal."""
    for field in form.fields.values():
        if isinstance(field, PersonField | PeopleField):
            field.of_deal(deal)
