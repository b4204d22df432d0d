from decimal import Decimal
from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.contact import Contact
from crm.models.deal import Deal, PartOfDealManager
from pipeline.models import User


class Per(models.TextChoices):
    ONCE = "once", _("once")
    MONTH = "month", _("a month")
    YEAR = "year", _("a year")


class Need(models.Model):
    """A problem of the customer in the customer's words, and what solving it is worth (METHOD,
    stage 4). Offer lines refer to the need that they answer."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="needs")
    words = models.TextField(_("In the customer’s words"))
    worth = models.DecimalField(
        _("Worth"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    per = models.CharField(max_length=5, choices=Per, default=Per.YEAR)
    said_by = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # When the customer said: yes, that is it.
    confirmed_on = models.DateField(null=True, blank=True)
    # A need that turned out to be none stays on record.
    dropped_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = PartOfDealManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(words=""), name="need_has_words"),
            models.CheckConstraint(
                condition=Q(worth=None) | Q(worth__gte=0), name="need_worth_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.words[:80]
