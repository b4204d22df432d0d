"""What can be done to people and teams."""

import datetime as dt
import json
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from pipeline.models import Language, Role, Team, User
from pipeline.outbox import commands as outbox
from pipeline.outbox import kinds
from pipeline.people.commands import first_run, invitation, sessions
from pipeline.people.commands.locked_people import (
    as_of_now,
    check_seen,
    note,
    note_change,
    people_locked,
)
from pipeline.people.events import Added, SecondFactorsRemoved, SignInChange, SignInChanged
from pipeline.people.models.people import normal_email
from salesprocess.lib.refused import Refused


def found_organisation(*, name: str, currency: str, time_zone: str, country: str) -> Team:
    """Make the root of the tree of teams.

    `currency` is three letters (ISO 4217), `time_zone` a name of the tz database, `country` two
    letters (ISO 3166), by which telephone numbers are read.

    Raises Refused if there is an organisation already, ValidationError for a setting that is none.
    """
    if Team.objects.filter(parent=None).exists():
        raise Refused(_("There is an organisation already."))
    root = Team(
        name=name.strip(), currency=currency.upper(), time_zone=time_zone, country=country.upper()
    )
    root.full_clean()
    with transaction.atomic():
        root.save(force_insert=True)
        first_run.begin(root)
    return root


def add_first_admin(
    *, name: str, email: str, password: str, language: str = Language.ENGLISH
) -> User:
    """Add an admin who can sign in; there is no page for it, so that nobody finds one open.

    Raises ValidationError for a weak password, an e-mail that is none, or one that is taken.
    """
    validate_password(password)
    if not email:
        raise ValidationError(_("An admin needs an e-mail address to sign in."))
    with transaction.atomic():
        admin = User(name=name.strip(), email=email.strip().lower(), role=Role.ADMIN)
        admin.language = language
        admin.set_password(password)
        admin.full_clean()
        admin.save(force_insert=True)
    return admin


# What others decide about a person.
EDITABLE = ("name", "email", "role", "team", "style", "hired_on", "time_zone")
# What a person decides alone.
OWN = (
    *("name", "time_zone", "style", "theme", "language", "start_page"),
    *("process_mails", "form_times"),
    *("keys", "single_keys"),
)


def add(*, by: User, at: dt.datetime, invite: bool = False, **facts: Any) -> User:
    """Add a person, with facts from EDITABLE; `invite` mails a link to join to his or her address.

    Raises Refused for a role or a team that is not for `by` to give, a salesperson without a team,
    or an invitation without an address; ValidationError for a value that its field cannot hold.
    The invitation is in the language of `by`, until the person says which.
    """
    _known(facts)
    with people_locked():
        by = as_of_now(by)
        person = User(language=by.language, **facts)
        person.name, person.email = person.name.strip(), normal_email(person.email)
        person.set_unusable_password()
        _check_place(person, by=by)
        person.full_clean()
        person.save(force_insert=True)
        note(person, Added(name=person.name), by=by, at=at)
        if invite:
            invitation.invite(person, by=by, at=at)
    return person


def change(
    person: User, *, by: User, at: dt.datetime, seen: int | None = None, **facts: Any
) -> None:
    """Change facts of a person (those in EDITABLE), each with a row of history.

    Open deals follow a person to another team, a moment later (the outbox).

    The address of somebody who has joined is changed by `change_email` only, because a new
    password can be had with it. Another address revokes an invitation to the old one.

    `seen` is the state that the page has shown (`check_seen`).

    Raises User.DoesNotExist if `by` may not decide about this person, Stale, else as `add`; Refused also
    if a team would be led by a salesperson, or nobody could administer any more.
    """
    _known(facts)
    with people_locked():
        by = as_of_now(by)
        row = User.objects.manageable_by(by).get(pk=person.pk)
        check_seen(row, seen, by=by)
        if "email" in facts:
            facts["email"] = normal_email(facts["email"])
            if row.has_joined and facts["email"] != row.email:
                raise Refused(_("The person has joined: only an admin may do this."), field="email")
        was_admin = row.role == Role.ADMIN
        noted = {name: note_change(row, name, value, by=by, at=at) for name, value in facts.items()}
        changed = [name for name, change in noted.items() if change]
        _check_place(row, by=by)
        if was_admin and row.role != Role.ADMIN:
            _check_admin_left(row)
        if row.role == Role.SALESPERSON and row.teams_led.exists():
            raise Refused(
                _("This person leads a team: give it another manager first."), field="role"
            )
        row.full_clean()
        row.save(update_fields=changed)
        if "email" in changed:
            invitation.revoke_open(row, at=at)
        if moved := noted.get("team"):
            outbox.put(kinds.PERSON_MOVED, {"change": moved.pk}, at=at)


def deactivate(person: User, *, by: User, at: dt.datetime) -> None:
    """Let a person in no longer, at once and everywhere; what he or she has done stays.

    Deals keep their owner and stay in sight of the manager until they are handed over.

    Raises User.DoesNotExist as `change`, Refused for the last admin who can sign in.
    """
    with people_locked():
        by = as_of_now(by)
        row = User.objects.manageable_by(by).get(pk=person.pk)
        if note_change(row, "is_active", False, by=by, at=at) is None:
            return
        if row.role == Role.ADMIN:
            _check_admin_left(row)
        row.sign_outs += 1
        row.save(update_fields=["is_active", "sign_outs"])
        sessions.forget_others(row, here="")
        invitation.revoke_open(row, at=at)


