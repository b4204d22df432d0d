"""What became of deals between two instants: populations over `populations`, for the waterfall and
for what changed (METRICS K13).

Both ends are told by visits and changes alone. A deal is looked at as it was at the beginning and as
it was at the end: what went there and back in between is no change. Of each deal there is at most one
way in, one way out, one change of its date and one of its amount, so that the parts close to zero.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import (
    DateField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Substr

from crm.attention import heard_at, is_parked, is_silent
from crm.models import Activity, Deal, DealChange, StageVisit
from pipeline.models import User
from pipeline.process.moves import LeftHow
from pipeline.process.queries.stages import norms_for
from reports.metric import Population, told_rows
from reports.populations import axes_of_deal, flag
from reports.question import Question
from reports.stock_populations import as_of_instant, as_of_now, style_then, touched_before

_ENDS = (LeftHow.WON, LeftHow.STOPPED)
NOTHING = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Movement:
    """What became of a deal. `came` and `gone` say how, or nothing for what was and is there; the
    values are in the organisation's currency, None where they are not known. `change` is what the
    amount changed by. `at_start` and `at_end` say where it is counted."""

    pk: int
    axis_value: Any
    at_start: bool
    at_end: bool
    came: str
    gone: str
    stage_was: int | None
    stage_then: int | None
    value_was: Decimal | None
    value_then: Decimal | None
    closes_was: dt.date | None
    closes_then: dt.date | None
    was_pushed: bool
    was_pulled: bool
    is_idle: bool
    is_planned: bool
    name: str
    owner_id: int | None
    owner: str | None
    entered_then: dt.datetime | None

    @property
    def change(self) -> Decimal:
        stays = (self.at_start and self.gone != "moved_out") or self.came == "moved_in"
        return (self.value_then or NOTHING) - (self.value_was or NOTHING) if stays else NOTHING

    @property
    def stayed(self) -> bool:
        return not self.came and not self.gone


def went_forward(one: Movement) -> bool:
    return one.stayed and (one.stage_then or 0) > (one.stage_was or 0)


def went_back(one: Movement) -> bool:
    return one.stayed and (one.stage_then or 0) < (one.stage_was or 0)


# What a row must have for `movement_of`.
MOVEMENT_PATHS = (
    *("pk", "stage_was", "stage_then", "belongs_was", "belongs_then", "had_ended", "last_way"),
    *("amount_was", "currency_was", "amount_then", "currency_then", "closes_was", "closes_then"),
    *("was_pushed", "was_pulled", "touched_then", "created_at", "parked_then", "lies_ahead"),
    *("team_then_id", "name", "entered_then", "owner_then_id", "owner_then_name"),
)


def movement_of(question: Question, row: Mapping[str, Any], *, along: Any = None) -> Movement:
    """What became of a deal between the two instants of a question; `along` is its value of an axis."""
    was_in = row["stage_was"] is not None and row["belongs_was"]
    is_in = row["stage_then"] is not None and row["belongs_then"]
    came = "" if was_in or not row["belongs_then"] else _came(row)
    return Movement(
        pk=row["pk"],
        axis_value=along,
        at_start=was_in,
        at_end=is_in,
        came=came,
        gone="" if is_in or not (was_in or came) else _gone(row),
        stage_was=row["stage_was"],
        stage_then=row["stage_then"],
        value_was=question.rates.value_of(row["amount_was"], row["currency_was"]),
        value_then=question.rates.value_of(row["amount_then"], row["currency_then"]),
        closes_was=row["closes_was"],
        closes_then=row["closes_then"],
        was_pushed=row["was_pushed"],
        was_pulled=row["was_pulled"],
        is_idle=is_in and is_idle(question, row),
        is_planned=is_planned(question, row),
        name=row["name"],
        owner_id=row["owner_then_id"],
        owner=row["owner_then_name"],
        entered_then=row["entered_then"],
    )


def _came(row: Mapping[str, Any]) -> str:
    if row["stage_was"] is not None:
        return "handed_in"
    return "reopened" if row["had_ended"] else "new"


def _gone(row: Mapping[str, Any]) -> str:
    if not row["belongs_then"]:
        return "handed_out"
    return "won" if row["last_way"] == LeftHow.WON else "stopped"


def is_idle(question: Question, row: Mapping[str, Any]) -> bool:
    """Whether the other side was not touched in the usual days of the stage, and nothing lies ahead
    (METRICS K14, cooling)."""
    usual = norms_for(question.reader).of(row["stage_then"], row["team_then_id"])
    heard = heard_at(row["touched_then"], row["created_at"])
    silent = is_silent(heard, usual_days=usual, at=question.changed_until)
    return silent and not is_planned(question, row)


def is_planned(question: Question, row: Mapping[str, Any]) -> bool:
    """Whether something lies ahead of an open deal, or it is parked (METRICS K16)."""
    return row["lies_ahead"] or is_parked(row["parked_then"], today=question.last_day)


def due_in(quarter: tuple[dt.date, dt.date], one: Movement) -> Movement:
    """The same seen by who asks only for what is to close in a quarter: the exit first, then the
    date, then the amount (METRICS K13)."""
    first, last = quarter

    def is_due(day: dt.date | None) -> bool:
        return day is not None and first <= day <= last

    start, due_then = one.at_start and is_due(one.closes_was), is_due(one.closes_then)
    came, gone = one.came if due_then else "", one.gone
    if one.at_start and not start and due_then and gone != "handed_out":
        came = "moved_in"
    if not start and not came:
        gone = ""
    elif not gone and not due_then:
        gone = "moved_out"
    return replace(one, at_start=start, at_end=one.at_end and due_then, came=came, gone=gone)


def _ends_of(question: Question) -> QuerySet[Any]:
    """The deals that were open at any time between the two instants, as they were at both."""
    start, end = question.changed_from, question.changed_until
    visits = StageVisit.objects.filter(deal=OuterRef("pk"))
    between = visits.filter(
        Q(left_how=None) | Q(left_at__gte=start),
        Q(entered_at__lt=end) | Q(entered_at=None, left_how=None),
    )
    deals = Deal.objects.visible_to(question.reader).filter(Exists(between))
    rows = as_of_instant(deals, start, when="was")
    rows = as_of_now(rows) if question.ends_now else as_of_instant(rows, end)
    ended = visits.filter(Q(left_at__lt=start) | Q(left_at=None), left_how__in=_ENDS)
    last = visits.filter(left_at__lt=end).order_by("-sequence")
    owner = User.objects.filter(pk=OuterRef("owner_then_id"))
    rates = question.rates
    both: QuerySet[Any] = with_attention(question, _with_pushes(question, rows)).annotate(
        belongs_was=flag(question.of_deals(owner="owner_was", team="team_was")),
        belongs_then=flag(question.of_deals(owner="owner_then", team="team_then")),
        had_ended=Exists(ended),
        last_way=Subquery(last.values("left_how")[:1]),
        owner_then_name=Subquery(owner.values("name")[:1]),
        value_was=rates.converted("amount_was", "currency_was"),
    )
    return both


def _changed_dates(changes: QuerySet[DealChange]) -> QuerySet[Any]:
    """Changes of the closing date, each with the months that it was moved from and to."""
    found: QuerySet[Any] = changes.filter(kind="expected_close_on").annotate(
        old_month=Substr(KT("data__old"), 1, 7), new_month=Substr(KT("data__new"), 1, 7)
    )
    return found


def _with_pushes(question: Question, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Each with whether its date was pushed or pulled in to another month (METRICS K12)."""
    dates = _changed_dates(DealChange.objects.all()).filter(
        deal=OuterRef("pk"), at__gte=question.changed_from, at__lt=question.changed_until
    )
    pushed: QuerySet[Any] = rows.annotate(
        was_pushed=Exists(dates.filter(new_month__gt=F("old_month"))),
        was_pulled=Exists(dates.filter(new_month__lt=F("old_month"))),
    )
    return pushed


