"""Rows that charts of the stock draw one by one."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, QuerySet, Value

from pipeline.process.moves import LeftHow
from reports.kept_sql import found_rows
from reports.metric import told_rows
from reports.movements import MOVED, Movement, went_back
from reports.populations import stays_between
from reports.question import Question
from reports.stock_populations import PROMISED

_COLUMNS = (
    *("pk", "company__name", "owner_then_name", "amount_was", "currency_was", "amount_then"),
    *("currency_then", "next_kind", "next_on", "next_at", "team_then_id"),
)


@dataclass(frozen=True, kw_only=True)
class ChangedDeal:
    """A deal that changed, with the further columns of its line."""

    moved: Movement
    row: Mapping[str, Any]


def changed_deals(question: Question, which: Iterable[Movement], *, most: int) -> list[ChangedDeal]:
    """The first of them: who needs a talk, then what is overdue, then by value. One query."""
    chosen = sorted(which, key=lambda one: _order(question, one))[:most]
    rows = MOVED.find(question).filter(pk__in=[one.pk for one in chosen]).values(*_COLUMNS)
    found = {row["pk"]: row for row in rows}
    return [ChangedDeal(moved=one, row=found[one.pk]) for one in chosen]


def _order(question: Question, one: Movement) -> tuple[bool, bool, Any, int]:
    to_talk = one.is_idle or one.was_pushed or went_back(one)
    closes = one.closes_then
    overdue = one.at_end and closes is not None and closes < question.last_day
    return not to_talk, not overdue, -(one.value_then or 0), one.pk


def open_at_the_end(question: Question) -> list[Movement]:
    """The deals that are open at the end of what is asked."""
    return [one for one in told_rows(question, MOVED) if one.at_end]


def happened_to(questions: Sequence[Question]) -> list[dict[str, int]]:
    """How many of what was promised for the period of each question came to what. One query."""

    def write(*asked: Question) -> QuerySet[Any]:
        parts: list[Any] = [
            PROMISED.find(each)
            .order_by()
            .annotate(asked=Value(str(number), output_field=CharField()))
            .values("asked", "happened")
            .annotate(n=Count("pk"))
            for number, each in enumerate(asked)
        ]
        together: QuerySet[Any] = parts[0].union(*parts[1:], all=True)
        return together

    first, *others = questions
    found: list[dict[str, int]] = [{} for _question in questions]
    for row in found_rows(first, "happened", write, *others, valued=False):
        found[int(row["asked"])][row["happened"]] = row["n"]
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
        began, ended = stay["began"], stay["ended"]
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
