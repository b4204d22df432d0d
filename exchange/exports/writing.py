"""Writes everything that is kept into one ZIP, as it was at one moment; memory stays flat."""

import datetime as dt
import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from exchange.exports import tables
from exchange.exports.tables import ExportTable

FORMAT = 1
MANIFEST = "manifest.json"
README = "README.txt"
_TEXT = """\
Everything that Seven keeps, as it was at one moment ({at}).

tables/   each table as CSV in UTF-8, by its name in the database. A cell without quotation marks and
          without a text says that nothing is known; "" is an empty text. Columns that end in _id
          refer to the id of another table. Days are YYYY-MM-DD, instants are UTC.
files/    what was attached as evidence, each named by its id.
manifest.json   the tables with their rows and checksums, and what was left out and why.

What people keep for themselves alone is in it only if the manifest says so (with_private_rows).

An organisation in which nothing has been done yet reads it again: manage.py load_export FILE
Passwords and second factors are not here: people choose new ones.
"""
_NAME = re.compile(r"[^\w.-]+")
_PIECE = 2**20

Tell = Callable[[int], None]


def write(
    target: IO[bytes], *, at: dt.datetime, private: bool, tell: Tell = lambda _rows: None
) -> int:
    """Write the whole export; how many rows are in it. `tell` hears, now and then, how many so far.

    With `private` what people keep for themselves alone is in it, too.
    """
    rows = 0
    told = []
    with snapshot() as cursor, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(README, _TEXT.format(at=f"{at:%Y-%m-%d %H:%M} UTC"))
        for table in tables.tables():
            rows_of = table.rows(private=private)
            entry = _write_table(archive, cursor, table, rows_of)
            if table.contents:
                entry["files"] = _write_files(archive, cursor, table, rows_of)
            told.append(entry)
            rows += entry["rows"]
            tell(rows)
        manifest = {
            "format": FORMAT,
            "at": at.isoformat(),
            "with_private_rows": private,
            "migrations": migrations(cursor),
            "tables": told,
            "left_out": {**tables.STAYS, "columns": tables.STAYING_COLUMNS},
        }
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return rows


@contextmanager
def snapshot() -> Iterator[Any]:
    """A cursor on one moment of the database, by a connection of its own, without a limit of time."""
    own = connection.copy()
    try:
        own.ensure_connection()
        own.connection.patience = None
        with own.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for name, value in _WRITTEN.items():
                cursor.execute(f"SET LOCAL {name} = {value}")
            yield cursor.cursor
            cursor.execute("COMMIT")
    finally:
        own.close()


# So that the same rows are written alike wherever that is.
_WRITTEN = {
    "TimeZone": "'UTC'",
    "DateStyle": "'ISO'",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}


def about_how_many() -> int:
    """The rows that an export would have, as the database last estimated them; by one query."""
    names = [table.name for table in tables.tables()]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class"
            " WHERE oid = ANY(%s::regclass[])",
            [names],
        )
        (rows,) = cursor.fetchone()
    return int(rows)


def migrations(cursor: Any) -> dict[str, str]:
    """The last migration of each app: which shape the tables have."""
    table = MigrationRecorder.Migration._meta.db_table
    cursor.execute(f"SELECT app, max(name) FROM {table} GROUP BY app ORDER BY app")  # noqa: S608
    return dict(cursor.fetchall())


def entry_of(table: ExportTable) -> str:
    return f"tables/{table.name}.csv"


def _write_table(
    archive: zipfile.ZipFile, cursor: Any, table: ExportTable, rows: str
) -> dict[str, Any]:
    columns = ", ".join(f'"{column}"' for column in table.columns)
    query = f'SELECT {columns} FROM {table.name} WHERE {rows} ORDER BY "{table.key}"'  # noqa: S608
    digest = hashlib.sha256()
    with (
        archive.open(entry_of(table), "w", force_zip64=True) as entry,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)") as copy,
    ):
        for piece in _pieces(copy):
            digest.update(piece)
            entry.write(piece)
    return {
        "name": table.name,
        "rows": cursor.rowcount,
        "columns": list(table.columns),
        "sha256": digest.hexdigest(),
    }


def _pieces(copy: Any) -> Iterator[bytes]:
    """A row at a time is ten times slower to compress."""
    held = bytearray()
    for row in copy:
        held += row
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def _write_files(archive: zipfile.ZipFile, cursor: Any, table: ExportTable, rows: str) -> int:
    cursor.execute(f'SELECT "{table.key}" FROM {table.name} WHERE {rows} ORDER BY 1')  # noqa: S608
    keys = [key for (key,) in cursor.fetchall()]
    for key in keys:
        cursor.execute(
            f'SELECT name, "{table.contents}" FROM {table.name} WHERE "{table.key}" = %s',  # noqa: S608
            [key],
        )
        name, content = cursor.fetchone()
        archive.writestr(f"files/{table.name}/{key}-{_NAME.sub('_', name)[-80:]}", bytes(content))
    return len(keys)
