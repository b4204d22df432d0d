"""Reads one line about something that was done: `anna norte reached wants pricing > offer fri`. Pure.

From left to right: who or which deal (its words are looked up elsewhere), how it was done and what came
of it, what was said; after `>` what comes next and when. English and German words count alike,
whatever the language of the page.

No word is lost. Each belongs to one piece (`Piece`), and what is not understood is kept as the note.
So words of kind and result count only where they stand together, after the names, or at the very end:
in the middle of a note they are words like others.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from crm.models.activity import ActivityKind, ActivityResult
from salesprocess.lib.natural_dates import DayAhead, NotUnderstoodError, parse, parse_ahead

# Longer than any line that somebody types; what is pasted is read elsewhere (`crm.signature`).
LONGEST = 500
# So many words are looked at together.
_TOGETHER = 4

_KINDS: Mapping[ActivityKind, str] = {
    ActivityKind.CALL: "call, called, phone, phoned, phone call, rang, anruf, angerufen, anrufen,"
    " telefonat, telefoniert, telefon",
    ActivityKind.EMAIL: "mail, email, e-mail, mailed, emailed, wrote, sent a mail, sent mail, mailen,"
    " gemailt, geschrieben, mail geschickt, schreiben",
    ActivityKind.MEETING: "meeting, met, visit, visited, termin, treffen, getroffen, besuch, besucht,"
    " besprechung, besuchen",
    ActivityKind.NOTE: "note, notiz, memo",
    ActivityKind.TASK: "task, to do, todo, aufgabe, erledigen",
}
_RESULTS: Mapping[ActivityResult, str] = {
    ActivityResult.REACHED: "reached, spoke, spoken, talked, erreicht, gesprochen",
    ActivityResult.NO_ANSWER: "no answer, not reached, did not reach, nobody there, voicemail, mailbox,"
    " engaged, keine antwort, nicht erreicht, niemand da, nicht da, besetzt, anrufbeantworter",
    ActivityResult.MEETING_SET: "meeting set, set a meeting, set meeting, meeting booked, meeting agreed,"
    " termin vereinbart, termin gemacht, termin ausgemacht, termin steht",
    ActivityResult.MOVED_FORWARD: "moved forward, move forward, moved on, moved, forward, weiter,"
    " weitergekommen, vorangekommen, einen schritt weiter",
}
_KIND_OF = {way.strip(): kind for kind, ways in _KINDS.items() for way in ways.split(",")}
_RESULT_OF = {way.strip(): result for result, ways in _RESULTS.items() for way in ways.split(",")}
# That it belongs to none: a touch.
_NO_DEAL = {
    *("no deal", "without deal", "without a deal", "not a deal"),
    *("kein deal", "ohne deal", "ohne einen deal"),
}
# What something is sent or done by, where only the thing itself is named.
_THINGS: Mapping[str, ActivityKind] = {
    **dict.fromkeys(
        ("offer", "quote", "proposal", "brochure", "angebot", "offert", "offerte", "prospekt"),
        ActivityKind.EMAIL,
    ),
    **dict.fromkeys(("demo", "workshop", "presentation", "präsentation"), ActivityKind.MEETING),
}
_NEXT = {">", "->", "→", "»"}
_WORD = re.compile(r"->|[>→»]|[^\s>→»]+")
# English or German words that are also days: only with an hour do they mean one.
_DOUBTFUL = {"so", "do", "di", "mi", "sa", "mo", "fr", "sun", "now", "jetzt", "mar", "may"}


class WordRole(StrEnum):
    """What a word is taken for."""

    LEAD = "lead"
    KIND = "kind"
    RESULT = "result"
    WHEN = "when"
    NO_DEAL = "no_deal"
    NOTE = "note"
    ARROW = "arrow"
    NEXT_KIND = "next_kind"
    NEXT_WHEN = "next_when"
    NEXT_ABOUT = "next_about"


class Piece(NamedTuple):
    """Words that stand together in the line, from `start` to `end`, and what they are taken for."""

    start: int
    end: int
    part: WordRole


@dataclass(frozen=True, kw_only=True)
class QuickLine:
    """A line as it is understood; what was not said is None or empty.

    `lead` are the words before any other, names for the most part: how many of them name somebody is
    known to whoever looks them up, and the rest begins the note (`note_after`).
    """

    text: str = ""
    pieces: tuple[Piece, ...] = ()
    kind: ActivityKind | None = None
    result: ActivityResult | None = None
    done_at: dt.datetime | None = None
    has_no_deal: bool = False
    has_next: bool = False
    next_kind: ActivityKind | None = None
    next_due: DayAhead | None = None

    def words(self, part: WordRole) -> str:
        """What stands in the line for one part of it, as it was typed."""
        return " ".join(self.text[one.start : one.end] for one in self.pieces if one.part == part)

    @property
    def lead(self) -> tuple[str, ...]:
        return tuple(
            self.text[one.start : one.end] for one in self.pieces if one.part == WordRole.LEAD
        )

    @property
    def next_about(self) -> str:
        return self.words(WordRole.NEXT_ABOUT)

    def note_after(self, names: int) -> str:
        """The note, where the first `names` words of the lead name somebody."""
        return " ".join(filter(None, (*self.lead[names:], self.words(WordRole.NOTE))))


class _Token(NamedTuple):
    start: int
    end: int
    word: str


@dataclass
class _Reading:
    """What was found so far; each token is taken once."""

    text: str
    now: dt.datetime
    parts: dict[int, WordRole] = field(default_factory=dict)
    kind: ActivityKind | None = None
    result: ActivityResult | None = None
    done_at: dt.datetime | None = None
    has_no_deal: bool = False


def read_line(text: str, *, now: dt.datetime) -> QuickLine:
    """Read a line; `now` is in the zone of who writes it."""
    text = text[:LONGEST]
    tokens = [_Token(*found.span(), found.group().casefold()) for found in _WORD.finditer(text)]
    arrow = next((n for n, token in enumerate(tokens) if token.word in _NEXT), len(tokens))
    reading = _Reading(text, now)
    _read_done(reading, tokens[:arrow])
    after = tokens[arrow + 1 :]
    kind, due = _read_next(reading, after)
    if arrow < len(tokens):
        reading.parts[tokens[arrow].start] = WordRole.ARROW
    return QuickLine(
        text=text,
        pieces=tuple(_pieces(tokens, reading.parts)),
        kind=reading.kind,
        result=reading.result,
        done_at=reading.done_at,
        has_no_deal=reading.has_no_deal,
        has_next=bool(after),
        next_kind=kind,
        next_due=due,
    )


def _pieces(tokens: Sequence[_Token], parts: Mapping[int, WordRole]) -> Iterator[Piece]:
    """Neighbours of one part are one piece, but for names, of which each word counts."""
    waiting: Piece | None = None
    for token in tokens:
        part = parts[token.start]
        if (
            waiting is not None
            and waiting.part == part
            and part not in (WordRole.LEAD, WordRole.ARROW)
        ):
            waiting = waiting._replace(end=token.end)
            continue
        if waiting is not None:
            yield waiting
        waiting = Piece(token.start, token.end, part)
    if waiting is not None:
        yield waiting


# What was done ------------------------------------------------------------------------------------


def _read_done(reading: _Reading, tokens: Sequence[_Token]) -> None:
    """Names, then words of kind, result and time, then the note, and perhaps such words again."""
    at = next((n for n in range(len(tokens)) if _known_at(reading, tokens, n)), len(tokens))
    for token in tokens[:at]:
        reading.parts[token.start] = WordRole.LEAD
    while at < len(tokens) and (length := _take(reading, tokens, at)):
        at += length
    end = len(tokens)
    while end > at and (length := _take_last(reading, tokens, at, end)):
        end -= length
    for token in tokens[at:end]:
        reading.parts[token.start] = WordRole.NOTE


def _known_at(reading: _Reading, tokens: Sequence[_Token], at: int) -> bool:
    return _found_at(reading, tokens, at, len(tokens)) is not None


def _take(reading: _Reading, tokens: Sequence[_Token], at: int) -> int:
    """Take what is known at this place, if it was not said before; how many words it has."""
    found = _found_at(reading, tokens, at, len(tokens))
    if found is None:
        return 0
    length, part, value = found
    _put(reading, tokens[at : at + length], part, value)
    return length


def _take_last(reading: _Reading, tokens: Sequence[_Token], first: int, end: int) -> int:
    """The same of what ends the line."""
    for length in range(min(_TOGETHER, end - first), 0, -1):
        found = _found_at(reading, tokens, end - length, end)
        if found is not None and found[0] == length:
            _put(reading, tokens[end - length : end], found[1], found[2])
            return length
    return 0


_Value = ActivityKind | ActivityResult | dt.datetime | None


def _put(reading: _Reading, tokens: Sequence[_Token], part: WordRole, value: _Value) -> None:
    if isinstance(value, ActivityResult):
        reading.result = value
    elif isinstance(value, ActivityKind):
        reading.kind = value
    elif value is None:
        reading.has_no_deal = True
    else:
        reading.done_at = value
    for token in tokens:
        reading.parts[token.start] = part


def _found_at(
    reading: _Reading, tokens: Sequence[_Token], at: int, end: int
) -> tuple[int, WordRole, _Value] | None:
    """The longest words at this place that say a kind, a result, a time or no deal, not said yet."""
    for length in range(min(_TOGETHER, end - at), 0, -1):
        words = _words_of(tokens[at : at + length])
        if reading.result is None and (result := _RESULT_OF.get(words)):
            return length, WordRole.RESULT, result
        if reading.kind is None and (kind := _KIND_OF.get(words)) and kind != ActivityKind.TASK:
            return length, WordRole.KIND, kind
        if not reading.has_no_deal and words in _NO_DEAL:
            return length, WordRole.NO_DEAL, None
        if reading.done_at is None and (moment := _past(words, reading.now)):
            return length, WordRole.WHEN, moment
    return None


def _words_of(tokens: Sequence[_Token]) -> str:
    return " ".join(token.word for token in tokens).strip(",.;:!")


def _past(words: str, now: dt.datetime) -> dt.datetime | None:
    if words in _DOUBTFUL or not any(sign.isalpha() for sign in words):
        return None
    try:
        moment = parse(words, now=now)
    except NotUnderstoodError:
        return None
    return moment if moment <= now else None


# What comes next ----------------------------------------------------------------------------------


def _read_next(
    reading: _Reading, tokens: Sequence[_Token]
) -> tuple[ActivityKind | None, DayAhead | None]:
    """When: the longest words that say a day, of several the last. How: the first word that says it,
    else what the thing itself is sent or done by."""
    due, taken = _find_day(tokens, reading.now)
    kind: ActivityKind | None = None
    for at, token in enumerate(tokens):
        part = WordRole.NEXT_ABOUT
        if at in taken:
            part = WordRole.NEXT_WHEN
        elif kind is None and (found := _KIND_OF.get(token.word)) and found != ActivityKind.NOTE:
            kind, part = found, WordRole.NEXT_KIND
        reading.parts[token.start] = part
    if kind is None:
        named = (_THINGS.get(token.word.strip(",.;:!")) for token in tokens)
        kind = next(filter(None, named), None)
    return kind, due


def _find_day(tokens: Sequence[_Token], now: dt.datetime) -> tuple[DayAhead | None, range]:
    for length in range(min(_TOGETHER, len(tokens)), 0, -1):
        for at in range(len(tokens) - length, -1, -1):
            try:
                found = parse_ahead(_words_of(tokens[at : at + length]), now=now)
            except NotUnderstoodError:
                continue
            return found, range(at, at + length)
    return None, range(0)
