"""What a worker does with an import, step by step: check it, load it piece by piece, take it back.
The command does the same with its own in its own process.

Every step is one transaction that also says how far it has come, so a worker may be killed at any
moment: what it was at is as if it had not begun, and the next one goes on. One import happens at a
time (`run.LOCK`), so no lease is needed: the lock ends with the connection of who is dead.
"""

import datetime as dt
import json
import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from exchange.commands import batch as batch_commands
from exchange.commands import made
from exchange.commands.job import begin_discarding, finish_discarding, forget_file
from exchange.imports import answers, bulk, run, waiting
from exchange.imports.faults import Unreadable
from exchange.imports.raw_cells import with_cells
from exchange.imports.scanning import MOST_STAGES, Chosen, scan
from exchange.imports.staging import ImporterReach
from exchange.models import (
    NOT_LOADED,
    OF_ADMINS,
    ImportChange,
    ImportFault,
    ImportJob,
    ImportKind,
    ImportState,
)
from pipeline.models import Batch, BatchKind, Role, User
from salesprocess.lib.time_limits import within
from salesprocess.lib.trouble import Trouble, again, trouble_of

PIECE = 5_000
# A file that kills so many workers is not tried again by itself.
MOST_ATTEMPTS = 5
KEEP_FILES = dt.timedelta(days=30)
_LISTED = 200
_COUNTED = ("new", "matched", "changed", "known", "refused")

logger = logging.getLogger(__name__)


def step(pk: int, *, at: dt.datetime) -> bool:
    """Do the next step of a job; whether there is one more that this worker could do now."""
    state = _begin(pk, at=at)
    if state is None:
        return False
    work = {
        ImportState.CHECKING: _check,
        ImportState.LOADING: _load,
        ImportState.UNDOING: _undo,
    }[state]
    try:
        again(lambda: work(pk, at))
    except OperationalError as error:
        if trouble_of(error) is not Trouble.LOCKED:
            raise
        # Others are at what it needs, which says nothing against the file: its turn comes again.
        ImportJob.objects.filter(pk=pk).update(attempts=0)
        return False
    return ImportJob.objects.working().filter(pk=pk).exists()


def _begin(pk: int, *, at: dt.datetime) -> ImportState | None:
    """Count the attempt before it is made, so that it counts even if it is the worker's last."""
    with transaction.atomic():
        if not run.try_lock():
            return None
        job = ImportJob.objects.working().select_for_update(of=("self",)).filter(pk=pk).first()
        if job is None:
            return None
        if job.attempts >= MOST_ATTEMPTS:
            logger.error("import %s was given up after %s attempts", pk, job.attempts)
            words = _("This was tried %(n)d times and did not come to an end. Nothing is lost.")
            _give_up(job, at, words % {"n": job.attempts})
            return None
        if words := _forbidden(job):
            _give_up(job, at, words)
            return None
        job.attempts += 1
        job.save(update_fields=["attempts"])
    return ImportState(job.state)


def _forbidden(job: ImportJob) -> str:
    """Why the owner, in whose reach it happens, may not bring this in any more; empty if allowed."""
    if job.state == ImportState.UNDOING or job.is_by_command or job.owner is None:
        return ""
    if not job.owner.is_active:
        return _("%(name)s, whose file this is, has been deactivated.") % {"name": job.owner.name}
    if job.kind in OF_ADMINS and job.owner.role != Role.ADMIN:
        return _("Only admins bring in people, teams, products and rates.")
    return ""


def _give_up(job: ImportJob, at: dt.datetime, words: str) -> None:
    loaded = ImportState.DONE if job.batch_id else ImportState.MAPPING
    before = {ImportState.CHECKING: ImportState.MAPPING, ImportState.UNDOING: loaded}
    job.state = before.get(ImportState(job.state), ImportState.STUCK)
    job.error, job.changed_at = words, at
    job.save(update_fields=["state", "error", "changed_at"])


def _check(pk: int, at: dt.datetime) -> None:
    """Look at the whole file; ask what only a person knows, else try the load out."""
    job = ImportJob.objects.select_related("owner__team").get(pk=pk)
    try:
        if not job.is_by_command:  # looked at before there was a job
            _look(job)
        if job.questions:
            _settle(job, ImportState.ASKING, at)
            return
        ImportJob.objects.filter(pk=pk).update(rows=job.rows)
        _try_out(job, at)
    except Unreadable as error:
        job.error = error.message.replace(Path(job.file.name).name, job.name)
        _settle(job, ImportState.MAPPING, at)


