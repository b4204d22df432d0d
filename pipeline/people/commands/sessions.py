"""Ending what a person has open in other browsers."""

import datetime as dt

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from pipeline.models import PeopleChange, Role, User
from pipeline.outbox import commands as outbox
from pipeline.outbox import kinds
from pipeline.people.commands.locked_people import as_of_now, note, note_change, people_locked
from pipeline.people.events import SessionEnded


def end(user: User, pk: int, *, at: dt.datetime) -> None:
    """Sign one of one's own browsers out: its next request is a stranger's.

    Raises UserSession.DoesNotExist for another person's.
    """
    with transaction.atomic():
        _end(user, pk, by=user, at=at)


def end_of_another(person: User, pk: int, *, by: User, at: dt.datetime) -> None:
    """As an admin, sign a person out of one browser; the person is told by mail.

    Raises User.DoesNotExist if `by` is no admin, or the person; UserSession.DoesNotExist for a browser
    that is not the person's.
    """
    with people_locked():
        row = _row_of_another(person, by=by)
        _tell(_end(row, pk, by=by, at=at), at=at)


def end_all_of_another(person: User, *, by: User, at: dt.datetime) -> None:
    """As an admin, sign a person out everywhere; the person is told by mail. Raises as above."""
    with people_locked():
        row = _row_of_another(person, by=by)
        noted = note_change(row, "sign_outs", row.sign_outs + 1, by=by, at=at)
        row.save(update_fields=["sign_outs"])
        forget_others(row, here="")
        _tell(noted, at=at)


def _row_of_another(person: User, *, by: User) -> User:
    by = as_of_now(by)
    if by.role != Role.ADMIN:
        raise User.DoesNotExist
    found: User = User.objects.manageable_by(by).get(pk=person.pk)
    return found


def _end(user: User, pk: int, *, by: User, at: dt.datetime) -> PeopleChange:
    row = UserSession.objects.select_for_update().get(user=user, pk=pk)
    Session.objects.filter(session_key=row.session_key).delete()
    row.delete()
    return note(user, SessionEnded(agent=row.user_agent), by=by, at=at)


def _tell(change: PeopleChange | None, *, at: dt.datetime) -> None:
    if change is not None:
        outbox.put(kinds.SIGN_IN_CHANGED, {"change": change.pk}, at=at)


def forget_others(user: User, *, here: str) -> None:
    """Delete what is kept of a person's browsers but the one with the session key `here`; part of
    what ends their sessions."""
    others = UserSession.objects.filter(user=user).exclude(session_key=here)
    keys = list(others.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    others.delete()


def update_session_key(old: str, new: str) -> None:
    """Keep the browser on its person's list after Django gave its session another key."""
    UserSession.objects.filter(session_key=old).update(session_key=new)
