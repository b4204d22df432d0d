"""Finds the currency beside an amount or in a heading: “€ 12”, “12 USD”, “Value (CHF)”. Pure."""

import re
from collections.abc import Collection
from functools import lru_cache

_CODES = frozenset(
    [
        "AED",
        "ARS",
        "AUD",
        "BGN",
        "BRL",
        "CAD",
        "CHF",
        "CLP",
        "CNY",
        "COP",
        "CZK",
        "DKK",
        "EGP",
        "EUR",
        "GBP",
        "HKD",
        "HRK",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "ISK",
        "JPY",
        "KRW",
        "KZT",
        "MAD",
        "MXN",
        "MYR",
        "NOK",
        "NZD",
        "PEN",
        "PHP",
        "PKR",
        "PLN",
        "RON",
        "RSD",
        "RUB",
        "SAR",
        "SEK",
        "SGD",
        "THB",
        "TND",
        "TRY",
        "TWD",
        "UAH",
        "USD",
        "VND",
        "ZAR",
    ]
)
_DOLLARS = ("USD", "AUD", "CAD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP")
# What each sign can mean; a code means itself.
_SIGNS: dict[str, tuple[str, ...]] = {
    "€": ("EUR",),
    "£": ("GBP",),
    "$": _DOLLARS,
    "US$": ("USD",),
    "A$": ("AUD",),
    "AU$": ("AUD",),
    "C$": ("CAD",),
    "CA$": ("CAD",),
    "NZ$": ("NZD",),
    "HK$": ("HKD",),
    "S$": ("SGD",),
    "R$": ("BRL",),
    "¥": ("JPY", "CNY"),
    "₹": ("INR",),
    "₽": ("RUB",),
    "₺": ("TRY",),
    "₴": ("UAH",),
    "₩": ("KRW",),
    "₫": ("VND",),
    "₪": ("ILS",),
    "฿": ("THB",),
    "KR": ("SEK", "NOK", "DKK", "ISK"),
    "ZŁ": ("PLN",),
    "KČ": ("CZK",),
    "FT": ("HUF",),
    "LEI": ("RON",),
    "FR": ("CHF",),
    "SFR": ("CHF",),
    "EURO": ("EUR",),
}
_SIGN = r"[^\W\d_]{1,4}\.?|[^\W\d_]{0,3}[$€£¥₹₽₺₴₩₫₪฿]"
_AMOUNT = re.compile(
    rf"(?P<open>\()?(?P<minus>[-+−]\s?)?(?P<before>{_SIGN})?\s?"
    rf"(?P<number>[-+−]?\d[\d.,\s'’]*?)(?P<dash>[.,][-–—]{{1,2}})?\s?(?P<after>{_SIGN})?(?P<close>\))?"
)
_WORDS = re.compile(r"[^\W\d_]*[$€£¥₹₽₺₴₩₫₪฿]|[^\W\d_]+")


# “12k”, “€1.5M”, “2,5 Mio. €”, “12 TEUR”, “12 T€”.
_MULTIPLE = re.compile(
    r"(?P<before>.*\d)\s?(?:(?P<k>k|tsd\.?|t(?=\s?(?:€|eur|usd|chf|gbp|\$|£)))"
    r"|(?P<m>m|mio\.?|mn|mln|million(?:en|s)?))(?P<after>(?![^\W\d]).*|\s?(?:€|eur|usd|chf|gbp|\$|£)\.?)",
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def without_multiple(text: str) -> tuple[str, int]:
    """The text without a word for thousands or millions, and what that stands for: 1 if there is none."""
    found = _MULTIPLE.fullmatch(text)
    if found is None:
        return text, 1
    return f"{found['before']} {found['after'].strip()}".strip(), 1_000 if found["k"] else 1_000_000


@lru_cache(maxsize=8192)
def split(text: str) -> tuple[str, str] | None:
    """The number in a text, and the sign or code beside it; None if there are other words."""
    found = _AMOUNT.fullmatch(text)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    signs = [sign.rstrip(".").upper() for sign in (found["before"], found["after"]) if sign]
    if any(not meanings(sign) for sign in signs) or len(set(signs)) > 1:
        return None
    minus = "-" if found["open"] or (found["minus"] or "+")[0] != "+" else ""
    cents = f"{found['dash'][0]}00" if found["dash"] else ""  # “1.234,–”
    return f"{minus}{found['number'].replace('−', '-')}{cents}", signs[0] if signs else ""


def meanings(sign: str) -> tuple[str, ...]:
    """The currencies that a sign or code can mean, as `split` names it."""
    return (sign,) if sign in _CODES else _SIGNS.get(sign, ())


def of_heading(heading: str) -> str:
    """The only currency sign or code in a heading such as “Value (CHF)”; empty if there is none."""
    words = [word for word in _WORDS.findall(heading) if word == word.upper()]
    found = {word for word in words if word in _CODES or (not word.isalpha() and meanings(word))}
    return found.pop() if len(found) == 1 else ""


def the_only(sign: str, known: Collection[str], *, own: str) -> str:
    """The currency that a sign means, if the organisation's `own` and the `known` ones with rates
    leave only one; else empty."""
    can_be = meanings(sign)
    if len(can_be) == 1 or own in can_be:
        return own if own in can_be else can_be[0]
    rated = [each for each in can_be if each in known]
    return rated[0] if len(rated) == 1 else ""
