"""What the forms of this app have in common."""

import re
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from typing import Any, ClassVar

from babel.numbers import get_decimal_symbol, get_group_symbol
from django import forms
from django.utils.translation import gettext as _

from crm.models import Company, Deal, Relationship, Source, SourceKind
from crm.queries import duplicates
from pipeline.models import User
from salesprocess.lib import dates
from salesprocess.lib.attempt import CommandForm
from salesprocess.lib.format import locale


class AmountField(forms.DecimalField):
    """An amount as people write it in the language of the page: `48 000`, `48,000` and
    `€48,000.50` mean what they say, in German `48.000` and `48.000,50 €`."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        usual: dict[str, Any] = {"min_value": 0, "max_digits": 14, "decimal_places": 2}
        super().__init__(**usual | {"widget": widget} | options)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # as DecimalField's
        text = re.sub(r"[\s\u00a0\u202f€$£]", "", str(value or ""))
        point, group = get_decimal_symbol(locale()), get_group_symbol(locale())
        grouped = rf"\d{{1,3}}({re.escape(group)}\d{{3}})+({re.escape(point)}\d+)?"
        if re.fullmatch(grouped, text):
            text = text.replace(group, "")
        return super().to_python(text.replace(point, "."))

    def prepare_value(self, value: Any) -> Any:
        """Without the cents that nobody wrote, and to be read back as the same amount."""
        if not isinstance(value, Decimal):
            return value
        if value == value.to_integral_value():
            return f"{value:.0f}"
        return f"{value:f}".replace(".", get_decimal_symbol(locale()))


class DayField(forms.DateField):
    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        usual: dict[str, Any] = {"widget": widget, "validators": dates.PLAUSIBLE_DATE}
        super().__init__(**usual | options)


class VerbForm(CommandForm):
    """A form for one verb on a deal: the version that was seen, and room for what is refused."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    needs_version = True

    # Which input a refusal belongs to, where the command names it otherwise than the form.
    named: ClassVar[dict[str, str]] = {}

    def __init__(
        self, data: Any = None, *, user: User, deal: Deal | None = None, **options: Any
    ) -> None:
        self.user = user
        self.deal = deal
        options.setdefault("auto_id", "ask-%s")
        super().__init__(data, **options)

    def input_of(self, name: str | None) -> str | None:
        """The input that a refusal of `name` belongs to: the one of that name, else the first of its
        parts; None for the form as a whole, where it has neither."""
        name = self.named.get(name or "", name)
        if name is None or name in self.fields:
            return name
        return next((field for field in self.fields if field.startswith(f"{name}_")), None)

    def command_arguments(self) -> dict[str, Any]:
        """What was asked for, as the keyword arguments of the command."""
        return self.cleaned_data

    def arguments_with(self, kind: Callable[..., Any], /, **more: Any) -> dict[str, Any]:
        """For a command that takes a value of `kind`: made of the inputs that are called as its parts
        and of `more`; and the version that was seen."""
        parts = {part.name for part in fields(kind)}  # type: ignore[arg-type]  # a dataclass
        given = {name: value for name, value in self.cleaned_data.items() if name in parts}
        return {"said": kind(**given | more), "version": self.cleaned_data["version"]}

    def versus(self, now: Any) -> list[tuple[str, str, str]]:
        """What stands in the record now beside what was asked for: (what, theirs, yours)."""
        return []


class PressForm(VerbForm):
    """One press that overwrites nothing: its command judges by what is there whether it may be done."""

    needs_version = False


class CompanyPick:
    """Two inputs that are one question: a text to search by, and one company of those found.

    Works without a script, too: a name that is on record exactly is that company, and one that
    nothing on record is like is a new one.
    """

    NEW = "new"

    @staticmethod
    def chosen(
        value: str, typed: str, *, user: User, now: Company | None = None
    ) -> Company | str | None:
        """The company, the name of one that is not on record, or None.

        `now` is the one that the deal has: its name, left as it stands, means itself.

        Raises ValidationError for one that is not there any more.
        """
        if not typed:
            return None
        if value == CompanyPick.NEW:
            return typed
        if value:
            return CompanyPick.by_id(value, user=user)
        if now is not None and now.name == typed:
            return now
        return duplicates.exact_match(Company.objects.visible_to(user), typed) or typed

    @staticmethod
    def customer_of(
        form: forms.Form, field: str, typed: Company | str | None, *, own: Company | None
    ) -> Company | None:
        """From which customer a deal comes, as the form's source asks for it: who is an existing
        customer is named, by default the deal's `own` company where that is one.

        What is wrong is said at `field`.
        """
        if isinstance(typed, Company):
            return typed
        if typed:
            form.add_error(field, _("Choose a company that is on record."))
            return None
        source: Source | None = form.cleaned_data.get("source")
        if source is None or source.kind != SourceKind.EXISTING_CUSTOMER:
            return None
        if own is not None and own.relationship != Relationship.NEVER_BOUGHT:
            return own
        form.add_error(field, _("Say which customer it comes from."))
        return None

    @staticmethod
    def by_id(value: str, *, user: User) -> Company:
        known = Company.objects.visible_to(user)
        found = known.filter(pk=int(value)).first() if value.isdecimal() else None
        if found is None:
            raise forms.ValidationError(_("This company is not on record any more."))
        return found
