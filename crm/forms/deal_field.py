"""The fields of a deal that are edited in place, one form each."""

from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms.fields import AmountField, CompanyPick, DayField, VerbForm
from crm.models import Company, Deal, Method, Source
from crm.queries import duplicates
from crm.queries.rate import currencies
from salesprocess.lib.format import money


class DealFieldForm(VerbForm):
    """One field of a deal, or two that belong together. `label` names it for people."""

    label: ClassVar[Any]
    # The fields of the deal that this form edits under the same name.
    field_names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, data: Any = None, **options: Any) -> None:
        options.setdefault("auto_id", "edit-%s")
        super().__init__(data, **options)
        if self.deal is not None:
            for name in self.field_names:
                self.initial.setdefault(name, getattr(self.deal, name))

    def command_arguments(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {name: said[name] for name in (*self.field_names, "version")}

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        yours = self.cleaned_data
        return [
            (str(self.fields[name].label), _text(getattr(deal, name)), _text(yours.get(name)))
            for name in self.field_names
        ]


class NameForm(DealFieldForm):
    label = gettext_lazy("Name")
    field_names = ("name",)

    name = forms.CharField(max_length=200, label=label)


class ValueForm(DealFieldForm):
    label = gettext_lazy("Value")
    field_names = ("amount", "currency")

    amount = AmountField(required=False, label=label)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        codes = currencies(timezone.localdate(timezone=self.user.organisation.zone))
        if self.deal is not None and self.deal.currency not in codes:
            codes.append(self.deal.currency)
        self.fields["currency"].choices = [(code, code) for code in codes]  # type: ignore[attr-defined]  # a ChoiceField

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        data = self.cleaned_data
        yours = money(data.get("amount"), data.get("currency") or deal.currency)
        return [(_("Value"), money(deal.amount, deal.currency), yours)]


class CloseForm(DealFieldForm):
    label = gettext_lazy("Closes")
    field_names = ("expected_close_on",)

    expected_close_on = DayField(required=False, label=label)


class MethodForm(DealFieldForm):
    label = gettext_lazy("Method")
    field_names = ("method",)

    method = forms.ModelChoiceField(queryset=Method.objects.none(), required=False, label=label)

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        _set_choices(self, "method", Method.objects.visible_to(self.user))


class DealCompanyForm(DealFieldForm):
    label = gettext_lazy("Company")

    company_name = forms.CharField(
        required=False,
        max_length=200,
        label=label,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    # A company's id, "new" for the name that was typed, or empty.
    company = forms.CharField(required=False, max_length=20)

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        if self.deal is not None and self.deal.company:
            self.initial.setdefault("company_name", self.deal.company.name)
        self.alike: list[duplicates.Party] = []

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        typed = self.cleaned_data.get("company_name", "")
        value = self.cleaned_data.get("company", "")
        now = self.deal.company if self.deal else None
        chosen = CompanyPick.chosen(value, typed, user=self.user, now=now)
        if isinstance(chosen, str) and not value:
            self.alike = duplicates.companies(typed, user=self.user)
        if self.alike:
            self.add_error("company_name", _("Choose one of these, or say that it is a new one."))
        self.cleaned_data["company"] = chosen
        return said

    def command_arguments(self) -> dict[str, Any]:
        return super().command_arguments() | {"company": self.cleaned_data["company"]}

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        yours: Company | str | None = self.cleaned_data.get("company")
        return [(_("Company"), _text(deal.company), _text(yours))]


class SourceForm(DealFieldForm):
    label = gettext_lazy("Source")
    field_names = ("source", "source_detail")

    source = forms.ModelChoiceField(queryset=Source.objects.none(), required=False, label=label)
    source_detail = forms.CharField(
        required=False, max_length=200, label=gettext_lazy("Which, or who")
    )
    company_name = forms.CharField(
        required=False,
        max_length=200,
        label=gettext_lazy("From which customer"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    company = forms.CharField(required=False, max_length=20)

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        _set_choices(self, "source", Source.objects.visible_to(self.user))
        if self.deal is not None and self.deal.source_company:
            self.initial.setdefault("company_name", self.deal.source_company.name)

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        typed = self.cleaned_data.get("company_name", "")
        value = self.cleaned_data.get("company", "")
        now = self.deal.source_company if self.deal else None
        chosen = CompanyPick.chosen(value, typed, user=self.user, now=now)
        self.cleaned_data["company"] = chosen
        if chosen is None and not {"source", "company_name"} & set(self.changed_data):
            return said  # what was said before anybody asked for it stays as it is
        own = self.deal.company if self.deal else None
        self.cleaned_data["company"] = CompanyPick.customer_of(
            self, "company_name", chosen, own=own
        )
        return said

    def command_arguments(self) -> dict[str, Any]:
        return super().command_arguments() | {"source_company": self.cleaned_data["company"]}

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        yours: Company | str | None = self.cleaned_data.get("company")
        row = (_("From which customer"), _text(deal.source_company), _text(yours))
        return [*super().versus(deal), row]


DEAL_FIELDS: dict[str, type[DealFieldForm]] = {
    "name": NameForm,
    "company": DealCompanyForm,
    "value": ValueForm,
    "close": CloseForm,
    "source": SourceForm,
    "method": MethodForm,
}


def _set_choices(form: DealFieldForm, name: str, rows: Any) -> None:
    """Those in use, and the one that the deal has even if it was retired since."""
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # the caller's own
    kept = getattr(form.deal, f"{name}_id") if form.deal else None
    field.empty_label = _("not known")
    field.queryset = rows.filter(Q(retired=False) | Q(pk=kept)).order_by("id")


def _text(value: object) -> str:
    return "" if value is None else str(value)
