"""What a person does with an upload: leave it, say what it means, have it loaded, take it back.

The workers do the rest (exchange.commands.work); the row in the database is what they go by.
"""

import datetime as dt
import posixpath
import re
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from exchange import queries
from exchange.commands import made
from exchange.imports import answers, encodings, workbook
from exchange.imports.faults import Unreadable
from exchange.imports.reading import FileTable, open_table
from exchange.models import (
    LONGEST_SHEET_NAME,
    NOT_LOADED,
    OF_ADMINS,
    ImportJob,
    ImportKind,
    ImportState,
)
from pipeline.models import Role, User
from pipeline.people.commands import first_run
from salesprocess.lib import stored_files
from salesprocess.lib.enqueue import enqueue
from salesprocess.lib.quota import Quota
from salesprocess.lib.refused import Refused

STORED = Quota(
    person="IMPORT_STORED_BYTES_PER_PERSON", everybody="IMPORT_STORED_BYTES", lock=5_737_002
)
# No transaction lasts so long: a file without a row by then has none to come.
UNNAMED_AFTER = dt.timedelta(days=1)
_SAMPLE_ROWS, _SAMPLE_SIGNS = 3, 60
_SAID_BEFORE = ("formats", "stages", "values", "remembered", "hints")
# What a job has of its file.
_OF_FILE = (
    *("owner", "kind", "name", "file", "workbook", "sheets", "sheet", "size"),
    *("encoding", "delimiter", "above", "letters", "columns", "sample"),
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def create(upload: File[Any], *, name: str, kind: str, by: User, at: dt.datetime) -> ImportJob:
    """Keep an uploaded file and look at how it is written.

    `name` is what the person calls it; it is stored under one of ours.

    Raises Refused for what cannot be read, in words with the place, for more than may be stored, and
    where `by` may not import this kind: people come in through admins only. Then no file stays.
    """
    if kind in OF_ADMINS and by.role != Role.ADMIN:
        raise Refused(_("Only admins bring in people, teams, products and rates."), field="kind")
    name = _CONTROL.sub(" ", name)[-200:]
    with tempfile.TemporaryDirectory() as folder:
        sheet = _sheet_of_upload(upload, Path(folder), name)
        with transaction.atomic():
            STORED.hold()
            own, everybodys = queries.stored_bytes(by)
            size = upload.size + (sheet.size if sheet else 0)
            STORED.check(size, own=own, everybodys=everybodys, field="file")
            stored = stored_files.save(f"imports/{uuid.uuid4()}.csv", upload)
            text = sheet.keep() if sheet else stored
            letters: dict[str, Any] = {}
            try:
                path = Path(default_storage.path(text))
                if sheet:
                    table = _table_of_sheet(path)
                else:
                    found = encodings.detect(path)
                    letters = {"samples": found.samples, "is_asked": not found.is_sure}
                    table = open_table(path, wanted=set(), encoding=found.encoding)
                sample = _sample(table)
            except Unreadable as error:
                raise Refused(_named(error, (stored, text), name), field="file") from error
            first_run.begin_import(at=at)
            return ImportJob.objects.create(
                owner=by,
                kind=kind,
                name=name,
                file=text,
                workbook=stored if sheet else "",
                sheets=sheet.names if sheet else (),
                sheet=sheet.chosen if sheet else "",
                size=size,
                encoding=table.encoding,
                delimiter=table.delimiter,
                above=table.above,
                letters=letters,
                columns=list(table.header),
                sample=sample,
                created_at=at,
                changed_at=at,
            )


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """The text of a sheet in a temporary file: which one it is, and which others there are."""

    path: Path
    names: tuple[str, ...]
    chosen: str

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def keep(self) -> str:
        """Store it; under which name."""
        with self.path.open("rb") as source:
            return stored_files.save(f"imports/{uuid.uuid4()}.csv", File(source))


def _sheet_of_upload(upload: File[Any], folder: Path, name: str) -> _Sheet | None:
    """The first sheet that has a table; None where the upload is no workbook. Raises Refused."""
    path = Path(getattr(upload, "temporary_file_path", lambda: folder / f"{uuid.uuid4()}")())
    if path.parent == folder:
        path.write_bytes(upload.read())
        upload.seek(0)
    try:
        if not workbook.is_workbook(path):
            return None
    except Unreadable as error:
        raise Refused(_named(error, (path.name,), name), field="file") from error
    return _sheet_of(path, "", folder, name=name, field="file")


def _sheet_of(path: Path, sheet: str, folder: Path, *, name: str, field: str) -> _Sheet:
    """Write a sheet of a workbook into a temporary folder. That may take as long as somebody waits for
    a page: no lock may be held meanwhile.

    Raises Refused, at `field`.
    """
    text = folder / "text"
    try:
        found = workbook.write_sheet(path, text, sheet=sheet)
    except Unreadable as error:
        raise Refused(_named(error, (path.name,), name), field=field) from error
    if len(found.chosen) > LONGEST_SHEET_NAME:
        words = _(
            "%(file)s has a sheet with a name of more than %(most)d signs. Give it a shorter one."
        )
        raise Refused(words % {"file": name, "most": LONGEST_SHEET_NAME}, field=field)
    return _Sheet(path=text, names=found.names, chosen=found.chosen)


def _table_of_sheet(path: Path, above: int | None = None) -> FileTable:
    """We wrote it: nothing about it is to be guessed."""
    return open_table(path, wanted=set(), encoding="utf-8", delimiter=",", above=above)


def _named(error: Unreadable, stored: Iterable[str], name: str) -> str:
    """What is wrong, with the name that people know."""
    words = error.message
    for each in stored:
        words = words.replace(Path(each).name, name)
    return words


def _sample(table: FileTable) -> list[list[str]]:
    rows = islice((row for row in table.rows() if not row.fault), _SAMPLE_ROWS)
    return [[cell[:_SAMPLE_SIGNS] for cell in row.cells] for row in rows]


def read_again(job: ImportJob, *, encoding: str, by: User, at: dt.datetime) -> None:
    """Say in which encoding the file is written; the columns stay in their places.

    Raises Refused for one that does not explain the file.
    """
    with _locked(job, by, NOT_LOADED) as row:
        try:
            table = open_table(
                Path(row.file.path), wanted=set(), encoding=encoding, above=row.above
            )
            row.sample = _sample(table)
        except Unreadable as error:
            words = _named(error, (row.file.name,), row.name)
            raise Refused(words, field="encoding") from error
        row.encoding, row.delimiter = table.encoding, table.delimiter
        row.columns, row.above = list(table.header), table.above
        row.letters["is_asked"] = False
        row.state, row.changed_at = ImportState.MAPPING, at
        row.save()


def read_table_again(
    job: ImportJob, *, above: int, sheet: str, delimiter: str = "", by: User, at: dt.datetime
) -> None:
    """Say which sheet of a workbook is meant, how many rows stand above the headings (taken only for the
    sheet that it was), and what stands between two cells of a text; empty for what is found. What was
    said about other columns is forgotten.

    Raises Refused for what cannot be read so.
    """
    with tempfile.TemporaryDirectory() as folder:
        other = None
        if sheet and sheet != job.sheet and job.state in NOT_LOADED:
            path = Path(job.workbook.path)
            other = _sheet_of(path, sheet, Path(folder), name=job.name, field="sheet")
        with _locked(job, by, NOT_LOADED) as row:
            if other:
                _put_in_place(row, other, by)
            elif sheet and sheet != row.sheet:
                words = _(
                    "%(who)s changed this meanwhile. Look at it as it is now, and do it again."
                )
                raise Refused(words % {"who": _("Somebody")}, field="sheet")
            try:
                path = Path(row.file.path)
                if other:
                    table = _table_of_sheet(path)
                elif row.sheets:
                    table = _table_of_sheet(path, above)
                else:
                    table = open_table(
                        path,
                        wanted=set(),
                        encoding=row.encoding,
                        delimiter=delimiter,
                        above=above,
                    )
                row.sample = _sample(table)
            except Unreadable as error:
                words = _named(error, (row.file.name,), row.name)
                raise Refused(words, field="sheet" if other else "above") from error
            row.delimiter, row.columns, row.above = table.delimiter, list(table.header), table.above
            row.answers, row.state, row.changed_at = _made_for(row), ImportState.MAPPING, at
            row.counts, row.questions, row.readings = {}, {}, {}
            row.faults.all().delete()
            row.save()


def _put_in_place(row: ImportJob, sheet: _Sheet, by: User) -> None:
    """Store the text of another sheet, and delete that of the former one once the transaction stands.

    Raises Refused for more than may be stored.
    """
    more = sheet.size - Path(row.file.path).stat().st_size
    if more > 0:
        STORED.hold()
        own, everybodys = queries.stored_bytes(row.owner or by)
        STORED.check(more, own=own, everybodys=everybodys, field="sheet")
    _remove_stored(row, row.file.name)
    row.file, row.sheet, row.size = sheet.keep(), sheet.chosen, row.size + more


def name_columns(
    job: ImportJob,
    *,
    system: str,
    columns: Mapping[str, list[str]],
    like: Mapping[str, Any],
    by: User,
    at: dt.datetime,
    otherwise: str = "",
    steps: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Say which column holds which field, and have the file checked.

    `system` is whose ids and words these are; the answers are remembered by it. `like` are the
    answers for an earlier file of this shape (imports.answers.suggested), which hold for this one
    if it is of the same system, or what was said about this one before. `otherwise` is what an
    activity is that names no kind; `steps` are the names of the steps that columns answer.

    Raises Refused for what makes no sense, or if the file is past that.
    """
    with _locked(job, by, NOT_LOADED) as row:
        system = answers.spelling_of(system, row.owner)
        row.answers = {
            "system": system,
            "columns": dict(columns),
            "formats": {},
            "stages": {},
            **_made_for(row),
        }
        if otherwise:
            row.answers["otherwise"] = otherwise
        if steps:
            row.answers["steps"] = dict(steps)
        if system.casefold() == like.get("system", system).casefold():
            row.answers |= {key: like[key] for key in _SAID_BEFORE if key in like}
            row.answers["formats"] = answers.fitting_formats(
                answers.kind_of(row.kind),
                row.answers["columns"],
                row.answers["formats"],
                steps=steps,
            )
        if row.kind == ImportKind.HISTORY:
            row.answers.setdefault("hints", answers.stages_of(system, row.owner))
        try:
            answers.mapping_of(row)
        except Unreadable as error:
            raise Refused(error.message) from error
        row.faults.all().delete()
        _begin(row, ImportState.CHECKING, at)


def answer(
    job: ImportJob,
    *,
    formats: Mapping[str, str],
    stages: Mapping[str, Mapping[str, str]],
    values: Mapping[str, Mapping[str, str | None]] | None = None,
    new: Sequence[made.Made] = (),
    update: Mapping[str, str] | None = None,
    leave_empty: Sequence[str] = (),
    by: User,
    at: dt.datetime,
) -> None:
    """Say how columns are written and what foreign stages and words are, as was asked or otherwise
    than they were read; what nothing is said of stays as it was.

    `values` are ours for their words, by field: empty for nothing, None to forget what was said. `new`
    are put on their lists, or made people who have left, or teams, which only admins do. `update` says for fields of records on file whether
    they are left, or overwritten although somebody changed them here; empty for neither. The fields in
    `leave_empty`, and no others, stay empty where their cells cannot be read.

    Raises Refused for an answer that makes no sense, or if the file is past that.
    """
    states = (ImportState.ASKING, ImportState.CHECKED)
    with transaction.atomic(), ExitStack() as locked:
        added = [made.add(each, by=by, at=at) for each in new]
        row = locked.enter_context(_locked(job, by, states))
        said = row.answers
        # They go again with what came in, where nothing else uses them by then.
        said["made"] = [*said.get("made", ()), *made.named(added)]
        said["values"] = _with(said.get("values", {}), values or {})
        said["formats"] = {**said.get("formats", {}), **formats}
        said["stages"] = {**said.get("stages", {}), **stages}
        said["update"] = {
            name: way for name, way in {**said.get("update", {}), **(update or {})}.items() if way
        }
        said["leave_empty"] = list(leave_empty)
        said["remembered"] = [each for each in said.get("remembered", []) if each not in formats]
        row.faults.all().delete()
        try:
            answers.mapping_of(row)
        except Unreadable as error:
            raise Refused(error.message) from error
        _begin(row, ImportState.CHECKING, at)


def _made_for(row: ImportJob) -> dict[str, Any]:
    """Of what was said about a file, what holds whatever its columns are: what was made for it."""
    return {key: row.answers[key] for key in ("made",) if key in row.answers}


def _with(
    before: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str | None]]
) -> dict[str, dict[str, str]]:
    found = {}
    for field in [*before, *(each for each in now if each not in before)]:
        said = {**before.get(field, {}), **now.get(field, {})}
        if kept := {word: ours for word, ours in said.items() if ours is not None}:
            found[field] = kept
    return found


def check_again(job: ImportJob, *, by: User, at: dt.datetime) -> ImportJob:
    """Have a file checked again as it was answered, since what its rows name is there by now: the job
    itself where nothing of it was loaded, else a new one of the same file.

    Raises Refused if it is neither, if the file is gone, or if that was done already.
    """
    with _locked(job, by, (ImportState.CHECKED, ImportState.DONE)) as row:
        if not row.file or row.is_by_command:
            raise Refused(_("This file is not kept any more: bring it in again."))
        if further := ImportJob.objects.further(row.file.name, row.pk).first():
            raise Refused(_further(further))
        if row.state == ImportState.DONE:
            again = ImportJob(created_at=at, **{name: getattr(row, name) for name in _OF_FILE})
            again.answers = dict(row.answers)
            # What was made for a file belongs to what has come in; where nothing has, it is still its own.
            without = row if row.batch_id is None else again
            without.answers.pop("made", None)
            row.save(update_fields=["answers"])
            row = again
        else:
            row.faults.all().delete()
        _begin(row, ImportState.CHECKING, at)
    return row


def load(job: ImportJob, *, by: User, at: dt.datetime) -> None:
    """Have a checked file loaded, or go on where a load was interrupted.

    Raises Refused if it is neither.
    """
    with _locked(job, by, (ImportState.CHECKED, ImportState.STUCK)) as row:
        if row.state == ImportState.CHECKED:
            row.faults.all().delete()
            row.changes.all().delete()
            row.done, row.counts = 0, {}
        _begin(row, ImportState.LOADING, at)


def undo(job: ImportJob, *, by: User, at: dt.datetime) -> None:
    """Have everything taken back that came in and nobody changed since.

    Raises Refused if nothing came in.
    """
    with _locked(job, by, (ImportState.DONE, ImportState.STUCK)) as row:
        if row.batch_id is None:
            raise Refused(_("Nothing came in with this file."))
        row.undo_by = by
        _begin(row, ImportState.UNDOING, at)


def discard(job: ImportJob, *, by: User, at: dt.datetime) -> None:
    """Forget a file of which nothing was loaded. Where something was made for it, the workers take back
    what is used nowhere else; `kept` of the job says what stays.

    Raises Refused if something was loaded, or a worker is at it.
    """
    with _locked(job, by, NOT_LOADED) as row:
        begin_discarding(row, by=by, at=at)


def begin_discarding(row: ImportJob, *, by: User | None, at: dt.datetime) -> None:
    """Part of what discards a file of which nothing was loaded; the row is locked."""
    if row.answers.get("made"):
        # Whether anything refers to a person is asked of every table: that is more than a page waits for.
        row.undo_by = by
        _begin(row, ImportState.UNDOING, at)
    else:
        finish_discarding(row, at=at)


def finish_discarding(row: ImportJob, *, at: dt.datetime) -> None:
    """Nothing is left of a file but that it was here; the row is locked."""
    row.state, row.changed_at, row.attempts = ImportState.DISCARDED, at, 0
    forget_file(row)
    row.save()


def forget_file(row: ImportJob) -> None:
    """Delete what the file says, once the transaction stands: other people's data is not hoarded."""
    row.sample = []
    row.counts.pop("first", None)
    row.faults.all().delete()
    if row.batch_id is None:
        row.changes.all().delete()
    delete_stored(row)


def delete_stored(row: ImportJob) -> None:
    """Delete the file, or the files and then their folder, once the transaction stands, unless another
    import has the same."""
    tables = [each["file"] for each in row.answers.get("tables", ())]
    for name in dict.fromkeys(filter(None, tables or [row.file.name, row.workbook.name])):
        _remove_stored(row, name)
    row.file, row.workbook = "", ""


def _remove_stored(row: ImportJob, name: str) -> None:
    """Where two go at once, neither does it: `sweep_files` does."""
    if not ImportJob.objects.filter(Q(file=name) | Q(workbook=name)).exclude(pk=row.pk).exists():
        transaction.on_commit(partial(stored_files.remove, name), robust=True)


def sweep_files(*, at: dt.datetime) -> int:
    """Delete files that no import names and that are older than `UNNAMED_AFTER`; how many."""
    kept = ImportJob.objects.exclude(file="").values_list("file", "workbook")
    named = {name for names in kept for name in names}

    def is_named(stored: str) -> bool:
        return stored in named or posixpath.dirname(stored) in named

    return stored_files.sweep("imports", is_named, before=at - UNNAMED_AFTER)


@contextmanager
def _locked(job: ImportJob, by: User, states: tuple[ImportState, ...]) -> Iterator[ImportJob]:
    """The row for changing, if it is in one of `states`; a second press finds it gone on.

    Raises ImportJob.DoesNotExist out of the reach of `by`.
    """
    with transaction.atomic():
        row = ImportJob.objects.editable_by(by).select_for_update(of=("self",)).get(pk=job.pk)
        if row.state not in states:
            raise Refused(_further(row))
        yield row
    job.refresh_from_db()


def _further(row: ImportJob) -> str:
    return _("This file is already further: %(state)s.") % {
        "state": row.get_state_display().lower()
    }


def _begin(row: ImportJob, state: ImportState, at: dt.datetime) -> None:
    """Hand the next step to the workers."""
    row.state, row.changed_at = state, at
    row.attempts, row.error = 0, ""
    if state == ImportState.CHECKING:
        row.done, row.rows, row.counts, row.questions = 0, 0, {}, {}
    row.save()
    transaction.on_commit(lambda: enqueue("exchange.tasks.work_on_imports", pk=row.pk), robust=True)
