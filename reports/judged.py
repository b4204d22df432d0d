"""Open deals judged by the rules of consistency (METRICS K21): now, or at the end of a day that is
over, by what history tells."""

import datetime as dt
from typing import Any

from django.db.models import F, Max, Q, QuerySet

from crm.models import Activity, Deal, DealChange
from pipeline.process.stages import Stage
from reports.metric import Population
from reports.populations import (
    BY_HOLDER,
    OF_DEAL,
    OWN,
    Reach,
    days_before,
    flag,
    norm_days,
    reach_of,
)
from reports.question import Question
from reports.stock_populations import (
    OPEN,
    heard,
    is_past,
    last_touch_before,
    open_then,
    opened,
)
from salesprocess.lib.derived import with_found


def _judged(question: Question) -> QuerySet[Any]:
    return _with_signs(question, open_then(question), reach_of(question))


def judged_of_own_team(question: Question) -> QuerySet[Any]:
    """The open deals of the reader's team, whosever they are: for what is told of all of them
    together only."""

    def reach(_owner: str, team: str) -> Q:
        return Q(**{f"{team}_id": question.reader.team_id or 0})

    rows = opened(question, Deal.objects.filter(reach(*OWN)), reach=reach)
    return _with_signs(question, rows.filter(question.of_everybody().of_deals()), reach)


def _with_signs(question: Question, deals: QuerySet[Any], reach: Reach) -> QuerySet[Any]:
    """Each open deal with what its record has: a true stage, a next step, a touch, and dates; now,
    or at the end of the day asked for."""
    if is_past(question):
        deals, signs = _with_acts(question, deals, reach), _signs_then(question)
    else:
        signs = _signs_now(question)
    deals = deals.annotate(
        limit_days=norm_days(question, stage="stage_then", team="team_then_id"),
        heard_then=heard("last_touch" if is_past(question) else "touched_at"),
    ).annotate(limit_at=days_before(question.now, "limit_days"))
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


def _with_acts(question: Question, deals: QuerySet[Any], reach: Reach) -> QuerySet[Any]:
    """Each with when anything was last done, written, changed and touched before the end of the day
    asked for, and until when something was planned."""
    at = question.now
    planned = Q(done_at=None) | Q(done_at__gte=at)
    planned &= Q(cancelled_at=None) | Q(cancelled_at__gte=at)
    done = Q(done_at__lt=at)
    moments: dict[str, Any] = {
        "last_written": Max("created_at", filter=Q(created_at__lt=at)),
        "last_done": Max("done_at", filter=done),
        "last_touch": last_touch_before(at),
        "last_planned": Max("due_by", filter=planned & Q(created_at__lt=at)),
    }
    acts: Any = Activity.objects.filter(reach(*BY_HOLDER)).order_by().values("deal_id")
    changes: Any = DealChange.objects.filter(reach(*OF_DEAL), at__lt=at).order_by()
    changes = changes.values("deal_id").annotate(last_change=Max("at"))
    rows = with_found(deals, acts.annotate(**moments), *moments, by="deal_id")
    return with_found(rows, changes, "last_change", by="deal_id")


def _signs_then(question: Question) -> dict[str, Q]:
    """The same by what history tells of that day. What was planned and moved to another day since
    is taken for planned as it is now: its earlier days are not kept."""
    as_of = question.as_of
    assert as_of is not None  # noqa: S101  # as `is_past` says
    midnight = dt.datetime.combine(as_of, dt.time.min, tzinfo=question.period.zone)
    parked = Q(parked_then__gt=as_of)
    recent = {
        name: Q(**{f"last_{name}__gte": F("limit_at")}) for name in ("written", "done", "change")
    }
    entered = Q(entered_then__gte=F("limit_at"))
    return {
        "true_stage": parked | entered | recent["written"] | recent["done"] | recent["change"],
        "has_next": parked | Q(last_planned__gte=midnight),
        "is_touched": parked | Q(heard_then__gte=F("limit_at")),
    }


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
