"""How addresses and numbers are made comparable; pure. Names: see `salesprocess.lib.folding`."""

import re

import phonenumbers

_INTERNATIONAL = re.compile(r"^\s*\(?00\)?\s*(?=[1-9])")


def email(typed: str) -> str:
    return typed.strip().lower()


def phone(typed: str, *, country: str) -> str:
    """The number in E.164, read as one of `country` (two letters) unless it says otherwise.

    What cannot be read as a number keeps its digits, so that two equal entries still match.
    """
    # "00" is dialled before a foreign number nearly everywhere, and written everywhere.
    found = _e164(typed, country)
    if found is None and (dialled := _INTERNATIONAL.sub("+", typed)) != typed:
        found = _e164(dialled, country)
    return found or _digits(typed)


def _e164(typed: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_number(value: str) -> bool:
    """Whether `phone` has read a number, by which a person can be known; of other texts it keeps
    something to compare, but two that are equal say nothing (“-”, “ask at the desk”)."""
    return value.startswith("+")


def _digits(typed: str) -> str:
    return "".join(sign for sign in typed if sign.isdigit()) or typed.strip()
