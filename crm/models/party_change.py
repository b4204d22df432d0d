from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from crm.models.company import Company
from crm.models.contact import Contact
from pipeline.models import User
from salesprocess.lib.events import EventRow


class PartyChangeQuerySet(models.QuerySet["PartyChange"]):
    def visible_to(self, user: User) -> Self:
        """As the companies and contacts themselves; what was said to them, as what was said."""
        if not user.is_active:
            return self.none()
        scope = user.scope
        if scope.everything:
            return self.filter()
        said = Q(kind__startswith="talk_") | Q(kind="taken_back")
        return self.filter(~said | Q(by_id__in=sorted(scope.owner_ids)))

    def editable_by(self, user: User) -> Self:
        """History is not edited; only the undo of an import removes it, with what it is about."""
        return self.filter() if user.scope.everything else self.none()


PartyChangeManager = models.Manager.from_queryset(PartyChangeQuerySet)


class PartyChange(EventRow):
    """What happened to a company or a contact (`crm.events`): what, who and when."""

    company = models.ForeignKey(
        Company, on_delete=models.CASCADE, null=True, blank=True, related_name="changes"
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="changes"
    )
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # What was said of it.
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
        return f"{self.kind} of {self.company_id or self.contact_id}"
