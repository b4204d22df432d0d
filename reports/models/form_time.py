from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pipeline.models import User


class FormKind(models.TextChoices):
    TALKS = "talks", _("What was done and what is next")
    MOVES = "moves", _("Moves, wins and stops")
    RECORDS = "records", _("Facts and records of deals")
    STEPS = "steps", _("Steps of a stage")
    NEW = "new", _("New deals, companies, contacts")
    OTHER = "other", _("Other forms")


class FormTimeQuerySet(models.QuerySet["FormTime"]):
    def visible_to(self, user: User) -> Self:
        """One's own, and nobody else's: neither a manager nor an admin sees those of others."""
        return self.filter(person=user) if user.is_active else self.none()

    def editable_by(self, user: User) -> Self:
        """They are counted, and can be forgotten."""
        return self.visible_to(user)


FormTimeManager = models.Manager.from_queryset(FormTimeQuerySet)


class FormTime(models.Model):
    """How long a person typed in forms of a kind on a day: how many were `sent`, and the seconds of
    all of them, as the browser counted. No single form and no hour of the day is kept."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    # The organisation's day.
    on = models.DateField()
    kind = models.CharField(max_length=7, choices=FormKind)
    sent = models.PositiveIntegerField()
    seconds = models.PositiveIntegerField()

    objects = FormTimeManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "on", "kind"], name="form_time_once_a_day_and_kind"
            ),
            models.CheckConstraint(condition=Q(sent__gte=1), name="form_time_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.on} {self.kind}"
