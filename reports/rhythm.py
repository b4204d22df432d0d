"""When a report is mailed: on a weekday, or on the first of a month, at an hour of the reader's clock."""

import datetime as dt
import zoneinfo

from django.db import models
from django.utils.translation import gettext_lazy as _


class Rhythm(models.TextChoices):
    WEEKLY = "weekly", _("every week")
    MONTHLY = "monthly", _("every month")


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


def period_of(rhythm: Rhythm, day: dt.date) -> dt.date:
    """The first day of the week, from Monday on, or of the month in which `day` lies: of each there
    is one mail."""
    if rhythm == Rhythm.WEEKLY:
        return day - dt.timedelta(days=day.weekday())
    return day.replace(day=1)


def next_mail(
    rhythm: Rhythm,
    *,
    weekday: int,
    hour: int,
    zone: zoneinfo.ZoneInfo,
    after: dt.datetime,
    done: dt.date | None = None,
) -> dt.datetime:
    """The first instant after `after` at which a mail is due: on `weekday` (0 is Monday) of a week or
    on the first of a month, at `hour` of the clock of `zone`. `done` is the period of the last mail:
    the next one is of a later period.

    An hour that a clock leaves out in spring is the one after it.
    """
    day = after.astimezone(zone).date()
    if rhythm == Rhythm.WEEKLY:
        day += dt.timedelta(days=(weekday - day.weekday()) % 7)
    elif day.day > 1:
        day = _next_month(day)
    while True:
        found = dt.datetime.combine(day, dt.time(hour), tzinfo=zone).astimezone(dt.UTC)
        if found > after and (done is None or period_of(rhythm, day) > done):
            return found
        day = day + dt.timedelta(days=7) if rhythm == Rhythm.WEEKLY else _next_month(day)


def _next_month(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