def _look(job: ImportJob) -> None:
    (mapped,) = answers.mapping_of(job).kinds
    seen = scan(mapped, answers.table_of(job))
    if len(seen.stages) > MOST_STAGES:
        raise Unreadable(
            _("The column of stages has more than %(n)d different words: is it another column?")
            % {"n": MOST_STAGES}
        )
    answers.store_readings(job, seen)


def _try_out(job: ImportJob, at: dt.datetime) -> None:
    with tempfile.TemporaryDirectory() as folder, _Progress(job.pk) as tell:
        report, changes = Path(folder) / "faults", Path(folder) / "changes"
        chosen = answers.chosen_of(job)
        trial = run.dry_run(
            answers.mapping_of(job),
            chosen,
            reach=_reach(job),
            by=job.owner,
            at=at,
            report_to=report,
            changes_to=changes,
            tell=tell,
        )
        job.repeats, job.done = {str(line): n for line, n in trial.repeats.items()}, job.rows
        _count(job, trial.counts)
        job.counts["alike"] = trial.alike
        job.counts["differs"] = trial.differs
        if not job.is_by_command:
            job.counts["first"] = trial.first
        with transaction.atomic():
            job.faults.all().delete()
            job.changes.all().delete()
            with report.open(encoding="utf-8") as source:
                _write_faults(job, chosen, (json.loads(line) for line in source))
            with changes.open(encoding="utf-8") as source:
                _write_changes(job, (json.loads(line) for line in source))
            _settle(job, ImportState.CHECKED, at)
            answers.remember(job, at=at)


def _load(pk: int, at: dt.datetime) -> None:
    """Load the next piece, and say so in the same transaction."""
    with within("import"):
        if not run.try_lock():
            return
        job = ImportJob.objects.select_for_update(of=("self",)).get(pk=pk)
        if job.state != ImportState.LOADING:
            return
        chosen, counts = answers.chosen_of(job), {}
        if piece := next_piece(chosen, job.done, numbered=not job.is_by_command):
            repeats = {int(line): n for line, n in job.repeats.items()}
            counts = run.load_piece(
                answers.mapping_of(job),
                piece,
                batch=_batch(job, at),
                reach=_reach(job),
                repeats=None if job.is_by_command else repeats,
                keep=partial(_write_faults, job, piece),
                keep_changes=partial(_write_changes, job),
            )
        _count(job, counts)
        read = sum(each.read for each in counts.values())
        job.done += read
        if job.done >= job.rows or not read:
            _finish(job)
        _settle(job, ImportState(job.state), at)


def next_piece(chosen: Chosen, done: int, *, numbered: bool) -> Chosen:
    """What comes in together behind the first `done` rows; nothing behind the last.

    It is all of a kind where rows refer to each other, or are known only by what they say; unless a
    check has `numbered` those that say the same.
    """
    for mapped, tables in chosen:
        known = numbered or mapped.kind.named or "id" in mapped.columns
        whole = (ImportKind.PEOPLE, ImportKind.HISTORY, ImportKind.OFFERS)
        refer = mapped.kind.name in whole or "parent" in mapped.columns
        room = PIECE if known and not refer else sum(table.length for table in tables)
        piece = []
        for table in tables:
            some = min(table.length - done, room)
            if some > 0:
                piece.append(replace(table, skip=done, most=some))
                room -= some
            done = max(done - table.length, 0)
        if piece:
            return [(mapped, piece)]
    return []


def _count(job: ImportJob, now: dict[str, run.Counts]) -> None:
    """Add what came now, and keep apart what kind it is of."""
    kinds = run.sum_counts(job.counts.get("kinds", {}), now)
    job.counts = {
        name: job.counts.get(name, 0) + sum(getattr(each, name) for each in now.values())
        for name in _COUNTED
    }
    job.counts["kinds"] = kinds


def _batch(job: ImportJob, at: dt.datetime) -> Batch:
    if job.batch is None:
        name = f"{job.answers['system']}: {job.name}"[:200]
        job.batch = Batch.objects.create(kind=BatchKind.IMPORT, name=name, by=job.owner, at=at)
        made.belong(job, job.batch)
    return job.batch


def _finish(job: ImportJob) -> None:
    job.state = ImportState.DONE
    if job.batch and not any(job.counts[each] for each in ("new", "matched", "changed")):
        empty, job.batch = job.batch, None
        job.save(update_fields=["batch"])
        made.let_go(empty)
        empty.delete()
    if job.batch:
        job.counts["waiting"] = waiting.find_waiting(job)


def _undo(pk: int, at: dt.datetime) -> None:
    with within("import"):
        if not run.try_lock():
            return
        job = ImportJob.objects.select_for_update(of=("self",)).get(pk=pk)
        if job.state != ImportState.UNDOING:
            return
        if job.batch is not None:
            take_back(job.batch, by=job.undo_by, at=at)
        else:  # nothing of it was loaded
            _tell_undone(job, made.take_back(job, by=job.undo_by, at=at))
            finish_discarding(job, at=at)


