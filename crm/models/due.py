"""When something planned is due: on a day, or at an hour of it.

A day is a date and nothing else: whoever plans, reads or saves it, wherever he or she is, it is the
same day. Only what has an hour is an instant.

Whether a bare day is today's or past is decided by the day of whoever reads (`User.zone`), on a
page, in a filter and in a count alike: what a filter finds, a row says. One thing cannot wait for a
reader: the order, which is one for all and has an index. There (`by`) a day ends where the
activity's owner is, because until then he or she is in time.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import models
from django.db.models import Q

# Some zone's midnight is this far from another's, at the most: from UTC+14 to UTC-12, and a change
# of daylight saving.
_APART = dt.timedelta(hours=27)


class DueState(models.TextChoices):
    OVER = "over"
    TODAY = "today"
    LATER = "later"


@dataclass(frozen=True)
class Due:
    """A day (`on`) or an instant (`at`): one of the two."""

    on: dt.date | None = None
    at: dt.datetime | None = None

    def __post_init__(self) -> None:
        if (self.on is None) == (self.at is None):
            raise TypeError("due on a day or at an instant, and not both")

    def by(self, zone: dt.tzinfo) -> dt.datetime:
        """The last moment at which it is still in time, in `zone`."""
        return self.at or end_of_day(self.on, zone)  # type: ignore[arg-type]  # one of the two

    def day(self, zone: dt.tzinfo) -> dt.date:
        """The day on which it is due, for a reader in `zone`."""
        return self.on or self.at.astimezone(zone).date()  # type: ignore[union-attr]  # one of the two

    def state(self, *, at: dt.datetime, zone: dt.tzinfo) -> DueState:
        """Whether it is over, today or later at the instant `at`, for a reader in `zone`."""
        today, day = at.astimezone(zone).date(), self.day(zone)
        if day < today or (self.at is not None and self.at < at):
            return DueState.OVER
        return DueState.TODAY if day == today else DueState.LATER


def end_of_day(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(23, 59), tzinfo=zone)


def midnight(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """The instant at which a day begins in `zone`."""
    return dt.datetime.combine(day, dt.time.min, tzinfo=zone)


def in_state(state: DueState, *, at: dt.datetime, zone: dt.tzinfo, prefix: str = "due") -> Q:
    """`Due.state` as a condition on the columns `prefix`_on and `prefix`_at."""
    today = at.astimezone(zone).date()
    tomorrow = midnight(today + dt.timedelta(1), zone)
    on, moment = f"{prefix}_on", f"{prefix}_at"
    if state == DueState.OVER:
        return Q(**{f"{on}__lt": today}) | Q(**{f"{moment}__lt": at})
    if state == DueState.TODAY:
        return Q(**{on: today}) | Q(**{f"{moment}__gte": at, f"{moment}__lt": tomorrow})
    return Q(**{f"{on}__gt": today}) | Q(**{f"{moment}__gte": tomorrow})


def near(state: DueState, *, at: dt.datetime) -> Q:
    """A range of `due_by` that contains this state for any reader, so that indexes can be used."""
    if state == DueState.OVER:
        return Q(due_by__lt=at + _APART)
    if state == DueState.TODAY:
        return Q(due_by__gte=at - _APART, due_by__lt=at + dt.timedelta(1) + _APART)
    return Q(due_by__gte=at - _APART)


def within(
    first: dt.date | None, last: dt.date | None, *, zone: dt.tzinfo, moment: str, on: str = ""
) -> Q:
    """The condition for instants between the start of the day `first` and the end of the day
    `last`, in `zone`; either may be None.

    `moment` is a column of instants; `on` one of days that replaces it.
    """
    at, days = Q(), Q()
    if first is not None:
        at &= Q(**{f"{moment}__gte": midnight(first, zone)})
        days &= Q(**{f"{on}__gte": first})
    if last is not None:
        at &= Q(**{f"{moment}__lt": midnight(last + dt.timedelta(1), zone)})
        days &= Q(**{f"{on}__lte": last})
    return at | days if on else at
