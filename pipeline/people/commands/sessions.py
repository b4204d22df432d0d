"""Ending what a person has open in other browsers."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from pipeline.models import User


def end(user: User, pk: int) -> None:
    """Sign one of one's own browsers out: its next request is a stranger's.

    Raises UserSession.DoesNotExist for another person's.
    """
    with transaction.atomic():
        row = UserSession.objects.select_for_update().get(user=user, pk=pk)
        Session.objects.filter(session_key=row.session_key).delete()
        row.delete()


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
