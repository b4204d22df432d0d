"""Open deals with what of them asks for somebody: what is next, what stands still, and what warns
(METRICS K14 to K16); now, or at the end of a day that is over, by what history tells. With
`populations` a place that names tables."""

import datetime as dt
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    Min,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Greatest

from crm.attention import FEWEST_PEOPLE, UNANSWERED
from crm.models import Activity, Concern, DealContact, DealRole, Disposition, Offer, StageVisit
from crm.models.activity import TOUCHES
from crm.models.step_result import StepResult, StepState
from pipeline.process.queries.stages import norms_for
from pipeline.process.stages import Outcome, Stage
from reports.figures import MIN_ROWS
from reports.flow_populations import CONVERSATION, DaysBetween, counted_until
from reports.measures import Percentile
from reports.populations import (
    BY_HOLDER,
    OF_DEAL,
    days_before,
    flag,
    norm_days,
    of_deals_in_reach,
    reach_of,
)
from reports.question import Question
from reports.stock_populations import (
    OPEN,
    heard,
    is_past,
    last_touch_before,
    open_then,
)
from salesprocess.lib.derived import nth, with_found

A_YEAR = dt.timedelta(days=365)

# What is next: overdue, due on the day, ahead, or nothing (the colours of a card).
NEXT_STATES = ("overdue", "today", "ahead", "nothing")
# The warnings, in the order in which they are told.
WARNINGS = (
    "silent",
    "ghosted",
    "overdue",
    "few_people",
    "no_decider",
    "no_price",
    "concern",
    "stalled",
)
# Of these nobody kept since when they are so: of a day that is over they are not known.
ONLY_NOW = frozenset({"few_people", "no_decider"})


def long_stays(question: Question) -> dict[Stage, int]:
    """The days within which three of four visits were over, by stage: of all that the reader may
    see, in the year up to the day asked for; where too few ended, what the process calls usual."""
    return question.once_for_all(("long stays", question.as_of), lambda: _long_stays(question))


def _long_stays(question: Question) -> dict[Stage, int]:
    until = question.now
    rows = (
        StageVisit.objects.visible_to(question.reader)
        .filter(
            question.of_real("deal__"),
            left_at__gte=until - A_YEAR,
            left_at__lt=until,
            left_at__gt=F("entered_at"),
        )
        .order_by()
        .values("stage")
        .annotate(
            n=Count("pk"), days=Percentile(DaysBetween("left_at", "entered_at"), share="0.75")
        )
    )
    found = {row["stage"]: round(row["days"]) for row in rows if row["n"] >= MIN_ROWS}
    norms = norms_for(question.reader)
    return {stage: max(1, found.get(stage, norms.of(stage, None))) for stage in Stage}


def _with_acts(question: Question, deals: QuerySet[Any]) -> QuerySet[Any]:
    """Each with by when what is planned next is due, and when it was last touched and talked over; of touches the one that makes as many as UNANSWERED."""
    at = question.now
    planned = Q(done_at=None) | Q(done_at__gte=at)
    planned &= Q(cancelled_at=None) | Q(cancelled_at__gte=at)
    done = Q(done_at__lt=at)
    touched = done & Q(kind__in=TOUCHES)
    columns: dict[str, Any] = {
        "due_then": Min("due_by", filter=planned & Q(created_at__lt=at)),
        "last_touch": last_touch_before(at),
        "talked_then": Max("done_at", filter=touched & CONVERSATION),
        "tried_then": nth("done_at", order=("-done_at",), where=touched, place=UNANSWERED),
    }
    acts: Any = Activity.objects.filter(reach_of(question)(*BY_HOLDER), planned | touched)
    if not is_past(question):
        # No other deal is asked about: said of the deals, too, so that neither is gone through whole.
        acts = acts.filter(of_deals_in_reach(question), deal__outcome=Outcome.OPEN)
    acts = acts.order_by().values("deal_id").annotate(**columns)
    return with_found(deals, acts, *columns, by="deal_id")


def _with_next(question: Question, deals: QuerySet[Any]) -> QuerySet[Any]:
    """Each with how what is planned next stands."""
    at, day = question.now, question.as_of or question.today
    midnight = dt.datetime.combine(
        day + dt.timedelta(days=1), dt.time.min, tzinfo=question.period.zone
    )
    found: QuerySet[Any] = deals.annotate(
        next_state=Case(
            When(due_then=None, then=Value("nothing")),
            When(due_then__lt=at, then=Value("overdue")),
            When(due_then__lte=midnight, then=Value("today")),
            default=Value("ahead"),
            output_field=CharField(),
        )
    )
    return found


