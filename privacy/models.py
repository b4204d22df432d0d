"""How long what is kept, and who is to be erased when."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Contact
from pipeline.models import User


class Kept(models.TextChoices):
    """What a rule may bound in months, counted from the last that happened to it."""

    CONTACTS = "contacts", _("People without an open deal")
    STOPPED_LEADS = "stopped_leads", _("People known from stopped leads alone")
    TAKEN_FILES = "taken_files", _("Who took files or looked at lists")
    SIGN_INS = "sign_ins", _("Who signed in")


# What is about people: they are listed first, and erased only when that has stood for a while. Files
# that were brought in go after a month by themselves (`exchange.commands.work`).
OF_PEOPLE = (Kept.CONTACTS, Kept.STOPPED_LEADS)


class RetentionRuleQuerySet(models.QuerySet["RetentionRule"]):
    def visible_to(self, user: User) -> Self:
        return self.filter() if user.is_active and user.scope.everything else self.none()

    def editable_by(self, user: User) -> Self:
        return self.visible_to(user)


RetentionRuleManager = models.Manager.from_queryset(RetentionRuleQuerySet)


class RetentionRule(models.Model):
    """For how many months something is kept; what has no rule stays."""

    kind = models.CharField(max_length=16, choices=Kept, unique=True)
    months = models.PositiveSmallIntegerField()
    # In whose name it is done.
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    objects = RetentionRuleManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(months__range=(1, 240)), name="retention_rule_of_months"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.months}"


class ErasureNoticeQuerySet(models.QuerySet["ErasureNotice"]):
    def visible_to(self, user: User) -> Self:
        return self.filter() if user.is_active and user.scope.everything else self.none()

    def editable_by(self, user: User) -> Self:
        return self.visible_to(user)


ErasureNoticeManager = models.Manager.from_queryset(ErasureNoticeQuerySet)


class ErasureNotice(models.Model):
    """Somebody whom a rule erases on a day, unless something happens until then, or an admin keeps
    the person."""

    contact = models.OneToOneField(Contact, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=Kept)
    noted_at = models.DateTimeField()
    due_on = models.DateField()
    kept_at = models.DateTimeField(null=True, blank=True)
    kept_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ErasureNoticeManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kept_at=None, kept_by=None)
                | Q(kept_at__isnull=False, kept_by__isnull=False),
                name="erasure_notice_kept_by_somebody",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["due_on"], name="erasure_notice_due")]

    def __str__(self) -> str:
        return f"{self.contact_id} {self.due_on}"
