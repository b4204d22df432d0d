"""Which words of a quick log stand for what: they are underlined where they are typed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from crm.presenters.quick_chips import CHOOSE, SAID, Chip
from crm.presenters.quick_look import QuickLook
from crm.quick_log import WordRole

_FIELD_OF: Mapping[WordRole, str] = {
    WordRole.KIND: "kind",
    WordRole.RESULT: "result",
    WordRole.WHEN: "when",
    WordRole.NO_DEAL: "deal",
    WordRole.ARROW: "next",
    WordRole.NEXT_KIND: "next",
    WordRole.NEXT_WHEN: "next",
    WordRole.NEXT_ABOUT: "next",
}


class LineMark(NamedTuple):
    """A stretch of the line. `field` is what it says, empty for words that are kept as they are;
    `state` says whether there is something to choose."""

    text: str
    field: str = ""
    state: str = ""


def marks(look: QuickLook, chips: Sequence[Chip]) -> list[LineMark]:
    """The whole line, in stretches. What was put right by hand is not said by the line any more."""
    open_fields = {chip.field for chip in chips if chip.state == CHOOSE}
    text, at, found = look.line.text, 0, []
    for start, end, field in _stretches(look):
        if field in look.fixed:
            continue
        if start > at:
            found.append(LineMark(text[at:start]))
        found.append(LineMark(text[start:end], field, CHOOSE if field in open_fields else SAID))
        at = end
    if at < len(text):
        found.append(LineMark(text[at:]))
    return found


def _stretches(look: QuickLook) -> Iterator[tuple[int, int, str]]:
    """From where to where in the line which field is said; neighbours of one field are one."""
    names = look.found.words
    named = "who" if look.found.parties else "deal"
    waiting: tuple[int, int, str] | None = None
    for piece in look.line.pieces:
        field = _FIELD_OF.get(piece.part, "")
        if piece.part == WordRole.LEAD and names:
            names, field = names - 1, named
        if waiting is not None and waiting[2] == field:
            waiting = (waiting[0], piece.end, field)
            continue
        if waiting is not None and waiting[2]:
            yield waiting
        waiting = (piece.start, piece.end, field)
    if waiting is not None and waiting[2]:
        yield waiting
