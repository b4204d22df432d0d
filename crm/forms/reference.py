"""Forms of the lists that admins keep. What is not sent stays as it is."""

from typing import Any

from babel.numbers import list_currencies
from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.reference import NameTaken
from crm.forms.fields import AmountField
from crm.models import CauseKind, Method, Product, Source, SourceKind, StopCause
from crm.models.reference import ReferenceRow
from pipeline.process.stages import Initiator
from salesprocess.lib.attempt import CommandForm
from salesprocess.lib.refused import Refused


class CurrencyField(forms.CharField):
    """Three letters, of which the page offers those that are in use."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(
            attrs={"list": "currencies", "autocomplete": "off", "autocapitalize": "characters"}
        )
        usual: dict[str, Any] = {"max_length": 3, "label": gettext_lazy("Currency")}
        super().__init__(**usual | {"widget": widget} | options)

    def clean(self, value: Any) -> str:
        code: str = super().clean(value).upper()
        if code and code not in list_currencies():
            said = _("“%(code)s” is no currency: write three letters such as CHF.")
            raise forms.ValidationError(said % {"code": code})
        return code


class RowForm(CommandForm):
    """A row of a list: without `row` a new one, else what of it is to be another."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(max_length=80, label=gettext_lazy("Name"))

    def __init__(
        self, data: Any = None, *, row: ReferenceRow | None = None, **options: Any
    ) -> None:
        self.row = row
        self.needs_version = row is not None
        # The row that has the name already, which may be what was meant.
        self.taken: ReferenceRow | None = None
        options.setdefault("auto_id", "row-%s")
        initial = options.pop("initial", {})
        if row is not None:
            initial = self._values_of(row) | {"version": row.version} | initial
        super().__init__(None, initial=initial, **options)
        if data is not None:
            self.is_bound = True
            self.data = self._with_the_rest(data)

    def _values_of(self, row: ReferenceRow) -> dict[str, Any]:
        return {name: getattr(row, name) for name in self.base_fields if name != "version"} | {
            "name": str(row)
        }

    def _with_the_rest(self, data: Any) -> MultiValueDict[str, Any]:
        """What was sent over what stands in the row."""
        whole = MultiValueDict(data)
        for name, field in self.fields.items():
            if name not in whole and self.row is not None and name != "version":
                whole[name] = field.prepare_value(self.initial[name])
        return whole

    def model_values(self) -> dict[str, Any]:
        """What was said, under the names of the model."""
        return {name: self.cleaned_data[name] for name in self.fields if name != "version"}

    def changes(self) -> dict[str, Any]:
        """Only what is another than the page has shown."""
        values = self.model_values()
        return {name: values[name] for name in values if name in self.changed_data}

    def refuse(self, wrong: Refused | ValidationError) -> None:
        super().refuse(wrong)
        if isinstance(wrong, NameTaken):
            self.taken = wrong.other


class RowActForm(CommandForm):
    """What is done to a row as the page has shown it."""

    needs_version = True
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class ProductRowForm(RowForm):
    name = forms.CharField(max_length=120, label=gettext_lazy("Name"))
    series = forms.CharField(required=False, max_length=80, label=gettext_lazy("Series"))
    price = AmountField(required=False, label=gettext_lazy("Price"))
    currency = CurrencyField()


class SourceRowForm(RowForm):
    kind = forms.ChoiceField(choices=SourceKind.choices, label=gettext_lazy("Kind"))


class MethodRowForm(RowForm):
    pass


class StopCauseRowForm(RowForm):
    initiator = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("either")), *Initiator.choices],
        label=gettext_lazy("Who decided"),
    )
    kind = forms.ChoiceField(choices=CauseKind.choices, label=gettext_lazy("Counts as"))


FORMS: dict[type[ReferenceRow], type[RowForm]] = {
    Product: ProductRowForm,
    Source: SourceRowForm,
    Method: MethodRowForm,
    StopCause: StopCauseRowForm,
}
