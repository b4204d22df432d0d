from typing import Any, cast

from django import forms
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from pipeline.models import User


class IdsField(forms.TypedMultipleChoiceField):
    """Any ids: the answer names each one that nothing can be done with."""

    def valid_value(self, value: str) -> bool:
        return value.isascii() and value.isdigit() and len(value) < 19


class HandOverAllForm(forms.Form):
    """Which of a person's deals, companies, contacts and plans go to whom."""

    to = forms.ModelChoiceField(
        label=_("Who takes over"), queryset=User.objects.none(), empty_label=_("Choose a person")
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=400)
    deals = IdsField(coerce=int, required=False)
    companies = IdsField(coerce=int, required=False)
    contacts = IdsField(coerce=int, required=False)
    plans = IdsField(coerce=int, required=False)

    def __init__(self, data: Any = None, *, by: User, owner: User, **options: Any) -> None:
        super().__init__(data, **options)
        people = User.objects.assignable_by(by).filter(team__isnull=False).exclude(pk=owner.pk)
        cast(forms.ModelChoiceField[User], self.fields["to"]).queryset = people.order_by(
            Lower("name")
        )

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        kinds = ("deals", "companies", "contacts", "plans")
        if not any(self.cleaned_data.get(kind) or kind in self.errors for kind in kinds):
            self.add_error("deals", _("Choose at least one of them."))
        return said
