from typing import ClassVar, NamedTuple

from django.db import models
from django.utils.translation import gettext as _

from crm.models.deal import Deal, PartOfDealManager
from pipeline.models import User
from salesprocess.lib.quota import Quota, megabytes
from salesprocess.lib.uploads import FORM_MAX_BYTES

LARGEST = FORM_MAX_BYTES
STORED = Quota(
    person="EVIDENCE_STORED_BYTES_PER_PERSON", everybody="EVIDENCE_STORED_BYTES", lock=5_737_003
)


def too_large() -> str:
    """What is said of a file of more than `LARGEST` bytes."""
    words = _("This file is larger than %(n)s MB: add a link to it instead.")
    return words % {"n": LARGEST // 1024**2}


def bounds_in_words() -> str:
    """What is said beside the input of a file."""
    words = _("Up to %(n)s MB, and %(most)s MB of all your files.")
    return words % {"n": LARGEST // 1024**2, "most": megabytes(STORED.of_person)}


class FileBounds(NamedTuple):
    """How large a file may be: in words, in bytes, and what is said of a larger one."""

    words: str
    most_bytes: int
    refusal: str


def file_bounds() -> FileBounds:
    return FileBounds(bounds_in_words(), LARGEST, too_large())


class EvidenceFile(models.Model):
    """A file that proves a step. Stored in the database, so that it is in the backup and visible
    exactly to those who may see the deal."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = PartOfDealManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(size__lte=LARGEST), name="evidence_file_not_too_large"
            ),
        ]

    def __str__(self) -> str:
        return self.name
