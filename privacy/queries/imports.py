"""What of files that were brought in is about a person."""

import re
from pathlib import Path

from django.core.files.storage import default_storage
from django.db.models import Q

from crm.models import Contact, ImportedRow
from exchange.models import FINISHED, ImportFault, ImportJob
from privacy.identity import Identity

# Of exchange.imports.kinds.
CONTACTS, ACTIVITIES = "contacts", "activities"


def ledger_of(contact: Contact) -> "list[ImportedRow]":
    rows = ImportedRow.objects.filter(kind=CONTACTS, record_id=contact.pk)
    return list(rows.select_related("batch").order_by("pk"))


def jobs_about(contact: Contact, identity: Identity) -> list[ImportJob]:
    """The files by which the person came, and those that name or reach him or her."""
    batches = {row.batch_id for row in ledger_of(contact)} | {contact.batch_id}
    faults = ImportFault.objects.filter(value__iregex=identity.exact).values("job")
    found = []
    for job in ImportJob.objects.order_by("pk"):
        brought = job.batch_id is not None and job.batch_id in batches
        if brought or _mentions(job, identity):
            found.append(job)
    # A file that was checked again is that of several, and goes with the last.
    same = Q(file__in=[job.file.name for job in found if job.file])
    also = ImportJob.objects.filter(Q(pk__in=faults) | same)
    also = also.exclude(pk__in=[job.pk for job in found])
    return [*found, *also]


def is_under_way(job: ImportJob) -> bool:
    return job.state not in FINISHED and bool(job.file)


def _mentions(job: ImportJob, identity: Identity) -> bool:
    told = identity.in_python
    if told.search(f"{job.name} {job.sample} {job.kept} {job.questions} {job.letters}"):
        return True
    tables = [each["file"] for each in job.answers.get("tables", ())] or [job.file.name]
    return any(_says(name, job.encoding, told) for name in tables if name)


def _says(stored: str, encoding: str, told: "re.Pattern[str]") -> bool:
    """Whether a stored file holds any of it, line by line; one that is gone does not."""
    try:
        path = Path(default_storage.path(stored))
        with path.open(encoding=encoding or "utf-8", errors="replace") as lines:
            return any(told.search(line) for line in lines)
    except (FileNotFoundError, IsADirectoryError, LookupError):
        return False
