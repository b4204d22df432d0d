"""Invitations: how a person who was added comes to be able to sign in."""

import datetime as dt
import hashlib
import secrets
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from pipeline.people.models.people import User

LIFETIME = dt.timedelta(days=7)


def new_nonce() -> str:
    return secrets.token_hex(16)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, user: User) -> Self:
        """Those of the people whom one may change."""
        if user.scope.everything:
            return self.filter()
        return self.filter(person__in=User.objects.manageable_by(user))

    def editable_by(self, user: User) -> Self:
        return self.visible_to(user)

    def open(self) -> Self:
        """Neither accepted nor revoked; it may have expired (`Invitation.works_at`)."""
        return self.filter(accepted_at=None, revoked_at=None)

    def with_token(self, token: str) -> Self:
        return self.filter(token_hash=hash_of(token))


InvitationManager = models.Manager.from_queryset(InvitationQuerySet)


class Invitation(models.Model):
    """A link for one person, one address and one use.

    The token is stored nowhere. It is derived from the nonce in this row and the installation's
    secret key, so that the mail can be written later and again (the outbox holds ids only, and a
    mail that is sent twice after a crash carries the same link), while neither the database nor
    the key alone gives it away. Links are checked against the hash: it stays true if the key is
    changed.
    """

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    nonce = models.CharField(max_length=32, default=new_nonce, editable=False)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="invitation_one_open_per_person",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(revoked_at=None),
                name="invitation_accepted_or_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.email}"

    def token(self) -> str:
        """128 bits, in hexadecimal."""
        return salted_hmac("pipeline.invitation", self.nonce, algorithm="sha256").hexdigest()[:32]

    def works_at(self, at: dt.datetime) -> bool:
        return self.accepted_at is None and self.revoked_at is None and at < self.expires_at


def hash_of(token: str) -> str:
    """A token is random, so that a plain hash cannot be guessed backwards."""
    return hashlib.sha256(token.encode()).hexdigest()
