"""What `manage.py import` does: files of several kinds under one mapping become one job, which is
stepped as a worker steps one (exchange.commands.work), in the command's own process.

If that is killed, `resume` goes on with the job, or a worker that finds it left (exchange.tasks).
"""

import datetime as dt
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from exchange.commands import work
from exchange.commands.job import delete_stored
from exchange.imports import workbook
from exchange.imports.faults import Fault, Unreadable
from exchange.imports.kinds import KINDS
from exchange.imports.mapping import KindMapping, Mapping
from exchange.imports.reading import FileTable, open_table
from exchange.imports.run import Counts
from exchange.imports.scanning import column_formats, read_as, scan
from exchange.models import ImportChange, ImportJob, ImportKind, ImportState
from pipeline.models import Batch, Team, User
from pipeline.people.commands import first_run
from salesprocess.lib import stored_files

_SHOWN = 20
# Before it asks again whether another import has come to its end.
_TURN = 0.5


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """`batch` is None after a dry run, and where nothing was new. `faults` are the first few,
    `read_as` says of each column of dates or numbers how it was read, with samples; `changes` are the
    first of what differs on record, where people changed something first."""

    counts: dict[str, Counts]
    unread: list[str]
    faults: list[Fault]
    read_as: list[str]
    batch: Batch | None
    changes: list[ImportChange]

    @property
    def refused(self) -> int:
        return sum(counts.refused for counts in self.counts.values())

    @property
    def comes_in(self) -> bool:
        return any(
            counts.new or counts.matched or counts.changed for counts in self.counts.values()
        )


def begin(
    mapping: Mapping,
    paths: Sequence[Path],
    *,
    at: dt.datetime,
    commit: bool,
    by: User | None = None,
) -> ImportJob:
    """Keep the files among `paths` (files, or folders of files) that the mapping names, as a job to
    be finished. Without `commit` it only tries out what would happen.

    Raises Unreadable, in words, where a file or the organisation is missing, or where a file cannot
    be read in one way.
    """
    with tempfile.TemporaryDirectory() as sheets:
        return _begin(mapping, *_choose(mapping, paths, Path(sheets)), at=at, commit=commit, by=by)


def _begin(
    mapping: Mapping,
    found: list[tuple[KindMapping, FileTable]],
    unread: list[str],
    *,
    at: dt.datetime,
    commit: bool,
    by: User | None,
) -> ImportJob:
    if not Team.objects.filter(parent=None).exists():
        raise Unreadable(_("There is no organisation yet: make one with “manage.py first_admin”."))
    said = [_look(mapping, mapped, table) for mapped, table in found]
    files = sorted({table.path for _mapped, table in found})
    folder = f"imports/{uuid.uuid4()}"
    tables = [{**about, "file": f"{folder}/{about['file']}"} for about, _lines in said]
    nothing = vars(Counts(read=0, new=0, matched=0, changed=0, known=0, refused=0))
    with transaction.atomic():
        for path in files:
            with path.open("rb") as source:
                stored_files.save(f"{folder}/{path.name}", File(source))
        if commit:
            first_run.begin_import(at=at)
        return ImportJob.objects.create(
            owner=by,
            kind=ImportKind.FILES,
            state=ImportState.LOADING if commit else ImportState.CHECKING,
            name=", ".join(path.name for path in files)[:200],
            file=folder,
            size=sum(path.stat().st_size for path in files),
            columns=[],
            answers={
                "system": mapping.system,
                "columns": {},
                "mapping": mapping.content,
                "tables": tables,
            },
            readings={
                "read_as": [line for _about, lines in said for line in lines],
                "unread": unread,
            },
            counts={"kinds": {about["kind"]: nothing for about in tables}} if commit else {},
            rows=sum(about["length"] for about in tables),
            created_at=at,
            changed_at=at,
        )


def resume(number: int) -> ImportJob:
    """The job of a command that was killed, to be finished; Raises ImportJob.DoesNotExist."""
    with transaction.atomic():
        jobs = ImportJob.objects.filter(kind=ImportKind.FILES).exclude(file="")
        job: ImportJob = jobs.select_for_update(of=("self",)).get(pk=number)
        if job.state == ImportState.STUCK:
            job.state = ImportState.LOADING
        job.attempts = 0
        job.save(update_fields=["state", "attempts"])
    return job


