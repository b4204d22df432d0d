"""How often an existing customer is to be touched, and when the next time is; pure."""

import calendar
import datetime as dt

from pipeline.models import SellingStyle

# What can be chosen, in months; none at all is a choice, too.
RHYTHMS = (1, 3, 6, 12)
# From so many employees on a customer counts as large.
LARGE = 250
_USUAL = {
    SellingStyle.ACCOUNT_MANAGEMENT: (3, 6),
    SellingStyle.MIXED: (3, 6),
    SellingStyle.NEW_BUSINESS: (6, 12),
}


def proposed_rhythm(style: str, employees: int | None) -> int:
    """Every so many months, by the style of whoever looks after the customer (METHOD, "Legitimate
    styles") and by its size; one of unknown size counts as small."""
    large, small = _USUAL.get(SellingStyle(style), _USUAL[SellingStyle.MIXED])
    return large if (employees or 0) >= LARGE else small


def touch_due(last: dt.date, months: int) -> dt.date:
    """The day on which the next touch is due; the 31st becomes the last day of a shorter month."""
    years, month = divmod(last.month - 1 + months, 12)
    year, month = last.year + years, month + 1
    return dt.date(year, month, min(last.day, calendar.monthrange(year, month)[1]))
