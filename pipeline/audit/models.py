"""Who took records away in a file or looked at many of them, and who signed in; changes are in the
tables of history."""

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from pipeline.people.models.people import User
from salesprocess.lib.events import AppendOnly


class AuditKind(models.TextChoices):
    EXPORT = "export", _("Took a file")
    VIEW = "view", _("Looked at a list")
    EXPORT_REFUSED = "refused", _("Was refused a file")
    SIGN_IN = "sign_in", _("Signed in")
    ERASURE = "erasure", _("Erased a person")


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, user: User) -> Self:
        """Admins see all, everybody what he or she did and who took or looked at records of the own
        reach."""
        if not user.is_active:
            return self.none()
        if user.scope.everything:
            return self.filter()
        return self.filter(Q(by=user) | Q(owner_ids__overlap=sorted(user.scope.owner_ids)))

    def editable_by(self, user: User) -> Self:
        return self.none()

    def of_records_of(self, person: int) -> Self:
        """What others took or looked at with records of this person's in it."""
        return self.filter(owner_ids__contains=[person]).exclude(by=person)


AuditEntryManager = models.Manager.from_queryset(AuditEntryQuerySet)


class AuditEntry(AppendOnly):
    """Written once; the database refuses every change.

    `what` is the name of the address, `asked` its query, so that the same may be looked at again;
    `rows` how many records went or were shown, `owner_ids` whose they were. A look is entered once a
    day for each list and whose records it shows: by those whose records the reader had not seen in it
    on that day; the opening of one record once a day, by its number in `asked`.
    """

    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=AuditKind)
    what = models.CharField(max_length=60, blank=True)
    asked = models.CharField(max_length=500, blank=True)
    rows = models.PositiveIntegerField(default=0)
    owner_ids = ArrayField(models.BigIntegerField(), default=list)

    objects = AuditEntryManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(F("at").desc(), F("id").desc(), name="audit_latest"),
            # How much somebody took today.
            models.Index(fields=["by", "kind", "at"], name="audit_by_kind_at"),
            GinIndex(fields=["owner_ids"], name="audit_owners"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.what}"
