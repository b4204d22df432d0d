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


# So many people of a company are offered beside those of the deal.
MOST = 20


class ReadersField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # likewise
    """Any of the deal's people, and of those who work at its company: who is to read something
    need not be on the deal yet."""

    def __init__(self, **options: Any) -> None:
        usual: dict[str, Any] = {"required": False, "queryset": Contact.objects.none()}
        super().__init__(**usual | options)

    def of_deal(self, deal: Deal | None) -> None:
        if deal is None:
            return
        of_it = Contact.objects.filter(deals=deal, erased_at=None).order_by(Lower("name"), "id")
        others = Contact.objects.filter(company=deal.company_id).exclude(deals=deal)
        if deal.company_id is None:
            others = others.none()
        shown = [*of_it, *others.order_by(Lower("name"), "id")[:MOST]]
        self.queryset = Contact.objects.filter(pk__in=[person.pk for person in shown])
        self.choices = [(person.pk, str(person)) for person in shown]


def of_deal(form: forms.Form, deal: Deal | None) -> None:
    """Let every field of a form that is about people offer those of the deal."""
    for field in form.fields.values():
        if isinstance(field, PersonField | ReadersField):
            field.of_deal(deal)
