from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models

if TYPE_CHECKING:
    from pipeline.people.models.people import User


class SignInAttemptQuerySet(models.QuerySet["SignInAttempt"]):
    def visible_to(self, user: "User") -> Self:
        """Admins alone; there is little to see: it is counted, and forgotten."""
        return self.filter() if user.scope.everything else self.none()

    def editable_by(self, user: "User") -> Self:
        return self.none()


SignInAttemptManager = models.Manager.from_queryset(SignInAttemptQuerySet)


class SignInAttempt(models.Model):
    """A password that was tried and was not right, or is just being looked at.

    Digests, because what people type for their address may be their password, and addresses of the
    network say where somebody was.
    """

    # Of the address of the network, and of that with what was typed for an account.
    network = models.CharField(max_length=64)
    place = models.CharField(max_length=64)
    at = models.DateTimeField()

    objects = SignInAttemptManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["place", "at"], name="sign_in_attempt_of_place"),
            models.Index(fields=["network", "at"], name="sign_in_attempt_of_network"),
            models.Index(fields=["at"], name="sign_in_attempt_of_old"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"
