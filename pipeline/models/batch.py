from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class BatchKind(models.TextChoices):
    IMPORT = "import", _("Import")
    SAMPLE = "sample", _("Sample data")


class Batch(models.Model):
    """Records that came in together, so that they can leave together.

    The only two ways to delete anything are the undo of an import and the removal of sample data;
    both go by this mark.
    """

    kind = models.CharField(max_length=10, choices=BatchKind)
    name = models.CharField(max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    # What was read, brought in and refused, by kind of record; written once, for the report.
    summary = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name
