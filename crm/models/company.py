from typing import ClassVar, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.letters import Fold
from pipeline.models import Batch, User
from pipeline.people.access import HasScope


class Relationship(models.TextChoices):
    """What a company is to us. It never has a stage: a customer is a prospect for the next piece
    of business (METHOD, Words)."""

    NEVER_BOUGHT = "never_bought", _("Never bought")
    CUSTOMER = "customer", _("Customer")
    FORMER = "former", _("Former customer")
    INACTIVE = "inactive", _("Inactive")


class CompanyQuerySet(models.QuerySet["Company"]):
    def visible_to(self, user: HasScope) -> Self:
        """Companies are common knowledge, so that nobody enters one twice; deals are scoped."""
        return self.filter() if user.is_active else self.none()

    def editable_by(self, user: User) -> Self:
        """One's own, those that nobody owns, and one's people's."""
        if not user.is_active:
            return self.none()
        return self.filter(Q(owner=None) | user.scope.owned_filter(team=None))


CompanyManager = models.Manager.from_queryset(CompanyQuerySet)


class Company(models.Model):
    name = models.CharField(_("Name"), max_length=200)
    relationship = models.CharField(
        max_length=12, choices=Relationship, default=Relationship.NEVER_BOUGHT
    )
    # What it was before a win made it a customer, and is again if that win is none any more; null
    # where a person or a file said what it is.
    relationship_before_win = models.CharField(  # noqa: DJ001
        max_length=12, choices=Relationship, null=True, blank=True
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="subsidiaries"
    )
    website = models.URLField(blank=True)
    industry = models.CharField(max_length=80, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    country = models.CharField(max_length=80, blank=True)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="companies"
    )
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = CompanyManager()

    class Meta:
        verbose_name_plural = "companies"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("id")), name="company_not_its_own_parent"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="company_has_a_name"),
        ]
        indexes: ClassVar = [
            # Serves the search for similar names while one types, and the import's matching.
            GinIndex(OpClass(Fold("name"), name="gin_trgm_ops"), name="company_name_trigrams"),
            # Serves the list of companies, in the order of their names.
            models.Index(Fold("name"), "id", name="company_name_fold"),
        ]

    def __str__(self) -> str:
        return self.name
