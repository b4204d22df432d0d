"""What is on its way in, a file of a page or those of the command: what it means, how far it has come.

The tables keep the names that they had before there was an app for files.
"""

from typing import ClassVar, Self

from django.db import models
from django.db.models import OuterRef, Q, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from pipeline.models import Batch, Role, User

LONGEST_SHEET_NAME = 100
# The field of an ImportChange for the stages that a deal went through.
VISITS = "visits"


class ImportKind(models.TextChoices):
    """Of exchange.imports.kinds, those that a page brings in; the value is the name there. FILES are
    those of one run of `manage.py import`, of whatever kinds its mapping names."""

    DEALS = "deals", _("Deals")
    COMPANIES = "companies", _("Companies")
    CONTACTS = "contacts", _("Contacts")
    ACTIVITIES = "activities", _("Activities and notes")
    PRODUCTS = "products", _("Products and prices")
    RATES = "rates", _("Exchange rates")
    HISTORY = "history", _("Stages that deals went through")
    LINES = "lines", _("Products on deals")
    ROLES = "roles", _("People on deals, with their roles")
    OFFERS = "offers", _("Offers")
    ANSWERS = "answers", _("Answers to the steps of deals")
    PEOPLE = "people", _("People and teams")
    FILES = "files", _("Files by command")


# What only admins bring in: it is the whole organisation's.
OF_ADMINS = (ImportKind.PRODUCTS, ImportKind.RATES, ImportKind.PEOPLE)


class ImportState(models.TextChoices):
    MAPPING = "mapping", _("Columns to be named")
    CHECKING = "checking", _("Being checked")
    ASKING = "asking", _("Questions to be answered")
    CHECKED = "checked", _("Checked, not loaded yet")
    LOADING = "loading", _("Being loaded")
    STUCK = "stuck", _("Interrupted")
    DONE = "done", _("Loaded")
    UNDOING = "undoing", _("Being taken back")
    UNDONE = "undone", _("Taken back")
    DISCARDED = "discarded", _("Discarded")


# A worker has something to do, or is at it.
WORKING = (ImportState.CHECKING, ImportState.LOADING, ImportState.UNDOING)
# Nobody has anything to do any more.
FINISHED = (ImportState.DONE, ImportState.UNDONE, ImportState.DISCARDED)
# Nothing of the file has come in.
NOT_LOADED = (ImportState.MAPPING, ImportState.ASKING, ImportState.CHECKED)


class ImportJobQuerySet(models.QuerySet["ImportJob"]):
    def visible_to(self, user: User) -> Self:
        """What somebody uploads is nobody else's business, except the admins'. The one exception is
        a number: `exchange.queries.unfinished_of`."""
        if not user.is_active:
            return self.none()
        return self.filter() if user.scope.everything else self.filter(owner=user)

    def editable_by(self, user: User) -> Self:
        return self.visible_to(user)

    def working(self) -> Self:
        return self.filter(state__in=WORKING)

    def unfinished(self) -> Self:
        return self.exclude(state__in=FINISHED)

    def further(self, file: str | OuterRef, pk: int | OuterRef) -> Self:
        """The later imports by which a kept file was checked again, unless that was taken back."""
        return self.filter(file=file, pk__gt=pk).exclude(state=ImportState.UNDONE)


ImportJobManager = models.Manager.from_queryset(ImportJobQuerySet)


