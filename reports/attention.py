"""Open deals with what of them asks for somebody: what is next, what stands still, and what warns
(METRICS K14 to K16); now, or at the end of a day that is over, by what history tells. With
`populations` a place that names tables. What warns is decided by `crm.attention`, in SQL here."""

import datetime as dt
from dataclasses import replace
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest

from crm.attention import FEWEST_PEOPLE, UNANSWERED
from crm.models import Activity, Concern, DealContact, DealRole, Disposition, Offer, StageVisit
from crm.models.activity import TOUCHES
from crm.models.step_result import StepResult, StepState
from pipeline.process.queries.stages import norms_for
from pipeline.process.stages import Outcome, Stage
from reports.figures import MIN_ROWS
from reports.flow_populations import CONVERSATION, DaysBetween, counted_until
from reports.measures import Percentile
from reports.populations import days_before, flag, norm_days
from reports.question import Question
from reports.stock_populations import OPEN, heard_before, is_past, open_then

A_YEAR = dt.timedelta(days=365)
_NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

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
    return question.once_for_all(("long stays", question.now), lambda: _long_stays(question))


def _long_stays(question: Question) -> dict[Stage, int]:
    until = question.now
    rows = (
        StageVisit.objects.visible_to(question.reader)
        .filter(left_at__gte=until - A_YEAR, left_at__lt=until, left_at__gt=F("entered_at"))
        .order_by()
        .values("stage")
        .annotate(
            n=Count("pk"), days=Percentile(DaysBetween("left_at", "entered_at"), share="0.75")
        )
    )
    found = {row["stage"]: round(row["days"]) for row in rows if row["n"] >= MIN_ROWS}
    norms = norms_for(question.reader)
    return {stage: max(1, found.get(stage, norms.of(stage, None))) for stage in Stage}


def _acts(question: Question) -> QuerySet[Activity]:
    return Activity.objects.filter(deal=OuterRef("pk"), done_at__lt=question.now)


def _with_next(question: Question, deals: QuerySet[Any]) -> QuerySet[Any]:
    """Each with by when what is planned next is due, and how that stands."""
    at, day = question.now, question.as_of or question.today
    planned = Activity.objects.filter(
        Q(done_at=None) | Q(done_at__gte=at),
        Q(cancelled_at=None) | Q(cancelled_at__gte=at),
        deal=OuterRef("pk"),
        created_at__lt=at,
        due_by__isnull=False,
    )
    midnight = dt.datetime.combine(
        day + dt.timedelta(days=1), dt.time.min, tzinfo=question.period.zone
    )
    found: QuerySet[Any] = deals.annotate(
        due_then=Subquery(planned.order_by("due_by").values("due_by")[:1])
    ).annotate(
        next_state=Case(
            When(due_then=None, then=Value("nothing")),
            When(due_then__lt=at, then=Value("overdue")),
            When(due_then__lte=midnight, then=Value("today")),
            default=Value("ahead"),
            output_field=CharField(),
        )
    )
    return found