def _with_records(question: Question, deals: QuerySet[Any]) -> QuerySet[Any]:
    """Each with what else its record had: the first offer, the oldest concern that was open, the last
    step done, and how many people there are and decide."""
    at, reach = question.now, reach_of(question)(*OF_DEAL)
    if not is_past(question):
        # No other deal is asked about.
        reach &= Q(deal__outcome=Outcome.OPEN)
    is_open = Q(disposition=Disposition.OPEN) | Q(disposed_at__gte=at)
    done = Q(state=StepState.DONE, private_to=None, at__lt=at)
    decides = Q(role=DealRole.DECIDES)
    found: list[tuple[QuerySet[Any], dict[str, Any]]] = [
        (Offer.objects.filter(sent_at__lt=at), {"first_offer": Min("sent_at")}),
        (Concern.objects.filter(is_open), {"oldest_concern": Min("raised_at")}),
        (StepResult.objects.filter(done), {"last_step": Max("at")}),
    ]
    if not is_past(question):
        people = {"people": Count("pk"), "deciders": Count("pk", filter=decides)}
        in_talks = DealContact.objects.filter(deal__stage__gte=Stage.NEEDS_ANALYSIS)
        found.append((in_talks, people))
    for rows, columns in found:
        by_deal = rows.filter(reach).order_by().values("deal_id").annotate(**columns)
        deals = with_found(deals, by_deal, *columns, by="deal_id")
    return deals


def _warned(question: Question, deals: QuerySet[Any]) -> QuerySet[Any]:
    """Each with a flag for each warning; what is parked warns of nothing but its date."""
    at, day = question.now, question.as_of or question.today
    awake = ~Q(parked_then__gt=day) | Q(parked_then=None)
    in_talks, offered = Q(stage_then__gte=Stage.NEEDS_ANALYSIS), Q(stage_then__gte=Stage.PROPOSAL)
    unanswered = Q(tried_then__isnull=False, talked_then=None) | Q(tried_then__gt=F("talked_then"))
    conditions: dict[str, Q] = {
        "silent": awake & Q(heard_then__lt=F("limit_at")),
        "ghosted": awake & unanswered,
        "overdue": Q(closes_then__lt=day),
        "no_price": offered & Q(amount_then=None, first_offer=None),
        "concern": Q(oldest_concern__lt=F("limit_at")),
        "stalled": awake & Q(worked_then__lt=F("long_at")),
    }
    if not is_past(question):
        few = Q(people=None) | Q(people__lt=FEWEST_PEOPLE)
        conditions["few_people"] = in_talks & few
        conditions["no_decider"] = offered & (Q(deciders=None) | Q(deciders=0))
    never = {name: Q(pk__in=[]) for name in ONLY_NOW}
    found: QuerySet[Any] = (
        _with_records(question, deals)
        .annotate(
            limit_days=norm_days(question, stage="stage_then", team="team_then_id"),
            long_days=_long_days(question),
            heard_then=heard("last_touch" if is_past(question) else "touched_at"),
            # The greatest of what is known: PostgreSQL leaves out what is null.
            worked_then=Greatest(F("entered_then"), F("last_step"), output_field=DateTimeField()),
        )
        .annotate(limit_at=days_before(at, "limit_days"), long_at=days_before(at, "long_days"))
        .annotate(**{f"warns_{name}": flag(each) for name, each in (never | conditions).items()})
    )
    return found


def _long_days(question: Question) -> Case:
    long = long_stays(question)
    return Case(
        *(When(stage_then=stage, then=days) for stage, days in long.items()),
        output_field=IntegerField(),
    )


def _attended(question: Question) -> QuerySet[Any]:
    deals = _with_next(question, _with_acts(question, open_then(question)))
    found: QuerySet[Any] = _warned(question, deals).annotate(
        age=ExpressionWrapper(
            Value(question.now, output_field=DateTimeField()) - F("entered_then"),
            output_field=DurationField(),
        )
    )
    return found


def _learnt(question: Question) -> dict[Hashable, Any]:
    return {("long stays", question.as_of): long_stays(question)}


# Open deals, each with what is next, how long it has been where it is, and what warns.
ATTENDED = replace(
    OPEN,
    key="attended",
    find=_attended,
    axes={**OPEN.axes, "next_state": lambda _question: F("next_state")},
    learns=_learnt,
)


def _forewarned(question: Question) -> QuerySet[Any]:
    """The deals that were open when the period began, with their warnings of then, and what they
    came to in it."""
    until = counted_until(question)
    closed = Q(closed_at__gte=question.period.starts_at, closed_at__lt=until)
    asked = _when_it_began(question)
    found: QuerySet[Any] = _warned(asked, _with_acts(asked, open_then(asked))).annotate(
        came_to=Case(
            When(closed & Q(outcome=Outcome.WON), then=Value("won")),
            When(closed & Q(outcome=Outcome.STOPPED), then=Value("stopped")),
            default=Value(None),
            output_field=CharField(),
        )
    )
    return found


def _when_it_began(question: Question) -> Question:
    return question.as_of_day(question.period.start_on - dt.timedelta(days=1))


FOREWARNED = replace(
    OPEN,
    key="forewarned",
    find=_forewarned,
    learns=lambda question: _learnt(_when_it_began(question)),
)


def warns(name: str) -> Q:
    return Q(**{f"warns_{name}": True})


def any_warning() -> Q:
    found = Q()
    for name in WARNINGS:
        found |= warns(name)
    return found
