"""Parses what was typed into a search: words and numbers, however written. Pure.

A word of three letters or more is found anywhere in a text, a shorter one only at the beginning of
a word. Of one's own open deals three letters are also the initials of three words. Letters beyond ASCII count as several (`salesprocess.lib.folding`).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, or_

from django.db.models import Q

from salesprocess.lib.folding import spelled_out, words

# From so many letters on a word is looked for inside of words, too: no index serves fewer.
LETTERS = 3
# So many are enough for a word that is whole: HP, 3M.
FEWEST = 2
LONGEST = 100
# A number is looked for from so many digits on.
DIGITS = 4
# What stands before the number of a line when one dials from elsewhere: abroad, or another town.
_DIALLED_FIRST = ("00", "011", "0")
_NUMBER = re.compile("[+]?[(]?[0-9][0-9\\s()/.\u2010-\u2015\u2212-]*[0-9]|[0-9]")
_TRUNK = re.compile(r"\(0\)")
# They part names as a sign does: "Müller & Söhne", "Müller und Söhne".
_BETWEEN_NAMES = {"and", "und", "et"}


@dataclass(frozen=True)
class SearchWord:
    """One word; `ways` are its possible spellings: "muller", "mueller"."""

    ways: Sequence[str]

    @property
    def is_long(self) -> bool:
        return min(map(len, self.ways)) >= LETTERS

    def contains(self) -> Q:
        """The condition for the word anywhere, or at the start of a word if it is short."""
        return self._either(self.ways if self.is_long else [f" {way}" for way in self.ways])

    def at_start(self) -> Q:
        """At the beginning of a word."""
        return self._either([f" {way}" for way in self.ways])

    def whole(self) -> Q:
        return self._either([f" {way} " for way in self.ways])

    @staticmethod
    def _either(texts: Sequence[str]) -> Q:
        return reduce(or_, (Q(plain__contains=text) for text in dict.fromkeys(texts)))


@dataclass(frozen=True)
class SearchWords:
    """A parsed text. All `pieces` must be found; each of `numbers` may be found instead of the
    pieces that it was written with."""

    pieces: Sequence[SearchWord]
    numbers: Sequence["Number"] = field(default=())

    @property
    def is_enough(self) -> bool:
        """Whether there is anything to look for."""
        return any(len(way) >= FEWEST for piece in self._all for way in piece.ways)

    @property
    def is_short(self) -> bool:
        """Whether no word is long enough to be found inside of other words."""
        return not self.numbers and not any(piece.is_long for piece in self.pieces)

    @property
    def _all(self) -> list[SearchWord]:
        return [*self.pieces, *(piece for number in self.numbers for piece in number.pieces)]

    def contains_all(self) -> Q:
        """The condition for records that contain all of it."""
        found = [piece.contains() for piece in self.pieces]
        found += [number.contains() for number in self.numbers]
        return reduce(and_, found)

    def whole(self) -> Q:
        """The condition for records that contain all of it as whole words."""
        return reduce(and_, (piece.whole() for piece in self._all))

    def begins_words(self) -> Q:
        found = [piece.at_start() for piece in self.pieces]
        found += [number.contains() for number in self.numbers]
        return reduce(and_, found)

    @property
    def initials(self) -> str:
        """The letters of a typed word of LETTERS letters, each of which may begin a word; else none."""
        if self.numbers or len(self.pieces) != 1:
            return ""
        (way,) = self.pieces[0].ways[:1]
        return way if len(way) == LETTERS else ""

    def begins_each(self, *, in_order: bool = False) -> Q:
        """The condition for records with a word for each of the `initials`; with `in_order`, one
        after the other, though there may be others between them."""
        if in_order:
            return Q(plain__regex=".*".join(f" {letter}" for letter in self.initials))
        return reduce(and_, (Q(plain__contains=f" {letter}") for letter in self.initials))

    def begins_name(self, *, whole: bool = False) -> Q:
        """The condition for records whose name begins with the typed text; with `whole`, as whole
        words."""
        ways = {" ".join(piece.ways[0] for piece in self._all)}
        ways.add(" ".join(piece.ways[-1] for piece in self._all))
        end = " " if whole else ""
        return reduce(or_, (Q(plain__contains=f"\n {way}{end}") for way in sorted(ways)))


@dataclass(frozen=True)
class Number:
    """A telephone number or other number; it may also be found as plain words."""

    pieces: Sequence[SearchWord]
    ways: Sequence[str]

    def contains(self) -> Q:
        as_words = reduce(and_, (piece.contains() for piece in self.pieces))
        return reduce(or_, (Q(plain__contains=way) for way in self.ways), as_words)


def parse(typed: str) -> SearchWords:
    """Parse a typed text, of at most LONGEST characters."""
    text = unicodedata.normalize("NFKC", typed[:LONGEST].replace("\0", " "))
    numbers = [Number(pieces=tuple(_pieces(run)), ways=_dialled(run)) for run in _numbers(text)]
    rest = _NUMBER.sub(_without_numbers, text)
    pieces = [piece for token in rest.split() for piece in _pieces(token)]
    wanted = [piece for piece in pieces if not _BETWEEN_NAMES.intersection(piece.ways)]
    if not wanted and not numbers:
        wanted = pieces
    return SearchWords(pieces=tuple(wanted), numbers=tuple(numbers))


def _numbers(text: str) -> Iterator[str]:
    for found in _NUMBER.finditer(text):
        if _is_number(found):
            yield found.group()


def _without_numbers(found: re.Match[str]) -> str:
    return " " if _is_number(found) else found.group()


def _is_number(found: re.Match[str]) -> bool:
    """Whether these are enough digits and no part of a word such as "A4711"."""
    before = found.string[: found.start()][-1:]
    after = found.string[found.end() :][:1]
    digits = sum(sign.isdigit() for sign in found.group())
    return digits >= DIGITS and not before.isalnum() and not after.isalnum()


def _dialled(run: str) -> list[str]:
    """The forms in which a record may store the number."""
    digits = re.sub(r"[^0-9]", "", _TRUNK.sub("", run))
    ways = [digits]
    if not run.startswith("+"):
        ways += [digits.removeprefix(first) for first in _DIALLED_FIRST if digits.startswith(first)]
    return [way for way in dict.fromkeys(ways) if len(way) >= LETTERS]


def _pieces(token: str) -> Iterator[SearchWord]:
    usual = words(token).split()
    if len(usual) > 1 and all(len(word) == 1 for word in usual):
        usual = ["".join(usual)]  # "S.A." is "SA"
    spelled = words(spelled_out(token)).split()
    for one, other in zip(usual, spelled if len(spelled) == len(usual) else usual, strict=True):
        yield SearchWord(tuple(dict.fromkeys([one, other])))