class ImportJob(models.Model):
    """What somebody brings in: one file by a page, which comes in within its owner's reach, whoever
    looks on; or files by the command, whose user has the database and may name no owner.

    The row is the record of the work: a worker that is killed loses at most the piece that it was
    at, and the next one goes on from `done`.
    """

    owner = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        related_name="imports",
        null=True,
        blank=True,
        editable=False,
    )
    kind = models.CharField(max_length=10, choices=ImportKind)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.MAPPING)
    # As it was called where it comes from; `file` has a name of ours, and none when it is gone; of a
    # check again it is that of the former import, and goes with the last one that names it. Of
    # the command it is a folder: exchange.imports.answers says what is in it.
    name = models.CharField(max_length=200)
    file = models.FileField(upload_to="imports", max_length=100, blank=True)
    # Where `file` is the text of one sheet: what was uploaded, its sheets, and which one it is.
    workbook = models.FileField(
        upload_to="imports", max_length=100, blank=True, default="", db_default=""
    )
    sheets = models.JSONField(default=list, db_default=Value([], models.JSONField()))
    sheet = models.CharField(max_length=LONGEST_SHEET_NAME, blank=True, default="", db_default="")
    size = models.PositiveBigIntegerField()
    encoding = models.CharField(max_length=12)
    delimiter = models.CharField(max_length=1)
    # How many records stand above the header.
    above = models.PositiveSmallIntegerField(default=0)
    # imports.encodings: the encodings that it can be read in, with samples, where that is unsure.
    letters = models.JSONField(default=dict)
    columns = models.JSONField()
    # A few rows, for the page on which columns are named.
    sample = models.JSONField(default=list)
    # exchange.imports.answers says what is in these three: what was said about the file,
    answers = models.JSONField(default=dict)
    # how its columns can be read,
    readings = models.JSONField(default=dict)
    # and what of that only a person can know: ambiguous columns, foreign stages without a meaning.
    questions = models.JSONField(default=dict)
    repeats = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    # new, matched, known, refused: of the check, then of the load, with the files that waited for it.
    counts = models.JSONField(default=dict)
    # What an undo has left, and why.
    kept = models.JSONField(default=list)
    error = models.TextField(blank=True)
    # How often a worker began the present step without finishing it.
    attempts = models.PositiveSmallIntegerField(default=0)
    batch = models.OneToOneField(
        Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    undo_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = ImportJobManager()

    class Meta:
        db_table = "crm_importjob"
        indexes: ClassVar = [
            # Serves the workers, every few seconds.
            models.Index("id", condition=Q(state__in=WORKING), name="import_job_working"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_working(self) -> bool:
        return self.state in WORKING

    @property
    def is_by_command(self) -> bool:
        return self.kind == ImportKind.FILES


class ImportFaultQuerySet(models.QuerySet["ImportFault"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(job__in=ImportJob.objects.visible_to(user))

    def editable_by(self, user: User) -> Self:
        """What was wrong with a row is not for changing."""
        return self.none()


ImportFaultManager = models.Manager.from_queryset(ImportFaultQuerySet)


class ImportFault(models.Model):
    """Why a row stays out, or comes in without something, and where it begins in the file: a row has as
    many as there are reasons. `value` is what was understood, `cell` the cell as it stands there."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="faults")
    # Which of the files that came in together; 0 where there is one.
    table = models.PositiveSmallIntegerField(default=0)
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=500)
    value = models.CharField(max_length=200)
    cell = models.CharField(max_length=200, blank=True, default="", db_default="")
    reason = models.TextField()
    comes_in = models.BooleanField(default=False)
    # The row could come in without what it says there.
    may_be_empty = models.BooleanField(default=False, db_default=False)

    objects = ImportFaultManager()

    class Meta:
        db_table = "crm_importfault"
        indexes: ClassVar = [
            models.Index(fields=["job", "table", "line"], name="import_fault_of_row"),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"


class ImportChangeQuerySet(models.QuerySet["ImportChange"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(job__in=ImportJob.objects.visible_to(user))

    def editable_by(self, user: User) -> Self:
        """What a file changed is not for changing."""
        return self.none()


ImportChangeManager = models.Manager.from_queryset(ImportChangeQuerySet)


class ImportChange(models.Model):
    """A field of a record on file of which a later file says something else.

    `was` and `now` are as an event keeps them. `is_ours` means that somebody changed the field here
    since a file last wrote it; only what is `applied` was changed, or will be. The rest is for taking
    it back: `mark` is the digest of what was written, `base` that of what a file wrote before, `stamp`
    when and by whom the record was changed before.
    """

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="changes")
    table = models.PositiveSmallIntegerField(default=0)
    line = models.PositiveIntegerField()
    # Of exchange.imports.kinds.
    kind = models.CharField(max_length=12)
    record_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    # Of an answer, the name of the step (exchange.imports.steps).
    field = models.CharField(max_length=80)
    was = models.JSONField(null=True)
    now = models.JSONField(null=True)
    is_ours = models.BooleanField()
    applied = models.BooleanField()
    mark = models.CharField(max_length=16)
    base = models.CharField(max_length=16, blank=True)
    stamp = models.JSONField(default=list)

    objects = ImportChangeManager()

    def __str__(self) -> str:
        return f"{self.name}: {self.field}"


class ImportMappingQuerySet(models.QuerySet["ImportMapping"]):
    def visible_to(self, user: User) -> Self:
        if not user.is_active:
            return self.none()
        return self.filter() if user.scope.everything else self.filter(owner=user)

    def editable_by(self, user: User) -> Self:
        return self.visible_to(user)


ImportMappingManager = models.Manager.from_queryset(ImportMappingQuerySet)


class ImportMapping(models.Model):
    """What somebody has said about the files of one system with the same headings."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="import_mappings")
    kind = models.CharField(max_length=10, choices=ImportKind)
    name = models.CharField(max_length=80)
    headings = models.JSONField(default=list)
    # Of the headings, as exchange.imports.answers.shape_of has it.
    shape = models.CharField(max_length=32, blank=True)
    answers = models.JSONField()
    used_at = models.DateTimeField()

    objects = ImportMappingManager()

    class Meta:
        db_table = "crm_importmapping"
        constraints: ClassVar = [
            models.UniqueConstraint(
                "owner",
                "kind",
                Lower("name"),
                "shape",
                name="import_mapping_once_a_person_and_shape",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ExportState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    WRITING = "writing", _("Being written")
    DONE = "done", _("Ready")
    FAILED = "failed", _("Failed")
    GONE = "gone", _("Deleted")


class WholeExportQuerySet(models.QuerySet["WholeExport"]):
    def visible_to(self, user: User) -> Self:
        """It holds everything: it is for the admin who asked for it, and for nobody else."""
        if not user.is_active or user.role != Role.ADMIN:
            return self.none()
        return self.filter(owner=user)

    def editable_by(self, user: User) -> Self:
        return self.visible_to(user)

    def working(self) -> Self:
        return self.filter(state__in=(ExportState.WAITING, ExportState.WRITING))


WholeExportManager = models.Manager.from_queryset(WholeExportQuerySet)


class WholeExport(models.Model):
    """Everything in one file, written in the background, and gone after a day.

    `done` counts the rows that are written, `rows` those that there were about when it began.
    """

    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="whole_exports")
    state = models.CharField(max_length=10, choices=ExportState, default=ExportState.WAITING)
    file = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    done = models.PositiveBigIntegerField(default=0)
    # How often a worker began it without finishing.
    attempts = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = WholeExportManager()

    class Meta:
        constraints: ClassVar = [
            # Who asks again while it is written has that one.
            models.UniqueConstraint(
                models.F("owner"),
                condition=Q(state__in=("waiting", "writing")),
                name="whole_export_once_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner} {self.asked_at:%Y-%m-%d}"

    @property
    def is_working(self) -> bool:
        return self.state in (ExportState.WAITING, ExportState.WRITING)
