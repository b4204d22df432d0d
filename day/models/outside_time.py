from typing import ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pipeline.models import User
from pipeline.people.access import HasScope

# A day has no more.
MOST = 24 * 60


class OutsideKind(models.TextChoices):
    """What salespeople do that is neither qualifying nor closing (METHOD, edge rule 3)."""

    SERVICE = "service", _("Service")
    DELIVERY = "delivery", _("Delivery")
    INTERNAL = "internal", _("Internal")


class OutsideTimeQuerySet(models.QuerySet["OutsideTime"]):
    def visible_to(self, user: HasScope) -> Self:
        """One's own alone: it is a mirror and no control; everything for an admin."""
        if not user.is_active or user.scope.everything:
            return self.filter() if user.is_active else self.none()
        return self.filter(person_id=user.scope.user_id)

    def editable_by(self, user: User) -> Self:
        return self.filter(person=user) if user.is_active else self.none()


OutsideTimeManager = models.Manager.from_queryset(OutsideTimeQuerySet)


class OutsideTime(models.Model):
    """Time that a person spent outside of the process, in a line."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="outside_times")
    on = models.DateField()
    kind = models.CharField(max_length=8, choices=OutsideKind)
    minutes = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MOST)]
    )
    words = models.CharField(_("What for"), max_length=200, blank=True)
    at = models.DateTimeField()

    objects = OutsideTimeManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=MOST), name="outside_time_of_a_day"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["person", "on"], name="outside_time_of")]

    def __str__(self) -> str:
        return f"{self.kind} {self.minutes}"
