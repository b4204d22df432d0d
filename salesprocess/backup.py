"""Backups of the database and the files, and bringing any moment of them back (RELIABILITY R9).

In the folder of backups lies one folder for each, named by its moment (UTC): `database/` as
`pg_basebackup` gives it, `files/` (what did not change since the backup before is the same file on the
disk), and `backup.json` with checksums, written last, so that a backup without it was never finished.
`wal/` beside them holds all that was written since, as `pg_receivewal` streams it from a slot of ours:
with it any moment can be brought back.

Only PostgreSQL's own programs touch the data.
"""

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from salesprocess import embedded

SLOT = "seven_backup"
EVERY = dt.timedelta(days=1)
_NAME = "%Y-%m-%dT%H-%M-%SZ"
_DONE = "backup.json"
_SEGMENT = re.compile(r"[0-9A-F]{24}(\.partial)?|[0-9A-F]{8}\.history")


# By which whoever brings something back sees that it is what it should be.
COUNTED = {
    "people": "pipeline_user",
    "companies": "crm_company",
    "contacts": "crm_contact",
    "deals": "crm_deal",
    "activities": "crm_activity",
}
# Evidence lies in the database itself.
_FILES = "SELECT file FROM crm_importjob WHERE file <> ''"


class BackupError(RuntimeError):
    """Says in words for the terminal what cannot be backed up or brought back, and why."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What was brought back, and where it lies.

    `reached` is when the last change since the backup was committed, None if there is none;
    `counts` says how many records of each kind there are, `files_missing` how many files the
    database names that the last copy of the files had not yet.
    """

    data: Path
    files: Path
    reached: dt.datetime | None
    counts: Mapping[str, int]
    files_missing: int


def connection_variables(database: Mapping[str, Any]) -> dict[str, str]:
    """Django's settings of a database as PostgreSQL's programs read them: not as arguments, which
    everybody on the machine can see."""
    options = database.get("OPTIONS", {})
    known = {
        "PGHOST": database["HOST"],
        "PGPORT": database["PORT"],
        "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"],
        "PGDATABASE": database["NAME"],
        "PGSSLMODE": options.get("sslmode", ""),
        "PGSSLROOTCERT": options.get("sslrootcert", ""),
    }
    return {name: str(value) for name, value in known.items() if value}


# Making ------------------------------------------------------------------------------------------


def make(folder: Path, *, connection: Mapping[str, str], files: Path, at: dt.datetime) -> Path:
    """Makes one backup of the database and of what people uploaded; its folder.

    Holds up nobody who works. Raises BackupError.
    """
    before = backups(folder)
    backup = folder / at.astimezone(dt.UTC).strftime(_NAME)
    database = backup / "database"
    try:
        database.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        raise BackupError(f"{backup} is being made already.") from error
    # With the WAL of its own time in it, so that it can be brought back without anything else.
    command = ["--pgdata", str(database), "--format=tar", "--gzip", "--wal-method=stream"]
    command += ["--checkpoint=fast", "--manifest-checksums=SHA256", "--no-password"]
    _run("pg_basebackup", command, connection)
    mirror(files, backup / "files", same_in=before[-1] / "files" if before else None)
    facts = {
        "at": at.isoformat(),
        "wal": _first_segment(database),
        "sha256": {path.name: _sha256(path) for path in sorted(database.iterdir())},
    }
    _write(backup / _DONE, json.dumps(facts, indent=1))
    return backup


def mirror(files: Path, into: Path, *, same_in: Path | None = None) -> None:
    """Copies what is missing in `into`; what is the same in an earlier copy takes no more room."""
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    for source in files.rglob("*"):
        if not source.is_file():
            continue
        name = source.relative_to(files)
        target = into / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists():
            continue
        if same_in is not None and _same(source, same_in / name):
            target.hardlink_to(same_in / name)
        else:
            shutil.copy2(source, target)


