"""Open deals judged by the rules of consistency (METRICS K21): now, or at the end of a day that is
over, by what history tells."""

import datetime as dt
from typing import Any

from django.db.models import (
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
)

from crm.models import Activity, Deal, DealChange
from pipeline.process.stages import Stage
from reports.metric import Population
from reports.populations import days_before, flag, norm_days
from reports.question import Question
from reports.stock_populations import OPEN, heard_before, is_past, open_then, opened


def _judged(question: Question) -> QuerySet[Any]:
    return _with_signs(question, open_then(question))


def judged_of_own_team(question: Question) -> QuerySet[Any]:
    """The open deals of the reader's team, whosever they are: for what is told of all of them
    together only."""
    team = Deal.objects.filter(team_id=question.reader.team_id or 0)
    rows = opened(question, team).filter(question.of_everybody().of_deals())
    return _with_signs(question, rows)


def _with_signs(question: Question, deals: QuerySet[Any]) -> QuerySet[Any]:
    """Each open deal with what its record has: a true stage, a next step, a touch, and dates; now,
    or at the end of the day asked for."""
    deals = deals.annotate(
        limit_days=norm_days(question, stage="stage_then", team="team_then_id"),
        heard_then=heard_before(question.now if is_past(question) else None),
    ).annotate(limit_at=days_before(question.now, "limit_days"))
    signs = _signs_then(question) if is_past(question) else _signs_now(question)
    late_stage = Q(stage_then__gte=Stage.PROPOSAL)
    day = question.as_of or question.today
    judged: QuerySet[Any] = deals.annotate(
        **{name: flag(sign) for name, sign in signs.items()},
        has_dates=flag(~late_stage | Q(amount_then__isnull=False, closes_then__gte=day)),
    )
    return judged


def _signs_now(question: Question) -> dict[str, Q]:
    now, today = question.now, question.today
    parked = Q(parked_until__gt=today)
    limit = F("limit_at")
    return {
        "true_stage": parked | Q(stage_entered_at__gte=limit) | Q(changed_at__gte=limit),
        "has_next": parked | Q(next_on__gte=today) | Q(next_at__gte=now),
        "is_touched": parked | Q(heard_then__gte=limit),
    }


def _signs_then(question: Question) -> dict[str, Q]:
    """The same by what history tells of that day. What was planned and moved to another day since
    is taken for planned as it is now: its earlier days are not kept."""
    at, as_of = question.now, question.as_of
    assert as_of is not None  # noqa: S101  # as `is_past` says
    midnight = dt.datetime.combine(as_of, dt.time.min, tzinfo=question.period.zone)
    parked = Q(parked_then__gt=as_of)
    acts = Activity.objects.filter(deal=OuterRef("pk"))
    done = acts.filter(done_at__lt=at)
    changes = DealChange.objects.filter(deal=OuterRef("pk"), at__lt=at)
    planned = acts.filter(
        Q(done_at=None) | Q(done_at__gte=at),
        Q(cancelled_at=None) | Q(cancelled_at__gte=at),
        created_at__lt=at,
        due_by__gte=midnight,
    )
    limit = OuterRef("limit_at")
    written = acts.filter(created_at__gte=limit, created_at__lt=at)
    recent_work: Any = (
        Exists(written)
        | Exists(done.filter(done_at__gte=limit))
        | Exists(changes.filter(at__gte=limit))
    )
    signs: dict[str, Q] = {
        "true_stage": parked | Q(entered_then__gte=F("limit_at")) | Q(recent_work),
        "has_next": parked | Q(Exists(planned)),
        "is_touched": parked | Q(heard_then__gte=F("limit_at")),
    }
    return signs


JUDGED = Population(
    key="judged",
    kind="open_deal",
    find=_judged,
    axes=OPEN.axes,
    amount="amount_then",
    currency="currency_then",
    columns=("deal", "company", "owner", "stage", "since", "closes", "value"),
    order="-value",
)
