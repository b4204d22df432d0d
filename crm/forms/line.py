from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms.fields import AmountField, VerbForm
from crm.models import DealLine, Product
from crm.queries import duplicates


class LineForm(VerbForm):
    """How much of a product, for how much each."""

    quantity = AmountField(
        min_value=None, max_digits=12, decimal_places=3, label=gettext_lazy("Quantity")
    )
    unit_price = AmountField(required=False, label=gettext_lazy("Price each"))

    def __init__(self, *args: Any, line: DealLine | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial.setdefault("quantity", line.quantity.normalize() if line else Decimal(1))
        if line is not None:
            self.initial.setdefault("unit_price", line.unit_price)


class AddLineForm(LineForm):
    """The product is searched by name; its list price stands in for a price that is not given."""

    needs_version = False

    product_name = forms.CharField(
        required=False,
        max_length=120,
        label=gettext_lazy("Product"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    product = forms.CharField(required=False, max_length=20)

    named = {"product": "product_name"}
    field_order = ["product_name", "product", "quantity", "unit_price"]

    def clean(self) -> dict[str, Any] | None:
        said = super().clean()
        product = self._product()
        if product is None:
            self.add_error("product_name", _("Choose a product of the list."))
        elif self.cleaned_data.get("unit_price") is None and "unit_price" not in self.errors:
            same = self.deal is not None and product.currency == self.deal.currency
            self.cleaned_data["unit_price"] = product.price if same else None
        self.cleaned_data["product"] = product
        return said

    def command_arguments(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        del said["product_name"]
        return said

    def _product(self) -> Product | None:
        value, typed = (self.cleaned_data.get(name, "") for name in ("product", "product_name"))
        products = Product.objects.visible_to(self.user).active()
        if value.isdecimal():
            found: Product | None = products.filter(pk=int(value)).first()
            return found
        return duplicates.exact_match(products, typed)
