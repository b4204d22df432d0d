"""Rows that many tests begin with, made once for each test database and laid out again by copying.

Making the cast goes through the product's own commands and takes a tenth of a second; four thousand
tests begin with it, and hundreds with deals that take a second. Their rows are kept in schemas of
their own, where nothing that empties the product's tables reaches them. Each copy has the same ids;
what a test adds gets others, as sequences go on.
"""

import pickle
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import connection, transaction

_COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""


class KeptRows:
    def __init__(self, make: Callable[..., Any], *, name: str, above: "KeptRows | None" = None):
        """`make` lays the rows out for the first time and gives what stands for them; above others,
        which a test has laid out before, it is given what stands for those. It changes none of them.
        """
        schema = f"kept_{name}"
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
            columns_of = {table: _columns(cursor, table) for table in tables()}
            empty = transaction.savepoint()
            given = [above.lay_out()] if above else []
            before = {table: set(_rows(cursor, table, of)) for table, of in columns_of.items()}
            self._made = pickle.dumps(make(*given))
            connection.check_constraints()
            after = {table: _rows(cursor, table, of) for table, of in columns_of.items()}
            transaction.savepoint_rollback(empty)
            copies = []
            for table, columns in columns_of.items():
                # The rest stands there already.
                lines = [line for line in after[table] if line not in before[table]]
                if not lines:
                    continue
                kept = f"{schema}.{table}"
                cursor.execute(f"CREATE TABLE {kept} AS SELECT {columns} FROM {table}")  # noqa: S608
                with cursor.copy(f"COPY {kept} FROM STDIN") as copy:
                    copy.write(b"".join(lines))
                copies.append(
                    f"INSERT INTO {table} ({columns})"  # noqa: S608  # names of our own
                    f" OVERRIDING SYSTEM VALUE SELECT * FROM {kept}"
                )
            cursor.execute("SHOW is_superuser")
            if cursor.fetchone() == ("on",):
                # What they refer to is among them: it has been looked at above, and no trigger is asked.
                role = "SET LOCAL session_replication_role = "
                copies = [f"{role}replica", *copies, f"{role}DEFAULT"]
        self._lay_out = ";\n".join(copies)

    def lay_out(self) -> Any:
        """Put the rows where they belong, and give what stands for them as it was made."""
        with connection.cursor() as cursor:
            cursor.execute(self._lay_out)
        return pickle.loads(self._made)  # noqa: S301  # our own, from a moment ago


def tables() -> list[str]:
    return [
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def _columns(cursor: Any, table: str) -> str:
    cursor.execute(_COLUMNS, [table])
    (columns,) = cursor.fetchone()
    return str(columns)


def _rows(cursor: Any, table: str, columns: str) -> list[bytes]:
    with cursor.copy(f"COPY (SELECT {columns} FROM {table}) TO STDOUT") as copy:  # noqa: S608
        return [bytes(line) for line in copy]
