"""Who looked at somebody's figures, for that person and for who may see them (CHECKLIST E2)."""

import datetime as dt
from typing import NamedTuple

from django.db.models import Count, Max

from pipeline.models import User
from reports.models import LookedAt, PageLook

DAYS = 90


class Look(NamedTuple):
    """One person who looked at one thing (`LookedAt`): on how many `days`, and when `last`."""

    by_id: int
    name: str
    what: str
    days: int
    last: dt.datetime


def looks_at(person: int, *, reader: User, today: dt.date) -> list[Look]:
    """Of the last 90 days, who looked last first; one query. Nobody who may not see the person's
    figures is told."""
    since = today - dt.timedelta(days=DAYS)
    found = (
        PageLook.objects.visible_to(reader)
        .filter(person=person, on__gte=since)
        .values_list("by_id", "by__name", "what")
        .annotate(days=Count("on", distinct=True), last=Max("at"))
        .order_by("-last")
    )
    return [Look(*row) for row in found]


def looked_words(what: str) -> str:
    return str(LookedAt(what).label)
