"""How amounts and times are written for people, in the language of the request."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent
from django.utils import translation
from django.utils.translation import get_language, pgettext

from salesprocess.lib.translation import gettext as _

MINUS = "\N{MINUS SIGN}"


# Results kept per function: a page formats the same few values again and again, and Babel parses
# its patterns each time.
CACHE_SIZE = 4096


def _language() -> str:
    return get_language() or "en"


@lru_cache(maxsize=64)
def _locale_of(language: str) -> Locale:
    return Locale.parse(language, sep="-")


def locale() -> Locale:
    """Babel's locale for the active language."""
    return _locale_of(_language())


@lru_cache(maxsize=CACHE_SIZE)
def format_day(on: date, pattern: str, language: str) -> str:
    """A date by a pattern of Babel written for English, such as `EEE d MMM`, in a language code of
    Django such as `pt-br`."""
    with translation.override(language):
        number = pgettext("day of the month in a pattern for dates, as in 12 March", "d")
    local = re.sub(r"\bd(?= |$)", number, pattern)
    return format_date(on, local, locale=_locale_of(language))


def money(amount: Decimal | None, currency: str) -> str:
    """`$1,234.50`; whole amounts drop the cents. No amount is written as nothing."""
    return "" if amount is None else _money(amount, currency, _language())


@lru_cache(maxsize=CACHE_SIZE)
def _money(amount: Decimal, currency: str, language: str) -> str:
    locale = _locale_of(language)
    digits = amount != amount.to_integral_value()
    text = format_currency(
        amount if digits else amount.quantize(Decimal(1)),
        currency,
        locale=locale,
        currency_digits=digits,
        format=None if digits else _whole_pattern(locale),
    )
    return text.replace("-", MINUS)


def _whole_pattern(locale: Locale) -> str:
    pattern: str = locale.currency_formats["standard"].pattern
    return pattern.replace(".00", "")


def money_short(amount: Decimal | None, currency: str) -> str:
    """`€418k`, `€1.2M`, for sums, where the size matters and the rest does not."""
    return "" if amount is None else _money_short(amount, currency, _language())


@lru_cache(maxsize=CACHE_SIZE)
def _money_short(amount: Decimal, currency: str, language: str) -> str:
    locale = _locale_of(language)
    shown, power = _scaled(amount)
    unit = (
        "",
        # What follows the number; with the space before it, where the language has one.
        pgettext("thousands in a short sum, as in €418k", "k"),
        pgettext("millions in a short sum, as in €1.2M", "M"),
        pgettext("billions in a short sum, as in €2B", "B"),
    )[power]
    pattern = _whole_pattern(locale).replace("#,##0", f"#,##0.#'{unit}'" if unit else "#,##0")
    text = format_currency(shown, currency, locale=locale, format=pattern, currency_digits=False)
    return text.replace("-", MINUS)


def _scaled(amount: Decimal) -> tuple[Decimal, int]:
    """The number to show and of which power of a thousand it is.

    Two figures at least, and three of millions; rounded before it is decided, so that 999,600 is
    a million and not a thousand thousands.
    """
    for power in range(4):
        scaled = amount / 1000**power
        fine = abs(scaled) < (10, 10, 100, 1000)[power] and power > 0
        shown = scaled.quantize(Decimal("0.1") if fine else Decimal(1), ROUND_HALF_UP)
        if abs(shown) < 1000 or power == 3:
            break
    return shown, power


def number(count: float | Decimal) -> str:
    """A count with its thousands marked: `12,400`; of days, with its part of a day: `4.5`."""
    if isinstance(count, int) and abs(count) < 1000:
        return str(count).replace("-", MINUS)
    return _number(count, _language())


def rate(value: Decimal) -> str:
    """What one unit of a currency is worth, as exactly as it was entered: `1.0452`."""
    return format_decimal(value, format="#,##0.########", locale=locale())


@lru_cache(maxsize=CACHE_SIZE)
def _number(count: float | Decimal, language: str) -> str:
    return format_decimal(count, locale=_locale_of(language)).replace("-", MINUS)


# Rates of fewer cases are shown without decimals.
DECIMALS_FROM = 1000


def percent(share: float | Decimal, n: int = 0) -> str:
    """A share of one as the language writes it, `38%`, with as many decimals as `n` bears, which is
    what it is a share of: none below 1,000, one from there. Less than the whole is never 100."""
    exact = Decimal(str(share))
    # Nothing and the whole are just that, of however many.
    is_fine = n >= DECIMALS_FROM and exact not in (0, 1)
    unit = Decimal("0.001") if is_fine else Decimal("0.01")
    shown = exact.quantize(unit, ROUND_HALF_UP)
    if exact < 1 <= shown:
        shown = 1 - unit
    pattern = locale().percent_formats[None].pattern
    if is_fine:
        pattern = pattern.replace("##0", "##0.0")
    return format_percent(shown, format=pattern, locale=locale()).replace("-", MINUS)


def day(on: date | None, today: date) -> str:
    """`today`, `tomorrow`, `yesterday`, else `12 Mar`, with the year when it is another one."""
    if on is None:
        return ""
    words = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}
    if word := words.get((on - today).days):
        return word
    return format_day(on, "d MMM" if on.year == today.year else "d MMM y", _language())


def full_day(on: date) -> str:
    """`12 Mar 2026`, for days that are read at any time later."""
    return format_day(on, "d MMM y", _language())


def full_moment(at: datetime, zone: ZoneInfo) -> str:
    """Day with its year, and the clock, where somebody is."""
    local = at.astimezone(zone)
    return f"{full_day(local.date())}, {local:%H:%M}"


def join_list(words: Iterable[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return format_list(list(words), locale=locale())


def quoted(words: str) -> str:
    """In the quotation marks of the language: `“Norte”`, `„Norte“`."""
    return _("“%(words)s”") % {"words": words}


def clock(at: datetime, zone: ZoneInfo) -> str:
    """The time of day in the reader's zone, as `14:05`."""
    local = at.astimezone(zone)
    return _clock(local.hour, local.minute, _language())


@lru_cache(maxsize=CACHE_SIZE)
def _clock(hour: int, minute: int, language: str) -> str:
    return format_time(time(hour, minute), "HH:mm", locale=_locale_of(language))


def unambiguous(value: datetime | Decimal) -> str:
    """A day with its month in letters, or a number to its last digit and without marks between
    thousands: what cannot be misread."""
    if isinstance(value, datetime):
        return format_day(value.date(), "d MMMM y", _language())
    return format_decimal(value, format="0.##########", locale=locale()).replace("-", MINUS)