def stream(folder: Path, *, connection: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Starts to keep each change within a moment of its commit; it runs until it is ended.

    What the server writes while nothing streams waits there for the next time. Raises BackupError.
    """
    wal = folder / "wal"
    wal.mkdir(mode=0o700, parents=True, exist_ok=True)
    common = ["--directory", str(wal), "--slot", SLOT, "--no-password"]
    _run("pg_receivewal", [*common, "--create-slot", "--if-not-exists"], connection)
    command = [_binary("pg_receivewal"), *common, "--synchronous"]
    return subprocess.Popen(command, env=_environment(connection), stdin=subprocess.DEVNULL)


def prune(folder: Path, *, keep: int) -> list[Path]:
    """Removes all but the latest `keep` backups, and the changes from before the oldest of them."""
    done = backups(folder)
    gone = done[:-keep] if keep else []
    for backup in gone:
        shutil.rmtree(backup)
    if done[len(gone) :]:
        first = _facts(done[len(gone)])["wal"]
        for segment in _segments(folder):
            if segment.suffix != ".history" and segment.name[8:24] < first[8:]:
                segment.unlink()
    return gone


def is_due(folder: Path, *, at: dt.datetime) -> bool:
    """Whether the last backup is a day old, or there is none."""
    done = backups(folder)
    return not done or at - dt.datetime.fromisoformat(_facts(done[-1])["at"]) >= EVERY


def backups(folder: Path) -> list[Path]:
    """The finished backups, the oldest first."""
    return sorted(path.parent for path in folder.glob(f"*/{_DONE}"))


# Bringing back -----------------------------------------------------------------------------------


def verify(backup: Path) -> None:
    """Reads all of a backup. Raises BackupError if anything of it is not as it was written."""
    database = backup / "database"
    wrong = [
        name
        for name, checksum in _facts(backup)["sha256"].items()
        if not (database / name).exists() or _sha256(database / name) != checksum
    ]
    if wrong:
        raise BackupError(f"{backup} is damaged: {', '.join(wrong)}. Take another backup.")
    _run("pg_verifybackup", ["--format=tar", "--no-parse-wal", "--quiet", str(database)], {})


def chosen(folder: Path, *, to: dt.datetime | None) -> Path:
    """The latest backup, or the latest that was made before `to`. Raises BackupError."""
    fitting = [
        backup
        for backup in backups(folder)
        if to is None or dt.datetime.fromisoformat(_facts(backup)["at"]) <= to
    ]
    if not fitting:
        raise BackupError(f"There is no backup in {folder}{f' from before {to}' if to else ''}.")
    return fitting[-1]


def restore(
    backup: Path,
    into: Path,
    *,
    connection: Mapping[str, str],
    to: dt.datetime | None = None,
) -> Restored:
    """Brings a backup and the changes since into a new folder, up to `to` or to the last one kept.

    Afterwards `into`/postgres is the data of a server that was stopped in order, `into`/files what
    people had uploaded when the backup was made. Nothing that runs is touched. Raises BackupError.
    """
    if into.exists() and any(into.iterdir()):
        raise BackupError(f"{into} is not empty. Name a new folder.")
    verify(backup)
    data, files, wal = (into / name for name in ("postgres", "files", "wal"))
    for part in (data, wal):
        part.mkdir(mode=0o700, parents=True)
    _unpack(backup / "database" / "base.tar.gz", data)
    _unpack(backup / "database" / "pg_wal.tar.gz", data / "pg_wal")
    shutil.copytree(backup / "files", files)
    for segment in _segments(backup.parent):
        # What was being written when it ended is as good up to its last change.
        shutil.copyfile(segment, wal / segment.name.removesuffix(".partial"))
    (data / "recovery.signal").touch()
    options = {"restore_command": f'cp "{wal}/%f" "%p"', "recovery_target_action": "promote"}
    if to is not None:
        options["recovery_target_time"] = to.astimezone(dt.UTC).isoformat()
    try:
        with embedded.serving(data, reads=wal, options=options) as socket:
            found = _inspect(socket, connection, files)
    except embedded.EmbeddedError as error:
        raise BackupError(f"The changes could not be read: {error}") from error
    shutil.rmtree(wal)
    return Restored(data=data, files=files, **found)


# Files -------------------------------------------------------------------------------------------


def _facts(backup: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((backup / _DONE).read_text())
    except OSError as error:
        raise BackupError(f"{backup} is no finished backup.") from error
    return facts


def _segments(folder: Path) -> list[Path]:
    """A finished segment comes after what was kept of it before it was finished."""
    found = [path for path in (folder / "wal").glob("*") if _SEGMENT.fullmatch(path.name)]
    return sorted(found, key=lambda path: (path.suffix != ".partial", path.name))


def _first_segment(database: Path) -> str:
    """The first piece of WAL that the backup needs."""
    with tarfile.open(database / "pg_wal.tar.gz") as archive:
        names = (Path(name).name for name in archive.getnames())
        return min(name for name in names if _SEGMENT.fullmatch(name) and len(name) == 24)


def _same(one: Path, other: Path) -> bool:
    if not other.is_file():
        return False
    facts, known = one.stat(), other.stat()
    return (facts.st_size, facts.st_mtime_ns) == (known.st_size, known.st_mtime_ns)


def _unpack(archive: Path, into: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(into, filter="data")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, text: str) -> None:
    """Wholly or not at all."""
    fresh = path.with_suffix(".new")
    with fresh.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)


# PostgreSQL's programs ---------------------------------------------------------------------------


def _run(program: str, arguments: Sequence[str], connection: Mapping[str, str]) -> None:
    done = subprocess.run(
        [_binary(program), *arguments],
        env=_environment(connection),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")


def _binary(program: str) -> str:
    try:
        return str(embedded.postgres_program(program))
    except embedded.EmbeddedError as error:
        raise BackupError(
            f"There is no {program} here. Install PostgreSQL's programs, or set PG_BINDIR."
        ) from error


def _environment(connection: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **connection}


def _inspect(socket: Path, connection: Mapping[str, str], files: Path) -> dict[str, Any]:
    """Asks a server that has read all changes what it has."""
    user, name = connection["PGUSER"], connection["PGDATABASE"]
    with psycopg.connect(host=str(socket), user=user, dbname=name, autocommit=True) as asked:
        [reached] = asked.execute("SELECT pg_last_xact_replay_timestamp()").fetchone() or [None]
        there = asked.execute("SELECT relname FROM pg_class WHERE relkind = 'r'").fetchall()
        tables = {name for (name,) in there}
        counts = {
            name: _one(asked, SQL("SELECT count(*) FROM {}").format(Identifier(table)))
            for name, table in COUNTED.items()
            if table in tables
        }
        named = asked.execute(_FILES).fetchall() if "crm_importjob" in tables else []
    missing = sum(not (files / name).is_file() for (name,) in named)
    return {"reached": reached, "counts": counts, "files_missing": missing}


def _one(asked: "psycopg.Connection[Any]", statement: Composed) -> int:
    return int((asked.execute(statement).fetchone() or (0,))[0])
