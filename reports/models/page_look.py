from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from pipeline.models import User


class LookedAt(models.TextChoices):
    PAGE = "page", _("the page")
    LIST = "list", _("a list of records")
    TEAM = "team", _("the team side by side")


class PageLookQuerySet(models.QuerySet["PageLook"]):
    def visible_to(self, user: User) -> Self:
        """Who looked at one's own figures and at those of the people in one's reach, and at whose
        one looked oneself."""
        if not user.is_active:
            return self.none()
        scope = user.scope
        if scope.everything:
            return self.filter()
        return self.filter(Q(by=user) | Q(person__in=sorted(scope.owner_ids)))

    def editable_by(self, user: User) -> Self:
        """What was looked at stays looked at."""
        return self.none()


PageLookManager = models.Manager.from_queryset(PageLookQuerySet)


class PageLook(models.Model):
    """That somebody looked at another person's figures on a day, and when last on it: told to both
    (CHECKLIST E2)."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=4, choices=LookedAt)
    # The organisation's day.
    on = models.DateField()
    at = models.DateTimeField()

    objects = PageLookManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "on", "by", "what"], name="page_look_once_a_day"
            ),
            models.CheckConstraint(condition=~Q(person=F("by")), name="page_look_at_somebody_else"),
        ]

    def __str__(self) -> str:
        return f"{self.by_id} at {self.person_id} on {self.on}"
