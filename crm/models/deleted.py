from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from pipeline.models import User


class DeletedKind(models.TextChoices):
    """What people can delete."""

    DEAL = "deal", _("Deal")
    ACTIVITY = "activity", _("What was logged")
    LINE = "line", _("Product of a deal")
    PERSON = "person", _("Person of a deal")
    VIEW = "view", _("Saved view")
    REPORT = "report", _("Saved report")
    LIST_ROW = "list_row", _("Row of a list")
    RATE = "rate", _("Rate")


class DeletedRecordQuerySet(models.QuerySet["DeletedRecord"]):
    def visible_to(self, user: User) -> Self:
        """What one has deleted oneself, and everything for an admin."""
        if not user.is_active:
            return self.none()
        return self.filter() if user.scope.everything else self.filter(by=user)

    def editable_by(self, user: User) -> Self:
        """Who deleted it brings it back, or an admin."""
        return self.visible_to(user)


DeletedRecordManager = models.Manager.from_queryset(DeletedRecordQuerySet)


class DeletedRecord(models.Model):
    """What somebody deleted, kept for some weeks so that it can be brought back
    (`crm.commands.deleted`)."""

    kind = models.CharField(max_length=8, choices=DeletedKind)
    # What it was called, and what it belonged to.
    name = models.CharField(max_length=200)
    of = models.CharField(max_length=200, blank=True)
    # Table and row, in the order in which they go back.
    rows = models.JSONField(default=list)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = DeletedRecordManager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["by", "-at"], name="deleted_record_of")]

    def __str__(self) -> str:
        return self.name
