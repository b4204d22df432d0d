"""Time outside of the process: logged by who spent it."""

import datetime as dt

from django.utils.translation import gettext as _

from crm.commands import values
from day.models import OutsideKind, OutsideTime
from pipeline.models import User
from salesprocess.lib.refused import Refused


def log(
    *, kind: OutsideKind, minutes: int, on: dt.date, by: User, at: dt.datetime, words: str = ""
) -> OutsideTime:
    """Record that `by` spent so many minutes of a day outside of the process.

    Raises Refused for a day that lies ahead; ValidationError for less than a minute or more than a
    day.
    """
    if on > at.astimezone(by.zone).date():
        raise Refused(_("This day is still to come."), field="on")
    row = OutsideTime(person=by, kind=kind, minutes=minutes, on=on, words=words.strip(), at=at)
    values.check(row)
    row.save(force_insert=True)
    return row


def remove(entry: OutsideTime, *, by: User) -> None:
    """Take an entry of one's own away. Raises OutsideTime.DoesNotExist for anybody else's."""
    OutsideTime.objects.editable_by(by).get(pk=entry.pk).delete()
