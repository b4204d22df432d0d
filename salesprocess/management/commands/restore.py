import datetime as dt
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from salesprocess import backup
from salesprocess.lib.database import parse_database_url


class Command(BaseCommand):
    help = "Brings a moment of the backups into a new folder; touches nothing that runs."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where the backups are kept")
        parser.add_argument("into", type=Path, help="a new folder")
        parser.add_argument(
            "--to",
            type=_instant,
            help="the moment, as 2026-03-11T10:00:00+01:00; by default the last change that was kept",
        )

    def handle(self, *, folder: Path, into: Path, to: dt.datetime | None, **options: Any) -> None:
        connection = backup.connection_variables(parse_database_url(settings.BACKUP_DATABASE_URL))
        try:
            source = backup.chosen(folder.absolute(), to=to)
            done = backup.restore(source, into.absolute(), connection=connection, to=to)
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        counts = ", ".join(f"{count:,} {name}" for name, count in done.counts.items())
        self.stdout.write(f"From {source}: {counts}.\nLast change: {done.reached or 'the backup'}.")
        if done.files_missing:
            self.stdout.write(
                f"{done.files_missing} files were uploaded after the last copy of files."
            )
        self.stdout.write(
            f"The database lies in {done.data}, for a PostgreSQL that is started over it; "
            f"the files in {done.files}, for MEDIA_ROOT. docs/OPERATIONS.md says how to go on."
        )


def _instant(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.get_default_timezone())
