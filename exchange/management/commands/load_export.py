from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exchange.exports import loading
from salesprocess.lib.refused import Refused


class Command(BaseCommand):
    help = "Load an export of everything into a new database, or one nobody has worked in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the ZIP of `manage.py export` or of the page")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="an organisation of one person without any record gives way",
        )

    def handle(self, *, file: Path, replace: bool, **options: Any) -> None:
        try:
            rows = loading.load(file, replace=replace)
        except Refused as refused:
            raise CommandError(f"Nothing was loaded. {refused.message}") from refused
        except OSError as error:
            raise CommandError(f"{file} could not be read: {error.strerror}.") from error
        self.stdout.write(
            f"{rows} rows are in. People choose new passwords (“Forgot your password?”)."
        )
