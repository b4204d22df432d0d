from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.deal import Deal, PartOfDealManager
from crm.models.offer import Offer
from pipeline.models import User


class Reply(models.TextChoices):
    YES = "yes", _("Yes")
    NOT_YET = "not_yet", _("Not yet")
    NO = "no", _("No")


class ClosingAttempt(models.Model):
    """We asked for the agreement, and what they said (CHECKLIST C18). Never rewritten."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="closing_attempts")
    offer = models.ForeignKey(
        Offer, on_delete=models.PROTECT, null=True, blank=True, related_name="attempts"
    )
    asked = models.CharField(_("How we asked"), max_length=300, blank=True)
    reply = models.CharField(max_length=8, choices=Reply)
    why = models.CharField(_("Their reason"), max_length=300, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = PartOfDealManager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["deal", "-at"], name="closing_attempt_latest")]

    def __str__(self) -> str:
        return f"{self.deal_id} {self.reply}"
