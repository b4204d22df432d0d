from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.contact import Contact
from crm.models.deal import Deal, PartOfDealManager
from pipeline.models import User


class DecisionPath(models.Model):
    """The manner in which a positive decision will be made (METHOD, stage 4; CHECKLIST B21).

    Who decides and who influences are the deal's people with their roles. It is known when
    somebody decides and `steps` says how.
    """

    deal = models.OneToOneField(Deal, on_delete=models.CASCADE, related_name="decision_path")
    steps = models.TextField(_("How they decide, step by step"), blank=True)
    criteria = models.TextField(_("By what they decide"), blank=True)
    decides_on = models.DateField(_("Decision expected"), null=True, blank=True)
    confirmed_by = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_on = models.DateField(null=True, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = PartOfDealManager()

    def __str__(self) -> str:
        return self.steps[:80]
