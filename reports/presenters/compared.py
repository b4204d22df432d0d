"""One deal beside those that were won: its path, its time in each stage, and what most of them had
on record when they left the stage in which it is (METHOD, "Can this deal be improved?").

The won ones are the most like it of which there are enough: of its own team and selling style, of the
style, of all in the reader's reach. Who sees too few of them gets the middle of everybody's of the
style, if these are of several people; it opens no rows.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median, quantiles
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from crm.queries.deal import DealRecord
from pipeline.models import SellingStyle
from pipeline.process.playbook import Playbook
from pipeline.process.stages import Outcome, Stage
from reports.figures import MIN_ROWS
from reports.metrics.styles import least_people
from reports.queries.won_like import (
    StageStay,
    WonDeal,
    first_answered,
    first_recorded,
    stays_of,
    style_of,
    won_deals,
    won_of_everybody,
)
from reports.question import Question
from salesprocess.lib.chance import wilson
from salesprocess.lib.format import number

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# What most of them had, beyond chance.
MOST = 0.5
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class WonLike:
    """The won deals that one is set beside. `asked` is what an address asks for them besides the
    time; None where they are no rows of the reader's."""

    deals: Sequence[WonDeal]
    words: str
    asked: Mapping[str, str] | None


@dataclass(frozen=True, kw_only=True)
class ComparedStage:
    """`own` is what the deal took, all visits together; `half` and `most` the days within which half
    and three of four of the won ones were through. `few`: too few to say it."""

    stage: int
    name: "StrOrPromise"
    own: str
    half: str
    most: str
    visited: str
    few: bool
    is_here: bool
    is_long: bool


@dataclass(frozen=True, kw_only=True)
class ComparedItem:
    """What most of the won ones had on record when they left the stage; `is_here`: the deal has it."""

    label: "StrOrPromise"
    is_here: bool
    part: str


@dataclass(frozen=True, kw_only=True)
class ComparedDeal:
    """`say` are the findings, where *this* is bold; `empty` is said instead of everything."""

    say: Sequence[str] = ()
    stages: Sequence[ComparedStage] = ()
    items: Sequence[ComparedItem] = ()
    whom: str = ""
    n: int = 0
    asked: Mapping[str, str] | None = None
    empty: str = ""


def compared_deal(
    question: Question, deal: DealRecord, book: Playbook, *, teams: frozenset[int]
) -> ComparedDeal:
    """`question` is about the time in which the others were won, `book` the process of the deal's
    stage; `teams` are the deal's own and those below it, none if the reader may not choose them."""
    like = won_like(question, deal, teams=teams)
    if like is None:
        return ComparedDeal(
            empty=_(
                "Fewer than %(n)s deals were won in the last 12 months: too few to compare with."
            )
            % {"n": number(MIN_ROWS)}
        )
    ids = [each.pk for each in like.deals]
    stays = stays_of([*ids, deal.pk])
    own, won = stays.pop(deal.pk, []), {pk: stays[pk] for pk in ids if pk in stays}
    here = Stage(deal.stage)
    return ComparedDeal(
        say=_findings(question, deal, own, won),
        stages=[_stage(question, deal, stage, own, won) for stage in Stage],
        items=_items(deal.pk, here, book, {pk: _left(each, here) for pk, each in won.items()}),
        whom=like.words,
        n=len(ids),
        asked=like.asked,
    )


def won_like(question: Question, deal: DealRecord, *, teams: frozenset[int]) -> WonLike | None:
    """The won deals most like this one; None where even of the least like there are too few. Two
    queries for the first try, one for each other."""
    style = style_of(deal.owner_id)
    named = str(SellingStyle(style).label) if style else ""
    tries: list[tuple[Question, str, dict[str, str]]] = [(question, _("all that you see"), {})]
    if style:
        tries.insert(0, (replace(question, style=style), named, {"style": style}))
    if style and teams:
        # The sample data count where their team is asked for.
        of_team = replace(question, style=style, teams=teams, left_out=None)
        asked = {"style": style, "team": str(deal.team_id)}
        tries.insert(0, (of_team, f"{deal.team} · {named}", asked))
    for question_, words, asked in tries:
        found = won_deals(question_, but=deal.pk)
        if len(found) >= MIN_ROWS:
            return WonLike(deals=found, words=words, asked=asked)
    found = won_of_everybody(question, style=style, but=deal.pk) if style else []
    if len(found) >= MIN_ROWS and len({each.owner for each in found}) >= least_people(question):
        words = _("%(style)s, all people") % {"style": named}
        return WonLike(deals=found, words=words, asked=None)
    return None


# Time ------------------------------------------------------------------------------------------------


