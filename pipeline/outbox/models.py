"""What must still happen after a commit, kept where the commit is (ARCHITECTURE 8)."""

import datetime as dt
from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.db.models import F, Q

if TYPE_CHECKING:
    from pipeline.people.models.people import User

# After so many attempts a row is dead: it waits for an admin, not for luck.
MOST_ATTEMPTS = 8


class OutboxRowQuerySet(models.QuerySet["OutboxRow"]):
    def visible_to(self, user: "User") -> Self:
        """Only admins can do something about what was not delivered."""
        return self.filter() if user.scope.everything else self.none()

    def editable_by(self, user: "User") -> Self:
        return self.visible_to(user)

    def waiting(self) -> Self:
        return self.filter(done_at=None, dead_at=None)

    def dead(self) -> Self:
        return self.filter(dead_at__isnull=False)

    def due(self, at: dt.datetime) -> Self:
        """Those that may be tried at `at`: nobody holds a lease on them that still runs."""
        free = Q(leased_until=None) | Q(leased_until__lte=at)
        return self.waiting().filter(free, next_at__lte=at)


OutboxRowManager = models.Manager.from_queryset(OutboxRowQuerySet)


class OutboxRow(models.Model):
    """Something to deliver, written in the transaction of what it tells about.

    `payload` holds ids only, so that nothing personal outlives the record that it belongs to. Who
    delivers takes a lease first and commits it: a worker that is killed has used up an attempt, and
    when the lease runs out another worker goes on.
    """

    # One of pipeline.outbox.kinds, if the release that reads it knows it.
    kind = models.CharField(max_length=60)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    next_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    # The lease names its holder, so that who overslept cannot finish another's attempt.
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    dead_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    objects = OutboxRowManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(dead_at=None), name="outbox_done_or_dead"
            ),
            models.CheckConstraint(
                condition=Q(lease=None, leased_until=None)
                | Q(lease__isnull=False, leased_until__isnull=False),
                name="outbox_lease_with_its_end",
            ),
        ]
        indexes: ClassVar = [
            # Serves the relay, every few seconds, however many rows are done.
            models.Index(
                F("next_at").asc(),
                "id",
                condition=Q(done_at=None, dead_at=None),
                name="outbox_waiting",
            ),
            # Serves the admins' list of what was given up.
            models.Index(
                F("dead_at").desc(), condition=Q(dead_at__isnull=False), name="outbox_dead"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
