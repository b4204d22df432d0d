"""What people did and recorded: activities, gates that were gone past, results of steps."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat

from crm.models import Activity, ClosingAttempt, Judgement, StageVisit, StepResult
from pipeline.models import Role, User
from pipeline.process.gates import Reason
from pipeline.process.moves import LeftHow
from reports.colleagues import colleagues
from reports.metric import Population
from reports.populations import Expression, axes_of_deal, column_at, flag, not_empty, phase_of
from reports.question import Question

# Activities -------------------------------------------------------------------------------------


# Within so many days an activity may be what moved its deal on (METRICS K19).
YIELD = dt.timedelta(days=14)


def _done(question: Question) -> QuerySet[Any]:
    """What was done, with whether its deal went on within the two weeks after it (`led_on`)."""
    period = question.period
    went_on = StageVisit.objects.filter(
        deal=OuterRef("deal"),
        left_how__in=[LeftHow.ADVANCED, LeftHow.WON],
        left_at__gte=OuterRef("done_at"),
        left_at__lte=OuterRef("done_at") + Value(YIELD),
    )
    done: QuerySet[Any] = (
        Activity.objects.visible_to(question.reader)
        .done()
        .filter(question.of_activities(), done_at__gte=period.starts_at, done_at__lt=period.ends_at)
        .annotate(
            led_on=Exists(went_on),
            is_grown=flag(Q(deal__isnull=False, done_at__lte=question.now - YIELD)),
        )
    )
    return done


# What was done in the period, by who did it.
DONE = Population(
    key="done",
    kind="activity",
    find=_done,
    at="done_at",
    axes={
        **axes_of_deal("deal__", stage="stage", owner="owner", team="owner__team", at="done_at"),
        "phase": phase_of("stage"),
        "activity_kind": column_at("kind"),
        "method": lambda _question: Coalesce("method", "deal__method"),
    },
    amount="deal__amount",
    currency="deal__currency",
    columns=("activity", "deal", "company", "owner", "stage", "done", "result"),
    order="-done",
)


# Who is at work --------------------------------------------------------------------------------------

WEEK = dt.timedelta(days=7)


def last_week(question: Question) -> tuple[dt.datetime, dt.datetime]:
    """The last seven days of the period that are over or under way: from when on, and until when."""
    last = min(question.period.end_on, question.today)
    end = replace(question.period, end_on=last).ends_at
    return end - WEEK, end


def _expected(question: Question) -> QuerySet[User]:
    """Who sells and is here, or is asked for by name."""
    reach: QuerySet[User] = User.objects.whose_records_are_visible_to(question.reader)
    people = reach.filter(question.of_people()).filter(
        Q(hired_on=None) | Q(hired_on__lt=last_week(question)[1])
    )
    return people if question.person is not None else people.filter(role=Role.SALESPERSON)


def _able(question: Question) -> QuerySet[Any]:
    """Those of them who joined, with whether anything is on record that they did in the week
    (`is_at_work`): of whoever never could, nothing is known."""
    start, end = last_week(question)
    done = Activity.objects.filter(
        question.of_real("deal__", "company__"),
        owner=OuterRef("pk"),
        done_at__gte=start,
        done_at__lt=end,
    )
    # Deals begun and moved on, and those that were won or stopped, which begin no visit.
    visits = StageVisit.objects.filter(question.of_real("deal__"))
    begun = visits.filter(entered_at__gte=start, entered_at__lt=end)
    ended = visits.filter(left_at__gte=start, left_at__lt=end)
    able = _expected(question).filter(pk__in=User.objects.able_to_sign_in().values("pk"))
    told: QuerySet[Any] = able.annotate(
        is_at_work=flag(
            Q(Exists(done))
            | Q(pk__in=begun.values("entered_by"))
            | Q(pk__in=ended.values("left_by"))
        ),
        whose_id=F("pk"),
        last_done=Subquery(
            Activity.objects.filter(owner=OuterRef("pk"), done_at__lt=end)
            .order_by("-done_at")
            .values("done_at")[:1]
        ),
    )
    return told


def _never_able(question: Question) -> QuerySet[User] | None:
    """Those who did not join yet. No query where the people are known and all of them did."""
    if all(each.has_joined for each in colleagues(question)):
        return None
    return _expected(question).exclude(pk__in=User.objects.able_to_sign_in().values("pk"))


# The people of whom a record is expected.
SELLERS = Population(
    key="sellers",
    kind="person",
    find=_able,
    undated=_never_able,
    axes={
        "person": column_at("pk"),
        "team": column_at("team"),
        "style": column_at("style"),
    },
    has_value=False,
    columns=("person", "team", "style", "last_done"),
    order="person",
)


# What was gone past, and what was recorded of steps -------------------------------------------------


def _judgements(question: Question) -> QuerySet[Judgement]:
    period = question.period
    return Judgement.objects.visible_to(question.reader).filter(
        question.of_parts(), at__gte=period.starts_at, at__lt=period.ends_at
    )


def _axes_of_part(at: str) -> Mapping[str, Expression]:
    """The axes of records of a deal, of its present owner and team."""
    return axes_of_deal("deal__", stage="stage", owner="deal__owner", team="deal__team", at=at)


# Gates that were passed with something missing, by people: what came by an import is none of these.
JUDGEMENTS = Population(
    key="judgements",
    kind="judgement",
    find=lambda question: _judgements(question).exclude(reason=Reason.IMPORTED),
    at="at",
    axes={
        **_axes_of_part("at"),
        "stage": column_at("to"),
        "reason": not_empty("reason"),
    },
    amount="deal__amount",
    currency="deal__currency",
    columns=("deal", "company", "owner", "to", "reason", "words", "at", "by"),
    order="-at",
)


def _attempts(question: Question) -> QuerySet[ClosingAttempt]:
    period = question.period
    return ClosingAttempt.objects.visible_to(question.reader).filter(
        question.of_parts(), at__gte=period.starts_at, at__lt=period.ends_at
    )


# How often we asked for the agreement, with what they said.
ATTEMPTS = Population(
    key="attempts",
    kind="attempt",
    find=_attempts,
    at="at",
    axes={
        **axes_of_deal(
            "deal__", stage="deal__stage", owner="deal__owner", team="deal__team", at="at"
        ),
        "reply": column_at("reply"),
    },
    amount="deal__amount",
    currency="deal__currency",
    columns=("deal", "company", "at", "by", "asked", "reply", "why", "value"),
    order="-at",
)


def _recorded(question: Question) -> QuerySet[StepResult]:
    """Results of everybody's steps: somebody's own steps are private, and no figure counts them."""
    period = question.period
    return StepResult.objects.visible_to(question.reader).filter(
        question.of_parts(),
        at__gte=period.starts_at,
        at__lt=period.ends_at,
        private_to=None,
        replaced_at=None,
    )


# Steps that were recorded in the period, as they stand.
STEPS = Population(
    key="steps",
    kind="step",
    find=_recorded,
    at="at",
    axes={
        **_axes_of_part("at"),
        "step": lambda _question: Concat(
            Cast("stage", CharField()), Value("-step-"), "key", output_field=CharField()
        ),
    },
    amount="deal__amount",
    currency="deal__currency",
    has_value=False,
    columns=("step", "deal", "company", "stage", "state", "at", "by"),
    order="-at",
)
