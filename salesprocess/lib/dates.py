"""Validators for dates in forms, and instants in addresses."""

import datetime as dt

from django.core.validators import MaxValueValidator, MinValueValidator

# Beyond it is a typing error, and near the ends of the calendar conversions between time zones
# overflow: the evening of 9999-12-31 in New York has no date in Vienna.
FIRST, LAST = dt.date(1900, 1, 1), dt.date(2999, 12, 31)
PLAUSIBLE_DATE = [MinValueValidator(FIRST), MaxValueValidator(LAST)]


def parse_instant(text: str) -> dt.datetime:
    """Parse an instant from an address: ISO 8601 in UTC, as our pages write it.

    Raises ValueError, also for other zones and times: PostgreSQL accepts fewer offsets than Python.
    """
    moment = dt.datetime.fromisoformat(text)
    if moment.utcoffset() != dt.timedelta(0) or not is_plausible(moment):
        raise ValueError(text)
    return moment


def is_plausible(on: dt.date) -> bool:
    """Whether a day, or the day of an instant, is one that anything could have happened on."""
    return FIRST.year <= on.year <= LAST.year
