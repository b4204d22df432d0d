"""The revisions of what was offered, their lines, and to whom they went."""

from decimal import Decimal
from typing import ClassVar, Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.contact import Contact
from crm.models.deal import Deal, PartOfDealManager
from crm.models.need import Need
from crm.models.reference import Product
from pipeline.models import User


class OfferKind(models.TextChoices):
    WRITTEN = "written", _("Written")
    PRICE_LIST = "price_list", _("Price list")
    VERBAL = "verbal", _("By word")


class OfferOutcome(models.TextChoices):
    OPEN = "open", _("Open")
    REVISED = "revised", _("Revised")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Offer(models.Model):
    """One revision of what was offered: the eight facts of a proposal are these fields, its lines,
    and the deal's what's-next (CHECKLIST F5, C19). The current one has the highest revision that
    was not withdrawn; a revision is never rewritten, the next one says what changed.
    """

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="offers")
    revision = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=OfferKind, default=OfferKind.WRITTEN)
    recipients: "models.ManyToManyField[Contact, OfferRecipient]" = models.ManyToManyField(
        Contact, through="OfferRecipient", related_name="offers"
    )
    sent_at = models.DateTimeField()
    what_changed = models.CharField(_("What it says, or what changed"), max_length=300, blank=True)
    value = models.DecimalField(
        _("Value"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    # Why the value is not what the lines come to, where it is not.
    value_why = models.CharField(_("Why not what the lines come to"), max_length=300, blank=True)
    currency = models.CharField(max_length=3)
    decision_on = models.DateField(_("Decision expected"), null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=OfferOutcome, default=OfferOutcome.OPEN)
    known_at = models.DateTimeField(null=True, blank=True)
    # Made before problem and decision path were known (G5): counted with its later win rate.
    premature = models.BooleanField(default=False)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = PartOfDealManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["deal", "revision"], name="offer_revision_once"),
            models.CheckConstraint(condition=Q(revision__gte=1), name="offer_revision_from_one"),
            models.CheckConstraint(
                condition=Q(value=None) | Q(value__gte=0), name="offer_value_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(outcome=OfferOutcome.OPEN, known_at=None)
                | ~Q(outcome=OfferOutcome.OPEN) & Q(known_at__isnull=False),
                name="offer_outcome_with_its_time",
            ),
            models.UniqueConstraint(
                fields=["deal"],
                condition=Q(outcome=OfferOutcome.ACCEPTED),
                name="offer_one_accepted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} r{self.revision}"


class PartOfOfferQuerySet(models.QuerySet):  # type: ignore[type-arg]  # one model, made below
    def visible_to(self, user: User) -> Self:
        return (
            self.filter(user.scope.owned_filter(prefix="offer__deal__"))
            if user.is_active
            else self.none()
        )

    def editable_by(self, user: User) -> Self:
        return self.filter(offer__deal__in=Deal.objects.editable_by(user))


PartOfOfferManager = models.Manager.from_queryset(PartOfOfferQuerySet)


class OfferLine(models.Model):
    """`need` is what the line is for; without one nobody asked for it (CHECKLIST C16)."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    what = models.CharField(max_length=200, blank=True)
    quantity = models.DecimalField(max_digits=12, decimal_places=3, default=Decimal(1))
    unit_price = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    need = models.ForeignKey(
        Need, on_delete=models.PROTECT, null=True, blank=True, related_name="offer_lines"
    )

    objects = PartOfOfferManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(product__isnull=False) | ~Q(what=""), name="offer_line_of_something"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="offer_line_quantity"),
            models.CheckConstraint(
                condition=Q(unit_price=None) | Q(unit_price__gte=0),
                name="offer_line_price_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.what or self.product_id}"


class OfferRecipient(models.Model):
    """To whom an offer went, by name."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="went_to")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")

    objects = PartOfOfferManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["offer", "contact"], name="offer_recipient_once"),
        ]

    def __str__(self) -> str:
        return f"{self.offer_id} → {self.contact_id}"
