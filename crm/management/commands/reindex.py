from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from crm.commands import search


class Command(BaseCommand):
    help = "Make the search entries anew from the records."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            search.rebuild()
