"""Rows that charts of the stock draw one by one."""

import datetime as dt
import heapq
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, DateField, Q, QuerySet
from django.db.models.functions import TruncDate

from pipeline.process.moves import LeftHow
from pipeline.process.stages import Stage
from reports.kept_sql import found_rows
from reports.metric import told_together
from reports.movements import (
    MOST_TOLD,
    MOVED,
    MOVEMENT_PATHS,
    Movement,
    movement_of,
    these_deals,
    went_back,
    with_attention,
)
from reports.populations import stays_between
from reports.question import Question
from reports.stock_populations import open_then, promises_kept
from salesprocess.lib.prepared import Param

_COLUMNS = (
    *MOVEMENT_PATHS,
    *("company__name", "amount_was", "currency_was", "amount_then", "currency_then"),
    *("next_kind", "next_on", "next_at", "team_then_id"),
)


@dataclass(frozen=True, kw_only=True)
class ChangedDeal:
    """A deal that changed, with the further columns of its line."""

    moved: Movement
    row: Mapping[str, Any]


def changed_deals(
    question: Question, where: Callable[[Movement], bool], *, most: int
) -> list[ChangedDeal]:
    """The first of the deals of which something is true, `MOST_TOLD` at most: who needs a talk, then what
    is overdue, then by value. One query about these deals alone, and what is told together."""
    told = (
        (not _needs_talk(one), not deal.is_overdue, -deal.worth, deal.pk)
        for one in told_together(question, MOVED)
        if where(one)
        for deal in one.first
    )
    ids = [pk for *_order, pk in heapq.nsmallest(min(most, MOST_TOLD), told)]
    if not ids:
        return []
    rows = found_rows(
        question,
        "changed",
        lambda asked: these_deals(asked).values(*_COLUMNS),
        given={"deals": ids},
    )
    by_id = {row["pk"]: row for row in rows}
    return [ChangedDeal(moved=movement_of(by_id[pk]), row=by_id[pk]) for pk in ids]


def _needs_talk(one: Movement) -> bool:
    return one.is_idle or one.was_pushed or went_back(one)


class AgedDeal(NamedTuple):
    """A deal that has been in its stage for so many days."""

    pk: int
    name: str
    days: int
    is_planned: bool


@dataclass(frozen=True, kw_only=True)
class StageAges:
    """How many deals are open in a stage, and for how many days; of those whose day of entry is not
    known there are no days. `longest` are the first of those that have been there longest."""

    n: int
    by_days: Mapping[int, int]
    longest: Sequence[AgedDeal]

    def longer_than(self, days: Decimal) -> int:
        return sum(n for each, n in self.by_days.items() if each > days)


def ages_at_the_end(question: Question, *, most: int) -> dict[int, StageAges]:
    """Of the deals that are open at the end of what is asked, by stage. Two queries: how many there are
    of each day, and the first `most` of each stage."""
    asked = question if question.ends_now else question.as_of_day(question.last_day)
    counts: dict[int, Counter[dt.date | None]] = {}
    for row in found_rows(asked, "ages", _aged, valued=False):
        counts.setdefault(row["stage_then"], Counter())[row["entered_on"]] = row["n"]
    until = {
        f"until_{stage.value}": _last_day_of_longest(counts.get(stage.value, {}), most)
        for stage in Stage
    }
    longest: dict[int, list[AgedDeal]] = {stage: [] for stage in counts}
    for row in found_rows(asked, "longest", _longest, given=until, valued=False):
        days = (question.last_day - row["entered_on"]).days
        deal = AgedDeal(row["pk"], row["name"], days, row["planned_then"])
        longest[row["stage_then"]].append(deal)
    return {
        stage: StageAges(
            n=found.total(),
            by_days={(question.last_day - day).days: n for day, n in found.items() if day},
            longest=sorted(longest[stage], key=lambda deal: (-deal.days, deal.pk))[:most],
        )
        for stage, found in counts.items()
    }


def _entered_on(question: Question) -> Any:
    return TruncDate("entered_then", tzinfo=question.period.zone)


def _aged(question: Question) -> QuerySet[Any]:
    rows: Any = open_then(question).annotate(entered_on=_entered_on(question)).order_by()
    counted: QuerySet[Any] = rows.values("stage_then", "entered_on").annotate(n=Count("pk"))
    return counted


def _last_day_of_longest(entered: Mapping[dt.date | None, int], most: int) -> dt.date | None:
    """The day up to which those entered that have been there longest: `most` of them, or as many more
    as entered on that day."""
    so_many, last = 0, None
    for day in sorted(each for each in entered if each is not None):
        if so_many >= most:
            break
        so_many, last = so_many + entered[day], day
    return last


def _longest(question: Question) -> QuerySet[Any]:
    rows = open_then(question).annotate(entered_on=_entered_on(question))
    chosen = Q(pk__in=[])
    for stage in Stage:
        until = Param(f"until_{stage.value}", DateField())
        chosen |= Q(stage_then=stage.value, entered_on__lte=until)
    found: QuerySet[Any] = (
        with_attention(question, rows.filter(chosen))
        .order_by()
        .values("pk", "name", "stage_then", "entered_on", "planned_then")
    )
    return found


def happened_to(questions: Sequence[Question]) -> list[dict[str, int]]:
    """How many of what was promised for the period of each question came to what. One query."""
    first, *others = questions
    found: list[dict[str, int]] = [{} for _question in questions]
    for row in found_rows(
        first, "happened", lambda *asked: promises_kept(asked), *others, valued=False
    ):
        for place, counts in enumerate(found):
            if n := row[f"n_{place}"]:
                counts[row["happened"]] = n
    return found


@dataclass(frozen=True, kw_only=True)
class StockOfWeek:
    """How many deals stood in each stage when a week ended, and how many had ended by then."""

    monday: dt.date
    stages: Mapping[int, int]
    ended: int

    @property
    def last_day(self) -> dt.date:
        return self.monday + dt.timedelta(days=6)


def stock_by_week(question: Question, *, weeks: int) -> list[StockOfWeek]:
    """Of the last weeks up to the day asked for; one query."""
    last = question.last_day - dt.timedelta(days=question.last_day.weekday())
    mondays = [last - dt.timedelta(weeks=weeks - 1 - number) for number in range(weeks)]
    starts = [
        dt.datetime.combine(monday, dt.time.min, tzinfo=question.period.zone)
        for monday in [*mondays, last + dt.timedelta(weeks=1)]
    ]
    stays = found_rows(
        question,
        ("stays", starts[0], weeks),
        lambda asked: stays_between(asked, starts),
        valued=False,
    )
    # By week, what came into a stage and left it: each stay is looked at once, not once a week.
    changes: list[Counter[int]] = [Counter() for _monday in mondays]
    ends: Counter[int] = Counter()
    for stay in stays:
        began, ended = stay["began"] or 0, stay["ended"]
        for place, n in ((began, stay["n"]), (ended, -stay["n"])):
            if place is not None and place < weeks:
                changes[place][stay["stage"]] += n
        if ended is not None and stay["left_how"] in (LeftHow.WON, LeftHow.STOPPED):
            ends[ended] += stay["n"]
    found = []
    stages: Counter[int] = Counter()
    gone = 0
    for place, monday in enumerate(mondays):
        for stage, n in changes[place].items():
            stages[stage] += n
        gone += ends[place]
        standing = {stage: n for stage, n in stages.items() if n}
        found.append(StockOfWeek(monday=monday, stages=standing, ended=gone))
    return found
