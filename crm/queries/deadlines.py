"""The board by when its deals ask for somebody: the same cards, in columns of days instead of stages.

A column is what its reader's day makes it (`crm.models.due`): what stands under Today says so on its
card. What is parked stands where its parking ends.
"""

import datetime as dt
from collections.abc import Callable, Mapping

from django.db.models import Case, IntegerChoices, IntegerField, Q, Value, When
from django.utils.translation import gettext_lazy as _

from crm.models.due import DueState, in_state, midnight
from crm.queries.board import FIELDS, ORDERING, PAGE, BoardRow, Sight, urgency
from salesprocess.lib.keyset import Cursor, Rows
from salesprocess.lib.working_hours import WorkingHours

# A day ends elsewhere so much earlier or later: within it the order, which is one for all, has the cards.
_APART = dt.timedelta(hours=27)


class Deadline(IntegerChoices):
    """The columns, in their order."""

    OVERDUE = 1, _("Overdue")
    TODAY = 2, _("Today")
    THIS_WEEK = 3, _("This week")
    NEXT_WEEK = 4, _("Next week")
    NONE = 5, _("Nothing planned")
    LATER = 6, _("Later")

    @property
    def can_be_set(self) -> bool:
        """Whether a card can be put there: nothing is planned for what is past, nor for no day."""
        return self not in (Deadline.OVERDUE, Deadline.NONE)

    def day(self, today: dt.date, hours: WorkingHours) -> dt.date:
        """The day that is meant by putting a card there: the last working day that is left of this
        week, the first one of another. Raises ValueError for a column of no day."""
        if not self.can_be_set:
            raise ValueError(self)
        monday = today + dt.timedelta(days=7 - today.weekday())
        if self == Deadline.TODAY:
            return today
        if self == Deadline.THIS_WEEK:
            left = (monday - dt.timedelta(days=n) for n in range(1, 7 - today.weekday()))
            return next((day for day in left if day.isoweekday() in hours.days), today)
        if self == Deadline.LATER:
            monday += dt.timedelta(days=7)
        week = (monday + dt.timedelta(days=n) for n in range(7))
        return next(day for day in week if day.isoweekday() in hours.days)


class Deadlines:
    """Which deals stand in which column at `at`, for a reader in `zone`."""

    def __init__(self, *, at: dt.datetime, zone: dt.tzinfo) -> None:
        self.at, self.zone = at, zone
        self.today = at.astimezone(zone).date()
        self.sunday = self.today + dt.timedelta(days=6 - self.today.weekday())

    def condition(self, column: Deadline) -> Q:
        next_sunday = self.sunday + dt.timedelta(days=7)
        conditions: Mapping[Deadline, Callable[[], Q]] = {
            Deadline.OVERDUE: lambda: self._due(DueState.OVER),
            Deadline.TODAY: lambda: self._due(DueState.TODAY),
            Deadline.THIS_WEEK: lambda: self._between(self.today, self.sunday),
            Deadline.NEXT_WEEK: lambda: self._between(self.sunday, next_sunday),
            Deadline.NONE: self._nothing,
            Deadline.LATER: lambda: self._between(next_sunday, None),
        }
        return conditions[column]()

    @property
    def column(self) -> Case:
        """The column of each open deal, in SQL."""
        places = (When(self.condition(one), then=one.value) for one in Deadline)
        return Case(*places, default=Deadline.LATER.value, output_field=IntegerField())

    def _due(self, state: DueState) -> Q:
        due = ~Q(next_kind="") & in_state(state, at=self.at, zone=self.zone, prefix="next")
        if state == DueState.OVER:
            return due & Q(attention_at__lt=self.at + _APART)
        return due & Q(attention_at__gte=self.at - _APART)

    def _nothing(self) -> Q:
        ended = Q(parked_until=None) | Q(parked_until__lte=self.today)
        near = Q(attention_at=None) | Q(attention_at__lt=self.at + _APART)
        return near & Q(next_kind="") & ended

    def _between(self, after: dt.date, last: dt.date | None) -> Q:
        """What is due, or comes back, later than on the day `after`, and on `last` at the latest."""
        begins = midnight(after + dt.timedelta(1), self.zone)
        planned = Q(next_on__gt=after) | Q(next_at__gte=begins)
        parked = Q(parked_until__gt=after)
        near = Q(attention_at__gte=begins - _APART)
        if last is not None:
            ends = midnight(last + dt.timedelta(1), self.zone)
            planned &= Q(next_on__lte=last) | Q(next_at__lt=ends)
            parked &= Q(parked_until__lte=last)
            near &= Q(attention_at__lt=ends + _APART)
        return near & (~Q(next_kind="") & planned | Q(next_kind="") & parked)

    def rows(self, sight: Sight, *, limits: Mapping[int, int]) -> dict[Deadline, list[BoardRow]]:
        """The first cards of each column, in the order of the board. One query."""
        first, *others = (self._in(sight, one)[: limits.get(one, PAGE)] for one in Deadline)
        found: dict[Deadline, list[BoardRow]] = {one: [] for one in Deadline}
        for column, *values in first.union(*others, all=True):
            found[Deadline(column)].append(BoardRow(*values))
        for cards in found.values():
            cards.sort(key=urgency)
        return found

    def more_rows(self, sight: Sight, *, column: Deadline, after: Cursor) -> list[BoardRow]:
        """The next PAGE cards of a column, below where it was left off."""
        rows = self._in(sight, column).filter(ORDERING.beyond(after))
        return [BoardRow(*values) for _column, *values in rows[:PAGE]]

    def _in(self, sight: Sight, column: Deadline) -> Rows:
        deals = sight.deals(sight.scope).open().filter(self.condition(column))
        placed = deals.annotate(placed=Value(column.value, output_field=IntegerField()))
        return ORDERING.apply(placed).values_list("placed", *FIELDS)
