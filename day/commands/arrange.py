"""What somebody does to the own day: lay aside, put in another place, keep hours free.

Nothing of it touches a deal: what is laid aside is only out of the own sight.
"""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from day.models import DayOrder, NotToday, ProtectedTime, Snooze
from day.style import FreeHours
from pipeline.models import User
from salesprocess.lib.refused import Refused

# What is older counts for nothing any more.
KEPT = dt.timedelta(days=400)
# More are no plan of a week.
MOST_PROTECTED = 20


def snooze(
    user: User, subject: str, *, until: dt.datetime, at: dt.datetime, why: NotToday | None = None
) -> Snooze:
    """Lay something of the own day aside until an instant; `subject` is its key.

    Raises Refused for an instant that is past.
    """
    if until <= at:
        raise Refused(_("Choose a time ahead."), field="next_on")
    with transaction.atomic():
        mine = Snooze.objects.filter(owner=user)
        mine.filter(at__lt=at - KEPT).delete()
        mine.filter(subject=subject, until__gt=at).update(until=at)
        return Snooze.objects.create(owner=user, subject=subject, until=until, why=why or "", at=at)


def wake(user: User, pk: int) -> None:
    """Take back that something was laid aside; it is as if it never was. Raises Snooze.DoesNotExist
    for another's."""
    Snooze.objects.get(owner=user, pk=pk).delete()


def put(user: User, subject: str, *, place: int, on: dt.date) -> None:
    """Give something of the own day another place, counted from 0, for this day."""
    with transaction.atomic():
        order = _order_of(user, on)
        order.places = {**order.places, subject: max(place, 0)}
        order.save(update_fields=["places"])


def put_back(user: User, subject: str, *, on: dt.date) -> None:
    """Let something stand where it is ranked again."""
    with transaction.atomic():
        order = _order_of(user, on)
        order.places = {key: place for key, place in order.places.items() if key != subject}
        order.save(update_fields=["places"])


def _order_of(user: User, on: dt.date) -> DayOrder:
    """The order of a day, locked. That of days before goes: each day begins anew."""
    DayOrder.objects.filter(owner=user, on__lt=on - dt.timedelta(days=7)).delete()
    DayOrder.objects.get_or_create(owner=user, on=on)
    order: DayOrder = DayOrder.objects.select_for_update().get(owner=user, on=on)
    return order


def protect(user: User, *, weekday: int, starts: dt.time, ends: dt.time) -> None:
    """Keep hours of a weekday free for prospecting; the same again is no change.

    Raises Refused for hours that end before they begin, or for too many.
    """
    if ends <= starts:
        raise Refused(_("It ends before it begins."), field="ends")
    with transaction.atomic():
        mine = ProtectedTime.objects.filter(owner=user)
        if mine.count() >= MOST_PROTECTED:
            raise Refused(_("Those are too many: take some away first."), field="starts")
        mine.update_or_create(owner=user, weekday=weekday, starts=starts, defaults={"ends": ends})


def protect_all(user: User, hours: Iterable[FreeHours]) -> None:
    """Keep all of these hours free. Raises Refused as `protect` does; then none of them is."""
    with transaction.atomic():
        for weekday, starts, ends in hours:
            protect(user, weekday=weekday, starts=starts, ends=ends)


def unprotect(user: User, pk: int) -> None:
    """Give the hours free again. Raises ProtectedTime.DoesNotExist for another's."""
    ProtectedTime.objects.get(owner=user, pk=pk).delete()
