"""Parses e-mail addresses and telephone numbers out of a cell. Pure."""

import re
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from crm import normalise
from exchange.imports import cells

_SEVERAL = re.compile(r"[;,|<\s]")
_IN_BRACKETS = re.compile(r"(?:\"[^\"]*\"|[^<>,;|\"]*)<\s*([^<>\s]+)\s*>")
_BETWEEN_EMAILS = re.compile(r"[;,|\s]+")
_BETWEEN_PHONES = re.compile(r"\s*(?:[;,|]|\s/\s)\s*")


@dataclass(kw_only=True)
class FoundPoints:
    """`found` are pairs of (normalised, as typed); `others` are texts that are neither."""

    found: list[tuple[str, str]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def emails(text: str) -> FoundPoints:
    """All addresses in a text, however separated: “Ada <ada@x.example>, b@x.example”."""
    if not _SEVERAL.search(text):
        return _addresses([text])
    addresses = _IN_BRACKETS.findall(text)
    rest = _IN_BRACKETS.sub(" ", text).strip()
    words = [word for word in _BETWEEN_EMAILS.split(rest) if word]
    if any("@" not in word for word in words):
        # Not all of it is addresses: what is none is said whole.
        addresses += [word for word in words if "@" in word]
        words = [rest] if not addresses else []
    return _addresses([*addresses, *words])


def _addresses(texts: list[str]) -> FoundPoints:
    points = FoundPoints()
    for text in texts:
        typed = text.removeprefix("mailto:")
        try:
            validate_email(typed)
        except ValidationError:
            if not cells.is_nothing(text):
                points.others.append(text)
        else:
            points.found.append((normalise.email(typed), typed))
    return points


def phones(text: str, *, country: str) -> FoundPoints:
    """All numbers in a text, read as numbers of `country` unless they have a country code."""
    points = FoundPoints()
    whole = normalise.phone(text, country=country)
    if normalise.is_number(whole):
        points.found.append((whole, text))
        return points
    for typed in _BETWEEN_PHONES.split(text):
        value = whole if typed == text else normalise.phone(typed, country=country)
        if normalise.is_number(value):
            points.found.append((value, typed))
        elif not cells.is_nothing(typed):
            points.others.append(typed)
    if not points.found and points.others:
        points.others = [text]
    return points
