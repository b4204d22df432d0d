"""Inviting people, and accepting an invitation."""

import datetime as dt

from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext as _

from pipeline.models import Invitation, User
from pipeline.outbox import commands as outbox
from pipeline.outbox import kinds
from pipeline.people.commands.locked_people import as_of_now, note, note_change, people_locked
from pipeline.people.events import Invited, Joined
from pipeline.people.models.invitation import LIFETIME, hash_of
from salesprocess.lib.refused import Refused


def invite(person: User, *, by: User, at: dt.datetime) -> Invitation:
    """Mail a link to join, good for one use within seven days; a link of before stops working.

    Raises User.DoesNotExist if `by` may not decide about this person; Refused if he or she has no
    address, has joined, or is deactivated.
    """
    with people_locked():
        by = as_of_now(by)
        row = User.objects.manageable_by(by).get(pk=person.pk)
        if row.email is None:
            raise Refused(_("Enter an e-mail address to invite this person."), field="email")
        if not row.is_active or row.has_joined:
            raise Refused(_("There is nobody to invite: this person has joined, or left."))
        revoke_open(row, at=at)
        invitation = Invitation(
            person=row, email=row.email, created_at=at, created_by=by, expires_at=at + LIFETIME
        )
        invitation.token_hash = hash_of(invitation.token())
        invitation.save(force_insert=True)
        note(row, Invited(email=row.email), by=by, at=at)
        outbox.put(kinds.INVITATION, {"invitation": invitation.pk}, at=at)
    return invitation


def revoke_open(person: User, *, at: dt.datetime) -> None:
    """Let no link that was sent to a person work any more; part of other commands."""
    Invitation.objects.filter(person=person).open().update(revoked_at=at)


def accept(
    invitation: Invitation, *, name: str, password: str, at: dt.datetime, language: str = ""
) -> User:
    """Join: choose a name and a password, once.

    `language` is the one that the page was read in; empty leaves that of the invitation.

    Raises Refused if the link does not work (any more), ValidationError for a weak password or an
    empty name.
    """
    with people_locked():
        row = Invitation.objects.select_related("person").get(pk=invitation.pk)
        person = row.person
        bound = person.is_active and person.email == row.email and not person.has_joined
        if not row.works_at(at) or not bound:
            raise Refused(_("This link does not work any more."))
        note_change(person, "name", name.strip(), by=person, at=at)
        person.language = language or person.language
        validate_password(password, user=person)
        person.set_password(password)
        person.full_clean()
        person.save(update_fields=["name", "password", "language"])
        row.accepted_at = at
        row.save(update_fields=["accepted_at"])
        note(person, Joined(email=row.email), by=person, at=at)
    return person
