"""An offer: to whom, when, what, for how much, and when they decide."""

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands.contact import NewContact
from crm.commands.gate import GoAhead
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.forms.deal_people import ReadersField, of_deal
from crm.forms.fields import AmountField, DayField, VerbForm
from crm.models import Contact, Deal, DealLine, Need, Offer, OfferKind, OfferLine, Product
from crm.queries import duplicates
from pipeline.models import User
from pipeline.process.gates import Reason
from salesprocess.lib.format import money

# So many empty lines stand below those that are filled.
SPARE = 2
MOST_LINES = 100
_LINE = re.compile(r"line(\d{1,3})-what")


class OfferLineForm(forms.Form):
    """One line: a product of the list by its name, or anything in words."""

    what = forms.CharField(
        required=False,
        max_length=200,
        label=gettext_lazy("What"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    quantity = AmountField(
        required=False,
        min_value=None,
        max_digits=12,
        decimal_places=3,
        label=gettext_lazy("Quantity"),
    )
    unit_price = AmountField(required=False, label=gettext_lazy("Price each"))
    need = forms.ModelChoiceField(
        required=False,
        queryset=Need.objects.none(),
        empty_label=gettext_lazy("for no need"),
        label=gettext_lazy("For which need"),
    )

    def __init__(self, *args: Any, needs: Sequence[Need], **options: Any) -> None:
        super().__init__(*args, **options)
        need = self.fields["need"]
        assert isinstance(need, forms.ModelChoiceField)  # noqa: S101  # as declared above
        need.queryset = Need.objects.filter(pk__in=[one.pk for one in needs])
        need.choices = [("", need.empty_label), *((one.pk, str(one)) for one in needs)]

    def clean_quantity(self) -> Decimal:
        quantity: Decimal | None = self.cleaned_data["quantity"]
        if quantity is not None and quantity <= 0:
            raise forms.ValidationError(_("Write how many: a number above zero."))
        return quantity or Decimal(1)

    def line(self, user: User, deal: Deal | None) -> OfferLineInput | None:
        said = self.cleaned_data
        what = said.get("what", "")
        if not what:
            return None
        offered = Product.objects.visible_to(user).filter(_on_sale_in(deal))
        return OfferLineInput(
            product=duplicates.exact_match(offered, what),
            what=what,
            quantity=said["quantity"],
            unit_price=said["unit_price"],
            need=said["need"],
        )


def _on_sale_in(deal: Deal | None) -> Q:
    """What is offered to everybody, and what a deal has already, even if it was retired since."""
    on_sale = Q(retired=False)
    if deal is None:
        return on_sale
    lines = DealLine.objects.filter(product=OuterRef("pk"), deal=deal)
    offered = OfferLine.objects.filter(product=OuterRef("pk"), offer__deal=deal)
    return on_sale | Q(Exists(lines)) | Q(Exists(offered))


class OfferForm(VerbForm):
    """The next revision starts as a copy of the last one, the first one with the deal's lines."""

    kind = forms.ChoiceField(choices=OfferKind.choices, label=gettext_lazy("How"))
    recipients = ReadersField(label=gettext_lazy("To whom"), widget=forms.CheckboxSelectMultiple)
    reader = forms.CharField(
        required=False,
        max_length=200,
        label=gettext_lazy("To somebody else"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reader_email = forms.EmailField(
        required=False,
        max_length=254,
        label=gettext_lazy("Their e-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    sent_on = DayField(required=False, label=gettext_lazy("Sent on"))
    what_changed = forms.CharField(
        required=False,
        max_length=300,
        label=gettext_lazy("What it says"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    value = AmountField(required=False, label=gettext_lazy("Value"))
    value_why = forms.CharField(
        required=False,
        max_length=300,
        label=gettext_lazy("Why not what the lines come to"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    decision_on = DayField(required=False, label=gettext_lazy("Decision expected"))
    go_reason = forms.ChoiceField(
        required=False, choices=Reason.choosable, label=gettext_lazy("Why go ahead all the same?")
    )
    go_words = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("What else to say of it")
    )

    named = {
        "sent_at": "sent_on",
        "at": "sent_on",
        "name": "reader",
        "email": "reader_email",
        "emails": "reader_email",
    }

    def __init__(
        self,
        data: Any = None,
        *,
        at: dt.datetime,
        last: Offer | None = None,
        kind: OfferKind = OfferKind.WRITTEN,
        **options: Any,
    ) -> None:
        super().__init__(data, **options)
        self.at, self.last = at, last
        self.today = at.astimezone(self.user.zone).date()
        of_deal(self, self.deal)
        deal = self.deal
        assert deal is not None  # noqa: S101  # an offer belongs to one
        self.needs = list(deal.needs.filter(dropped_at=None).order_by("id"))
        self.initial = {**self.initial, "kind": kind, "sent_on": self.today, "value": deal.amount}
        before = self._before(deal, kind)
        if last is not None:
            self.fields["what_changed"].label = _("What changed")
            self.initial = {
                **self.initial,
                "value": deal.amount if last.value is None else last.value,
                "value_why": last.value_why,
                "decision_on": last.decision_on,
                "recipients": [went.contact_id for went in last.went_to.all()],
            }
        elif (path := getattr(deal, "decision_path", None)) is not None:
            self.initial["decision_on"] = path.decides_on
        if self._follows(before):
            self.initial["value"] = None
        self.lines = self._lines(data, before)

    def _follows(self, before: list[dict[str, Any]]) -> bool:
        """Whether the value is left to the lines: all have a price, and nobody said why not."""
        if self.last is not None and self.last.value_why:
            return False
        return bool(before) and all(line["unit_price"] is not None for line in before)

    def _before(self, deal: Deal, kind: OfferKind) -> list[dict[str, Any]]:
        """What the lines start with: those of the last revision, else what the deal names."""
        rows: Any
        if self.last is not None and self.last.lines.exists():
            rows = self.last.lines.select_related("product").order_by("id")
        elif kind != OfferKind.VERBAL:
            rows = deal.lines.select_related("product").order_by("id")
        else:
            return []
        return [
            {
                "what": row.product.name if row.product else row.what,
                "quantity": row.quantity.normalize(),
                "unit_price": row.unit_price,
                "need": getattr(row, "need_id", None),
            }
            for row in rows
        ]

    def _lines(self, data: Any, before: list[dict[str, Any]]) -> list[OfferLineForm]:
        if data is not None:
            sent = {int(found[1]) for name in data if (found := _LINE.fullmatch(name))}
            return [self.empty_line(number, data) for number in sorted(sent)[:MOST_LINES]]
        filled = [
            OfferLineForm(needs=self.needs, prefix=f"line{number}", initial=initial)
            for number, initial in enumerate(before)
        ]
        return [*filled, *(self.empty_line(len(filled) + number) for number in range(SPARE))]

    @property
    def opens_lines(self) -> bool:
        """Whether there is something to see in them before one asks."""
        return self.initial["kind"] == OfferKind.WRITTEN or any(row.errors for row in self.lines)

    def empty_line(self, number: int, data: Any = None) -> OfferLineForm:
        return OfferLineForm(data, needs=self.needs, prefix=f"line{number}")

    def is_valid(self) -> bool:
        # Each line is asked, so that all mistakes are shown at once.
        lines = [line.is_valid() for line in self.lines]
        return super().is_valid() and all(lines)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("reader_email") and not said.get("reader") and "reader" not in self.errors:
            self.add_error("reader", _("Write who this is."))
        return said

    def _recipients(self, said: dict[str, Any]) -> list[Contact | NewContact]:
        """Those who are ticked, and who is written beside them; one of the company is not made
        twice."""
        chosen: list[Contact | NewContact] = list(said["recipients"])
        name, email = said["reader"], said["reader_email"]
        if not name:
            return chosen
        at_company = Contact.objects.filter(company=self.deal.company_id) if self.deal else None
        known = duplicates.exact_match(at_company, name) if at_company is not None else None
        if known is None or (self.deal and self.deal.company_id is None):
            return [*chosen, NewContact(name=name, email=email)]
        return chosen if known in chosen else [*chosen, known]

    def command_arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        reason = data["go_reason"]
        said = self.arguments_with(
            OfferInput,
            kind=OfferKind(data["kind"]),
            recipients=self._recipients(data),
            sent_at=self._sent_at(data["sent_on"]),
            lines=[line for row in self.lines if (line := row.line(self.user, self.deal))],
        )
        words = data["go_words"]
        return said | {"go_ahead": GoAhead(reason=Reason(reason), words=words) if reason else None}

    def _sent_at(self, day: dt.date | None) -> dt.datetime:
        """Now, or at noon of another day."""
        if day is None or day == self.today:
            return self.at
        return dt.datetime.combine(day, dt.time(12), tzinfo=self.user.zone)

    def versus(self, deal: Deal) -> list[tuple[str, str, str]]:
        value = self.cleaned_data.get("value")
        return [(_("Value"), money(deal.amount, deal.currency), money(value, deal.currency))]


class WithdrawForm(VerbForm):
    reason = forms.CharField(
        required=False,
        max_length=300,
        label=gettext_lazy("Why it is withdrawn"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
