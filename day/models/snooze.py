from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from day.models.own import OwnManager
from pipeline.models import User


class NotToday(models.TextChoices):
    """Why somebody leaves a thing for another day. Counted for that person alone."""

    THEY_WAIT = "they_wait", _("they asked me to wait")
    WE_WAIT = "we_wait", _("I wait for our own people")
    NOT_WORTH = "not_worth", _("it is not worth it now")


class Snooze(models.Model):
    """Something of somebody's day that was laid aside until an instant, with a reason or without.

    `subject` is the key of what it was (`day.queries.queue`): it names a row of another table without
    holding it, so that a snooze never stands in the way of anything.
    """

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="snoozes")
    subject = models.CharField(max_length=24)
    until = models.DateTimeField()
    why = models.CharField(max_length=12, choices=NotToday, blank=True)
    at = models.DateTimeField()

    objects = OwnManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(subject=""), name="snooze_of_something"),
        ]
        indexes: ClassVar = [models.Index(fields=["owner", "until"], name="snooze_of_owner")]

    def __str__(self) -> str:
        return f"{self.subject} until {self.until}"