def _pushes(question: Question) -> QuerySet[Any]:
    period = question.period
    old, new = (Cast(KT(f"data__{name}"), DateField()) for name in ("old", "new"))
    pushes: QuerySet[Any] = (
        _changed_dates(DealChange.objects.visible_to(question.reader))
        .filter(question.of_parts(), at__gte=period.starts_at, at__lt=period.ends_at)
        .filter(new_month__gt=F("old_month"))
        .annotate(
            closed_before=old,
            closes_since=new,
            pushed_by=ExpressionWrapper(new - old, output_field=DurationField()),
        )
    )
    return pushes


# Closing dates that were moved to a later month in the period: each time counts, and none is taken
# back by a later change (METRICS K12).
PUSHES = Population(
    key="pushes",
    kind="push",
    find=_pushes,
    at="at",
    axes=axes_of_deal(
        "deal__", stage="deal__stage", owner="deal__owner", team="deal__team", at="at"
    ),
    amount="deal__amount",
    currency="deal__currency",
    columns=("deal", "company", "owner", "stage", "was_closes", "closes", "at", "by", "value"),
    order="-at",
)


def with_attention(question: Question, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Deals as of an instant (`stage_then` …), each with when the other side was last touched, and
    whether something planned lies ahead."""
    end, today = question.changed_until, question.last_day
    if question.ends_now:
        ahead = Q(next_on__gte=today) | Q(next_at__gte=end)
    else:
        planned = Activity.objects.filter(
            Q(done_at=None) | Q(done_at__gte=end),
            Q(cancelled_at=None) | Q(cancelled_at__gte=end),
            deal=OuterRef("pk"),
            created_at__lt=end,
            due_by__gte=end,
        )
        ahead = Q(Exists(planned))
    touched = touched_before(None if question.ends_now else end)
    attended: QuerySet[Any] = rows.annotate(touched_then=touched, lies_ahead=flag(ahead))
    return attended


def _told(question: Question, rows: QuerySet[Any]) -> list[Movement]:
    axes = [name for name in ("axis_value", "column") if name in rows.query.annotations]
    told = []
    for row in rows.values(*MOVEMENT_PATHS, *axes):
        along = tuple(row[name] for name in axes)
        moved = movement_of(question, row, along=along if len(axes) > 1 else (along or (None,))[0])
        if moved.at_start or moved.came:
            told.append(moved)
    return told


def _told_due(question: Question, rows: QuerySet[Any]) -> list[Movement]:
    whole = "axis_value" not in rows.query.annotations
    told = told_rows(question, MOVED) if whole else _told(question, rows)
    moved = (due_in(question.quarter, one) for one in told)
    return [one for one in moved if one.at_start or one.came]


_AXES = {
    **axes_of_deal("", stage="stage_then", owner="owner", team="team", at=""),
    "stage": lambda _question: Coalesce("stage_then", "stage_was", output_field=IntegerField()),
    "person": lambda _question: F("owner_then_id"),
    "team": lambda _question: F("team_then_id"),
    "style": style_then,
}
_moved = partial(
    Population,
    kind="moved_deal",
    find=_ends_of,
    axes=_AXES,
    amount="amount_then",
    currency="currency_then",
    columns=(
        *("deal", "company", "owner", "changed", "stage", "was_stage"),
        *("closes", "was_closes", "value", "was_value"),
    ),
    order="-value",
)

# The deals that were open at the beginning or came since, with what became of them.
MOVED = _moved(key="moved", told=_told)
# The same of those that are to close in the quarter.
MOVED_DUE = _moved(key="moved_due", told=_told_due)
