"""The own week beside the own past, and how the people of a manager stand: each told to one reader."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.presenters.viewer import Viewer
from day.models import NotToday
from day.queries.done import OwnWeek, WeekFigure
from day.queries.repair import TeamLoad
from day.queries.team_news import PassedGate, TeamNews
from pipeline.process.gates import Reason
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


class NewsPart(NamedTuple):
    """So many of something, and the list of just these, if there is one."""

    words: str
    href: str


class TeamLine(NamedTuple):
    """Somebody of the own people, and what waits there; `talk` leads to what can be asked."""

    name: str
    href: str
    parts: list[NewsPart]
    talk: str


def team_lines(rows: Sequence[TeamLoad]) -> list[TeamLine]:
    """In words and from A to Z: what waits, and no ranking."""
    return [
        TeamLine(
            row.name,
            f"/deals/?person={row.id}",
            _load_parts(row),
            reverse("reports:person", args=[row.id]),
        )
        for row in rows
    ]


def _load_parts(row: TeamLoad) -> list[NewsPart]:
    of = f"person={row.id}&outcome=open"
    leads = ngettext("%(n)s lead waits", "%(n)s leads wait", row.waiting)
    said = [
        (row.overdue, _("%(n)s overdue"), f"/deals/?{of}&next=overdue"),
        (row.waiting, leads, f"{reverse('crm:leads')}?person={row.id}&next=none"),
        (row.unplanned, _("%(n)s with nothing planned"), f"/deals/?{of}&next=none"),
    ]
    return [NewsPart(words % {"n": number(n)}, href) for n, words, href in said if n]


@dataclass(frozen=True, kw_only=True)
class PassedGateLine:
    href: str
    deal: str
    words: str


@dataclass(frozen=True, kw_only=True)
class NewsOfTeam:
    """What changed in the teams since the last working day, and what is to be judged or answered."""

    title: str
    parts: list[NewsPart]
    gone_past: list[PassedGateLine]
    waiting: str


def news_of_team(
    viewer: Viewer,
    since: dt.datetime,
    news: TeamNews,
    gone: Sequence[PassedGate],
    *,
    waiting: int,
) -> NewsOfTeam:
    day = viewer.date_of(since)
    closed = f"closed_from={day.isoformat()}"
    said = [
        (
            news.came_in,
            ngettext("%(n)s came in", "%(n)s came in", news.came_in),
            f"/deals/?outcome=any&opened_from={day.isoformat()}",
        ),
        (news.moved_on, ngettext("%(n)s move forward", "%(n)s moves forward", news.moved_on), ""),
        (news.moved_back, ngettext("%(n)s move back", "%(n)s moves back", news.moved_back), ""),
        (news.won, ngettext("%(n)s won", "%(n)s won", news.won), f"/deals/?outcome=won&{closed}"),
        (
            news.stopped,
            ngettext("%(n)s stopped", "%(n)s stopped", news.stopped),
            f"/deals/?outcome=stopped&{closed}",
        ),
    ]
    notes = ngettext(
        "%(n)s note on the process waits for your answer",
        "%(n)s notes on the process wait for your answer",
        waiting,
    )
    return NewsOfTeam(
        title=_("Since %(day)s") % {"day": viewer.date(day)},
        parts=[NewsPart(words % {"n": number(n)}, href) for n, words, href in said if n],
        gone_past=[_gone_past(viewer, one) for one in gone],
        waiting=notes % {"n": number(waiting)} if waiting else "",
    )


def _gone_past(viewer: Viewer, one: PassedGate) -> PassedGateLine:
    why = str(Reason(one.reason).label) if one.reason else ""
    return PassedGateLine(
        href=f"/deals/{one.deal}/",
        deal=one.company or one.name,
        words=" · ".join(filter(None, (viewer.stage_names[one.to], one.by or "", why, one.words))),
    )
