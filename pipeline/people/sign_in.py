"""How people sign in: by which second factors, and where they are signed in now."""

import datetime as dt
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare

from pipeline.models import User
from pipeline.people.devices import device_in_words


@dataclass(frozen=True, kw_only=True)
class Passkey:
    id: int
    name: str
    created_at: dt.datetime
    last_used_at: dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class SecondFactors:
    """What a person has besides the password. `codes_left` is None without recovery codes."""

    app_since: dt.datetime | None
    passkeys: list[Passkey]
    codes_left: int | None

    @property
    def is_any(self) -> bool:
        return self.app_since is not None or bool(self.passkeys)


def second_factors(user: User) -> SecondFactors:
    """Of one person, by one query."""
    app_since, passkeys, codes_left = None, [], None
    for row in Authenticator.objects.filter(user=user).order_by("created_at", "pk"):
        if row.type == Authenticator.Type.TOTP:
            app_since = row.created_at
        elif row.type == Authenticator.Type.RECOVERY_CODES:
            codes_left = len(row.wrap().get_unused_codes())
        else:
            passkeys.append(
                Passkey(
                    id=row.pk,
                    name=str(row),
                    created_at=row.created_at,
                    last_used_at=row.last_used_at,
                )
            )
    return SecondFactors(app_since=app_since, passkeys=passkeys, codes_left=codes_left)


def has_second_factor(user: User) -> bool:
    """An app or a passkey; recovery codes alone are none."""
    strong = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    found: bool = Authenticator.objects.filter(user=user, type__in=strong).exists()
    return found


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A browser in which a person is signed in. `is_here` is the one that asks."""

    id: int
    device: str
    ip: str
    since: dt.datetime
    seen_at: dt.datetime
    is_here: bool


def sessions_of(user: User, *, here: str, at: dt.datetime) -> list[SignedIn]:
    """Where a person is signed in, the browser with the session key `here` first; two queries.

    Sessions that have ended, by themselves or by a new password, are not among them.
    """
    rows = UserSession.objects.filter(user=user).order_by("-last_seen_at", "-pk")
    listed = {row.session_key: row for row in rows}
    alive = Session.objects.filter(session_key__in=listed, expire_date__gt=at)
    open_keys = {row.session_key for row in alive if _is_of(user, row)}
    found = [
        SignedIn(
            id=row.pk,
            device=device_in_words(row.user_agent),
            ip=row.ip,
            since=row.created_at,
            seen_at=row.last_seen_at,
            is_here=key == here,
        )
        for key, row in listed.items()
        if key in open_keys
    ]
    return sorted(found, key=lambda one: not one.is_here)


def _is_of(user: User, session: Session) -> bool:
    held = session.get_decoded()
    same = constant_time_compare(held.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    return same and str(held.get(SESSION_KEY)) == str(user.pk)
