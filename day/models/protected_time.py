from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from day.models.own import OwnManager
from pipeline.models import User


class ProtectedTime(models.Model):
    """Hours of a weekday that somebody keeps free for prospecting (METHOD, stage 2: it is what is
    dropped when one is busy). `weekday` as in ISO: Monday is 1."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="protected_times")
    weekday = models.PositiveSmallIntegerField(_("Day"))
    starts = models.TimeField(_("From"))
    ends = models.TimeField(_("Until"))

    objects = OwnManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(weekday__range=(1, 7)), name="protected_time_on_a_weekday"
            ),
            models.CheckConstraint(
                condition=Q(starts__lt=F("ends")), name="protected_time_ends_after_it_starts"
            ),
            models.UniqueConstraint(
                fields=["owner", "weekday", "starts"], name="protected_time_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.starts} to {self.ends}"
