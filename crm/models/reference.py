"""Lists that the whole organisation shares. They are seeded by `manage.py reference`.

`name` is what a row keeps; people read `str()` of it, which is in their language (`crm.shipped`).
"""

import datetime as dt
from decimal import Decimal
from typing import ClassVar, Self

from django.core.validators import MinValueValidator, RegexValidator
from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from crm.shipped import DISQUALIFIED, DUPLICATE, shipped_name
from crm.worth import RateInForce, Rates
from pipeline.models import Batch, User
from pipeline.people.access import HasScope
from pipeline.process.stages import Initiator


class ReferenceQuerySet(models.QuerySet):  # type: ignore[type-arg]  # shared by several models
    def visible_to(self, user: HasScope) -> Self:
        return self.filter() if user.is_active else self.none()

    def editable_by(self, user: User) -> Self:
        return self.filter() if user.scope.everything else self.none()

    def active(self) -> Self:
        """For pick lists; a retired row stays with the records that have it."""
        return self.filter(retired=False)


ReferenceManager = models.Manager.from_queryset(ReferenceQuerySet)


class ReferenceRow(models.Model):
    """A row of a list that admins keep. Rows in use are retired or merged; only unused ones are
    deleted."""

    name: "models.CharField[str, str]"
    retired = models.BooleanField(default=False)
    # Counts the changes, so that two who edit a row notice each other.
    version = models.PositiveIntegerField(default=1)

    objects = ReferenceManager()

    class Meta:
        abstract = True

    @property
    def is_fixed(self) -> bool:
        """Used by the process itself, so it can only be renamed."""
        return False


class SourceKind(models.TextChoices):
    """Where a lead came from. An existing customer is a first-class source (CHECKLIST A9)."""

    EXISTING_CUSTOMER = "existing_customer", _("Existing customer")
    REFERRAL = "referral", _("Referral")
    INBOUND = "inbound", _("They came to us")
    OUTBOUND = "outbound", _("Own research")
    EVENT = "event", _("Event")
    PARTNER = "partner", _("Partner")
    OTHER = "other", _("Other")


class Source(ReferenceRow):
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=20, choices=SourceKind)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="source_name_once")]

    def __str__(self) -> str:
        return shipped_name(self.name)


class Method(ReferenceRow):
    """How a lead was engaged (prospecting method)."""

    name = models.CharField(max_length=80)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="method_name_once")]

    def __str__(self) -> str:
        return shipped_name(self.name)


class CauseKind(models.TextChoices):
    """Which win rates a stop counts in (METRICS K4): to someone, no decision, ours, unknown."""

    TO_SOMEONE = "to_someone", _("Lost to someone")
    NO_DECISION = "no_decision", _("No decision")
    OURS = "ours", _("Our decision")
    UNKNOWN = "unknown", _("Unknown")


class StopCause(ReferenceRow):
    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=CauseKind)
    # Whose decision the cause belongs to; empty where it may be either's.
    initiator = models.CharField(max_length=10, choices=Initiator, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), name="stop_cause_name_once")
        ]

    def __str__(self) -> str:
        return shipped_name(self.name)

    @property
    def is_fixed(self) -> bool:
        """A command stops deals by it: a verdict, or that a lead is the same as another deal."""
        return self.key in (DISQUALIFIED, DUPLICATE)


class Product(ReferenceRow):
    name = models.CharField(max_length=120)
    series = models.CharField(max_length=80, blank=True)
    price = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    currency = models.CharField(max_length=3)
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="product_name_once")]

    def __str__(self) -> str:
        return self.name


_RATES_ON = """
    SELECT currency, NULL, NULL FROM pipeline_team WHERE parent_id IS NULL
    UNION ALL (
        SELECT DISTINCT ON (currency) currency, value, "on" FROM crm_rate WHERE "on" <= %s
        ORDER BY currency, "on" DESC
    )
"""


class RateQuerySet(ReferenceQuerySet):
    def on(self, day: dt.date) -> Rates:
        """The rates in force on `day`: of each currency the latest one up to that day."""
        # By hand: every page with a value asks this, and putting it together costs twice the asking.
        with connection.cursor() as cursor:
            cursor.execute(_RATES_ON, [day])
            (own, *_none), *rates = sorted(cursor.fetchall(), key=lambda row: row[2] is not None)
        foreign = sorted(RateInForce(*row) for row in rates if row[0] != own)
        return Rates(day=day, own=own, foreign=tuple(foreign))


RateManager = models.Manager.from_queryset(RateQuerySet)


class Rate(models.Model):
    """The value of one unit of a foreign currency in the organisation's, from a day on."""

    currency = models.CharField(max_length=3, validators=[RegexValidator(r"^[A-Z]{3}$")])
    on = models.DateField()
    value = models.DecimalField(
        max_digits=18, decimal_places=8, validators=[MinValueValidator(Decimal("0.00000001"))]
    )

    objects = RateManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["currency", "on"], name="rate_once_a_day"),
            models.CheckConstraint(condition=Q(value__gt=0), name="rate_above_zero"),
        ]

    def __str__(self) -> str:
        return f"1 {self.currency} = {self.value}"
