from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Concat, Lower
from django.utils.translation import gettext_lazy as _

from crm.models.contact import Contact
from crm.models.deal import Deal, PartOfDealManager
from crm.models.offer import Offer
from pipeline.models import User


class ConcernCategory(models.TextChoices):
    PRICE = "price", _("Price")
    TERMS = "terms", _("Terms")
    PRODUCT = "product", _("Product")
    DELIVERY = "delivery", _("Delivery")
    TIMING = "timing", _("Timing")
    TRUST = "trust", _("Trust in us")
    RIVAL = "rival", _("Competitor")
    INSIDE = "inside", _("Inside their house")
    OTHER = "other", _("Other")


class Disposition(models.TextChoices):
    OPEN = "open", _("Open")
    ANSWERED = "answered", _("Answered")
    CONCEDED = "conceded", _("Conceded")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    NOT_SOLVED = "not_solved", _("Not solved")


# What stands in the library: an answer, to a concern that it did not leave unsolved.
ANSWERED = Q(disposition__in=["answered", "conceded", "withdrawn"]) & ~Q(response="")
# What its search looks through.
SAID = Lower(Concat("words", Value(" ", output_field=models.TextField()), "response"))


class Concern(models.Model):
    """A question, comment or concern of the other side (METHOD, stage 6; CHECKLIST C17, F6, F7).

    Before the price is named it is a question, after it an objection: `after_price` is the border.
    `response` is kept for all colleagues, without the deal it was given in.
    """

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="concerns")
    category = models.CharField(max_length=10, choices=ConcernCategory)
    words = models.TextField(_("In their words"))
    after_price = models.BooleanField(_("After the price was named"))
    # Raised by us, before they did: front-loading (METRICS K26).
    raised_by_us = models.BooleanField(default=False)
    raised_by = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    raised_at = models.DateTimeField()
    offer = models.ForeignKey(
        Offer, on_delete=models.PROTECT, null=True, blank=True, related_name="concerns"
    )
    response = models.TextField(_("What we said"), blank=True)
    # The colleague's answer that was used, so that one can see which answers work.
    used = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="uses"
    )
    disposition = models.CharField(max_length=10, choices=Disposition, default=Disposition.OPEN)
    concession = models.CharField(_("What we gave"), max_length=300, blank=True)
    disposed_at = models.DateTimeField(null=True, blank=True)
    disposed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = PartOfDealManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(words=""), name="concern_has_words"),
            models.CheckConstraint(
                condition=Q(disposition=Disposition.OPEN, disposed_at=None)
                | ~Q(disposition=Disposition.OPEN) & Q(disposed_at__isnull=False),
                name="concern_disposed_with_its_time",
            ),
        ]
        indexes: ClassVar = [
            # Serves the gate before a win and the open ones of a deal.
            models.Index(
                fields=["deal"], condition=Q(disposition=Disposition.OPEN), name="concern_open"
            ),
            # Serve the library of answers, by category and by words.
            models.Index(fields=["category", "-disposed_at"], name="concern_answers"),
            GinIndex(
                OpClass(SAID, name="gin_trgm_ops"), condition=ANSWERED, name="concern_answer_words"
            ),
        ]

    def __str__(self) -> str:
        return self.words[:80]