def reactivate(person: User, *, by: User, at: dt.datetime) -> None:
    """Let a person in again, with the password of before; sessions of before stay ended.

    Raises User.DoesNotExist as `change`.
    """
    with people_locked():
        by = as_of_now(by)
        row = User.objects.manageable_by(by).get(pk=person.pk)
        if note_change(row, "is_active", True, by=by, at=at):
            row.save(update_fields=["is_active"])


def remove_second_factors(person: User, *, by: User, at: dt.datetime) -> None:
    """Let somebody who has lost phone and keys in by the password again; sessions of before end.

    Raises User.DoesNotExist if `by` is no admin, or the person itself.
    """
    with people_locked():
        by = as_of_now(by)
        if by.role != Role.ADMIN:
            raise User.DoesNotExist
        row = User.objects.manageable_by(by).get(pk=person.pk)
        if not Authenticator.objects.filter(user=row).delete()[0]:
            return
        row.sign_outs += 1
        row.save(update_fields=["sign_outs"])
        sessions.forget_others(row, here="")
        noted = note(row, SecondFactorsRemoved(), by=by, at=at)
        outbox.put(kinds.SIGN_IN_CHANGED, {"change": noted.pk}, at=at)


def note_sign_in_change(person: User, what: SignInChange, *, at: dt.datetime) -> None:
    """Keep that a person changed how he or she signs in, and tell it by mail: if it was somebody
    else, this is how its owner learns of it."""
    with transaction.atomic():
        noted = note(person, SignInChanged(what=what.value), by=person, at=at)
        outbox.put(kinds.SIGN_IN_CHANGED, {"change": noted.pk}, at=at)


def change_email(
    person: User, *, email: str, password: str, by: User, at: dt.datetime, seen: int | None = None
) -> None:
    """Change the address that a person signs in with: one's own, or as an admin anybody's.

    `password` is that of `by`: who finds a browser open must not get an account with it. Everybody
    who is signed in as the person is signed out, and the old address is told by mail. `seen` is the state
    that the page has shown (`check_seen`).

    Raises Refused for a wrong password or an empty address, User.DoesNotExist if `by` may not, Stale,
    ValidationError for an address that is none or taken.
    """
    with people_locked():
        by = as_of_now(by)
        if not by.is_active or (by.pk != person.pk and by.role != Role.ADMIN):
            raise User.DoesNotExist
        if not by.check_password(password):
            raise Refused(_("That is not your password."), field="password")
        row = User.objects.get(pk=person.pk)
        check_seen(row, seen, by=by)
        new = normal_email(email)
        if new is None:
            raise Refused(_("Without an address nobody can sign in."), field="email")
        old = row.email
        noted = note_change(row, "email", new, by=by, at=at)
        if noted is None:
            return
        row.sign_outs += 1
        row.full_clean()
        row.save(update_fields=["email", "sign_outs"])
        # allauth would go on to accept the old address from a list of its own.
        EmailAddress.objects.filter(user=row).delete()
        invitation.revoke_open(row, at=at)
        if old:
            outbox.put(kinds.EMAIL_CHANGED, {"change": noted.pk}, at=at)


def change_profile(
    person: User, *, at: dt.datetime, seen: int | None = None, **facts: str | bool
) -> None:
    """Change what everybody may about himself or herself: facts from OWN.

    `seen` is the state that the page has shown (`check_seen`): another tab, or the manager, may
    have been faster.

    Raises Stale, ValidationError for a value that its field cannot hold.
    """
    if unknown := set(facts) - set(OWN):
        raise TypeError(f"not one's own to change: {sorted(unknown)}")
    with transaction.atomic():
        row = User.objects.active().select_for_update(no_key=True).get(pk=person.pk)
        check_seen(row, seen, by=row)
        for field, value in facts.items():
            said = value.strip() if isinstance(value, str) else value
            note_change(row, field, said, by=row, at=at)
        row.full_clean()
        row.save(update_fields=list(facts))


def keep_list_look(person: User, *, of: str, look: str) -> None:
    """Keep how the list `of` looks for a person: the query of its address, empty for the usual look."""
    with transaction.atomic():
        row = User.objects.active().select_for_update(no_key=True).get(pk=person.pk)
        looks = json.loads(row.list_looks) if row.list_looks else {}
        looks[of] = look
        row.list_looks = json.dumps({name: said for name, said in looks.items() if said})
        row.save(update_fields=["list_looks"])


def sign_out_everywhere(person: User, *, at: dt.datetime) -> None:
    """End all sessions of a person; the caller may keep its own (`update_session_auth_hash`)."""
    with transaction.atomic():
        row = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        note_change(row, "sign_outs", row.sign_outs + 1, by=row, at=at)
        row.save(update_fields=["sign_outs"])


def _known(facts: dict[str, Any]) -> None:
    if unknown := set(facts) - set(EDITABLE):
        raise TypeError(f"no facts of a person: {sorted(unknown)}")


def _check_place(person: User, *, by: User) -> None:
    """Nobody gives a role or a team that is above or beside the own reach."""
    reach = by.scope
    if person.role == Role.ADMIN and not reach.everything:
        raise Refused(_("Only an admin can make admins."), field="role")
    if not reach.everything and person.team_id not in reach.managed_team_ids:
        raise Refused(_("Choose a team that you lead, or one below it."), field="team")
    if person.role == Role.SALESPERSON and person.team_id is None:
        raise Refused(_("A salesperson belongs to a team."), field="team")


def _check_admin_left(person: User) -> None:
    """Asked under the lock: two admins who demote each other must not both succeed."""
    others = User.objects.able_to_sign_in().filter(role=Role.ADMIN).exclude(pk=person.pk)
    if not others.exists():
        raise Refused(_("This is the last admin who can sign in."), field="role")
