"""What an operator asks first: does everything run, and what went wrong."""

from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from pipeline.people.models.people import User


class Part(models.TextChoices):
    """What leaves a sign of life."""

    WORKER = "worker", _("Background work")
    CLOCK = "clock", _("The clock that starts it")
    BACKUP = "backup", _("Backup")


class IncidentKind(models.TextChoices):
    ERROR = "error", _("Failed with an error")
    UNAVAILABLE = "unavailable", _("Refused, because something was away or held")
    SLOW = "slow", _("Slow")
    TASK = "task", _("Background work that failed")


Row = TypeVar("Row", bound=models.Model)


class ForAdmins(models.QuerySet[Row]):
    """Only admins can do something about it."""

    def visible_to(self, user: "User") -> Self:
        return self.filter() if user.scope.everything else self.none()

    def editable_by(self, user: "User") -> Self:
        return self.none()


class HeartbeatQuerySet(ForAdmins["Heartbeat"]):
    pass


class IncidentQuerySet(ForAdmins["Incident"]):
    pass


HeartbeatManager = models.Manager.from_queryset(HeartbeatQuerySet)
IncidentManager = models.Manager.from_queryset(IncidentQuerySet)


class Heartbeat(models.Model):
    """The last sign of life of one process, by the name of its host; of a backup, that it succeeded."""

    part = models.CharField(max_length=10, choices=Part)
    name = models.CharField(max_length=200)
    seen_at = models.DateTimeField()

    objects = HeartbeatManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["part", "name"], name="heartbeat_once_each"),
        ]

    def __str__(self) -> str:
        return f"{self.part} {self.name}"


class Incident(models.Model):
    """What went wrong on one day in one place, counted, so that a storm of errors makes few rows.

    `where` is the name of an address or a task, `error` the class of the error with where it was
    raised: nothing that a person typed, and no id.
    """

    day = models.DateField()
    kind = models.CharField(max_length=12, choices=IncidentKind)
    where = models.CharField(max_length=200)
    error = models.CharField(max_length=300, blank=True)
    count = models.PositiveIntegerField(default=1)
    # Seconds; of the slowest.
    worst_seconds = models.FloatField(default=0)
    last_at = models.DateTimeField()

    objects = IncidentManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "kind", "where", "error"], name="incident_once_a_day"
            ),
        ]
        indexes: ClassVar = [models.Index(F("last_at").desc(), name="incident_latest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.where}"
