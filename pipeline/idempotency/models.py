from typing import ClassVar, Self

from django.db import models

from pipeline.people.models.people import User
from salesprocess.lib.database import transaction_number


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    def visible_to(self, user: User) -> Self:
        """What somebody sent, and what he or she was answered, is nobody else's."""
        if user.scope.everything:
            return self.filter()
        return self.filter(user=user) if user.is_active else self.none()

    def editable_by(self, user: User) -> Self:
        return self.none()


IdempotencyKeyManager = models.Manager.from_queryset(IdempotencyKeyQuerySet)


class IdempotencyKey(models.Model):
    """A form that was sent and taken, with the answer, written in the transaction of its effect.

    Unique by who sent it, its key and what it meant, so that of several requests at once the
    database lets one have the effect; the others wait for it and get its answer.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    digest = models.BinaryField(max_length=32)
    at = models.DateTimeField(db_index=True)
    may_come_late = models.BooleanField(default=False, db_default=False)
    # The database's number of the transaction of the effect: who undoes that, finds the key by it.
    transaction = models.BigIntegerField(db_default=transaction_number(), editable=False)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    # None: too long to keep.
    body = models.BinaryField(null=True)

    objects = IdempotencyKeyManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "key", "digest"], name="one_intent_one_effect"),
        ]

    def __str__(self) -> str:
        return self.key
