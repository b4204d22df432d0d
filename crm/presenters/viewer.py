"""For whom a page is written: whose day, whose language, whose reach, whose names of stages."""

import datetime as dt
from collections.abc import Callable, Iterable
from functools import lru_cache

from django.db.models import Choices
from django.utils.functional import cached_property
from django.utils.translation import get_language

from crm.models import ActivityKind
from crm.models.due import Due
from crm.target_fit import Target
from pipeline.models import User
from pipeline.process.queries.stages import Norms, norms_for
from pipeline.process.stages import Stage
from salesprocess.lib.format import clock, format_day
from salesprocess.lib.translation import gettext as _


@lru_cache(maxsize=64)
def labels(choices: type[Choices], language: str) -> dict[str, str]:
    """What each of some choices is called, in the language of the request, which `language` is."""
    return {str(one.value): str(one.label) for one in choices}


class Viewer:
    """A person at an instant, with what every presenter asks of both; it writes days and times as
    that person reads them."""

    def __init__(self, user: User, *, at: dt.datetime) -> None:
        self.user = user
        self.at = at
        self.zone = user.zone
        self.today = at.astimezone(self.zone).date()
        self.language = get_language() or "en"

    @cached_property
    def team_ids(self) -> Iterable[int]:
        """The teams whose deals the viewer may see."""
        scope = self.user.scope
        return self.user.process_now.teams if scope.everything else scope.pool_team_ids

    @cached_property
    def currency(self) -> str:
        return self.user.organisation.currency or ""

    @cached_property
    def kinds(self) -> dict[str, str]:
        return labels(ActivityKind, self.language)

    @cached_property
    def stage_names(self) -> dict[int, str]:
        return {stage.value: str(stage.short) for stage in Stage}

    @cached_property
    def norms(self) -> Norms:
        return norms_for(self.user)

    @cached_property
    def target(self) -> Target:
        """Whom the organisation wants as customers."""
        return Target.of(self.user.organisation)

    @cached_property
    def is_sample(self) -> Callable[[int | None], bool]:
        return self.user.scope.is_sample

    def date_of(self, moment: dt.datetime) -> dt.date:
        return moment.astimezone(self.zone).date()

    def day(self, moment: dt.datetime) -> str:
        return self.date(self.date_of(moment))

    def date(self, day: dt.date | None) -> str:
        if day is None:
            return ""
        near = abs((day - self.today).days) < 180
        return format_day(day, "EEE d MMM" if near else "d MMM y", self.language)

    def short_day(self, moment: dt.datetime | None) -> str:
        """Without the day of the week, for places where many stand together."""
        if moment is None:
            return ""
        day = self.date_of(moment)
        pattern = "d MMM" if day.year == self.today.year else "d MMM y"
        return format_day(day, pattern, self.language)

    def time(self, moment: dt.datetime) -> str:
        return clock(moment, self.zone)

    def day_and_time(self, moment: dt.datetime) -> str:
        return f"{self.day(moment)} {self.time(moment)}"

    def due_day(self, due: Due) -> str:
        """The day of it, with its hour if it has one."""
        day = self.date(due.day(self.zone))
        return day if due.at is None else f"{day}, {self.time(due.at)}"

    def today_at(self, due: Due) -> str:
        """What is due today, with its hour if it has one."""
        if due.at is None:
            return _("Today")
        return _("Today %(time)s") % {"time": self.time(due.at)}
