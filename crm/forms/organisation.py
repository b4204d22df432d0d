"""What is set for the whole organisation."""

import datetime as dt
from typing import Any

from babel.dates import get_month_names
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms.reference import CurrencyField
from pipeline.models import Role, Team, User
from pipeline.people.models.people import SecondFactorFor, WorkingDays, validate_time_zone
from salesprocess.lib.attempt import SeenForm
from salesprocess.lib.format import locale


class HourField(forms.TimeField):
    """An hour of the day; nothing is the usual one."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        super().__init__(required=False, widget=widget, **options)


class OrganisationForm(SeenForm):
    name = forms.CharField(max_length=120, label=gettext_lazy("Name"))
    currency = CurrencyField(
        help_text=gettext_lazy("In which sums are shown. Deals and prices keep theirs."),
    )
    time_zone = forms.CharField(
        max_length=64,
        label=gettext_lazy("Time zone"),
        validators=[validate_time_zone],
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
        help_text=gettext_lazy("When the days of reports begin. People may have one of their own."),
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        help_text=gettext_lazy("How telephone numbers without a country are read."),
    )
    fiscal_month = forms.TypedChoiceField(
        coerce=int,
        label=gettext_lazy("The year begins in"),
        help_text=gettext_lazy("And with it the quarters of reports."),
    )

    working_days = forms.ChoiceField(
        choices=[("", gettext_lazy("Monday to Friday")), *WorkingDays.choices],
        required=False,
        label=gettext_lazy("Working days"),
        help_text=gettext_lazy("On these days, between these hours, leads wait for an answer."),
    )
    working_from = HourField(label=gettext_lazy("Work begins at"))
    working_until = HourField(label=gettext_lazy("Work ends at"))

    def __init__(self, data: Any = None, *, root: Team, **options: Any) -> None:
        start = {name: getattr(root, name) for name in self.base_fields if name != "seen"}
        start["fiscal_month"] = root.fiscal_month or 1
        hours = root.working_hours
        start["working_from"] = dt.time(*divmod(hours.opens, 60))
        start["working_until"] = dt.time(*divmod(hours.closes, 60))
        super().__init__(data, initial=start | options.pop("initial", {}), **options)
        places = locale().territories
        country = self.fields["country"]
        assert isinstance(country, forms.ChoiceField)  # noqa: S101  # as declared above
        codes = (str(code) for code in places)
        named = [(str(places[code]), code) for code in codes if len(code) == 2 and code.isalpha()]
        country.choices = [(code, name) for name, code in sorted(named)]
        months = self.fields["fiscal_month"]
        assert isinstance(months, forms.ChoiceField)  # noqa: S101  # as declared above
        months.choices = list(get_month_names("wide", locale=locale()).items())

    def model_values(self) -> dict[str, Any]:
        """What was changed, but for the currency; January is the usual."""
        said = {name: self.cleaned_data[name] for name in self.changed_data if name != "seen"}
        said.pop("currency", None)
        if said.get("fiscal_month") == 1:
            said["fiscal_month"] = None
        for name in ("working_from", "working_until"):
            if name in said:
                said[name] = said[name].strftime("%H:%M") if said[name] else ""
        return said


class ProcessOwnerForm(SeenForm):
    process_owner = forms.ModelChoiceField(
        queryset=User.objects.none(),
        required=False,
        label=gettext_lazy("Who answers"),
        help_text=gettext_lazy("An admin, because questions may be about anybody’s deals."),
    )

    def __init__(self, data: Any = None, *, root: Team, **options: Any) -> None:
        start = {"process_owner": root.process_owner_id}
        super().__init__(data, initial=start | options.pop("initial", {}), **options)
        owner = self.fields["process_owner"]
        assert isinstance(owner, forms.ModelChoiceField)  # noqa: S101  # as declared above
        owner.empty_label = _("whoever leads the organisation, else all admins")
        owner.queryset = User.objects.active().filter(role=Role.ADMIN).order_by("name")

    def model_values(self) -> dict[str, Any]:
        return {"process_owner": self.cleaned_data["process_owner"]}


class ThresholdsForm(SeenForm):
    reliable_from = forms.IntegerField(
        min_value=90,
        max_value=100,
        label=gettext_lazy("Reliable from"),
        help_text=gettext_lazy(
            "Percent of what should be on record. Below it, reports say so and make no ranking. 90 "
            "is the least: a report on less misleads."
        ),
    )

    def __init__(self, data: Any = None, *, root: Team, **options: Any) -> None:
        start = {"reliable_from": root.reliable_from or 90}
        super().__init__(data, initial=start | options.pop("initial", {}), **options)

    def model_values(self) -> dict[str, Any]:
        percent = self.cleaned_data["reliable_from"]
        return {"reliable_from": None if percent == 90 else percent}


class TargetCustomerForm(SeenForm):
    """Whom the organisation wants as customers (CHECKLIST C11)."""

    target_industries = forms.CharField(
        required=False,
        max_length=500,
        label=gettext_lazy("Industries"),
        help_text=gettext_lazy("As they are written at companies, with commas between them."),
    )
    target_countries = forms.CharField(
        required=False, max_length=500, label=gettext_lazy("Countries")
    )
    target_employees_from = forms.IntegerField(
        required=False, min_value=0, max_value=10_000_000, label=gettext_lazy("Employees from")
    )
    target_employees_to = forms.IntegerField(
        required=False, min_value=0, max_value=10_000_000, label=gettext_lazy("Employees up to")
    )

    def __init__(self, data: Any = None, *, root: Team, **options: Any) -> None:
        start = {name: getattr(root, name) for name in self.base_fields if name != "seen"}
        super().__init__(data, initial=start | options.pop("initial", {}), **options)

    def model_values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data if name != "seen"}


class SecondFactorForm(SeenForm):
    second_factor_for = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Who must have a second factor"),
        help_text=gettext_lazy(
            "An authenticator app or a passkey. Who has none yet is led to set it up at the next "
            "click, and cannot go on before. Who comes in by single sign-on is asked by that."
        ),
    )

    def __init__(self, data: Any = None, *, root: Team, **options: Any) -> None:
        start = {"second_factor_for": root.second_factor_for}
        super().__init__(data, initial=start | options.pop("initial", {}), **options)
        asked = self.fields["second_factor_for"]
        assert isinstance(asked, forms.ChoiceField)  # noqa: S101  # as declared above
        asked.choices = [("", _("nobody")), *SecondFactorFor.choices]

    def model_values(self) -> dict[str, Any]:
        return {"second_factor_for": self.cleaned_data["second_factor_for"]}
