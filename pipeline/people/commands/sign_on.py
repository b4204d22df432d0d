"""Coming in by single sign-on: whose account of an outside provider is whose here."""

import datetime as dt

from django.utils.translation import get_language

from pipeline.models import Invitation, Role, Team, User
from pipeline.people.commands.locked_people import note, people_locked
from pipeline.people.events import Added, Joined
from pipeline.people.models.people import normal_email


def join(*, email: str, name: str, at: dt.datetime, adds_people: bool = False) -> User | None:
    """The person with a verified address: who has joined, or was invited and joins by this.

    `adds_people` adds who is not known yet, as a salesperson of the organisation itself. None for
    everybody else: being on record is no invitation. Somebody deactivated is given, and let in
    nowhere.
    """
    with people_locked():
        person: User | None = User.objects.filter(email=normal_email(email)).first()
        if person is None:
            return _added(email, name, at=at) if adds_people else None
        if not person.is_active:
            return person
        if not person.has_joined and not _accept(person, at=at):
            return None
        person.signs_on = True
        person.save(update_fields=["signs_on"])
    return person


def _accept(person: User, *, at: dt.datetime) -> bool:
    invitation = Invitation.objects.filter(person=person).open().first()
    if invitation is None or not invitation.works_at(at) or invitation.email != person.email:
        return False
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])
    note(person, Joined(email=invitation.email), by=person, at=at)
    return True


def _added(email: str, name: str, *, at: dt.datetime) -> User:
    person = User(
        email=normal_email(email),
        name=name.strip()[:120] or email,
        role=Role.SALESPERSON,
        team=Team.objects.root(),
        signs_on=True,
        language=(get_language() or "en")[:2],
    )
    person.set_unusable_password()
    person.full_clean()
    person.save(force_insert=True)
    note(person, Added(name=person.name), by=None, at=at)
    note(person, Joined(email=person.email or ""), by=person, at=at)
    return person
