"""Parses numbers, money and dates from the text of a cell. Pure."""

import datetime as dt
import re
import zoneinfo
from decimal import Decimal

from django.utils.translation import gettext as _

from exchange.imports import currencies, dates
from exchange.imports.faults import BadValue

POINT, COMMA = ".", ","
DECIMAL_SIGNS = (POINT, COMMA)
# A thousand may be marked by a space of any kind, an apostrophe, or the sign that is not the
# decimal one; groups have three digits (in India all but the last have two), so that "1.5" is no number where the comma is decimal.
_NUMBER = {
    POINT: re.compile(r"[+-]?(?:\d{1,3}(?:[,\s'’]\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}|\d+)(?:\.\d+)?"),
    COMMA: re.compile(r"[+-]?(?:\d{1,3}(?:[.\s'’]\d{3})+|\d+)(?:,\d+)?"),
}
_MARKS = {
    POINT: str.maketrans("", "", ", \u00a0\u2009\u202f'’"),
    COMMA: str.maketrans(",", ".", ". \u00a0\u2009\u202f'’"),
}


def number(text: str, decimal_sign: str) -> Decimal | None:
    """A currency may stand beside it (`exchange.imports.currencies`), and a short word for thousands or
    millions behind it."""
    times = 1
    if _NUMBER[decimal_sign].fullmatch(text) is None:
        text, times = currencies.without_multiple(text)
        apart = currencies.split(text)
        if apart is None or _NUMBER[decimal_sign].fullmatch(apart[0]) is None:
            return None
        text = apart[0]
    return Decimal(text.translate(_MARKS[decimal_sign])) * times


def numbers(text: str) -> dict[str, Decimal]:
    """All sensible readings of `text`, by decimal sign."""
    found = ((sign, number(text, sign)) for sign in DECIMAL_SIGNS)
    return {sign: value for sign, value in found if value is not None}


def day(text: str, way: str, zone: zoneinfo.ZoneInfo) -> dt.date:
    """The day that `text` means, in `zone` where it names an instant.

    Raises BadValue if `text` does not fit the way.
    """
    return dates.day(moment(text, way), zone)


def moment(text: str, way: str) -> dates.When:
    """A day, with its hour if it has one. Raises BadValue if `text` does not fit the way."""
    found = dates.when(text, way)
    if found is not None:
        return found
    if not way:
        raise BadValue(_("This is no date."))
    raise BadValue(
        _("This is no date as the rest of the column writes them (%(format)s).")
        % {"format": dates.example(way)}
    )


def money(text: str, decimal_sign: str) -> Decimal:
    """Raises BadValue for no number, a negative one, too large a one, or fractions of a cent."""
    found = _number(text, decimal_sign)
    if found < 0:
        raise BadValue(_("A value cannot be negative."))
    if found >= 10**12:
        raise BadValue(_("This is more than a value can hold (12 digits)."))
    if found != found.quantize(Decimal("0.01")):
        raise BadValue(_("This has more than two decimals."))
    return found


def quantity(text: str, decimal_sign: str) -> Decimal:
    """Raises BadValue for no number above zero, too large a one, or more than three decimals."""
    found = _number(text, decimal_sign)
    if found <= 0:
        raise BadValue(_("Write how many: a number above zero."))
    if found >= 10**9 or found != found.quantize(Decimal("0.001")):
        raise BadValue(_("A quantity has up to nine digits and three decimals."))
    return found


def plain(text: str, decimal_sign: str) -> Decimal:
    """Raises BadValue for no number, too large a one, or more than three decimals."""
    found = _number(text, decimal_sign)
    if abs(found) >= 10**12:
        raise BadValue(_("This is more than a value can hold (12 digits)."))
    if found != found.quantize(Decimal("0.001")):
        raise BadValue(_("This has more than three decimals."))
    return found


def rate(text: str, decimal_sign: str) -> Decimal:
    """Raises BadValue for no number above zero, or too large a one; eight decimals are kept."""
    found = _number(text, decimal_sign).quantize(Decimal("0.00000001"))
    if not 0 < found < 10**10:
        raise BadValue(_("A rate is a number above zero."))
    return found


def whole(text: str, decimal_sign: str) -> int:
    """Raises BadValue for what is no whole number from 0 to 2,147,483,647."""
    found = _number(text, decimal_sign)
    if found != found.to_integral_value() or not 0 <= found < 2**31:
        raise BadValue(_("A whole number is needed here, zero or more."))
    return int(found)


def _number(text: str, decimal_sign: str) -> Decimal:
    found = number(text, decimal_sign or POINT)
    if found is None and number(text.removesuffix("%").rstrip(), decimal_sign or POINT) is not None:
        raise BadValue(_("This is a share in percent, and no amount."))
    if found is None and not decimal_sign:
        raise BadValue(_("This is no number."))
    if found is None:
        raise BadValue(
            _("This is no number with “%(sign)s” as its decimal sign.") % {"sign": decimal_sign}
        )
    return found
