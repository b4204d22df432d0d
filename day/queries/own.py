"""What somebody has arranged in the own day: laid aside, put in another place, kept free."""

import datetime as dt
from typing import NamedTuple

from django.db.models import BigIntegerField, Count, DateTimeField

from day.models import DayOrder, ProtectedTime, Snooze
from pipeline.models import User
from salesprocess.lib.prepared import Param, Prepared

# Reasons are counted over the last so many days.
COUNTED = dt.timedelta(days=28)

_OWNER = Param("owner", BigIntegerField())


class Aside(NamedTuple):
    """Something laid aside: until when, and why."""

    id: int
    subject: str
    until: dt.datetime
    why: str


_aside = Prepared(
    Aside._make,
    lambda: (
        Snooze.objects.filter(owner=_OWNER, until__gt=Param("at", DateTimeField()))
        .order_by("until", "id")
        .values_list("id", "subject", "until", "why")
    ),
)


def laid_aside(user: User, *, at: dt.datetime) -> dict[str, Aside]:
    """What `user` laid aside until after `at`, by its key."""
    return {row.subject: row for row in _aside(owner=user.pk, at=at)}


def places_of(user: User, *, on: dt.date) -> dict[str, int]:
    """The places that `user` gave to some of the day, by their keys."""
    found = DayOrder.objects.filter(owner=user, on=on).values_list("places", flat=True).first()
    return dict(found or {})


class KeptFree(NamedTuple):
    """Hours of a weekday that are kept free."""

    id: int
    weekday: int
    starts: dt.time
    ends: dt.time


def protected_times(user: User) -> list[KeptFree]:
    rows = ProtectedTime.objects.filter(owner=user).order_by("weekday", "starts")
    return [KeptFree._make(row) for row in rows.values_list("id", "weekday", "starts", "ends")]


def why_not_today(user: User, *, at: dt.datetime) -> dict[str, int]:
    """How often `user` gave each reason lately: for that person alone."""
    rows = Snooze.objects.filter(owner=user, at__gte=at - COUNTED).exclude(why="")
    return dict(rows.order_by().values_list("why").annotate(n=Count("pk")))
