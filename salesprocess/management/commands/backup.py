import contextlib
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from pipeline.operations.commands import give_sign
from pipeline.operations.models import Part
from salesprocess import backup
from salesprocess.lib.database import parse_database_url

MINUTE = 60


class Command(BaseCommand):
    help = "Backs up the database and the files; with --follow, every change within a minute."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where backups are kept; on another disk")
        parser.add_argument("--keep", type=int, default=14, help="backups that stay (default: 14)")
        parser.add_argument(
            "--follow",
            action="store_true",
            help="runs until it is ended: keeps each change as it is made, and makes a backup a day",
        )

    def handle(self, *, folder: Path, keep: int, follow: bool, **options: Any) -> None:
        if keep < 1:
            raise CommandError("--keep: at least one backup stays.")
        self.folder, self.keep = folder.absolute(), keep
        self.connection = backup.connection_variables(
            parse_database_url(settings.BACKUP_DATABASE_URL)
        )
        try:
            if follow:
                self._follow()
            else:
                self._make()
        except backup.BackupError as error:
            raise CommandError(str(error)) from error

    def _make(self) -> None:
        at = timezone.now()
        made = backup.make(
            self.folder, connection=self.connection, files=settings.MEDIA_ROOT, at=at
        )
        backup.verify(made)
        gone = backup.prune(self.folder, keep=self.keep)
        give_sign(Part.BACKUP, str(self.folder), at=at)
        self.stdout.write(f"{made} is made and was read again; {len(gone)} older ones are gone.")

    def _follow(self) -> None:
        ended = threading.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sign, lambda *_: ended.set())
        with contextlib.ExitStack() as stack:
            stream = backup.stream(self.folder, connection=self.connection)
            stack.callback(stream.wait)
            stack.callback(stream.terminate)
            while not ended.is_set():
                if stream.poll() is not None:
                    raise CommandError("pg_receivewal ended: changes are not kept any more.")
                if backup.is_due(self.folder, at=timezone.now()):
                    self._make()
                backup.mirror(settings.MEDIA_ROOT, backup.backups(self.folder)[-1] / "files")
                ended.wait(MINUTE)
