"""Codes of lines on paper, by which what was written beside them comes back. Pure.

A code names a deal, or a company or person that is touched without one. It follows from the record alone,
so that a sheet is good for ever, nothing is kept of what was printed, and two never look alike. Its last
sign checks the others: one that was misread, left out, put in or changed places with its neighbour is
noticed, and never means another line.
"""

from enum import IntEnum
from typing import NamedTuple

# A prime number of signs, without those that a hand writes alike: neither O nor I, and of 8 and B, 5
# and S, 2 and Z one each.
SIGNS = "23456789ACDEFGHJKLMNPQRTUVWXY"
_ALIKE = str.maketrans("BSZ", "852")
_VALUES = {sign: value for value, sign in enumerate(SIGNS)}
_LONGEST = 14


class PaperKind(IntEnum):
    """What a code can name."""

    DEAL = 0
    COMPANY = 1
    CONTACT = 2


class PaperSubject(NamedTuple):
    """What a line is about."""

    kind: PaperKind
    id: int


class NoCodeError(ValueError):
    """The word is no code: its check is wrong, or it has other signs."""


def code_of(kind: PaperKind, pk: int) -> str:
    """The code of a record, `pk` being 1 or more."""
    number, values = pk * len(PaperKind) + kind, list[int]()
    while number:
        number, value = divmod(number, len(SIGNS))
        values.insert(0, value)
    return "".join(SIGNS[value] for value in (*values, _check(values)))


def read_code(word: str) -> PaperSubject:
    """What a code names, in capitals or not. Raises NoCodeError."""
    signs = word.upper().translate(_ALIKE)
    if not 2 <= len(signs) <= _LONGEST or not set(signs) <= _VALUES.keys():
        raise NoCodeError(word)
    *values, check = (_VALUES[sign] for sign in signs)
    if check != _check(values) or values[0] == 0:
        raise NoCodeError(word)
    number = 0
    for value in values:
        number = number * len(SIGNS) + value
    pk, kind = divmod(number, len(PaperKind))
    if not 0 < pk < 2**63:
        raise NoCodeError(word)
    return PaperSubject(PaperKind(kind), pk)


def _check(values: list[int]) -> int:
    """As of an ISBN: each place has a weight of its own, the sum with the check is none."""
    weighed = sum(weight * value for weight, value in enumerate(reversed(values), 2))
    return -weighed % len(SIGNS)
