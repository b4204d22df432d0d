"""How a deal is shown on a card: everything is text before the template loops over it."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from django.db.models import Choices
from django.utils.translation import get_language

from crm.models import ActivityKind
from crm.models.due import Due, DueState
from crm.queries.board import BoardRow
from crm.queries.progress import Progress
from crm.shipped import shown
from pipeline.models import User
from pipeline.people.models.people import initials_of
from pipeline.process.queries.stages import Norms, norms_for
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.format import clock, money, written_day
from salesprocess.lib.translation import gettext as _


class Card(NamedTuple):
    """Five lines at most: who, what it is, value, what's next, days with one warning.

    A board has 140 of them: its template takes them apart in this order.
    """

    id: int
    version: int
    name: str
    about: str
    value: str
    dots: str
    dots_say: str
    dots_n: str  # the same as "2/7", for a column that is narrow
    owner: str
    initials: str
    next_class: str
    next: str
    days: str
    is_late: bool
    risk: str
    may: str  # what its button does: move, claim, or nothing
    is_sample: bool


@lru_cache(maxsize=64)
def labels(choices: type[Choices], language: str) -> dict[str, str]:
    """What each of some choices is called, in the language of the request, which `language` is."""
    return {str(one.value): str(one.label) for one in choices}


def path_of(activity: int, deal: int | None) -> str:
    """Where the verbs of an activity are."""
    return f"/activities/{activity}/" if deal else f"/touches/{activity}/"


class CardReader:
    """Whom a card is written for: whose day, whose language, whose reach, whose names of stages."""

    # How far each deal is in its stage, where a page shows that.
    progress: Mapping[int, Progress] = MappingProxyType({})

    def __init__(self, user: User, *, at: dt.datetime) -> None:
        self.user = user
        self.at = at
        self.zone = user.zone
        self.today = at.astimezone(self.zone).date()
        self.language = get_language() or "en"

    @cached_property
    def team_ids(self) -> Iterable[int]:
        """The teams whose deals the reader may see."""
        scope = self.user.scope
        return self.user.process_now.teams if scope.everything else scope.pool_team_ids

    @cached_property
    def currency(self) -> str:
        return self.user.organisation.currency or ""

    @cached_property
    def _words(self) -> dict[str, str]:
        """What nearly every card says, looked up once for all of them."""
        return {
            "days": _("%(n)s d"),
            "no date": _("no date"),
            "nothing": _("Nothing planned"),
            "overdue": _("Overdue · %(day)s"),
            "past": _("Past close"),
            "silent": _("Silent %(n)s d"),
            "steps": _("%(n)s of %(all)s expected steps done"),
        }

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
    def is_sample(self) -> Callable[[int | None], bool]:
        return self.user.scope.is_sample

    def card(self, row: BoardRow) -> Card:
        stage = Stage(row.stage)
        next_class, what_next = self.what_next(row)
        days, is_late = self.days_in_stage(row)
        dots, dots_say, dots_n = self._dots(row)
        return Card(
            id=row.id,
            version=row.version,
            name=row.company or row.name,
            about=self._about(row),
            value="" if stage.is_lead else money(row.amount, row.currency),
            dots=dots,
            dots_say=dots_say,
            dots_n=dots_n,
            owner=row.owner or "",
            initials=initials_of(row.owner or ""),
            next_class=next_class,
            next=what_next,
            days=days,
            is_late=is_late,
            risk=self._risk(row),
            may=self._may(row),
            is_sample=self.is_sample(row.batch_id),
        )

    def ended(self, row: BoardRow) -> Card:
        """A won or stopped deal: when it ended, and why."""
        next_class, what_next = self.how_it_ended(row)
        return Card(
            id=row.id,
            version=row.version,
            name=row.company or row.name,
            about=self._about(row),
            value=money(row.amount, row.currency),
            dots="",
            dots_say="",
            dots_n="",
            owner=row.owner or "",
            initials=initials_of(row.owner or ""),
            next_class=next_class,
            next=what_next,
            days=shown(row.cause),
            is_late=False,
            risk="",
            may="",
            is_sample=self.is_sample(row.batch_id),
        )

    def _dots(self, row: BoardRow) -> tuple[str, str, str]:
        """A dot for each step that is expected, filled where it is settled; the same in words, and
        as a number."""
        progress = self.progress.get(row.id)
        if progress is None:
            return "", "", ""
        settled, expected = progress
        said = self._words["steps"] % {"n": settled, "all": expected}
        return "●" * settled + "○" * (expected - settled), said, f"{settled}/{expected}"

    def _about(self, row: BoardRow) -> str:
        """What the deal is; where that is the company over again, where it came from."""
        if row.company and row.name != row.company:
            return row.name
        return shown(row.source)

    def days_in_stage(self, row: BoardRow) -> tuple[str, bool]:
        """How long it has been in its stage, and whether that is more than usual."""
        if row.stage_entered_at is None:
            return self._words["no date"], False
        days = self._days_since(row.stage_entered_at)
        return self._words["days"] % {"n": days}, days > self.norms.of(row.stage, row.team_id)

    def how_it_ended(self, row: BoardRow) -> tuple[str, str]:
        won = row.outcome == Outcome.WON
        day = self.day(row.closed_at) if row.closed_at else ""
        words = _("Won · %(day)s") if won else _("Stopped · %(day)s")
        return "won" if won else "stopped", words % {"day": day}

    def what_next(self, row: BoardRow) -> tuple[str, str]:
        """Its class and its words."""
        if not row.next_kind:
            if row.parked_until and row.parked_until > self.today:
                return "parked", _("Parked to %(day)s") % {"day": self._date(row.parked_until)}
            return "none", self._words["nothing"]
        due = Due(on=row.next_on, at=row.next_at)
        state, day = due.state(at=self.at, zone=self.zone), due.day(self.zone)
        if state == DueState.OVER:
            return "over", self._words["overdue"] % {"day": self._past(day)}
        if state == DueState.TODAY:
            return f"today {row.next_kind}", self.today_at(due)
        kind = self.kinds.get(row.next_kind, "")
        return row.next_kind, f"{kind} · {self._date(day)}"

    def today_at(self, due: Due) -> str:
        """What is due today, with its hour if it has one."""
        if due.at is None:
            return _("Today")
        return _("Today %(time)s") % {"time": self.time(due.at)}

    def due_day(self, due: Due) -> str:
        """The day of it, with its hour if it has one."""
        day = self._date(due.day(self.zone))
        return day if due.at is None else f"{day}, {self.time(due.at)}"

    def _risk(self, row: BoardRow) -> str:
        """The one warning that a card has room for, with its reason."""
        if row.expected_close_on and row.expected_close_on < self.today:
            return self._words["past"]
        if row.touched_at is not None:
            silent = self._days_since(row.touched_at)
            if silent > self.norms.of(row.stage, row.team_id):
                return self._words["silent"] % {"n": silent}
        return ""

    def _may(self, row: BoardRow) -> str:
        reach = self.user.scope
        if reach.everything or row.owner_id in reach.owner_ids:
            return "move"
        if row.owner_id is None:
            return "move" if row.team_id in reach.managed_team_ids else "claim"
        return ""

    def _days_since(self, moment: dt.datetime) -> int:
        return (self.today - moment.astimezone(self.zone).date()).days

    def day(self, moment: dt.datetime) -> str:
        return self._date(moment.astimezone(self.zone).date())

    def _past(self, day: dt.date) -> str:
        """Short, because it stands beside a word: `Tue` in the last week, else `12 Mar`."""
        pattern = "EEE" if (self.today - day).days < 7 else "d MMM"
        return written_day(day, pattern, self.language)

    def date(self, day: dt.date | None) -> str:
        return "" if day is None else self._date(day)

    def _date(self, day: dt.date) -> str:
        near = abs((day - self.today).days) < 180
        return written_day(day, "EEE d MMM" if near else "d MMM y", self.language)

    def time(self, moment: dt.datetime) -> str:
        return clock(moment, self.zone)

    def date_of(self, moment: dt.datetime) -> dt.date:
        return moment.astimezone(self.zone).date()

    def short_day(self, moment: dt.datetime | None) -> str:
        """Without the day of the week, for places where many stand together."""
        if moment is None:
            return ""
        day = self.date_of(moment)
        pattern = "d MMM" if day.year == self.today.year else "d MMM y"
        return written_day(day, pattern, self.language)
