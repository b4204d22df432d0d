"""Working days as a number line, so that the simulation happens in working hours only."""

import datetime as dt
import zoneinfo

OPENS, HOURS = 8, 9
MINUTES = HOURS * 60


class WorkingTime:
    """Counts working days; `instant` undoes `count` to the minute and keeps the order."""

    def __init__(self, zone: zoneinfo.ZoneInfo) -> None:
        self.zone = zone

    def count(self, at: dt.datetime) -> float:
        """Working days up to an instant; nights and weekends belong to the day before them."""
        local = at.astimezone(self.zone)
        weeks, weekday = divmod(local.toordinal() - 1, 7)
        if weekday > 4:
            return weeks * 5 + 5 - 1 / MINUTES
        minutes = (local.hour - OPENS) * 60 + local.minute
        return weeks * 5 + weekday + min(max(minutes, 0), MINUTES - 1) / MINUTES

    def latest(self, at: dt.datetime) -> float:
        """The last working minute that is not after `at`."""
        found = self.count(at)
        if self.instant(found) > at:  # before the day opens
            return found // 1 - 1 / MINUTES
        return found

    def instant(self, count: float) -> dt.datetime:
        # Counts carry the minute as a fraction: half a minute absorbs what floats lose.
        days, minutes = divmod(int(count * MINUTES + 0.5), MINUTES)
        weeks, weekday = divmod(days, 5)
        day = dt.date.fromordinal(weeks * 7 + weekday + 1)
        time = dt.time(OPENS + minutes // 60, minutes % 60)
        return dt.datetime.combine(day, time, tzinfo=self.zone).astimezone(dt.UTC)
