"""What the connection of a test keeps prepared."""

from uuid import uuid4

from django.db import connection


def prepared() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE name LIKE '\\_pg3%'")
        return {statement for (statement,) in cursor.fetchall()}


def forget() -> None:
    with connection.cursor() as cursor:
        # psycopg looks at what became of statements that it has not seen before.
        cursor.execute(f"DEALLOCATE ALL -- {uuid4()}")
