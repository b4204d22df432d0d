import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from crm.commands import rate
from pipeline.models import Team
from salesprocess.lib.refused import Refused


def amount(typed: str) -> Decimal:
    try:
        return Decimal(typed)
    except InvalidOperation as error:
        raise CommandError(f"{typed} is no number; write one such as 0.92") from error


class Command(BaseCommand):
    help = "Say what one unit of a foreign currency is worth in the organisation's, from a day on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("currency", help="three letters, ISO 4217")
        parser.add_argument("value", type=amount)
        parser.add_argument("--on", type=dt.date.fromisoformat, help="YYYY-MM-DD, today by default")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = rate.set_rate(
                currency=options["currency"],
                on=options["on"] or timezone.localdate(timezone=Team.objects.root().zone),
                value=options["value"],
            )
        except Refused as refused:
            raise CommandError(refused.message) from refused
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        self.stdout.write(f"{row} from {row.on}")
