"""Notes on days, for the charts over time."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline.models import Team, User
from reports.models import DayNote
from salesprocess.lib.refused import Refused, require_version


def pin(*, team: Team, on: dt.date, words: str, by: User, at: dt.datetime) -> DayNote:
    """Note what happened on a day, for a team and all below it.

    Raises Refused for a team that `by` does not lead, and for no words; ValidationError for a value
    that its field cannot hold.
    """
    note = DayNote()
    _write(note, team=team, on=on, words=words, by=by, at=at)
    return note


def change(
    note: DayNote,
    *,
    team: Team,
    on: dt.date,
    words: str,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> None:
    """Say it otherwise. `version` is the state that the page showed; None changes whatever is there.

    Raises DayNote.DoesNotExist for one of a team that `by` does not lead, Stale if `version` is not
    the present one, and as `pin` does.
    """
    with transaction.atomic():
        row = _held(note, by=by, version=version)
        if (row.team_id, row.on, row.words) == (team.pk, on, words.strip()):
            return
        row.version += 1
        _write(row, team=team, on=on, words=words, by=by, at=at)
    note.refresh_from_db()


def remove(note: DayNote, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """Take a note off the charts; it can be put back. Raises as `change` does."""
    with transaction.atomic():
        row = _held(note, by=by, version=version)
        if row.removed_at is None:
            row.removed_at = at
            _mark(row, by=by, at=at)


def put_back(note: DayNote, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """Let a note that was removed stand again. Raises as `change` does."""
    with transaction.atomic():
        row = _held(note, by=by, version=version)
        if row.removed_at is not None:
            row.removed_at = None
            _mark(row, by=by, at=at)


def _held(note: DayNote, *, by: User, version: int | None) -> DayNote:
    rows = DayNote.objects.editable_by(by).select_related("changed_by")
    row: DayNote = rows.select_for_update(of=("self",)).get(pk=note.pk)
    require_version(row, version)
    return row


def _mark(row: DayNote, *, by: User, at: dt.datetime) -> None:
    row.version += 1
    row.changed_by, row.changed_at = by, at
    row.save()


def _write(
    note: DayNote, *, team: Team, on: dt.date, words: str, by: User, at: dt.datetime
) -> None:
    scope = by.scope
    if not scope.everything and team.pk not in scope.managed_team_ids:
        raise Refused(_("Only who leads a team notes something for it."), field="team")
    words = words.strip()
    if not words:
        raise Refused(_("Write what happened."), field="words")
    note.team, note.on, note.words = team, on, words
    note.changed_by, note.changed_at = by, at
    note.clean_fields(exclude=["team", "changed_by"])
    note.save()
