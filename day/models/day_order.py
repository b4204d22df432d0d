from typing import ClassVar

from django.db import models

from day.models.own import OwnManager
from pipeline.models import User


class DayOrder(models.Model):
    """How somebody put a day in another order: the keys of what was moved, each with the place that
    it was given. The next day begins anew."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="day_orders")
    on = models.DateField()
    places = models.JSONField(default=dict)

    objects = OwnManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "on"], name="day_order_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id} on {self.on}"
