from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from pipeline.people.models.people import User


class BatchKind(models.TextChoices):
    IMPORT = "import", _("Import")
    DEMO = "demo", _("Demo organisation")
    SAMPLE = "sample", _("Sample data")
    # What people try out on the tour: it counts in no figure.
    TOUR = "tour", _("Practice deals")


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, user: "User") -> Self:
        """What came in, and from whom, is the business of admins."""
        return self.filter() if user.scope.everything else self.none()

    def editable_by(self, user: "User") -> Self:
        return self.visible_to(user)

    def sample(self) -> "Batch | None":
        """The sample data that is here now."""
        return self.filter(kind=BatchKind.SAMPLE, undone_at=None).first()

    def tour(self) -> "Batch | None":
        """What people are trying out on the tour."""
        return self.filter(kind=BatchKind.TOUR, undone_at=None).first()


BatchManager = models.Manager.from_queryset(BatchQuerySet)


class Batch(models.Model):
    """Records that came in together, so that they can leave together.

    Deletion is the undo of an import, or the removal of the demo or of sample data; all of them go
    by this mark.
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

    objects = BatchManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind"],
                condition=models.Q(kind="tour", undone_at=None),
                name="one_batch_of_tours",
            ),
        ]

    def __str__(self) -> str:
        return self.name
