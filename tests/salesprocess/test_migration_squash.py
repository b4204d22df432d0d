"""One migration stands for many: a new database is as those would have made it, one after the other."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from tests.kept_rows import tables

# Everything of ours in the catalogues, each as PostgreSQL would write it down again. The order of
# columns is left out: nothing asks for it.
CATALOGUES = {
    "columns": """
        SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull,
            attidentity, attgenerated, attstorage, collname, pg_get_expr(adbin, adrelid)
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        LEFT JOIN pg_collation ON pg_collation.oid = attcollation
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i' AND attnum > 0
            AND NOT attisdropped
    """,
    "relations": """
        SELECT relname, relkind, relpersistence, reloptions, relrowsecurity, relforcerowsecurity
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), condeferrable, condeferred
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "sequences": """
        SELECT sequencename, data_type::text, start_value, increment_by, cycle FROM pg_sequences
        WHERE schemaname = 'public'
    """,
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(pg_trigger.oid)
        FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
        WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal
    """,
    "functions": """
        SELECT proname, pg_get_functiondef(pg_proc.oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prokind <> 'a'
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    """,
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
    "extensions": "SELECT extname, extversion FROM pg_extension",
    "types": """
        SELECT typname, typtype FROM pg_type
        WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
    """,
}


def schema() -> dict[str, list[str]]:
    with connection.cursor() as cursor:
        found = {}
        for name, statement in CATALOGUES.items():
            cursor.execute(statement)
            found[name] = sorted(map(repr, cursor.fetchall()))
    return found


def filled() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{name}' FROM {name}" for name in tables())  # noqa: S608
        )
        return [name for (name,) in cursor.fetchall()]


@pytest.fixture
def this_database(django_db_setup: None, django_db_blocker: Any) -> dict[str, list[str]]:
    """That of the tests, which all migrations that are in use have made."""
    with django_db_blocker.unblock():
        return schema()


@pytest.fixture
def another_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Beside that of the tests, and empty: the connection leads there."""
    own = connection.settings_dict["NAME"]
    name = f"{own}_one_by_one"
    quoted = connection.ops.quote_name(name)
    with django_db_blocker.unblock():
        connection.close()
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted}")
            cursor.execute(f"CREATE DATABASE {quoted}")
        connection.settings_dict["NAME"] = name
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = own
            with connection._nodb_cursor() as cursor:
                cursor.execute(f"DROP DATABASE {quoted}")


def one_by_one() -> None:
    """Migrate as if no migration stood for others."""
    executor = MigrationExecutor(connection)
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    graph = executor.loader.graph
    executor.migrate([key for key in graph.leaf_nodes() if not graph.nodes[key].replaces])


@pytest.mark.slow
def test_a_new_database_is_as_its_migrations_one_by_one_would_have_made_it(
    this_database: dict[str, list[str]], another_database: None
):
    one_by_one()

    assert schema() == this_database
    # Nothing that a new database would have to be told beside.
    assert filled() == []
    # One that has been made so knows each that stands for others as done.
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
