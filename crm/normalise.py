"""How addresses, numbers and names are made comparable; pure."""

import re
import unicodedata

import phonenumbers

_COMPANY_FORMS = re.compile(
    r"\b(gmbh( & co kg)?|ag|kg|ohg|se|sa|sas|sarl|srl|spa|bv|nv|ab|as|aps|oy|oyj|plc|llc|ltd|limited"
    r"|inc|incorporated|corp|corporation|co|company|sl|sro|kft|doo)\b"
)


def email(typed: str) -> str:
    return typed.strip().lower()


def phone(typed: str, *, country: str) -> str:
    """The number in E.164, read as one of `country` (two letters) unless it says otherwise.

    What cannot be read as a number keeps its digits, so that two equal entries still match.
    """
    try:
        number = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException:
        return _digits(typed)
    if not phonenumbers.is_possible_number(number):
        return _digits(typed)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def company_name(name: str) -> str:
    """The name without case, accents, punctuation and legal form, for comparison only."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    plain = re.sub(r"[^\w\s&]", "", plain)
    shorter = " ".join(_COMPANY_FORMS.sub(" ", plain).split())
    return shorter or " ".join(plain.split())


def _digits(typed: str) -> str:
    return "".join(sign for sign in typed if sign.isdigit()) or typed.strip()