def _warned(question: Question, deals: QuerySet[Any]) -> QuerySet[Any]:
    """Each with a flag for each warning; what is parked warns of nothing but its date."""
    at, day = question.now, question.as_of or question.today
    awake = ~Q(parked_then__gt=day) | Q(parked_then=None)
    acts = _acts(question)
    touches = acts.filter(kind__in=TOUCHES)
    talked = touches.filter(CONVERSATION).order_by().values("deal").annotate(at=Max("done_at"))
    since_talk = touches.filter(
        done_at__gt=Coalesce(OuterRef("talked_then"), Value(_NEVER), output_field=DateTimeField())
    )
    offers = Offer.objects.filter(deal=OuterRef("pk"), sent_at__lt=at)
    open_concerns = Concern.objects.filter(
        Q(disposition=Disposition.OPEN) | Q(disposed_at__gte=at),
        deal=OuterRef("pk"),
        raised_at__lt=OuterRef("limit_at"),
    )
    people = DealContact.objects.filter(deal=OuterRef("pk"))
    in_talks, offered = Q(stage_then__gte=Stage.NEEDS_ANALYSIS), Q(stage_then__gte=Stage.PROPOSAL)
    nobody = Q() if not is_past(question) else Q(pk__in=[])
    conditions: dict[str, Q] = {
        "silent": awake & Q(heard_then__lt=F("limit_at")),
        "ghosted": awake & Q(unanswered__gte=UNANSWERED),
        "overdue": Q(closes_then__lt=day),
        "few_people": nobody & in_talks & Q(people__lt=FEWEST_PEOPLE),
        "no_decider": nobody & offered & ~Q(Exists(people.filter(role=DealRole.DECIDES))),
        "no_price": offered & Q(amount_then=None) & ~Q(Exists(offers)),
        "concern": Q(Exists(open_concerns)),
        "stalled": awake & Q(worked_then__lt=F("long_at")),
    }
    found: QuerySet[Any] = (
        deals.annotate(
            limit_days=norm_days(question, stage="stage_then", team="team_then_id"),
            long_days=_long_days(question),
            talked_then=Subquery(talked.values("at")),
            heard_then=heard_before(at if is_past(question) else None),
            people=Coalesce(_counted(people), 0),
            worked_then=_worked(question),
        )
        .annotate(
            limit_at=days_before(at, "limit_days"),
            long_at=days_before(at, "long_days"),
            unanswered=Coalesce(_counted(since_talk), 0),
        )
        .annotate(**{f"warns_{name}": flag(each) for name, each in conditions.items()})
    )
    return found


def _counted(rows: QuerySet[Any]) -> Subquery:
    counted = rows.order_by().values("deal").annotate(n=Count("pk")).values("n")
    return Subquery(counted, output_field=IntegerField())


def _long_days(question: Question) -> Case:
    long = long_stays(question)
    return Case(
        *(When(stage_then=stage, then=days) for stage, days in long.items()),
        output_field=IntegerField(),
    )


def _worked(question: Question) -> Any:
    """When the deal last moved, or a step of it was last done."""
    steps = StepResult.objects.filter(
        deal=OuterRef("pk"), state=StepState.DONE, private_to=None, at__lt=question.now
    )
    last = steps.order_by().values("deal").annotate(at=Max("at")).values("at")
    # The greatest of what is known: PostgreSQL leaves out what is null.
    return Greatest(F("entered_then"), Subquery(last), output_field=DateTimeField())


def _attended(question: Question) -> QuerySet[Any]:
    deals = open_then(question)
    found: QuerySet[Any] = _warned(question, _with_next(question, deals)).annotate(
        age=ExpressionWrapper(
            Value(question.now, output_field=DateTimeField()) - F("entered_then"),
            output_field=DurationField(),
        )
    )
    return found


# Open deals, each with what is next, how long it has been where it is, and what warns.
ATTENDED = replace(
    OPEN,
    key="attended",
    find=_attended,
    axes={**OPEN.axes, "next_state": lambda _question: F("next_state")},
)


def _forewarned(question: Question) -> QuerySet[Any]:
    """The deals that were open when the period began, with their warnings of then, and what they
    came to in it."""
    until = counted_until(question)
    closed = Q(closed_at__gte=question.period.starts_at, closed_at__lt=until)
    asked = question.as_of_day(question.period.start_on - dt.timedelta(days=1))
    found: QuerySet[Any] = _warned(asked, open_then(asked)).annotate(
        came_to=Case(
            When(closed & Q(outcome=Outcome.WON), then=Value("won")),
            When(closed & Q(outcome=Outcome.STOPPED), then=Value("stopped")),
            default=Value(None),
            output_field=CharField(),
        )
    )
    return found


FOREWARNED = replace(OPEN, key="forewarned", find=_forewarned)


def warns(name: str) -> Q:
    return Q(**{f"warns_{name}": True})


def any_warning() -> Q:
    found = Q()
    for name in WARNINGS:
        found |= warns(name)
    return found
