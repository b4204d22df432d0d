from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from crm.models.company import Company
from crm.models.contact import Contact
from crm.models.deal import Deal
from pipeline.models import User
from salesprocess.lib.database import transaction_number


class UndoableActQuerySet(models.QuerySet["UndoableAct"]):
    def visible_to(self, user: User) -> Self:
        """One's own alone, and everything for an admin."""
        if not user.is_active or user.scope.everything:
            return self.filter() if user.is_active else self.none()
        return self.filter(by=user)

    def editable_by(self, user: User) -> Self:
        """Only who did it takes it back."""
        return self.filter(by=user) if user.is_active else self.none()


UndoableActManager = models.Manager.from_queryset(UndoableActQuerySet)


class UndoableAct(models.Model):
    """The rows of a deal, a company or a contact before a command changed them, so that its author can
    undo it for some minutes, and that deals were merged for 30 days; what is older goes each night.
    What was done to many at once has one `at`. Used by `crm.commands.undo` alone."""

    deal = models.ForeignKey(
        Deal, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    company = models.ForeignKey(
        Company,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
    )
    contact = models.ForeignKey(
        Contact,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
    )
    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    # What was done, as the history names it.
    verb = models.CharField(max_length=20)
    # The record's version when it was done: any later one means that somebody went on from there.
    version = models.PositiveIntegerField()
    # Table, id, the row before and after as the text of its JSON; null where it was not there.
    rows = models.JSONField(default=list)
    # The database's number of the transaction in which it was done.
    transaction = models.BigIntegerField(db_default=transaction_number(), editable=False)

    objects = UndoableActManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(deal__isnull=False, company=None, contact=None)
                | Q(deal=None, company__isnull=False, contact=None)
                | Q(deal=None, company=None, contact__isnull=False),
                name="undoable_act_on_one_record",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["by", "at"], name="undoable_act_of"),
            models.Index(
                fields=["company"],
                condition=models.Q(company__isnull=False),
                name="undoable_act_company",
            ),
            models.Index(
                fields=["contact"],
                condition=models.Q(contact__isnull=False),
                name="undoable_act_contact",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} of {self.deal_id or self.company_id or self.contact_id}"

    @property
    def record(self) -> Deal | Company | Contact:
        found = self.deal or self.company or self.contact
        assert found is not None  # noqa: S101  # as the constraint has it
        return found
