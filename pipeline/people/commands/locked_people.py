"""What the commands on people and teams share: one lock, one history, one idea of reach."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline.models import PeopleChange, Team, User
from pipeline.people import queries
from salesprocess.lib.events import Event, change_event, event_columns
from salesprocess.lib.refused import Stale


@contextmanager
def people_locked() -> Iterator[None]:
    """One transaction in which nobody else changes people or teams.

    Such changes are rare, and their rules look at the whole tree (no cycle, a last admin, who
    stands above whom), so that one lock on its root is simpler than many and cannot deadlock.
    Deals may be written meanwhile: FOR NO KEY UPDATE lets foreign keys to the root pass.
    """
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(parent=None)
        yield


def as_of_now(user: User) -> User:
    """The person with role and reach as they stand under the lock, not as the request began."""
    found: User = User.objects.get(pk=user.pk)
    return found


def check_seen(subject: User | Team, seen: int | None, *, by: User) -> None:
    """Refuse to overwrite what the page has not shown; call it under the lock.

    `seen` is what `queries.latest_change` gave to the page; None changes whatever is there.

    Raises Stale, which tells who changed what.
    """
    # A number from the future was never shown by a page: it says no more than None.
    if seen is None or queries.latest_change(subject) <= seen:
        return
    newer = queries.changes_of(subject).filter(pk__gt=seen).select_related("by").order_by("pk")
    lines = queries.history(newer, zone=by.zone)
    told = "; ".join(f"{line.what}: {line.old or '–'} → {line.new or '–'}" for line in lines)
    who = lines[-1].by
    message = _("%(who)s was faster (%(told)s). Save again to put yours in its place.")
    raise Stale(
        subject,
        version=queries.latest_change(subject),
        by=who,
        message=message % {"who": who, "told": told},
    )


def note_change(
    subject: User | Team, field: str, value: Any, *, by: User | None, at: dt.datetime
) -> PeopleChange | None:
    """Set a field with a row of history; None if it has that value already. The caller saves."""
    old = getattr(subject, field)
    if old == value:
        return None
    setattr(subject, field, value)
    return note(subject, change_event(field, old=old, new=value), by=by, at=at)


def note(subject: User | Team, event: Event, *, by: User | None, at: dt.datetime) -> PeopleChange:
    """Add a row of history."""
    return PeopleChange.objects.create(
        person=subject if isinstance(subject, User) else None,
        team=subject if isinstance(subject, Team) else None,
        by=by,
        at=at,
        **event_columns(event),
    )
