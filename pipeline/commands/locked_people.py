"""What the commands on people and teams share: one lock, one history, one idea of reach."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from pipeline.models import PeopleChange, Team, User


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


def note_change(
    subject: User | Team, field: str, value: Any, *, by: User | None, at: dt.datetime
) -> PeopleChange | None:
    """Set a field with a row of history; None if it has that value already. The caller saves."""
    old = getattr(subject, field)
    if old == value:
        return None
    setattr(subject, field, value)
    return PeopleChange.objects.create(
        person=subject if isinstance(subject, User) else None,
        team=subject if isinstance(subject, Team) else None,
        field=field,
        old=as_text(old),
        new=as_text(value),
        by=by,
        at=at,
    )


def as_text(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "pk"):
        return f"{value.pk} {value}"[:300]
    return str(value)[:300]
