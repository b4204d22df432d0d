import shutil
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from salesprocess import embedded


class Command(BaseCommand):
    help = "Empties the demo's data on this machine: the embedded servers' folders."
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        if settings.PRODUCTION or not any(settings.EMBEDDED.values()):
            raise CommandError("`reset` empties only the servers that the demo starts by itself.")
        lock = embedded.RunLock(settings.STATE_DIR)
        try:
            lock.take()
        except embedded.EmbeddedError as error:
            raise CommandError(f"{error} Stop it first.") from error
        embedded.erase(settings.STATE_DIR)
        shutil.rmtree(settings.STATE_DIR / "static", ignore_errors=True)
        lock.close()
        self.stdout.write("Emptied. The next `python3 dev.py demo` begins afresh.")
