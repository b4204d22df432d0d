"""The days that somebody can mean, and the instants that our addresses say."""

import datetime as dt

from django.core.validators import MaxValueValidator, MinValueValidator

# Further away it is a slip of the keyboard, and near the ends of the calendar no clock can count:
# the evening of 9999-12-31 in New York has no date in Vienna.
MEANT = [MinValueValidator(dt.date(1900, 1, 1)), MaxValueValidator(dt.date(2999, 12, 31))]


def instant_of(text: str) -> dt.datetime:
    """An instant as a page wrote it into an address: in UTC. Another zone is none of ours, and
    PostgreSQL takes fewer of them than Python.

    Raises ValueError.
    """
    moment = dt.datetime.fromisoformat(text)
    if moment.utcoffset() != dt.timedelta(0):
        raise ValueError(text)
    return moment
