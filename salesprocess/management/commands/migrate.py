import time
from typing import Any

from django.core.management.commands import migrate
from django.db import OperationalError
from psycopg.errors import LockNotAvailable

# Seconds before each time that it is tried again: in between, whoever waited behind it gets through.
PAUSES = (1, 2, 4, 8, 15, 30, 60)


class Command(migrate.Command):
    help = "Django's own, which tries again where somebody holds what a migration has to lock."

    def handle(self, *args: Any, **options: Any) -> None:
        for pause in PAUSES:
            try:
                super().handle(*args, **options)
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise
                self.stderr.write(f"Somebody is at that table; tried again in {pause} s.")
                time.sleep(pause)
            else:
                return
        super().handle(*args, **options)
