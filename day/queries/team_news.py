"""What happened in a manager's teams since the last working day began, and which gates were gone past."""

import datetime as dt
from typing import NamedTuple

from django.db.models import Count, Q

from crm.models import Judgement, StageVisit
from pipeline.models import User
from pipeline.process.gates import Reason
from pipeline.process.moves import EnteredHow, LeftHow

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
    """Of the deals in sight, one's own included. One query."""
    entered, left = Q(entered_at__gte=since), Q(left_at__gte=since)
    found = (
        StageVisit.objects.visible_to(user)
        .filter(entered | left)
        .aggregate(
            came_in=Count("pk", filter=entered & Q(entered_how=EnteredHow.CREATED)),
            moved_on=Count("pk", filter=entered & Q(entered_how=EnteredHow.FORWARD)),
            moved_back=Count("pk", filter=entered & Q(entered_how=EnteredHow.BACK)),
            won=Count("pk", filter=left & Q(left_how=LeftHow.WON)),
            stopped=Count("pk", filter=left & Q(left_how=LeftHow.STOPPED)),
        )
    )
    return TeamNews(**found)


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
