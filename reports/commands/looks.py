"""Who looked at whose figures (CHECKLIST E2)."""

import datetime as dt
from collections.abc import Iterable

from pipeline.models import User
from reports.models import LookedAt, PageLook


def note_look(people: Iterable[int], *, what: LookedAt, by: User, at: dt.datetime) -> None:
    """Note that `by` looks at the figures of these people, given by their ids; at one's own is no
    look. One row a day for each, with its last moment. One query, and none for nobody."""
    day = at.astimezone(by.organisation.zone).date()
    # In one order, so that two who look at the same people at once wait for each other.
    looks = [
        PageLook(person_id=pk, by=by, what=what, on=day, at=at)
        for pk in sorted(set(people) - {by.pk})
    ]
    if looks:
        PageLook.objects.bulk_create(
            looks,
            update_conflicts=True,
            unique_fields=["person", "on", "by", "what"],
            update_fields=["at"],
        )
