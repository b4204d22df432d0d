"""What happened in a manager's teams since the last working day began, and which gates were gone past."""

import datetime as dt
from typing import NamedTuple

from django.db.models import Count, Q

from crm.models import Deal, Judgement, StageVisit
from pipeline.models import User
from pipeline.process.gates import Reason
from pipeline.process.moves import EnteredHow
from pipeline.process.stages import Outcome

# More of them are no list for a morning.
SHOWN = 6


class TeamNews(NamedTuple):
    """How many deals came in, went on, went back, were won and were stopped."""

    came_in: int
    moved_on: int
    moved_back: int
    won: int
    stopped: int


class PassedGate(NamedTuple):
    """Somebody went ahead with a deal without what its gate asks for."""

    deal: int
    name: str
    company: str | None
    to: int
    by: str | None
    reason: str
    words: str


def since_last_working_day(user: User, *, at: dt.datetime) -> dt.datetime:
    """The midnight at which the last working day before today began, by the organisation's days."""
    day = at.astimezone(user.zone).date()
    hours = user.organisation.working_hours
    for _n in range(7):
        day -= dt.timedelta(days=1)
        if day.isoweekday() in hours.days:
            break
    return dt.datetime.combine(day, dt.time.min, tzinfo=user.zone)


def team_news(user: User, *, since: dt.datetime) -> TeamNews:
    """Of the deals in sight, one's own included; of what came in and was closed as many as the lists of
    just these have. Two queries."""
    # Whatever came in or was closed since was changed since, for which there is an index.
    deals = Deal.objects.visible_to(user).filter(changed_at__gte=since)
    closed = Q(closed_at__gte=since)
    counts = deals.aggregate(
        came_in=Count("pk", filter=Q(created_at__gte=since)),
        won=Count("pk", filter=closed & Q(outcome=Outcome.WON)),
        stopped=Count("pk", filter=closed & Q(outcome=Outcome.STOPPED)),
    )

    def moved(how: EnteredHow) -> Count:
        return Count("deal", distinct=True, filter=Q(entered_how=how))

    moves = (
        StageVisit.objects.visible_to(user)
        .filter(entered_at__gte=since)
        .aggregate(moved_on=moved(EnteredHow.FORWARD), moved_back=moved(EnteredHow.BACK))
    )
    return TeamNews(**counts, **moves)


def gone_past(user: User, *, since: dt.datetime) -> list[PassedGate]:
    """Gates that others went past, the latest first. One query."""
    rows = (
        Judgement.objects.visible_to(user)
        .filter(at__gte=since)
        .exclude(reason=Reason.IMPORTED)
        .exclude(by=user)
        .order_by("-at", "-pk")
    )
    read = rows.values_list(
        *("deal_id", "deal__name", "deal__company__name", "to", "by__name", "reason", "words")
    )
    return [PassedGate(*row) for row in read[:SHOWN]]
