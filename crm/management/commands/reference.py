from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone, translation

from crm import reference
from pipeline.models import Language
from pipeline.process import commands as process


class Command(BaseCommand):
    help = (
        "Add the sources, methods and causes that a new organisation starts with, and its process."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--language",
            default=Language.ENGLISH,
            choices=Language.values,
            help="in which the process is written; it is the organisation's text from then on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{reference.seed()} rows added")
        with translation.override(options["language"]):
            if process.ship_framework(at=timezone.now()):
                self.stdout.write("The framework is in force.")
