from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from exchange.exports import writing


class Command(BaseCommand):
    help = "Write everything that is kept into one ZIP, for leaving or for starting again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help="the ZIP to be made; none of that name is there"
        )

    def handle(self, *, file: Path, **options: Any) -> None:
        if file.exists():
            raise CommandError(f"{file} is there already. Name another.")
        begun = file.with_name(f"{file.name}.part")
        try:
            with begun.open("xb") as target:
                # It holds everything: nobody else on the machine is to read it.
                begun.chmod(0o600)
                rows = writing.write(target, at=timezone.now(), private=True)
            begun.rename(file)
        except OSError as error:
            raise CommandError(f"{file} could not be written: {error.strerror}.") from error
        finally:
            begun.unlink(missing_ok=True)
        self.stdout.write(f"{rows} rows are in {file}. Passwords and second factors are not.")
