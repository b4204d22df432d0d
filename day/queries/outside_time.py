"""How much of the working time goes outside of the process, for the person alone."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Sum

from day.models import OutsideTime
from pipeline.models import User

_WEEKS = 4


@dataclass(frozen=True, kw_only=True)
class OutsideShare:
    """The minutes of the last four weeks, today included, against the organisation's working time in
    them."""

    minutes: int
    working_minutes: int

    @property
    def percent(self) -> int | None:
        """None where nothing was worked."""
        return round(100 * self.minutes / self.working_minutes) if self.working_minutes else None


def share(user: User, *, today: dt.date) -> OutsideShare:
    """One query."""
    first = today - dt.timedelta(days=7 * _WEEKS - 1)
    rows = OutsideTime.objects.filter(person=user, on__gte=first, on__lte=today)
    hours = user.organisation.working_hours
    days = hours.days_between(first, today)
    return OutsideShare(
        minutes=rows.aggregate(sum=Sum("minutes"))["sum"] or 0,
        working_minutes=days * (hours.closes - hours.opens),
    )


def latest(user: User, *, most: int = 5) -> list[OutsideTime]:
    """One's own, the latest first. One query."""
    return list(OutsideTime.objects.editable_by(user).order_by("-on", "-pk")[:most])


def to_change(user: User, pk: int) -> OutsideTime:
    """Raises OutsideTime.DoesNotExist."""
    return OutsideTime.objects.editable_by(user).get(pk=pk)
