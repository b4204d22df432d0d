"""A deal: one potential new piece of business with a new or existing customer.

The only record that has a stage. A lead (stages 1 and 2) and an opportunity (3 to 7) are the same
row all along; nothing is ever converted, copied or lost (ARCHITECTURE 1).
"""

import datetime as dt
from decimal import Decimal
from typing import ClassVar, Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.company import Company
from crm.models.contact import Contact
from crm.models.due import Due
from crm.models.reference import Method, Product, Source, StopCause
from crm.worth import Rates, Worth, sums
from pipeline.models import Batch, Team, User
from pipeline.people.access import HasScope
from pipeline.process.stages import Initiator, Outcome, Stage
from salesprocess.lib.events import EventRow


class DealQuerySet(models.QuerySet["Deal"]):
    def visible_to(self, user: HasScope) -> Self:
        """One's own, one's people's, and the pool of one's team; everything for an admin."""
        return self.filter(user.scope.owned_filter()) if user.is_active else self.none()

    def editable_by(self, user: HasScope) -> Self:
        """As visible, but what lies in a pool must be claimed first, or be in a team one leads."""
        if not user.is_active:
            return self.none()
        scope = user.scope
        if scope.everything:
            return self.filter()
        return self.filter(
            Q(owner_id__any_of=scope.owner_ids)
            | Q(owner_id__isnull=True, team_id__any_of=scope.managed_team_ids)
        )

    def claimable_by(self, user: User) -> Self:
        return self.visible_to(user).open().filter(owner=None)

    def open(self) -> Self:
        return self.filter(outcome=Outcome.OPEN)

    def leads(self) -> Self:
        return self.filter(stage__lte=Stage.PROSPECTING)

    def to_sort(self) -> Self:
        """New leads: open, in the first stage, and nobody has planned anything with them. Those that
        were laid aside until a day are among them."""
        return self.open().filter(stage=Stage.LEAD_GENERATION, next_kind="")

    def without_hand_off(self) -> Self:
        """Won, and nobody has told delivery of it yet."""
        return self.filter(outcome=Outcome.WON, hand_off=None)

    def opportunities(self) -> Self:
        return self.filter(stage__gte=Stage.QUALIFICATION)

    def lost(self) -> Self:
        """Stopped by the customer. A disqualification is no loss (METRICS, K4)."""
        return self.filter(outcome=Outcome.STOPPED, initiator=Initiator.CUSTOMER)

    def with_value(self, rates: Rates) -> Self:
        """Annotate `value`, the amount in the organisation's currency, unknown without a rate; and
        `foreign`, the currency that an amount had to be converted from."""
        return self.annotate(value=rates.converted(), foreign=rates.foreign_currency())

    def without_rate(self) -> Self:
        """Those of `with_value` whose amount nobody can convert."""
        return self.filter(Q(value=None, foreign__isnull=False))

    def worth(self) -> Worth:
        """What all of them come to, of `with_value`. One query."""
        return Worth.read(*self.order_by().aggregate(**sums()).values())


DealManager = models.Manager.from_queryset(DealQuerySet)


class LeadManager(DealManager):  # type: ignore[type-arg]  # made by from_queryset
    def get_queryset(self) -> DealQuerySet:
        return DealQuerySet(self.model, using=self._db).leads()


class OpportunityManager(DealManager):  # type: ignore[type-arg]  # made by from_queryset
    def get_queryset(self) -> DealQuerySet:
        return DealQuerySet(self.model, using=self._db).opportunities()