def finish(job: ImportJob, *, at: dt.datetime) -> None:
    """Step a job until nothing is left to do. It waits for its turn while another is at work.

    Raises Unreadable, in words, if it does not come to an end.
    """
    begun = time.monotonic()
    while ImportJob.objects.working().filter(pk=job.pk).exists():
        # Workers leave a job alone that was lately at work.
        passed = dt.timedelta(seconds=int(time.monotonic() - begun))
        if not work.step(job.pk, at=at + passed):
            time.sleep(_TURN)
    job.refresh_from_db()
    if job.state not in (ImportState.CHECKED, ImportState.DONE):
        raise Unreadable(job.error)


def result_of(job: ImportJob) -> ImportResult:
    kinds = job.counts.get("kinds", {})
    return ImportResult(
        counts={each.name: Counts(**kinds[each.name]) for each in KINDS if each.name in kinds},
        unread=job.readings["unread"],
        faults=list(islice(faults_of(job), _SHOWN)),
        read_as=job.readings["read_as"],
        batch=job.batch,
        changes=list(job.changes.order_by("-is_ours", "pk")[:_SHOWN]),
    )


def faults_of(job: ImportJob) -> Iterator[Fault]:
    """Every row that stayed out, or comes in without something, in the order of the files."""
    names = [Path(each["file"]).name for each in job.answers["tables"]]
    for fault in job.faults.order_by("table", "line").iterator():
        yield Fault(
            file=names[fault.table],
            line=fault.line,
            column=fault.column,
            value=fault.value,
            reason=fault.reason,
            comes_in=fault.comes_in,
        )


def leave(job: ImportJob) -> None:
    """Delete the copies of the files; a dry run leaves nothing at all."""
    with transaction.atomic():
        delete_stored(job)
        if job.state == ImportState.CHECKED:
            job.delete()
        else:
            job.save(update_fields=["file"])


def _look(
    mapping: Mapping, mapped: KindMapping, table: FileTable
) -> tuple[dict[str, Any], list[str]]:
    """What the job keeps of a file, and how its columns are read, with samples."""
    seen = scan(mapped, table)
    ways = column_formats(mapped, mapping, seen, file=table.name)
    about = {
        "kind": mapped.kind.name,
        "file": table.name,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "header": table.header,
        "above": table.above,
        "ways": ways,
        "length": seen.rows,
        "marks": [vars(mark) for mark in seen.marks],
    }
    lines = []
    for column, reading in seen.readings.items():
        if words := read_as(reading, ways[column]):
            samples = ", ".join(f"{text} → {meaning}" for text, meaning in words)
            lines.append(f"{table.name}, {column}: {samples}")
    return about, lines


def _choose(
    mapping: Mapping, paths: Sequence[Path], sheets: Path
) -> tuple[list[tuple[KindMapping, FileTable]], list[str]]:
    """The tables with the mapping of each, in the order in which they come in, and the names of
    the files that the mapping does not name. Sheets of workbooks are written to the folder `sheets`."""
    files = sorted({file for path in paths for file in _files(path)})
    named = [
        (mapped, file)
        for mapped in mapping.kinds
        for file in files
        if fnmatchcase(file.name, mapped.file)
    ]
    chosen = [
        (mapped, replace(_open(mapping, mapped, file, sheets), is_bounded=False))
        for mapped, file in named
    ]
    used = {file for _mapped, file in named}
    if not used:
        raise Unreadable(
            _("None of the files is one that the mapping names (%(files)s).")
            % {"files": ", ".join(mapped.file for mapped in mapping.kinds)}
        )
    names = [file.name for file in files if file in used]
    if twice := {name for name in names if names.count(name) > 1}:
        raise Unreadable(_("Two files are called %(name)s.") % {"name": min(twice)})
    return chosen, [file.name for file in files if file not in used]


def _open(mapping: Mapping, mapped: KindMapping, file: Path, sheets: Path) -> FileTable:
    if not workbook.is_workbook(file):
        return open_table(
            file, wanted=mapped.wanted, encoding=mapping.encoding, delimiter=mapping.delimiter
        )
    written = sheets / f"{uuid.uuid4()}"
    chosen = workbook.write_sheet(file, written, sheet=mapped.sheet).chosen
    # A name as people know it: of the file, and of the sheet if there could be another.
    text = sheets / f"{file.name}, {chosen.replace('/', '_')[:60]}"
    written.replace(text)
    return open_table(text, wanted=mapped.wanted, encoding="utf-8", delimiter=",")


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return [each for each in path.iterdir() if each.is_file()]
    if not path.is_file():
        raise Unreadable(_("There is no file %(name)s.") % {"name": path})
    return [path]
