"""The own week beside the own past, and how the people of a manager stand: each told to one reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from day.models import NotToday
from day.queries.done import OwnWeek, WeekFigure
from day.queries.repair import TeamLoad
from salesprocess.lib.format import join_list, number, percent

_WIDE = 268


@dataclass(frozen=True, kw_only=True)
class WeekBar:
    """`width` and `tick` are of 268."""

    name: str
    now: str
    label: str
    words: str
    width: int
    tick: int


def week_bars(week: OwnWeek) -> list[WeekBar]:
    names = (_("Conversations held"), _("Moved forward"), _("New qualified"))
    return [_bar(name, figure) for name, figure in zip(names, week, strict=True)]


def _bar(name: str, figure: WeekFigure) -> WeekBar:
    most = max(figure.now, figure.usual, 1) * 1.3
    said = {"name": name, "now": number(figure.now), "usual": number(figure.usual)}
    return WeekBar(
        name=name,
        now=number(figure.now),
        label=_("%(name)s: %(now)s, usual by now %(usual)s") % said,
        words=_beside(figure),
        width=round(_WIDE * figure.now / most),
        tick=min(round(_WIDE * figure.usual / most), _WIDE - 2),
    )


def _beside(figure: WeekFigure) -> str:
    """In words, and without a judgement: a week is short."""
    more = round(figure.now - figure.usual)
    if more > 0:
        return _("%(n)s more than your usual") % {"n": number(more)}
    if more < 0:
        return _("%(n)s below your usual") % {"n": number(-more)}
    return _("as usual")


def true_words(kept: int, n: int) -> str:
    """How much of the own record is whole; nothing without an open deal."""
    if not n:
        return ""
    return _("Your deals are %(share)s true, the mark is %(mark)s.") % {
        "share": percent(Decimal(kept) / n, n),
        "mark": percent(Decimal(90) / 100),
    }


def reasons_words(counts: Mapping[str, int]) -> str:
    """Why things were left for another day lately: told to nobody else."""
    told = [f"{NotToday(why).label} ({number(n)})" for why, n in sorted(counts.items())]
    return _("Not today, in four weeks: %(why)s.") % {"why": join_list(told)} if told else ""


class TeamLine(NamedTuple):
    name: str
    words: str
    href: str


def team_lines(rows: Sequence[TeamLoad]) -> list[TeamLine]:
    """In words and from A to Z: what waits, and no ranking."""
    return [TeamLine(row.name, _load_words(row), f"/deals/?person={row.id}") for row in rows]


def _load_words(row: TeamLoad) -> str:
    said = []
    if row.overdue:
        said.append(_("%(n)s overdue") % {"n": number(row.overdue)})
    if row.waiting:
        words = ngettext("%(n)s lead waits", "%(n)s leads wait", row.waiting)
        said.append(words % {"n": number(row.waiting)})
    if row.unplanned:
        said.append(_("%(n)s with nothing planned") % {"n": number(row.unplanned)})
    return " · ".join(said) or _("all planned")