class Deal(models.Model):
    name = models.CharField(_("Name"), max_length=200)
    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, null=True, blank=True, related_name="deals"
    )
    contacts: "models.ManyToManyField[Contact, DealContact]" = models.ManyToManyField(
        Contact, through="DealContact", related_name="deals"
    )
    # Nobody's deal lies in its team's pool.
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="deals"
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="deals")

    # These two repeat the latest StageVisit, for indexes; the same command writes both.
    stage = models.PositiveSmallIntegerField(choices=Stage, default=Stage.LEAD_GENERATION)
    stage_entered_at = models.DateTimeField(null=True, blank=True)

    amount = models.DecimalField(
        _("Value"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    currency = models.CharField(max_length=3)
    expected_close_on = models.DateField(null=True, blank=True)

    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, null=True, blank=True, related_name="deals"
    )
    source_detail = models.CharField(max_length=200, blank=True)
    # Which customer it came from, where the source is one (CHECKLIST A9).
    source_company = models.ForeignKey(
        Company, on_delete=models.PROTECT, null=True, blank=True, related_name="deals_brought"
    )
    method = models.ForeignKey(
        Method, on_delete=models.PROTECT, null=True, blank=True, related_name="deals"
    )

    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.OPEN)
    closed_at = models.DateTimeField(null=True, blank=True)
    initiator = models.CharField(max_length=10, choices=Initiator, blank=True)
    cause = models.ForeignKey(
        StopCause, on_delete=models.PROTECT, null=True, blank=True, related_name="deals"
    )
    closing_note = models.TextField(blank=True)

    parked_until = models.DateField(null=True, blank=True)
    # What's next: the earliest planned activity, on its day or at its hour (`Due`), repeated here by
    # the commands that plan, complete and cancel. `attention_at` is for the order alone: by when
    # the deal asks for somebody, the last moment for that activity, else the end of the parking;
    # null, nothing planned, comes first on every list.
    next_on = models.DateField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    next_kind = models.CharField(max_length=8, blank=True)
    attention_at = models.DateTimeField(null=True, blank=True)
    # The last time that the other side was spoken to, written to or met.
    touched_at = models.DateTimeField(null=True, blank=True)

    # The versions that this deal goes on with, where publishing said "keep"; null: what is in force
    # when the next stage is entered.
    kept_version_ids = models.JSONField(null=True, blank=True)

    # Counts every change, so that a page can say which state it showed.
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = DealManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(name=""), name="deal_has_a_name"),
            models.CheckConstraint(condition=Q(stage__range=(1, 7)), name="deal_stage_of_seven"),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0), name="deal_amount_not_negative"
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.OPEN) | Q(closed_at=None),
                name="deal_open_has_no_closing_date",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.WON) | Q(stage=Stage.CLOSING),
                name="deal_won_in_the_seventh_stage",
            ),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.STOPPED, cause__isnull=False) & ~Q(initiator="")
                | ~Q(outcome=Outcome.STOPPED) & Q(cause=None, initiator=""),
                name="deal_stopped_by_somebody_for_a_cause",
            ),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.OPEN) | Q(parked_until=None),
                name="deal_parked_only_while_open",
            ),
            models.CheckConstraint(
                condition=Q(next_on=None, next_at=None, next_kind="")
                | ~Q(next_kind="") & Q(next_on__isnull=False, next_at=None)
                | ~Q(next_kind="") & Q(next_on=None, next_at__isnull=False),
                name="deal_next_with_its_kind",
            ),
        ]
        indexes: ClassVar = [
            # Serve the board: a column's cards of some owners, or of everybody, riskiest first.
            models.Index(
                "stage",
                F("attention_at").asc(nulls_first=True),
                "id",
                condition=Q(outcome=Outcome.OPEN),
                name="deal_board_column",
            ),
            models.Index(
                "owner",
                "stage",
                F("attention_at").asc(nulls_first=True),
                "id",
                condition=Q(outcome=Outcome.OPEN),
                name="deal_board_column_of_owner",
            ),
            # Serves the lists of leads and opportunities: what asks for somebody comes first.
            models.Index(
                F("attention_at").asc(nulls_first=True),
                "id",
                condition=Q(outcome=Outcome.OPEN),
                name="deal_attention",
            ),
            # The same for opportunities alone, which stand far apart among many more leads.
            models.Index(
                F("attention_at").asc(nulls_first=True),
                "id",
                condition=Q(outcome=Outcome.OPEN, stage__gte=Stage.QUALIFICATION),
                name="deal_attention_of_opportunity",
            ),
            # Serve the lead inbox: what came in first, of some people and in some pools.
            models.Index(
                fields=["owner", "created_at", "id"],
                condition=Q(outcome=Outcome.OPEN, stage=Stage.LEAD_GENERATION, next_kind=""),
                name="deal_to_sort",
            ),
            models.Index(
                fields=["team", "created_at", "id"],
                condition=Q(
                    outcome=Outcome.OPEN, stage=Stage.LEAD_GENERATION, next_kind="", owner=None
                ),
                name="deal_to_sort_in_pool",
            ),
            # Serves the list of all deals: what was changed last comes first.
            models.Index(fields=["changed_at", "id"], name="deal_changed_last"),
            # Serves whatever is some people's; has all that the counts and sums of a board and of
            # the lists add up, so that they read no deal itself.
            models.Index(
                fields=["owner", "outcome", "stage"],
                include=[
                    *("team", "currency", "amount", "version", "changed_at", "next_at"),
                    "closed_at",
                ],
                name="deal_sums",
            ),
            # Serves what was closed lately.
            models.Index(
                fields=["closed_at"], condition=~Q(outcome=Outcome.OPEN), name="deal_closed"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/deals/{self.pk}/"

    @property
    def is_open(self) -> bool:
        return self.outcome == Outcome.OPEN

    @property
    def whats_next(self) -> Due | None:
        """When something is due next; None if nothing is planned."""
        return Due(on=self.next_on, at=self.next_at) if self.next_kind else None

    @property
    def is_lead(self) -> bool:
        return Stage(self.stage).is_lead

    def is_parked(self, today: dt.date) -> bool:
        return self.parked_until is not None and self.parked_until > today


class Lead(Deal):
    objects: ClassVar[LeadManager] = LeadManager()

    class Meta:
        proxy = True


class Opportunity(Deal):
    objects: ClassVar[OpportunityManager] = OpportunityManager()

    class Meta:
        proxy = True
        verbose_name_plural = "opportunities"


class PartOfDealQuerySet(models.QuerySet):  # type: ignore[type-arg]  # shared by several models
    def visible_to(self, user: User) -> Self:
        return (
            self.filter(user.scope.owned_filter(prefix="deal__")) if user.is_active else self.none()
        )

    def editable_by(self, user: User) -> Self:
        return self.filter(deal__in=Deal.objects.editable_by(user))


PartOfDealManager = models.Manager.from_queryset(PartOfDealQuerySet)


class DealRole(models.TextChoices):
    """What a person on the other side is to this deal (the decision path's people)."""

    DECIDES = "decides", _("Decides")
    INFLUENCES = "influences", _("Influences")
    FOR_US = "for_us", _("For us")
    AGAINST_US = "against_us", _("Against us")
    USES = "uses", _("Will use it")
    UNKNOWN = "unknown", _("Role not known")


class DealContact(models.Model):
    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="deal_contacts")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="deal_contacts")
    role = models.CharField(max_length=12, choices=DealRole, default=DealRole.UNKNOWN)

    objects = PartOfDealManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["deal", "contact"], name="deal_contact_once"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} {self.role}"


class DealLine(models.Model):
    """What is to be sold. The deal's amount is what people say it is worth; lines explain it."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lines")
    quantity = models.DecimalField(max_digits=12, decimal_places=3, default=Decimal(1))
    unit_price = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)

    objects = PartOfDealManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="deal_line_of_something"),
            models.CheckConstraint(
                condition=Q(unit_price=None) | Q(unit_price__gte=0),
                name="deal_line_price_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"


class DealChange(EventRow):
    """What happened to a deal (`crm.events`): what, who and when.

    Moves are StageVisits; these rows are for the rest (owner, amount, expected close …), from
    which pushes and the waterfall are computed (METRICS K12, K13).
    """

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # What was said of it.
    reason = models.TextField(blank=True)

    objects = PartOfDealManager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["deal", "-at"], name="deal_change_timeline")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.deal_id}"
