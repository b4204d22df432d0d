from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.deal import Deal, PartOfDealManager
from pipeline.models import User


class Confidence(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")
    UNSURE = "unsure", _("Not sure yet")


class Ruling(models.TextChoices):
    QUALIFIED = "qualified", _("Qualified")
    DISQUALIFIED = "disqualified", _("Disqualified")
    NOT_YET = "not_yet", _("Not yet")


class Verdict(models.Model):
    """A two-sided judgement of a deal: do we trust them to fulfil their part, and they us?
    (METHOD, stage 3; CHECKLIST C13, A18). Verdicts are added, the latest counts.
    """

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="verdicts")
    ruling = models.CharField(max_length=12, choices=Ruling)
    ours = models.CharField(_("We in them"), max_length=6, choices=Confidence)
    ours_why = models.CharField(_("What shows it"), max_length=400, blank=True)
    theirs = models.CharField(_("They in us"), max_length=6, choices=Confidence)
    theirs_why = models.CharField(_("What shows it"), max_length=400, blank=True)
    # "Not yet" is asked again on this day; the deal is parked until then.
    revisit_on = models.DateField(null=True, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = PartOfDealManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(ruling=Ruling.QUALIFIED)
                | Q(ours=Confidence.YES, theirs=Confidence.YES),
                name="verdict_qualified_on_both_sides",
            ),
            models.CheckConstraint(
                condition=~Q(ruling=Ruling.NOT_YET) | Q(revisit_on__isnull=False),
                name="verdict_not_yet_with_a_day",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["deal", "-at"], name="verdict_latest")]

    def __str__(self) -> str:
        return f"{self.deal_id} {self.ruling}"
