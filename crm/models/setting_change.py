from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from pipeline.models import User
from salesprocess.lib.events import EventRow


class Setting(models.TextChoices):
    """What is kept in lists; the history of the organisation's own settings is its team's."""

    PRODUCT = "product", _("Product")
    SOURCE = "source", _("Source")
    METHOD = "method", _("Method")
    STOP_CAUSE = "stop_cause", _("Stop cause")
    RATE = "rate", _("Rate")
    RETENTION = "retention", _("Retention")


class SettingChangeQuerySet(models.QuerySet["SettingChange"]):
    def visible_to(self, user: User) -> Self:
        """Settings are the business of admins."""
        return self.filter() if user.scope.everything else self.none()

    def editable_by(self, user: User) -> Self:
        """History is not edited; a merge in it can be undone."""
        return self.visible_to(user)


SettingChangeManager = models.Manager.from_queryset(SettingChangeQuerySet)


class SettingChange(EventRow):
    """What happened to a setting (`crm.events`): what, who and when. `name` is what the row of a list
    was called then, or the currency of a rate.
    """

    noted_later = ("undone_at",)

    setting = models.CharField(max_length=12, choices=Setting)
    # Of the row of the list; null for the organisation, and none of a foreign key, because the row
    # may be merged or deleted.
    record_id = models.BigIntegerField(null=True, blank=True)
    name = models.CharField(max_length=120, blank=True)
    # Of a merge: the row that went, the one that it went into, and which records were moved.
    kept = models.JSONField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = SettingChangeManager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["setting", "-id"], name="setting_change_latest")]

    def __str__(self) -> str:
        return f"{self.setting} {self.name} {self.kind}"
