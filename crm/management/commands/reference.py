from typing import Any

from django.core.management.base import BaseCommand

from crm import reference


class Command(BaseCommand):
    help = "Add the sources, methods and causes that a new organisation starts with."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{reference.seed()} rows added")
