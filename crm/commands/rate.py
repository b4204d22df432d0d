"""What foreign money is worth."""

import datetime as dt
from decimal import Decimal

from django.utils.translation import gettext as _

from crm.commands import values
from crm.models import Rate
from pipeline.models import Team
from pipeline.moves import Refused


def set_rate(*, currency: str, on: dt.date, value: Decimal) -> Rate:
    """Say what one unit of `currency` (ISO 4217) is worth in the organisation's, from `on` on.

    A rate of that day is replaced. Amounts in the currency can be entered from then on.

    Raises Refused for the organisation's own currency, ValidationError for a rate that is none.
    """
    currency = currency.upper()
    if currency == Team.objects.root().currency:
        raise Refused(_("That is the organisation's own currency."), field="currency")
    rate = Rate(currency=currency, on=on, value=value)
    values.check(rate)
    return Rate.objects.update_or_create(
        currency=rate.currency, on=rate.on, defaults={"value": rate.value}
    )[0]
