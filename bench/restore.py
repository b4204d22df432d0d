"""`python -m bench.restore`: how long it takes until a lost database is back (RELIABILITY R9).

Backs up the bench's database while all its changes are streamed, writes more, and brings the last
moment of it back by what `manage.py restore` does: every checksum read, unpacked, the changes
replayed, the records counted. What is written meanwhile goes into a table of its own, which is
dropped afterwards.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import psycopg
from django.utils import timezone
from psycopg.sql import SQL, Identifier

from bench.run import STATE, filled_database
from salesprocess import backup, embedded

GIVE_UP = 600  # seconds
WRITTEN = "bench_written"
LET_GO = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s"
MADE = "DROP TABLE IF EXISTS bench_written; CREATE TABLE bench_written (number int, words text)"
MANY = "INSERT INTO bench_written SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, %s) n"
WHERE = "SELECT pg_current_wal_lsn()::text"

Answer = TypeVar("Answer")
Source: TypeAlias = psycopg.Connection[tuple[Any, ...]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.restore")
    parser.add_argument("--rows", type=int, default=1_000_000, help="written after the backup")
    parser.add_argument("--refill", action="store_true", help="make the database anew")
    options = parser.parse_args()
    with filled_database(refill=options.refill), _place() as place:
        _measure(place, options.rows)


def _measure(place: Path, rows: int) -> None:
    host, name = (
        str(embedded.sockets(STATE)),
        os.environ["DATABASE_URL"].split("/")[3].split("?")[0],
    )
    access = {"PGHOST": host, "PGUSER": embedded.NAME, "PGDATABASE": name}
    with psycopg.connect(host=host, user=embedded.NAME, dbname=name, autocommit=True) as source:
        source.execute(MADE)
        try:
            made = _kept(source, place, access, rows)
            counts = {table: _count(source, table) for table in (*backup.COUNTED.values(), WRITTEN)}
            size = _asked(source, "SELECT pg_database_size(current_database())")
        finally:
            source.execute("DROP TABLE bench_written")
            source.execute(LET_GO, [backup.SLOT])
    restored = _timed("restore", lambda: backup.restore(made, place / "back", connection=access))
    with (
        embedded.serving(restored.data, reads=restored.files, options={}) as socket,
        psycopg.connect(host=str(socket), user=embedded.NAME, dbname=name) as back,
    ):
        found = {table: _count(back, table) for table in counts}
    if found != counts:
        raise SystemExit(f"{found} came back, of {counts}.")
    packed = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    _say(f"{size / 2**20:,.0f} MB of database, {packed / 2**20:,.0f} MB of backup: {counts}")


def _kept(source: Source, place: Path, access: Mapping[str, str], rows: int) -> Path:
    """A backup, with all that was written since kept beside it."""
    files = place / "media"
    files.mkdir()
    stream = backup.stream(place, connection=access)
    try:
        made = _timed(
            "backup",
            lambda: backup.make(place, connection=access, files=files, at=timezone.now()),
        )
        before = _asked(source, WHERE)
        source.execute(MANY, [rows])
        _timed("until the last of many changes is kept", lambda: _wait(source))
        written = _asked(source, "SELECT pg_current_wal_lsn() - %s::pg_lsn", before)
        source.execute(MANY, [1])
        _timed("until a single change is kept", lambda: _wait(source))
    finally:
        stream.terminate()
        stream.wait()
    _say(f"{written / 2**20:,.0f} MB of changes after it")
    return made


def _wait(source: Source) -> None:
    """Until all that was committed lies on the other side."""
    end, latest = _asked(source, WHERE), time.monotonic() + GIVE_UP
    while not _asked(source, "SELECT min(flush_lsn) >= %s FROM pg_stat_replication", end):
        if time.monotonic() > latest:
            raise SystemExit("The changes are not kept.")
        time.sleep(0.01)


@contextmanager
def _place() -> Iterator[Path]:
    """Where whoever runs the servers can enter."""
    with tempfile.TemporaryDirectory(prefix="seven-restore-") as name:
        folder = Path(os.path.realpath(name))
        folder.chmod(0o711)
        yield folder


def _count(source: Source, table: str) -> int:
    [count] = source.execute(
        SQL("SELECT count(*) FROM {}").format(Identifier(table))
    ).fetchone() or [0]
    return int(count)


def _asked(source: Source, question: str, *values: Any) -> Any:
    [answer] = source.execute(question.encode(), values).fetchone() or [None]
    return answer


def _timed(what: str, act: Callable[[], Answer]) -> Answer:
    begun = time.monotonic()
    answer = act()
    _say(f"{time.monotonic() - begun:8.2f} s  {what}")
    return answer


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # a tool for a terminal


if __name__ == "__main__":
    main()
