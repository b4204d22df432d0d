"""What somebody has done today, and this week beside the own past."""

import datetime as dt
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from django.db.models import BigIntegerField, DateTimeField

from crm.models import Activity
from crm.models.activity import HELD
from pipeline.models import User
from salesprocess.lib.prepared import Param, Prepared, run

# The own past: so many weeks before this one.
WEEKS = 8
# More than that nobody reads of a day.
_MOST = 60


class DoneAct(NamedTuple):
    """Something that was done; of other records their names."""

    id: int
    kind: str
    subject: str
    result: str
    done_at: dt.datetime
    due_at: dt.datetime | None
    contact: str | None
    deal: int | None
    deal_name: str | None
    deal_company: str | None
    company: int | None
    company_name: str | None
    stage: int | None


_done = Prepared(
    DoneAct._make,
    lambda: (
        Activity.objects.done()
        .filter(
            owner=Param("owner", BigIntegerField()),
            done_at__gte=Param("since", DateTimeField()),
            done_at__lte=Param("at", DateTimeField()),
        )
        .order_by("-done_at", "-id")
        .values_list(
            "id",
            "kind",
            "subject",
            "result",
            "done_at",
            "due_at",
            "contact__name",
            "deal_id",
            "deal__name",
            "deal__company__name",
            "company_id",
            "company__name",
            "stage",
        )[:_MOST]
    ),
)


def done_since(user: User, since: dt.datetime, *, at: dt.datetime) -> list[DoneAct]:
    """What `user` did between the two instants, the latest first."""
    return _done(owner=user.pk, since=since, at=at)


_HELD = " OR ".join(
    "(act.kind = '{}' AND act.result IN ({}))".format(
        kind.value, ", ".join(f"'{result.value}'" for result in results)
    )
    for kind, results in HELD.items()
)
# What is tried out on the tour is no work.
_REAL = "NOT EXISTS (SELECT FROM crm_deal d WHERE d.id = {deal} AND d.batch_id = %(tour)s::bigint)"
_WEEKS = f"""
    SELECT span.n,
        (SELECT count(*) FROM crm_activity act WHERE act.owner_id = %(me)s
            AND act.done_at >= span.starts AND act.done_at < span.ends AND ({_HELD})
            AND {_REAL.format(deal="act.deal_id")}),
        (SELECT count(*) FROM crm_stagevisit visit WHERE visit.exit_owner_id = %(me)s
            AND visit.left_how = 'advanced'
            AND visit.left_at >= span.starts AND visit.left_at < span.ends
            AND {_REAL.format(deal="visit.deal_id")}),
        (SELECT count(*) FROM crm_stagevisit visit WHERE visit.exit_owner_id = %(me)s
            AND visit.left_how = 'advanced' AND visit.stage = 3
            AND visit.left_at >= span.starts AND visit.left_at < span.ends
            AND {_REAL.format(deal="visit.deal_id")})
    FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[])
        WITH ORDINALITY AS span (starts, ends, n)
    ORDER BY span.n
"""  # noqa: S608  # nothing but its own words


class WeekFigure(NamedTuple):
    """A count of this week so far, and what is usual by this hour of the week: the middle of the own
    last WEEKS weeks."""

    now: int
    usual: float


class OwnWeek(NamedTuple):
    conversations: WeekFigure
    moved: WeekFigure
    qualified: WeekFigure


def week_of(user: User, *, at: dt.datetime) -> OwnWeek:
    """This week of `user` so far, beside the same part of each of the weeks before. One query."""
    local = at.astimezone(user.zone)
    monday = local.date() - dt.timedelta(days=local.isoweekday() - 1)
    days = [monday - dt.timedelta(weeks=n) for n in range(WEEKS + 1)]
    starts = [dt.datetime.combine(day, dt.time.min, tzinfo=user.zone) for day in days]
    ends = [
        dt.datetime.combine(local.date() - dt.timedelta(weeks=n), local.time(), tzinfo=user.zone)
        for n in range(WEEKS + 1)
    ]
    asked = {"me": user.pk, "tour": user.scope.tour_id, "starts": starts, "ends": ends}
    rows = run(_WEEKS, asked)
    return OwnWeek(*(_figure([row[place] for row in rows]) for place in (1, 2, 3)))


def _figure(counts: Sequence[int]) -> WeekFigure:
    now, *before = counts
    return WeekFigure(now=now, usual=median(before))
