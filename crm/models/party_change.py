from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from crm.models.company import Company
from crm.models.contact import Contact
from pipeline.models import User


class PartyChangeQuerySet(models.QuerySet["PartyChange"]):
    def visible_to(self, user: User) -> Self:
        """As the companies and contacts themselves; what was said to them, as what was said."""
        if not user.is_active:
            return self.none()
        scope = user.scope
        if scope.everything:
            return self.filter()
        said = Q(field__startswith="talk_") | Q(field="taken_back")
        return self.filter(~said | Q(by_id__in=sorted(scope.owner_ids)))

    def editable_by(self, user: User) -> Self:
        """History is not edited; only the undo of an import removes it, with what it is about."""
        return self.filter() if user.scope.everything else self.none()


PartyChangeManager = models.Manager.from_queryset(PartyChangeQuerySet)


class PartyChange(models.Model):
    """One fact of a company or a contact that changed: who, when, from what, to what.

    As `DealChange`: values are text, people by id and name, so that a row can be read for ever.
    """

    company = models.ForeignKey(
        Company, on_delete=models.CASCADE, null=True, blank=True, related_name="changes"
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="changes"
    )
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    field = models.CharField(max_length=40)
    # As long as what people write, which is kept whole.
    old = models.TextField(blank=True)
    new = models.TextField(blank=True)
    reason = models.TextField(blank=True)

    objects = PartyChangeManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(company=None, contact__isnull=False)
                | Q(company__isnull=False, contact=None),
                name="party_change_of_one_thing",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["company", "-at"], name="party_change_of_company"),
            models.Index(fields=["contact", "-at"], name="party_change_of_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.old} → {self.new}"
