"""How much of the own record is whole, by the very figure that the reports have (METRICS K21)."""

import datetime as dt

from pipeline.models import User
from reports.figures import Period
from reports.metrics.consistency import consistency
from reports.question import Question


def kept_of(user: User, *, today: dt.date) -> tuple[int, int]:
    """How many of the open deals of `user` keep every rule of consistency, and how many there are."""
    zone = user.organisation.zone
    period = Period(start_on=today, end_on=today, zone=zone)
    figure = consistency.whole(Question(reader=user, today=today, period=period).of_person(user))
    return figure.part or 0, figure.n
