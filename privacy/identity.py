"""By which words a person is known in what others have written; pure.

The patterns are regular expressions that PostgreSQL and Python read alike, without regard to case.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

# Shorter ones would be found in what is about something else.
MIN_ADDRESS = 6
NEVER = "(?!)"
# Between the words of a name: as typed, or as in the query of an address.
_SPACE = r"(?:\s+|[+]|%20)"
_BEFORE = r"(?<![[:alnum:]])"
_AFTER = r"(?![[:alnum:]])"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """`names` have two words at least, because one alone may be any word; `addresses` are e-mail
    addresses and numbers, as typed and as kept."""

    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def names_pattern(self) -> str | None:
        """Whole names, the family name first or last."""
        told = [form for name in self.names for form in _forms_of_name(name)]
        return _pattern(told)

    @property
    def addresses_pattern(self) -> str | None:
        return _pattern(re.escape(form) for one in self.addresses for form in _encoded(one))

    @property
    def exact(self) -> str:
        """Any of them, in a text."""
        return "|".join(filter(None, (self.names_pattern, self.addresses_pattern))) or NEVER

    @property
    def found(self) -> str:
        """What may hold any of them, for looking first; also inside of JSON."""
        words = [max(name.split(), key=len) for name in self.names]
        forms = {form for one in (*words, *self.addresses) for form in _encoded(one)}
        escaped = {json.dumps(form, ensure_ascii=False)[1:-1] for form in forms}
        return "|".join(sorted(map(re.escape, forms | escaped))) or NEVER

    @property
    def in_python(self) -> re.Pattern[str]:
        return re.compile(self.exact.replace("[[:alnum:]]", r"\w"), re.IGNORECASE)


def is_telling(name: str) -> bool:
    """Whether a name is looked for wherever it may stand."""
    return len(name.split()) > 1


def _forms_of_name(name: str) -> Iterable[str]:
    words = ["|".join(map(re.escape, _encoded(word))) for word in name.split()]
    parts = [f"(?:{word})" for word in words]
    yield _SPACE.join(parts)
    yield parts[-1] + ",?" + _SPACE + _SPACE.join(parts[:-1])


def _encoded(text: str) -> list[str]:
    """As it is, and in the query of an address; in capitals and small letters where the database may
    not know that they are the same."""
    forms = {text, quote_plus(text), quote(text)}
    if not text.isascii():
        forms |= {text.upper(), text.lower()}
    return sorted(forms)


def _pattern(forms: Iterable[str]) -> str | None:
    told = "|".join(dict.fromkeys(forms))
    return f"{_BEFORE}(?:{told}){_AFTER}" if told else None
