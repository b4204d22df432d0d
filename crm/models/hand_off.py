from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.deal import Deal, PartOfDealManager
from pipeline.models import User


class HandOff(models.Model):
    """What delivery has to know of a won deal (METHOD, edge rule 3; CHECKLIST A13, A14).

    Delivery is outside the process: there is no stage for it. `to` is a name, as those who deliver
    need not work with the product.
    """

    deal = models.OneToOneField(Deal, on_delete=models.CASCADE, related_name="hand_off")
    to = models.CharField(_("Who delivers"), max_length=200)
    promised = models.TextField(_("What was promised"), blank=True)
    starts_on = models.DateField(_("Begins"), null=True, blank=True)
    due_on = models.DateField(_("Due"), null=True, blank=True)
    seller_involved = models.BooleanField(_("The salesperson takes part"), default=False)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = PartOfDealManager()

    def __str__(self) -> str:
        return f"{self.deal_id} → {self.to}"
