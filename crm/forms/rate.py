from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy

from crm.forms.fields import AmountField, DayField
from crm.forms.reference import CurrencyField
from salesprocess.lib.attempt import CommandForm


class RateForm(CommandForm):
    """What one unit of a currency is worth in the organisation's, from a day on."""

    currency = CurrencyField()
    value = AmountField(
        min_value=Decimal("0.00000001"),
        max_digits=18,
        decimal_places=8,
        label=gettext_lazy("Is worth"),
    )
    on = DayField(label=gettext_lazy("From the day"))

    def __init__(self, data: Any = None, **options: Any) -> None:
        options.setdefault("auto_id", "rate-%s")
        super().__init__(data, **options)
