from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.deal import Deal, PartOfDealManager
from pipeline.models import User
from pipeline.process.stages import Stage


class DecidedBy(models.TextChoices):
    """What decided a deal, for us or against us: said the same way of what was won and of what was not,
    so that both can be set side by side."""

    NEEDS = "needs", _("How well we knew what they need")
    TRUST = "trust", _("Whether they trusted us")
    SOLUTION = "solution", _("What we offered")
    PRICE = "price", _("The price")
    RIVAL = "rival", _("Another offer")
    DECISION = "decision", _("Who decides there, and how")
    TIMING = "timing", _("When it came")
    OTHER = "other", _("Something else")


class Retrospective(models.Model):
    """A look back at a deal that ended (CHECKLIST C26): in which of its stages it was decided, by what,
    and what to do again, or otherwise. It may be declined, which is kept, so that nobody is asked twice.

    It is of the ending at `closed_at`: a deal that was opened again and ended anew is looked back on anew.
    """

    deal = models.OneToOneField(Deal, on_delete=models.CASCADE, related_name="retrospective")
    closed_at = models.DateTimeField()
    declined = models.BooleanField(default=False)
    stage = models.PositiveSmallIntegerField(choices=Stage, null=True, blank=True)
    decided_by = models.CharField(max_length=8, choices=DecidedBy, blank=True)
    lesson = models.TextField(_("What to do again, or otherwise"), blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = PartOfDealManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(declined=True, stage=None, decided_by="", lesson="")
                | Q(declined=False) & ~Q(decided_by=""),
                name="retrospective_says_something_or_is_declined",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} {self.decided_by}"
