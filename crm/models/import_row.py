from typing import ClassVar, Self

from django.db import models
from django.db.models import Q, Value

from pipeline.models import Batch, User


class ImportedRowQuerySet(models.QuerySet["ImportedRow"]):
    def visible_to(self, user: User) -> Self:
        """What came from where is the admins' business."""
        return self.filter() if user.is_active and user.scope.everything else self.none()

    def editable_by(self, user: User) -> Self:
        return self.none()


ImportedRowManager = models.Manager.from_queryset(ImportedRowQuerySet)


class ImportedRow(models.Model):
    """Which record a row of a foreign system became, so that it is not imported twice.

    `owner` is whose ledger it stands in: that of who imported it; None is the organisation's, of
    admins and the command. exchange.imports.ledger says whom it concerns. `external_id` is the foreign id; without one, the lower-case name for kinds known by name, else
    a digest of the row. `digest` tells whether the row has changed since. `created` is false if the
    record existed before. `said` has a digest of each field as a file last wrote it, which tells what
    people changed since; `changed_batch` is what last wrote to the record.
    """

    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    system = models.CharField(max_length=80)
    # Of exchange.imports.kinds, in the plural: "deals".
    kind = models.CharField(max_length=12)
    external_id = models.CharField(max_length=200)
    digest = models.CharField(max_length=32)
    record_id = models.BigIntegerField()
    created = models.BooleanField()
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="+")
    said = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    changed_batch = models.ForeignKey(
        Batch,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    objects = ImportedRowManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["system", "kind", "external_id", "owner"],
                name="imported_row_once_a_ledger",
                nulls_distinct=False,
            ),
        ]
        indexes: ClassVar = [
            # Few files change what is there: of all others nothing is to be kept.
            models.Index(
                fields=["changed_batch"],
                condition=Q(changed_batch__isnull=False),
                name="imported_row_changed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.kind} {self.external_id}"
