"""The quick log's form: what the line says, as fields that can be put right."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms.activity import LogForm
from crm.models import ActivityKind, Company, Contact
from crm.models.activity import ActivityQuerySet
from crm.quick_log import LONGEST


class QuickLogForm(LogForm):
    """As the composer, with whom it was and on which deal; `line` is what was typed.

    `deal` may be None: then it was a touch, with a company or a person on record.
    """

    line = forms.CharField(
        required=False, max_length=LONGEST, strip=True, label=gettext_lazy("In one line")
    )
    company = forms.ModelChoiceField(queryset=Company.objects.none(), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, model in (("contact", Contact), ("company", Company)):
            if self.data.get(name):
                rows = model.objects.visible_to(self.user)
                self.fields[name].queryset = rows  # type: ignore[attr-defined]  # as declared

    def _planned(self) -> ActivityQuerySet:
        if self.deal is not None:
            return super()._planned()
        return super()._planned().filter(deal=None)

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        data = self.cleaned_data
        if self.deal is None and not (data.get("contact") or data.get("company")):
            self.add_error(None, _("Say with whom it was, or on which deal."))
        if data.get("kind") == ActivityKind.NOTE and not data.get("body"):
            self.add_error("body", _("Write what the note says."))
        return said