def take_back(batch: Batch, *, by: User | None, at: dt.datetime) -> batch_commands.Undone:
    """Undo a batch, and say so where it is told how it came in.

    Raises Refused if it was taken back already.
    """
    with transaction.atomic():
        job = ImportJob.objects.select_for_update(of=("self",)).filter(batch=batch).first()
        undone = batch_commands.undo(batch, job=job, by=by, at=at)
        if job is not None:
            made.go_with(job, undone, by=by, at=at)
            _tell_undone(job, undone)
            _settle(job, ImportState.UNDONE, at)
    return undone


def _tell_undone(job: ImportJob, undone: batch_commands.Undone) -> None:
    job.kept = [[each.kind, each.pk, each.name, each.why] for each in undone.kept[:_LISTED]]
    job.counts |= {
        "deleted": sum(undone.deleted.values()),
        "kept": len(undone.kept),
        "restored": undone.restored,
    }


def _reach(job: ImportJob) -> ImporterReach | None:
    return None if job.is_by_command or job.owner is None else reach_of(job.owner)


def reach_of(owner: User) -> ImporterReach:
    """What the owner may do as of now, however long the file has been waiting."""
    assignable = User.objects.assignable_by(owner) if owner.is_active else User.objects.none()
    scope = owner.scope
    if scope.everything:
        # What somebody won who has left since is still his or hers.
        assignable = User.objects.all()
    pools = _all_teams() if scope.everything else scope.pool_team_ids
    return ImporterReach(
        by_id=owner.pk,
        everything=scope.everything,
        owner_ids=sorted(scope.owner_ids),
        assignable_ids=sorted(assignable.values_list("pk", flat=True)),
        pool_team_ids=sorted(pools),
        led_team_ids=sorted(scope.managed_team_ids),
    )


def _all_teams() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM pipeline_team")
        return [pk for (pk,) in cursor.fetchall()]


def _write_faults(job: ImportJob, chosen: Chosen, faults: Iterator[run.FaultRow]) -> None:
    bulk.write(
        ImportFault,
        (
            ImportFault(
                job=job,
                table=table,
                line=line,
                column=column[:500],
                value=value[:200],
                cell=cell,
                reason=reason,
                comes_in=comes_in,
                may_be_empty=may_be_empty,
            )
            for cell, (table, line, column, value, reason, comes_in, may_be_empty) in with_cells(
                chosen, faults
            )
        ),
    )


def _write_changes(job: ImportJob, changes: Iterator[run.ChangeRow]) -> None:
    names = run.CHANGE_COLUMNS
    rows = (ImportChange(job=job, **dict(zip(names, each, strict=True))) for each in changes)
    bulk.write(ImportChange, rows)


def _settle(job: ImportJob, state: ImportState, at: dt.datetime) -> None:
    """The step is done: the next one has its attempts again."""
    job.state, job.changed_at, job.attempts = state, at, 0
    job.save()


def clear_old_files(*, at: dt.datetime) -> int:
    """Forget the content of files that nobody has touched for a month; how many."""
    old = ImportJob.objects.exclude(file="").filter(changed_at__lt=at - KEEP_FILES)
    count = 0
    for pk in old.values_list("pk", flat=True):
        try:
            count += _clear(pk, at=at)
        except Exception:
            logger.exception("the file of import %s could not be cleared", pk)
    return count


def _clear(pk: int, *, at: dt.datetime) -> bool:
    """Whether it was to be forgotten: a worker may be at it."""
    with transaction.atomic():
        job = ImportJob.objects.select_for_update(of=("self",)).get(pk=pk)
        if job.is_working:
            return False
        if job.state in NOT_LOADED:
            by = job.owner if job.owner and job.owner.is_active else None
            begin_discarding(job, by=by, at=at)
        else:
            forget_file(job)
            job.save()
    return True


class _Progress:
    """Says how far a trial has come while its own transaction is not to be seen: by a connection of
    its own, opened only for files that take a while."""

    def __init__(self, pk: int) -> None:
        self._pk = pk
        self._own: Any = None

    def __enter__(self) -> Callable[[int], None]:
        return self._tell

    def _tell(self, read: int) -> None:
        if self._own is None:
            self._own = connection.copy()
        with self._own.cursor() as cursor:
            cursor.execute(
                "UPDATE crm_importjob SET done = %s WHERE id = %s AND state = 'checking'",
                [read, self._pk],
            )

    def __exit__(self, *_error: object) -> None:
        if self._own is not None:
            self._own.close()
