import contextlib
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from salesprocess import embedded
from salesprocess.child_processes import AlreadyRunning, RunLock


class Command(BaseCommand):
    help = "Empties what the demo and the tests keep on this machine: their servers' data."
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        if settings.PRODUCTION or not any(settings.EMBEDDED.values()):
            raise CommandError("`reset` empties only the servers that the demo starts by itself.")
        states = (settings.STATE_DIR, settings.STATE_DIR / "test")
        with contextlib.ExitStack() as stack:
            for state in states:
                lock = RunLock(state)
                stack.callback(lock.close)
                try:
                    lock.take()
                except AlreadyRunning as error:
                    raise CommandError(f"{error} Stop it first.") from error
            for state in states:
                embedded.erase(state)
        self.stdout.write("Emptied. The next `python3 dev.py demo` begins afresh.")
