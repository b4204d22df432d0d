"""Reads an export of everything into an organisation in which nothing has been done yet."""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from django.utils.translation import gettext as _

from crm.commands import search
from crm.models import Activity, Company, Contact, Deal
from exchange.exports import tables
from exchange.exports.tables import ExportTable
from exchange.exports.writing import FORMAT, MANIFEST, entry_of, migrations
from pipeline.models import User
from salesprocess.lib.refused import Refused
from salesprocess.lib.time_limits import within

# What somebody works with; without any of it, and with at most one person, nothing has been done.
_RECORDS: Sequence[Any] = (Company, Contact, Deal, Activity)
_PIECE = 2**20


def load(path: Path, *, replace: bool = False) -> int:
    """Load the export and give how many rows came in; all of them, or none.

    The database is to be as `migrate` leaves it. With `replace` an organisation of one person
    without any record gives way.

    Raises Refused, in words, for what is no export, was damaged, or comes of another version.
    """
    try:
        with zipfile.ZipFile(path) as archive, within("command"):
            manifest = _manifest(archive)
            _check_shape(manifest)
            going = tables.tables()
            _make_room(going, replace=replace)
            told = {entry["name"]: entry for entry in manifest["tables"]}
            rows = sum(_load_table(archive, table, told[table.name]) for table in going)
            _go_on_counting(going)
            search.rebuild()
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Refused(_("This ZIP is damaged: take the export again.")) from error
    return rows


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        found = json.loads(archive.read(MANIFEST))
    except (KeyError, ValueError) as error:
        raise Refused(_("This is no export of Seven: it has no manifest.")) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Refused(_("This export is of another version of Seven: load it by that one."))
    return found


def _check_shape(manifest: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        here = migrations(cursor)
    theirs = manifest["migrations"]
    other = sorted(app for app in here | theirs if here.get(app) != theirs.get(app))
    if other:
        words = _(
            "The export was made by another version of Seven (%(apps)s differ). Install that one, load "
            "the export there, and upgrade."
        )
        raise Refused(words % {"apps": ", ".join(other)})
    columns = {entry["name"]: entry["columns"] for entry in manifest["tables"]}
    if columns != {table.name: list(table.columns) for table in tables.tables()}:
        raise Refused(_("The tables of this export are not those of this version."))


def _make_room(going: Sequence[ExportTable], *, replace: bool) -> None:
    # Nobody else begins anything here meanwhile.
    with connection.cursor() as cursor:
        names = ", ".join(table.name for table in going)
        cursor.execute(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
        filled = [table.name for table in going if table.model._base_manager.exists()]
        if not filled:
            return
        used = User.objects.count() > 1 or any(one._base_manager.exists() for one in _RECORDS)
        if used:
            raise Refused(_("There are records here already. Load it into a new database."))
        if not replace:
            words = _(
                "An organisation has been begun here. Load it into a new database, or with --replace in "
                "the place of this one."
            )
            raise Refused(words)
        cursor.execute(f"TRUNCATE {', '.join(filled)} CASCADE")


def _load_table(archive: zipfile.ZipFile, table: ExportTable, told: dict[str, Any]) -> int:
    """Through a table of the transaction's own where what stays out of CSV has to be put in."""
    with connection.cursor() as cursor:
        into = table.name
        if table.contents or table.filled:
            into = f"loading_{table.name}"
            cursor.execute(
                f"CREATE TEMP TABLE {into} ON COMMIT DROP AS"  # noqa: S608  # names of our own
                f" SELECT * FROM {table.name} WITH NO DATA"
            )
        rows = _copy(archive, cursor, table, into, told["sha256"])
        if rows != told["rows"]:
            raise _damaged(entry_of(table))
        if into != table.name:
            _move_over(archive, cursor, table, into)
    return rows


def _copy(
    archive: zipfile.ZipFile, cursor: Any, table: ExportTable, into: str, expected: str
) -> int:
    columns = ", ".join(f'"{column}"' for column in table.columns)
    digest = hashlib.sha256()
    try:
        with (
            archive.open(entry_of(table)) as entry,
            cursor.copy(f"COPY {into} ({columns}) FROM STDIN (FORMAT csv, HEADER MATCH)") as copy,
        ):
            while piece := entry.read(_PIECE):
                digest.update(piece)
                copy.write(piece)
    except (KeyError, psycopg.DataError) as error:
        raise _damaged(entry_of(table)) from error
    if digest.hexdigest() != expected:
        raise _damaged(entry_of(table))
    return int(cursor.rowcount)


def _move_over(archive: zipfile.ZipFile, cursor: Any, table: ExportTable, into: str) -> None:
    columns = [*table.columns, *table.filled]
    names = ", ".join(f'"{column}"' for column in columns)
    read = ", ".join([f'"{column}"' for column in table.columns] + ["%s"] * len(table.filled))
    values = list(table.filled.values())
    if not table.contents:
        cursor.execute(
            f"INSERT INTO {table.name} ({names}) SELECT {read} FROM {into}",  # noqa: S608
            values,
        )
        return
    for key, content in _files(archive, table):
        cursor.execute(
            f'INSERT INTO {table.name} ({names}, "{table.contents}")'  # noqa: S608
            f' SELECT {read}, %s FROM {into} WHERE "{table.key}" = %s',
            [*values, content, key],
        )
        if cursor.rowcount != 1:
            raise _damaged(f"files/{table.name}/{key}-…")
    cursor.execute(f"SELECT (SELECT count(*) FROM {into}) = (SELECT count(*) FROM {table.name})")  # noqa: S608
    if cursor.fetchone() != (True,):
        raise _damaged(f"files/{table.name}")


def _files(archive: zipfile.ZipFile, table: ExportTable) -> Iterator[tuple[int, bytes]]:
    begin = f"files/{table.name}/"
    for name in archive.namelist():
        if name.startswith(begin):
            yield int(name.removeprefix(begin).partition("-")[0]), archive.read(name)


def _damaged(entry: str) -> Refused:
    return Refused(_("%(file)s is damaged or changed: take the export again.") % {"file": entry})


def _go_on_counting(going: Sequence[ExportTable]) -> None:
    """The next record gets a number after those that came in, and none that was given before:
    what a process keeps in memory by numbers would else be taken for the new record's."""
    with connection.cursor() as cursor:
        for table in going:
            key = table.model._meta.auto_field
            if key is None:
                continue
            column, named = connection.ops.quote_name(key.column), f'"{table.name}"'
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [named, key.column])
            ((sequence,),) = cursor.fetchall()
            cursor.execute(
                f"SELECT setval(%s, greatest(nextval(%s), 1 + max({column})), false) FROM {named}",  # noqa: S608
                [sequence, sequence],
            )
