"""What was found, as the find box and its page show it: in groups, with what matters of each."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.models import SearchKind
from crm.presenters.cards import how_it_ended, may_change, what_next
from crm.presenters.viewer import Viewer
from crm.queries.search import FoundRecord, HitGroup
from pipeline.process.stages import Outcome
from salesprocess.lib.folding import fold
from salesprocess.lib.format import money

_LABELS = {
    HitGroup.MY_DEALS: gettext_lazy("My open deals"),
    HitGroup.COMPANIES: gettext_lazy("Customers and companies"),
    HitGroup.PEOPLE: gettext_lazy("People"),
    HitGroup.COLLEAGUES_DEALS: gettext_lazy("Colleagues’ deals"),
    HitGroup.CLOSED: gettext_lazy("Closed"),
}
_PLACES = {
    SearchKind.COMPANY: "companies",
    SearchKind.CONTACT: "contacts",
    SearchKind.DEAL: "deals",
}


class HitLine(NamedTuple):
    """One hit. `kind` says what can be done with it: deal, seen (a deal that is not the reader's to
    change), closed, company or contact. Texts are pieces, each with whether it was typed."""

    id: int
    kind: str
    href: str
    title: Sequence[tuple[str, bool]]
    hint: Sequence[tuple[str, bool]]
    name: str
    stage: int
    stage_name: str
    icon: str
    value: str
    next_class: str
    next: str
    email: str
    phone: str
    version: int
    is_sample: bool


class HitLines(NamedTuple):
    """A group of hits; `found` counts it, of which the best are shown."""

    key: str
    label: str
    found: int
    lines: Sequence[HitLine]


def hit_groups(viewer: Viewer, rows: Iterable[FoundRecord], text: str) -> list[HitLines]:
    groups = []
    for group, found in groupby(rows, key=lambda row: row.group):
        of_group = list(found)
        lines = [hit_line(viewer, row, text) for row in of_group]
        label = str(_LABELS[group])
        groups.append(HitLines(group.name.lower(), label, of_group[0].found, lines))
    return groups


def hit_line(viewer: Viewer, row: FoundRecord, text: str = "") -> HitLine:
    kind, value, next_class, said = _about(viewer, row)
    words = fold(text).split()
    return HitLine(
        id=row.record_id,
        kind=kind,
        href=f"/{_PLACES[SearchKind(row.kind)]}/{row.record_id}/",
        title=_marked(row.title, words),
        hint=_marked("" if row.hint == row.title else row.hint, words),
        name=row.title,
        stage=row.stage or 0,
        stage_name=viewer.stage_names[row.stage] if row.stage else "",
        icon={"company": "building", "contact": "user", "closed": _ending(row)}.get(kind, ""),
        value=value,
        next_class=next_class,
        next=said,
        email=row.email or "",
        phone=row.phone or "",
        version=row.version or 0,
        is_sample=row.is_sample,
    )


def _ending(row: FoundRecord) -> str:
    return "trophy" if row.outcome == Outcome.WON else "square-x"


def _about(viewer: Viewer, row: FoundRecord) -> tuple[str, str, str, str]:
    """What can be done with it, what it is worth, and the class and the words of what is so."""
    if row.kind == SearchKind.COMPANY:
        deals = ngettext("%(n)s open deal", "%(n)s open deals", row.deals or 0)
        return "company", "", "", deals % {"n": row.deals} if row.deals else ""
    if row.kind == SearchKind.CONTACT:
        return "contact", "", "", row.phone or row.email or ""
    value = money(row.amount, row.currency or "")
    if row.outcome != Outcome.OPEN:
        next_class, said = how_it_ended(viewer, row)
        return "closed", value, next_class, said
    next_class, said = what_next(viewer, row)
    return "deal" if may_change(viewer, row) else "seen", value, next_class, said


def _marked(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """The text in pieces, with what was typed for itself where it begins a word, else where it is."""
    folded = fold(text)
    if len(folded) != len(text):  # where a letter is written as two, their places differ
        return [(text, False)] if text else []
    marks = [False] * len(text)
    for word in words:
        at = f" {folded}".find(f" {word}")
        at = at if at >= 0 else folded.find(word)
        if at >= 0:
            marks[at : at + len(word)] = [True] * len(word)
    return [("".join(text[at] for at in places), marked) for marked, places in _runs(marks)]


def _runs(marks: Sequence[bool]) -> list[tuple[bool, list[int]]]:
    return [
        (marked, list(found)) for marked, found in groupby(range(len(marks)), marks.__getitem__)
    ]


def nothing_found(text: str, *, is_short: bool) -> str:
    if is_short:
        return _("Nothing is called just “%(text)s”. Three letters find parts of a word, too.") % {
            "text": text
        }
    return _("Nothing is called “%(text)s” in what you may see.") % {"text": text}