def _spent(stays: Iterable[StageStay], stage: Stage, until: dt.datetime | None) -> Decimal | None:
    """The days of all visits to a stage; None if there was none, or one of them has no date. A visit
    that goes on is counted until an instant."""
    days = Decimal(0)
    there = [each for each in stays if each.stage == stage]
    for each in there:
        end = each.left_at or until
        if each.entered_at is None or end is None:
            return None
        days += Decimal((end - each.entered_at) / DAY)
    return days if there else None


def _stage(
    question: Question,
    deal: DealRecord,
    stage: Stage,
    own: Sequence[StageStay],
    won: Mapping[int, Sequence[StageStay]],
) -> ComparedStage:
    took = [days for stays in won.values() if (days := _spent(stays, stage, None)) is not None]
    went = sum(any(each.stage == stage for each in stays) for stays in won.values())
    mine = _spent(own, stage, question.now if deal.is_open else deal.closed_at)
    few = len(took) < MIN_ROWS
    most = None if few else quantiles(took, n=4)[2]
    is_here = deal.is_open and stage == deal.stage
    return ComparedStage(
        stage=stage.value,
        name=stage.label,
        own=_days(mine) if mine is not None else _own_words(deal, stage, own),
        half="–" if few else _days(median(took)),
        most="–" if most is None else _days(most),
        visited=_("%(part)s of %(n)s") % {"part": number(went), "n": number(len(won))},
        few=few,
        is_here=is_here,
        is_long=mine is not None and most is not None and mine > most,
    )


def _own_words(deal: DealRecord, stage: Stage, own: Sequence[StageStay]) -> str:
    if any(each.stage == stage for each in own):
        return _("no date")
    if stage > deal.stage:
        return _("ahead") if deal.is_open else "–"
    return _("left out")


def _days(days: Decimal) -> str:
    return _("%(n)s d") % {"n": number(round(days))}


def _findings(
    question: Question,
    deal: DealRecord,
    own: Sequence[StageStay],
    won: Mapping[int, Sequence[StageStay]],
) -> list[str]:
    """What of the path and of the time says something; only of enough."""
    here = Stage(deal.stage)
    said = []
    ahead = [days for stays in won.values() if (days := _to_the_win(stays, here)) is not None]
    if deal.outcome == Outcome.OPEN and len(ahead) >= MIN_ROWS:
        words = _("From %(stage)s on, half of them were won within *%(days)s*.")
        said.append(words % {"stage": here.label, "days": _days(median(ahead))})
    for stage in Stage:
        if stage >= here or any(each.stage == stage for each in own):
            continue
        went = sum(any(each.stage == stage for each in stays) for stays in won.values())
        if wilson(went, len(won)).low > MOST:
            words = _("This deal left out *%(stage)s*; %(part)s of %(n)s went through it.")
            said.append(words % {"stage": stage.label, "part": number(went), "n": number(len(won))})
    return said


def _to_the_win(stays: Sequence[StageStay], stage: Stage) -> Decimal | None:
    """The days from first coming to a stage to the win, which ends the last visit."""
    came = [each.entered_at for each in stays if each.stage == stage and each.entered_at]
    ended = stays[-1].left_at if stays else None
    return Decimal((ended - min(came)) / DAY) if came and ended else None


# What was on record ----------------------------------------------------------------------------------


def _left(stays: Sequence[StageStay], stage: Stage) -> dt.datetime | None:
    """When a deal left a stage, or the one before it, for the last time; None if nobody knows."""
    ends = [each.left_at for each in stays if each.stage <= stage]
    return None if not ends or None in ends else max(end for end in ends if end)


def _items(
    deal: int, here: Stage, book: Playbook, left: Mapping[int, dt.datetime | None]
) -> list[ComparedItem]:
    """What is on record of the deal and what is not, of what most of the won ones had; what is
    missing first."""
    known = {pk: at for pk, at in left.items() if at is not None}
    if len(known) < MIN_ROWS:
        return []
    steps = {
        step.key: step.label
        for step in book.steps(here)
        if step.can_be_done and not step.is_mine and step.fact is None
    }
    ids = [*known, deal]
    facts = first_recorded(ids)
    answered = first_answered(ids, stage=here, keys=steps)
    found: list[tuple[StrOrPromise, Mapping[int, dt.datetime]]] = [
        *((fact.label, at) for fact, at in facts.items()),
        *((steps[key], at) for key, at in answered.items()),
    ]
    items = []
    for label, at in found:
        part = sum(pk in at and at[pk] <= end for pk, end in known.items())
        if wilson(part, len(known)).low > MOST:
            words = _("%(part)s of %(n)s") % {"part": number(part), "n": number(len(known))}
            items.append(ComparedItem(label=label, is_here=deal in at, part=words))
    return sorted(items, key=lambda item: item.is_here)
