"""What became of deals between two instants: populations over `populations`, for the waterfall and
for what changed (METRICS K13).

Both ends are told by visits and changes alone. A deal is looked at as it was at the beginning and as
it was at the end: what went there and back in between is no change. Of each deal there is at most one
way in, one way out, one change of its date and one of its amount, so that the parts close to zero.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BigIntegerField,
    Count,
    DateField,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Substr
from django.db.models.lookups import GreaterThan, LessThan

from crm.models import Activity, Deal, DealChange, StageVisit
from pipeline.models import User
from pipeline.process.moves import LeftHow
from reports.kept_sql import found_rows
from reports.metric import AXES, Population, told_rows, told_together
from reports.populations import (
    BY_HOLDER,
    OF_DEAL,
    axes_of_deal,
    days_before,
    flag,
    norm_days,
    not_left_before,
    reach_of,
    went_on,
)
from reports.question import Question
from reports.stock_populations import (
    FACTS,
    as_of_now,
    former_facts,
    heard,
    last_touch_before,
    style_then,
    with_former,
)
from salesprocess.lib.deadline import in_time
from salesprocess.lib.derived import found_first, nth, with_found
from salesprocess.lib.prepared import Param

_ENDS = (LeftHow.WON, LeftHow.STOPPED)
NOTHING = Decimal(0)


class FirstDeal(NamedTuple):
    """A deal with what places it among others."""

    pk: int
    is_overdue: bool
    worth: Decimal


@dataclass(frozen=True, kw_only=True)
class Movement:
    """What became of a deal, or of `n` deals of which the same became. `came` and `gone` say how, or nothing for what was and is there; the
    values are in the organisation's currency, of all together, None where they are not known. `change` is
    what the amount changed by. `at_start` and `at_end` say where it is counted."""

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
    n: int = 1
    # Of what is told together, without any axis: the first of them, those whose day has passed before
    # the others, then by value.
    first: Sequence[FirstDeal] = ()

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
    *("value_was", "worth_then", "closes_was", "closes_then", "was_pushed", "was_pulled"),
    *("idle_then", "planned_then", "name", "entered_then", "owner_then_id", "owner_then_name"),
)


def movement_of(
    row: Mapping[str, Any], *, along: Any = None, n: int = 1, first: Sequence[FirstDeal] = ()
) -> Movement:
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
        value_was=row["value_was"],
        value_then=row["worth_then"],
        closes_was=row["closes_was"],
        closes_then=row["closes_then"],
        was_pushed=row["was_pushed"],
        was_pulled=row["was_pulled"],
        is_idle=is_in and row["idle_then"],
        is_planned=row["planned_then"],
        name=row["name"],
        owner_id=row["owner_then_id"],
        owner=row["owner_then_name"],
        entered_then=row["entered_then"],
        n=n,
        first=first,
    )


def _came(row: Mapping[str, Any]) -> str:
    if row["stage_was"] is not None:
        return "handed_in"
    return "reopened" if row["had_ended"] else "new"


def _gone(row: Mapping[str, Any]) -> str:
    if not row["belongs_then"]:
        return "handed_out"
    return "won" if row["last_way"] == LeftHow.WON else "stopped"


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


def _ends_of(question: Question, *, among: Param | None = None) -> QuerySet[Any]:
    """The deals that were open at any time between the two instants, as they were at both; all of them,
    or those `among` some ids."""
    deals = Deal.objects.visible_to(question.reader)
    stays, stay_columns = _stays_of_both(question, _within(among, "deal_id"))
    changes, change_columns = _changes_of_both(question, _within(among, "deal_id"))
    deals = deals.filter(_within(among, "pk"))
    rows = with_found(deals, stays, *stay_columns, by="deal_id", inner=True)
    rows = with_former(with_found(rows, changes, *change_columns, by="deal_id"), when="was")
    rows = as_of_now(rows) if question.ends_now else with_former(rows, when="then")
    owner = User.objects.filter(pk=OuterRef("owner_then_id"))
    both: QuerySet[Any] = with_attention(question, rows).annotate(
        belongs_was=flag(question.of_deals(owner="owner_was", team="team_was")),
        belongs_then=flag(question.of_deals(owner="owner_then", team="team_then")),
        had_ended=flag(Q(ends__gt=0)),
        was_pushed=flag(Q(pushes__gt=0)),
        was_pulled=flag(Q(pulls__gt=0)),
        owner_then_name=Subquery(owner.values("name")[:1]),
        value_was=question.rates.converted("amount_was", "currency_was"),
        worth_then=question.rates.converted("amount_then", "currency_then"),
    )
    return both


def _within(among: Param | None, column: str) -> Q:
    return Q() if among is None else Q(**{f"{column}__any_of": among})


def _stays_of_both(question: Question, within: Q) -> tuple[QuerySet[Any], Collection[str]]:
    """By deal: where it was at both instants, how often it had ended before the first, and how it
    last left a stage before the second; of those alone that were open at any time between them."""
    start, end = question.changed_from, question.changed_until
    between = not_left_before(start)
    between &= Q(entered_at__lt=end) | Q(entered_at=None, left_how=None)
    ended = Q(left_at__lt=start) | Q(left_at=None)
    instants = {"was": start} if question.ends_now else {"was": start, "then": end}
    columns: dict[str, Any] = {
        f"{name}_{when}": nth(column, order=("-sequence",), where=went_on(at))
        for when, at in instants.items()
        for name, column in (("stage", "stage"), ("entered", "entered_at"))
    }
    columns["ends"] = Count("pk", filter=ended & Q(left_how__in=_ENDS))
    columns["last_way"] = nth("left_how", order=("-sequence",), where=Q(left_at__lt=end))
    # Those that tell of neither are most of all: stages that were passed before.
    telling = between | Q(left_how__in=_ENDS)
    reach = reach_of(question)(*BY_HOLDER)
    visits: Any = StageVisit.objects.filter(reach, telling, within).order_by()
    visits = visits.values("deal_id").annotate(there=Count("pk", filter=between), **columns)
    return visits.filter(there__gt=0), columns


def _changes_of_both(question: Question, within: Q) -> tuple[QuerySet[Any], Collection[str]]:
    """By deal: what its facts were before they changed since either instant, and how often its date
    was pushed, or pulled in, to another month between them (METRICS K12)."""
    start, end = question.changed_from, question.changed_until
    columns = former_facts(start, when="was")
    if not question.ends_now:
        columns |= former_facts(end, when="then")
    dates = Q(kind="expected_close_on", at__lt=end)
    columns["pushes"] = Count("pk", filter=dates & Q(new_month__gt=F("old_month")))
    columns["pulls"] = Count("pk", filter=dates & Q(new_month__lt=F("old_month")))
    reach = reach_of(question)(*OF_DEAL)
    changes: Any = DealChange.objects.filter(reach, within, at__gte=start)
    changes = _with_months(changes.filter(kind__in=FACTS)).order_by().values("deal_id")
    return changes.annotate(**columns), columns


def _with_months(changes: QuerySet[DealChange]) -> QuerySet[Any]:
    """Changes, each with the months that a closing date was moved from and to."""
    found: QuerySet[Any] = changes.annotate(
        old_month=Substr(KT("data__old"), 1, 7), new_month=Substr(KT("data__new"), 1, 7)
    )
    return found


def _pushes(question: Question) -> QuerySet[Any]:
    period = question.period
    old, new = (Cast(KT(f"data__{name}"), DateField()) for name in ("old", "new"))
    pushes: QuerySet[Any] = (
        _with_months(DealChange.objects.visible_to(question.reader))
        .filter(question.of_parts(), at__gte=period.starts_at, at__lt=period.ends_at)
        .filter(kind="expected_close_on")
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
    """Deals as of an instant (`stage_then` …), each with whether something planned lies ahead, or it is
    parked (METRICS K16); and whether it is idle: nothing lies ahead, and the other side was not touched
    in the usual days of the stage (K14, cooling)."""
    end, today = question.changed_until, question.last_day
    if question.ends_now:
        touched = "touched_at"
        ahead = Q(next_on__gte=today) | Q(next_at__gte=end)
    else:
        planned = Q(done_at=None) | Q(done_at__gte=end)
        planned &= Q(cancelled_at=None) | Q(cancelled_at__gte=end)
        acts: Any = Activity.objects.filter(reach_of(question)(*BY_HOLDER)).order_by()
        acts = acts.values("deal_id").annotate(
            last_touch=last_touch_before(end),
            plans=Count("pk", filter=planned & Q(created_at__lt=end, due_by__gte=end)),
        )
        rows = with_found(rows, acts, "last_touch", "plans", by="deal_id")
        touched, ahead = "last_touch", Q(plans__gt=0)
    attended: QuerySet[Any] = (
        rows.annotate(
            planned_then=flag(ahead | Q(parked_then__gt=today)),
            limit_days=norm_days(question, stage="stage_then", team="team_then_id"),
            heard_then=heard(touched),
        )
        .annotate(limit_at=days_before(end, "limit_days"))
        .annotate(idle_then=flag(Q(planned_then=False, heard_then__lt=F("limit_at"))))
    )
    return attended


def _told(question: Question) -> list[Movement]:
    rows = found_rows(question, "told", lambda asked: _ends_of(asked).values(*MOVEMENT_PATHS))
    moves = map(movement_of, in_time(rows))
    return [moved for moved in moves if moved.at_start or moved.came]


# What deals have in common that are told together.
_ALIKE = (
    *("stage_was", "stage_then", "belongs_was", "belongs_then", "had_ended", "last_way"),
    *("was_pushed", "was_pulled", "idle_then", "owner_then_id"),
    *("due_was", "due_then", "has_date", "known_was", "known_then", "more", "less"),
)


# Of all that are alike so many are told one by one: no page shows more of them.
MOST_TOLD = 8


def these_deals(question: Question) -> QuerySet[Any]:
    """What became of some of the deals: those of the `Param` of their ids, `deals`."""
    several: Any = ArrayField(BigIntegerField())
    return _ends_of(question, among=Param("deals", several))


class _FirstOfThem(Func):
    """The first elements of an array."""

    template = f"(%(expressions)s)[1:{MOST_TOLD}]"

    def _resolve_output_field(self) -> Any:
        (array,) = self.get_source_expressions()
        return array.output_field


def _first_of_them() -> dict[str, Any]:
    """Those of a group whose day has passed, before the others, then by value: in each of the columns what
    is said of them."""
    order = ("-is_overdue", "-worth", "pk")
    return {
        name: _FirstOfThem(ArrayAgg(of, order_by=order))
        for name, of in (("ids", "pk"), ("overdue", "is_overdue"), ("worths", "worth"))
    }


def _more_or_less() -> dict[str, Any]:
    """Whether a deal is worth more than it was, or less; what is not known is worth nothing."""
    was, then = (Coalesce(F(name), NOTHING) for name in ("value_was", "worth_then"))
    return {"more": flag(Q(GreaterThan(then, was))), "less": flag(Q(LessThan(then, was)))}


def _told_together(question: Question, axes: Sequence[str]) -> list[Movement]:
    """The same of all of which the same became: as many, and what they come to. Of their dates only
    whether they lie in the quarter is told."""
    names = ("axis_value", "column")[: len(axes)]
    key = ("told together", *axes)
    first, _last = question.quarter
    other = first - dt.timedelta(days=1)
    told = []
    along = dict(zip(names, axes, strict=True))
    for row in found_rows(question, key, lambda asked: _alike(asked, along)):
        closes = first if row["due_then"] else other if row["has_date"] else None
        unsaid = {"pk": 0, "name": "", "owner_then_name": None, "entered_then": None}
        told_of = {"closes_was": first if row["due_was"] else None, "closes_then": closes}
        values = {"value_was": row["sum_was"], "worth_then": row["sum_then"]}
        one = {**row, **unsaid, **told_of, **values, "planned_then": False}
        values_along = tuple(row[name] for name in names)
        value = values_along if len(names) > 1 else (values_along or (None,))[0]
        deals = () if axes else _first_deals(row)
        moved = movement_of(one, along=value, n=row["n"], first=deals)
        if moved.at_start or moved.came:
            told.append(moved)
    return told


def _first_deals(row: Mapping[str, Any]) -> Sequence[FirstDeal]:
    each = zip(row["ids"], row["overdue"], row["worths"], strict=True)
    return [FirstDeal(*said) for said in each]


def _alike(question: Question, axes: Mapping[str, str]) -> QuerySet[Any]:
    alike = _ends_of(question).annotate(
        **{name: _AXES[key](question) for name, key in axes.items()},
        due_was=flag(Q(closes_was__range=question.quarter)),
        due_then=flag(Q(closes_then__range=question.quarter)),
        has_date=flag(Q(closes_then__isnull=False)),
        known_was=flag(Q(value_was__isnull=False)),
        known_then=flag(Q(worth_then__isnull=False)),
        **_more_or_less(),
    )
    read = ["value_was", "worth_then"]
    sums = {"n": Count("pk"), "sum_was": Sum("value_was"), "sum_then": Sum("worth_then")}
    if not axes:
        is_overdue = Q(closes_then__lt=question.last_day, stage_then__isnull=False)
        alike = alike.annotate(
            is_overdue=flag(is_overdue & Q(belongs_then=True)),
            worth=Coalesce("worth_then", NOTHING),
        )
        read += ["is_overdue", "worth"]
        sums |= _first_of_them()
    found = found_first(alike, *_ALIKE, *axes, *read).values(*_ALIKE, *axes)
    together: QuerySet[Any] = found.annotate(**sums)
    return together


def _told_due(question: Question) -> list[Movement]:
    return _due(question, told_rows(question, MOVED))


def _told_due_together(question: Question, axes: Sequence[str]) -> list[Movement]:
    return _due(question, told_together(question, MOVED, [AXES[key] for key in axes]))


def _due(question: Question, told: Iterable[Movement]) -> list[Movement]:
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
MOVED = _moved(key="moved", told=_told, told_together=_told_together)
# The same of those that are to close in the quarter.
MOVED_DUE = _moved(key="moved_due", told=_told_due, told_together=_told_due_together)
