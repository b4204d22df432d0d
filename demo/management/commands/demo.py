import datetime as dt
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from demo import filling
from demo.people import SIGN_INS
from exchange.commands import batch as batch_commands
from pipeline.models import Batch, BatchKind, Team


class Command(BaseCommand):
    help = "Fill an empty database with the demo organisation, or take it out again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--remove",
            action="store_true",
            help="delete the sample data, except what was changed or used since",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            self._remove(timezone.now())
        else:
            self._fill(timezone.now())

    def _fill(self, at: dt.datetime) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo's passwords are public: not in production.")
        try:
            batch = filling.fill(at=at)
        except filling.NotEmpty:
            self._say_what_is_there()
            return
        counts = ", ".join(f"{n} {name}" for name, n in batch.summary["written"].items())
        self.stdout.write(f"{batch.name} is filled: {counts}.")
        self._say_sign_ins()

    def _say_what_is_there(self) -> None:
        root = Team.objects.root()
        self.stdout.write(f"Nothing was done: there is an organisation already, {root.name}.")
        if root.batch_id and Batch.objects.filter(pk=root.batch_id, kind=BatchKind.DEMO).exists():
            self._say_sign_ins()

    def _say_sign_ins(self) -> None:
        for role, email, password in SIGN_INS:
            self.stdout.write(f"  {role:<16}{email:<28}{password}")

    def _remove(self, at: dt.datetime) -> None:
        batch = Batch.objects.filter(kind=BatchKind.DEMO, undone_at=None).first()
        if batch is None:
            self.stdout.write("There is no sample data.")
            return
        kept = batch_commands.undo(batch, by=None, at=at).kept
        self.stdout.write("The sample data is gone." if not kept else "Gone, except for:")
        for record in kept:
            self.stdout.write(f"  {record.kind} {record.pk} {record.name}: {record.why}")
