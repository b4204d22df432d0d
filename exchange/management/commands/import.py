# ruff: noqa: N999  # `manage.py import` is what people look for; nothing imports it by name
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from exchange.commands import files, work
from exchange.imports import mapping, report
from exchange.imports.faults import Unreadable
from exchange.imports.report import printable
from exchange.models import ImportJob, ImportState
from exchange.presenters import change_lines
from pipeline.models import Batch, User
from salesprocess.lib.refused import Refused

_COLUMNS = ("read", "new", "matched", "changed", "known", "refused")


class Command(BaseCommand):
    help = (
        "Bring in companies, people and deals from files of another system. Without --commit it "
        "only says what would happen."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="*", type=Path, help="files, or a folder of files")
        parser.add_argument("--mapping", type=Path, help="what the files mean (TOML)")
        parser.add_argument("--commit", action="store_true", help="keep what was brought in")
        parser.add_argument("--report", type=Path, help="write every refused row to this file")
        parser.add_argument("--by", help="e-mail of the person in whose name it happens")
        parser.add_argument(
            "--undo", type=int, metavar="BATCH", help="take back what nobody changed since"
        )
        parser.add_argument(
            "--resume", type=int, metavar="IMPORT", help="go on with one that was interrupted"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        by = self._person(options["by"])
        if options["undo"] is not None:
            self._undo(options["undo"], by)
        elif options["resume"] is not None:
            self._finish(self._interrupted(options["resume"]), options["report"])
        elif options["paths"] and options["mapping"]:
            self._import(by, options)
        else:
            raise CommandError("Name the files and their --mapping, or a batch to --undo.")

    def _person(self, email: str | None) -> User | None:
        if not email:
            return None
        person: User | None = User.objects.active().filter(email=email.strip().lower()).first()
        if person is None:
            raise CommandError(f"Nobody here has the address {email}.")
        return person

    def _interrupted(self, number: int) -> ImportJob:
        try:
            return files.resume(number)
        except ImportJob.DoesNotExist as error:
            raise CommandError(f"There is no import {number} to go on with.") from error

    def _import(self, by: User | None, options: dict[str, Any]) -> None:
        try:
            job = files.begin(
                mapping.load(options["mapping"]),
                options["paths"],
                at=timezone.now(),
                commit=options["commit"],
                by=by,
            )
        except Unreadable as error:
            raise CommandError(f"Nothing was brought in. {error.message}") from error
        if options["commit"]:
            self.stdout.write(f"If it is interrupted, go on with --resume {job.pk}.")
        self._finish(job, options["report"])

    def _finish(self, job: ImportJob, report_to: Path | None) -> None:
        try:
            files.finish(job, at=timezone.now())
        except Unreadable as error:
            raise CommandError(error.message) from error
        if report_to is not None:
            report.write(report_to, files.faults_of(job))
        self._tell(job, files.result_of(job), commit=job.state == ImportState.DONE)
        files.leave(job)

    def _tell(self, job: ImportJob, result: files.ImportResult, *, commit: bool) -> None:
        if result.unread:
            self.stdout.write(f"Not in the mapping, so not read: {', '.join(result.unread)}")
        row = ("{:<12}" + "{:>9}" * len(_COLUMNS)).format
        self.stdout.write(row("", *_COLUMNS))
        for name, counts in result.counts.items():
            self.stdout.write(row(name, *(getattr(counts, each) for each in _COLUMNS)))
        self._tell_rows(job, result)
        if result.batch is not None:
            self.stdout.write(f"Brought in as batch {result.batch.pk}.")
        elif not result.comes_in:
            self.stdout.write("There is nothing new in these files.")
        elif not commit:
            self.stdout.write("This was a dry run: nothing stays. Run it again with --commit.")

    def _tell_rows(self, job: ImportJob, result: files.ImportResult) -> None:
        for line in result.read_as:
            self.stdout.write(printable(line))
        for change in change_lines(job, result.changes):
            where = f"{change.file}, line {change.line}: {change.record}, {change.field}"
            stays = "" if change.applied else " (changed here since, stays)"
            stays = " (stays)" if stays and not change.is_ours else stays
            self.stdout.write(printable(f"{where}: {change.was} → {change.now}{stays}"))
        for fault in result.faults:
            value = f" “{fault.value}”" if fault.value else ""
            column = f", {fault.column}{value}" if fault.column else ""
            self.stdout.write(printable(f"{fault.file}, line {fault.line}{column}: {fault.reason}"))
        shown = sum(not fault.comes_in for fault in result.faults)
        if result.refused > shown:
            self.stdout.write(f"… and {result.refused - shown} more: see --report.")

    def _undo(self, number: int, by: User | None) -> None:
        batch = Batch.objects.filter(pk=number).first()
        if batch is None:
            raise CommandError(f"There is no batch {number}.")
        try:
            undone = work.take_back(batch, by=by, at=timezone.now())
        except Refused as refused:
            raise CommandError(refused.message) from refused
        for name, count in undone.deleted.items():
            self.stdout.write(f"{name:<12}{count:>9} taken back")
        if undone.restored:
            self.stdout.write(f"{undone.restored} records are again what they were")
        for kept in undone.kept:
            self.stdout.write(printable(f"Kept {kept.kind} {kept.pk}, {kept.name}: {kept.why}"))
