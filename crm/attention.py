"""Why a deal, an act or a customer asks for somebody, and how urgently: decided here and nowhere else.

My Day ranks by it, cards and lists warn by it, the reports count by it (METRICS K14 to K16). It is
pure: what is known comes in as `OpenDeal`, `PlannedAct`, `UnhandedWin` or `Customer`, the time and the
reader's zone as arguments, and out come the reasons, the most urgent first; none means that nobody
is asked for. Where SQL has to say the same of many rows at once, it takes its limits from here, and
a test holds both to each other.

The order of reasons (`AttentionReason`):

1. OVERDUE: it was promised for a day or an hour that has passed.
2. ANSWER: they asked or objected, nobody answered, and nothing is planned that could.
3. LEAD: a new lead that nobody has tried to reach; whoever came last is warmest, so comes first.
4. TODAY: promised for today.
5. DECISION: the day on which they wanted to decide about the offer has passed.
6. COOLING: no word with the other side for longer than is usual in the stage (`is_silent`).
7. NOTHING: no what's-next, and not parked either (METHOD, G13).
8. GATE: a single answer is missing before the deal can move on.
9. HAND_OFF: it is won, and nobody has told those who deliver.
10. TOUCH: a customer with whom nobody has spoken for as long as the plan for touches says.

What lies ahead on a deal answers 2, 5, 6 and 7 until its day comes. What is parked asks for nobody
before its day.

Time only ever makes things more urgent: what asks for somebody goes on asking until something is
done, and never for a lesser reason than before.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.due import Due, DueState, midnight
from crm.touch_rhythm import touch_due

# So many tries in a row without a talk between them are no conversation.
UNANSWERED = 2
# With fewer people on the other side a deal hangs on one.
FEWEST_PEOPLE = 2
# A deal that misses no more than this can move on today.
NEARLY = 1
# Within so long a new lead is to be answered (METRICS K17), unless an organisation says otherwise.
ANSWER_WITHIN = dt.timedelta(hours=4)


class AttentionReason(models.TextChoices):
    """In the order in which they urge; the words are those of a heading or a filter."""

    OVERDUE = "overdue", _("Overdue")
    ANSWER = "answer", _("Answer waiting")
    LEAD = "lead", _("New lead waiting")
    TODAY = "today", _("Promised for today")
    DECISION = "decision", _("Offer past its decision day")
    COOLING = "cooling", _("Cooling")
    NOTHING = "nothing", _("Nothing planned")
    GATE = "gate", _("One gate from moving")
    HAND_OFF = "hand_off", _("Hand-off to write")
    TOUCH = "touch", _("Customer without a touch")

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {reason: rank for rank, reason in enumerate(AttentionReason)}


@dataclass(frozen=True, kw_only=True)
class PlannedAct:
    """Something planned. `promised` to the other side (a call, a mail, a meeting), or a task of our
    own."""

    id: int
    due: Due
    promised: bool = True


@dataclass(frozen=True, kw_only=True)
class OpenDeal:
    """What is known of an open deal.

    `touched_at` is the last word with the other side, tries without an answer left out. `usual_days`
    is how long a visit to its stage usually takes (`pipeline.process.queries.stages.Norms`).
    `asked_at` is since when a question or concern of theirs is open. `decision_on` is the day of the
    offer that is out. `missing` counts what its stage still asks for before the next one, None where
    nobody counted. `is_new` is a lead that nobody has tried to reach.
    """

    id: int
    usual_days: int
    created_at: dt.datetime
    touched_at: dt.datetime | None = None
    parked_until: dt.date | None = None
    next: PlannedAct | None = None
    asked_at: dt.datetime | None = None
    decision_on: dt.date | None = None
    missing: int | None = None
    is_new: bool = False

    @property
    def heard_at(self) -> dt.datetime:
        return heard_at(self.touched_at, self.created_at)


@dataclass(frozen=True, kw_only=True)
class UnhandedWin:
    """A won deal without a hand-off."""

    id: int
    closed_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Customer:
    """A customer without an open deal. `heard_at` is the last touch, else since when it is one; it is
    to be touched every so many `months`. `has_plan`: something is planned with it."""

    id: int
    heard_at: dt.datetime
    months: int
    has_plan: bool = False


Asking: TypeAlias = PlannedAct | OpenDeal | UnhandedWin | Customer


class Cause(NamedTuple):
    """A reason, and since when it is so: what is so for longest comes first among equals, but for
    new leads."""

    reason: AttentionReason
    since: dt.datetime


class Urgency(NamedTuple):
    """The place of something in a queue: a total order, because no two have the same `kind` and
    `id`."""

    rank: int
    is_ours: bool
    order: float
    kind: int
    id: int


def attention(one: Asking, *, at: dt.datetime, zone: dt.tzinfo) -> tuple[Cause, ...]:
    """Why something asks for somebody at the instant `at`, for a reader in `zone`: the most urgent
    reason first, nothing if it asks for nobody."""
    match one:
        case PlannedAct():
            found = _of_plan(one, at=at, zone=zone)
        case OpenDeal():
            found = _of_deal(one, at=at, zone=zone)
        case UnhandedWin():
            found = [Cause(AttentionReason.HAND_OFF, one.closed_at)]
        case Customer():
            found = _of_customer(one, at=at, zone=zone)
    return tuple(sorted(found, key=lambda cause: cause.reason.rank))


def urgency(one: Asking, causes: tuple[Cause, ...]) -> Urgency:
    """Where something with its reasons (of `attention`, at least one) stands in a queue."""
    reason, since = causes[0]
    order = since.timestamp()
    return Urgency(
        rank=reason.rank,
        is_ours=not _is_promised(one),
        order=-order if reason == AttentionReason.LEAD else order,
        kind=_KINDS[type(one)],
        id=one.id,
    )


_KINDS: dict[type, int] = {OpenDeal: 0, PlannedAct: 1, UnhandedWin: 2, Customer: 3}


def ranked(
    asking: Iterable[Asking], *, at: dt.datetime, zone: dt.tzinfo
) -> list[tuple[Asking, tuple[Cause, ...]]]:
    """What of `asking` asks for somebody, the most urgent first, each with its reasons."""
    found = [(one, attention(one, at=at, zone=zone)) for one in asking]
    return sorted(
        ((one, causes) for one, causes in found if causes), key=lambda pair: urgency(*pair)
    )


def heard_at(touched_at: dt.datetime | None, created_at: dt.datetime) -> dt.datetime:
    """Since when there was no word with the other side: since it came on record, if never."""
    return touched_at or created_at


def is_silent(heard: dt.datetime, *, usual_days: int, at: dt.datetime) -> bool:
    """Whether there was no word with the other side for longer than is usual in the stage."""
    return heard < at - dt.timedelta(days=usual_days)


def is_past(day: dt.date | None, *, today: dt.date) -> bool:
    """Whether a day on which something was expected is over: a closing date, a decision."""
    return day is not None and day < today


def is_parked(until: dt.date | None, *, today: dt.date) -> bool:
    return until is not None and until > today


def _of_plan(one: PlannedAct, *, at: dt.datetime, zone: dt.tzinfo) -> list[Cause]:
    state = one.due.state(at=at, zone=zone)
    if state == DueState.LATER:
        return []
    reason = AttentionReason.OVERDUE if state == DueState.OVER else AttentionReason.TODAY
    return [Cause(reason, one.due.by(zone))]


def _of_deal(one: OpenDeal, *, at: dt.datetime, zone: dt.tzinfo) -> list[Cause]:
    if one.next is None and is_parked(one.parked_until, today=at.astimezone(zone).date()):
        return []
    found = _of_plan(one.next, at=at, zone=zone) if one.next is not None else []
    if one.next is None or found:
        # Else what lies ahead answers these.
        found += _unanswered(one, at=at, zone=zone)
    if one.missing is not None and one.missing <= NEARLY:
        found.append(Cause(AttentionReason.GATE, one.heard_at))
    return found


def _unanswered(one: OpenDeal, *, at: dt.datetime, zone: dt.tzinfo) -> list[Cause]:
    found = []
    if one.asked_at is not None:
        found.append(Cause(AttentionReason.ANSWER, one.asked_at))
    if one.decision_on is not None and is_past(one.decision_on, today=at.astimezone(zone).date()):
        found.append(Cause(AttentionReason.DECISION, midnight(one.decision_on, zone)))
    if is_silent(one.heard_at, usual_days=one.usual_days, at=at):
        found.append(Cause(AttentionReason.COOLING, one.heard_at))
    if one.next is None:
        found.append(Cause(AttentionReason.NOTHING, one.heard_at))
        if one.is_new:
            found.append(Cause(AttentionReason.LEAD, one.created_at))
    return found


def _of_customer(one: Customer, *, at: dt.datetime, zone: dt.tzinfo) -> list[Cause]:
    due = touch_due(one.heard_at.astimezone(zone).date(), one.months)
    asks = not one.has_plan and due <= at.astimezone(zone).date()
    return [Cause(AttentionReason.TOUCH, midnight(due, zone))] if asks else []


def _is_promised(one: Asking) -> bool:
    match one:
        case PlannedAct():
            return one.promised
        case OpenDeal(next=PlannedAct() as plan):
            return plan.promised
        case _:
            return True
