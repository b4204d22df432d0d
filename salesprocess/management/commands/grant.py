from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from salesprocess.lib.events import AppendOnly

# What this release and its migrations know of the tables is for their owner alone to say.
OWNERS = ("django_migrations",)


class Command(BaseCommand):
    help = "Lets a role serve pages and do background work, and nothing else: run after `migrate`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="the role of DATABASE_URL of the web and the workers")

    def handle(self, *, role: str, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolsuper, current_user = rolname FROM pg_roles WHERE rolname = %s", [role]
            )
            found = cursor.fetchone()
        if found is None:
            raise CommandError(f"There is no role {role}: CREATE ROLE {role} LOGIN PASSWORD '…'")
        if found[0]:
            raise CommandError(f"{role} is a superuser: nothing can be kept from it.")
        if found[1]:
            raise CommandError("Run this as the owner of the tables, and name the weaker role.")
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in statements(connection.ops.quote_name(role)):
                cursor.execute(statement)
        self.stdout.write(f"{role} may read and write; it may not change tables, nor history.")


def statements(role: str) -> list[str]:
    """All rights of `role`, a quoted name, from none on: what was given before is taken away.

    MAINTAIN lets a large import tell the planner what it has written.
    """
    tables = connection.introspection.table_names()
    history = {
        model._meta.db_table: model.noted_later
        for model in apps.get_models()
        if issubclass(model, AppendOnly)
    }
    changed = {
        table: f"({', '.join(history[table])})" if table in history else ""
        for table in tables
        if table not in OWNERS and history.get(table) != ()
    }
    return [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}",
        f"REVOKE ALL ON SCHEMA public FROM {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        *(
            f"GRANT INSERT, DELETE, MAINTAIN ON {table} TO {role}"
            for table in tables
            if table not in OWNERS
        ),
        *(f"GRANT UPDATE {columns} ON {table} TO {role}" for table, columns in changed.items()),
    ]
