import getpass
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone, translation

from pipeline.models import Language, Team
from pipeline.people.commands import people
from pipeline.process import commands as process


class Command(BaseCommand):
    help = "Found the organisation, if there is none, and add an admin who can sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="the admin's name")
        parser.add_argument("--email", required=True)
        parser.add_argument("--organisation", default="Our organisation")
        parser.add_argument("--currency", default="EUR", help="three letters, ISO 4217")
        parser.add_argument("--time-zone", default="Europe/Vienna", help="name of the tz database")
        parser.add_argument("--country", default="AT", help="two letters, ISO 3166")
        parser.add_argument("--language", default="en", choices=Language.values)
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["password_stdin"]:
            password = sys.stdin.readline().rstrip("\n")
        else:
            password = getpass.getpass("Password: ")
        try:
            with transaction.atomic():
                if not Team.objects.filter(parent=None).exists():
                    people.found_organisation(
                        name=options["organisation"],
                        currency=options["currency"],
                        time_zone=options["time_zone"],
                        country=options["country"],
                    )
                    # What follows is the organisation's own text, so it is in its language.
                    with translation.override(options["language"]):
                        process.ship_framework(at=timezone.now())
                people.add_first_admin(
                    name=options["name"],
                    email=options["email"],
                    password=password,
                    language=options["language"],
                )
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        self.stdout.write(f"{options['email']} can sign in.")
