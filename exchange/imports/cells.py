"""Normalises the text of a cell, and decides whether it says anything. Pure."""

import html
import json
import re
from collections.abc import Mapping

from salesprocess.lib import spreadsheet

# How programs write that there is nothing, or that a formula failed; a text without any letter or
# digit says nothing either.
_NOTHING_TO_PROGRAMS = """
    n/a  n.a.  n. a.  n.v.  k.a.  k. a.  null  (null)  <null>  (none)  (blank)  (empty)  (leer)  nan
    undefined  #n/a  #na  #nv  #n/v  #null!  #ref!  #value!  #name?  #num!  #div/0!  #wert!  #bezug!
    #zahl!
"""
# How people do. A text may mean these words, what is no text cannot.
_NOTHING_TO_PEOPLE = """
    na  nil  no  nein  none  unknown  unbekannt  not known  nicht bekannt  not available  not set
    empty  leer  missing  nothing  keine  keiner  keine angabe  tba  tbd
"""


_SALUTATION = re.compile(
    r"^(?:herrn?|frau|hr\.|fr\.|mr|mrs|ms|miss|mx|madame|monsieur|mme|sr|sra|se[ñn]ora?)\.?\s+(?=[^\W\d_]{2})",
    re.IGNORECASE,
)


_ADDRESS = re.compile(r"(?<=\S)\s+\([^()\s]+@[^()\s]+\)$")
_DOMAIN = re.compile(r"(?<=\S)\s+\((?:[\w-]+\.)+[a-z]{2,}\)$", re.IGNORECASE)


# What programs put around the words of a note or a mail.
_IS_HTML = re.compile(
    r"<(?:!doctype|html|body|head|style|script|p|br|div|span|ul|ol|li|a|b|i|u|em|strong|table|h[1-6]|img|blockquote)\b[^<>]*>",
    re.IGNORECASE,
)
_UNREAD = re.compile(r"<(head|style|script)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_NEW_LINE = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6]|/blockquote)\b[^<>]*>", re.IGNORECASE)
_ENTRY = re.compile(r"<li\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<!--.*?-->|</?[a-z!][^<>]*>", re.IGNORECASE | re.DOTALL)
_GAP = re.compile(r"\n{3,}")


def _words(lines: str) -> frozenset[str]:
    return frozenset(word.strip() for line in lines.split("\n") for word in line.split("  "))


_NOTHING, _NO_VALUE = _words(_NOTHING_TO_PROGRAMS), _words(_NOTHING_TO_PEOPLE)


def text(raw: str) -> str:
    """The text of a cell on one line, without what spreadsheets or our own export put before it."""
    return spreadsheet.unescape_formula(" ".join(raw.split()))


def long_text(raw: str) -> str:
    """The text of a cell with its lines; of HTML, the words that people saw."""
    found = raw
    if _IS_HTML.search(found):
        found = _NEW_LINE.sub("\n", " ".join(_UNREAD.sub(" ", found).split()))
        found = html.unescape(_TAG.sub("", _ENTRY.sub("- ", found)))
    lines = (" ".join(line.split()) for line in found.splitlines())
    return spreadsheet.unescape_formula(_GAP.sub("\n\n", "\n".join(lines)).strip())


def cell_value(raw: str, aliases: Mapping[str, str], *, any_text: bool = False) -> str:
    """The value of a cell, translated by `aliases`; empty for words such as "n/a".

    `any_text` is for fields in which "unknown" may be a real value.
    """
    found = text(raw)
    if not found:
        return ""
    if found in aliases:
        return aliases[found]
    return "" if is_nothing(found, any_text=any_text) else found


def person_name(text: str) -> str:
    """A name without the salutation before it, by both it is the same person, and without the address
    that some products write behind it: “Ada Lovelace (ada@acme.example)”."""
    return _ADDRESS.sub("", _SALUTATION.sub("", text, count=1))


def company_name(text: str) -> str:
    """A name without the domain that some products write behind it: “Acme GmbH (acme.example)”."""
    return _DOMAIN.sub("", text)


def several(text: str) -> list[str]:
    """The names or ids of a cell: between semicolons, or a list as JSON has it."""
    if text.startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, list):
            return [str(each).strip() for each in found if isinstance(each, str | int)]
    return [each.strip() for each in text.split(";") if each.strip()]


def is_nothing(found: str, *, any_text: bool = False) -> bool:
    if not any(sign.isalnum() for sign in found):
        return True
    word = found.casefold()
    return word in _NOTHING or _is_no_day(word) or (word in _NO_VALUE and not any_text)


def _is_no_day(word: str) -> bool:
    """Whether it is a date of zeros, as databases write a missing one."""
    return len(word) >= 8 and word[:1] == "0" and not word.strip("0-/.: t") and not word.isdigit()
