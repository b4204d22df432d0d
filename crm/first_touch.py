"""When the first touch with a new lead is proposed; pure."""

import datetime as dt

from salesprocess.lib.working_hours import WorkingHours

# So much time there is to get ready, and to find a moment.
_SOON = dt.timedelta(hours=1)
_STEP = 30


def first_touches(now: dt.datetime, hours: WorkingHours) -> tuple[dt.datetime, dt.datetime]:
    """Two moments in the zone of `now`: later today while there is working time left, and as the next
    working day begins; else as the next two working days begin."""
    one, other = (_at(hours.day_after(now.date(), n), hours.opens, now.tzinfo) for n in (1, 2))
    today = _later_today(now, hours)
    return (today, one) if today else (one, other)


def _later_today(now: dt.datetime, hours: WorkingHours) -> dt.datetime | None:
    if now.isoweekday() not in hours.days:
        return None
    soon = now + _SOON
    minute = max(-(-(soon.hour * 60 + soon.minute) // _STEP) * _STEP, hours.opens)
    if soon.date() != now.date() or minute >= hours.closes:
        return None
    return _at(now.date(), minute, now.tzinfo)


def _at(day: dt.date, minute: int, zone: dt.tzinfo | None) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(*divmod(minute, 60)), tzinfo=zone)
