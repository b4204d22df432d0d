"""When an organisation works: on which days of the week, and from when until when."""

import datetime as dt
from typing import NamedTuple


class WorkingHours(NamedTuple):
    """`days` are those of ISO, Monday is 1; `opens` and `closes` are minutes of the day."""

    days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    opens: int = 9 * 60
    closes: int = 17 * 60

    def days_between(self, start: dt.date, end: dt.date) -> int:
        """How many working days there are, both days included; holidays are not known."""
        if end < start:
            return 0
        weeks, rest = divmod((end - start).days + 1, 7)
        over = (start.isoweekday() + number for number in range(rest))
        return weeks * len(self.days) + sum((day - 1) % 7 + 1 in self.days for day in over)

    def day_after(self, day: dt.date, n: int = 1) -> dt.date:
        """The `n`th working day after `day`; holidays are not known."""
        while n > 0:
            day += dt.timedelta(days=1)
            n -= day.isoweekday() in self.days
        return day

    def time_at(self, share: float) -> dt.time:
        """The half hour at which this share of the working day is over: 0.5 is its middle."""
        minutes = self.opens + (self.closes - self.opens) * share
        return dt.time(*divmod(min(int(minutes // 30) * 30, 24 * 60 - 30), 60))

    def minutes_between(self, start: dt.datetime, end: dt.datetime) -> int:
        """The whole working minutes between two instants, by the clock of their own zone; less than
        none where `end` comes first. Holidays are not known."""
        return int(self._worked(end) - self._worked(start))

    def _worked(self, moment: dt.datetime) -> float:
        """The working minutes since a Monday long ago."""
        days = (moment.date() - MONDAY).days
        weeks, weekday = divmod(days, 7)
        whole = weeks * len(self.days) + sum(day <= weekday for day in self.days)
        length = self.closes - self.opens
        worked: float = whole * length
        if weekday + 1 in self.days:
            minute = moment.hour * 60 + moment.minute + moment.second / 60
            worked += min(max(minute - self.opens, 0), length)
        return worked


# A Monday long ago.
MONDAY = dt.date(2000, 1, 3)


def minutes_of(text: str) -> int:
    """The minutes of the day of `08:30`."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
