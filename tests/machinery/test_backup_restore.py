"""A drill: any moment of the database and its files comes back, and what is damaged is refused."""

import datetime as dt
import io
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection as django_connection

from pipeline.models import Heartbeat
from pipeline.operations.models import Part
from salesprocess import backup, embedded
from salesprocess.child_processes import RunLock
from tests.factories import NOW

pytestmark = pytest.mark.machinery


class Source:
    """A server with a table, and a folder of files."""

    def __init__(self, state: Path) -> None:
        self.address = embedded.database_url(state)
        host = str(embedded.sockets(state))
        self.connection = {"PGHOST": host, "PGUSER": "seven", "PGDATABASE": "seven"}
        self.files = state / "media"
        self.files.mkdir()

    def run(self, statement: LiteralString, *arguments: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.address, autocommit=True) as connection:
            cursor = connection.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else []

    def add(self, *numbers: int) -> None:
        for number in numbers:
            self.run("INSERT INTO crm_deal VALUES (%s)", number)

    def now(self) -> dt.datetime:
        [[at]] = self.run("SELECT clock_timestamp()")
        assert isinstance(at, dt.datetime)
        return at


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    state = tmp_path_factory.mktemp("source")
    lock = RunLock(state)
    lock.take()
    servers = embedded.Servers(state, lock, durable=False)
    try:
        servers.start(valkey=False)
        yield Source(state)
    finally:
        servers.stop()
        lock.close()
        embedded.erase(state)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Where whoever runs the servers can enter, which pytest's own folders forbid."""
    with tempfile.TemporaryDirectory(prefix="seven-test-") as name:
        folder = Path(os.path.realpath(name))
        folder.chmod(0o711)
        yield folder


def numbers_in(done: backup.Restored, source: Source) -> list[int]:
    with (
        embedded.serving(done.data, reads=done.files, options={}) as socket,
        psycopg.connect(host=str(socket), user="seven", dbname="seven") as connection,
    ):
        rows = connection.execute("SELECT number FROM crm_deal ORDER BY number").fetchall()
    return [number for (number,) in rows]


def test_any_moment_comes_back(source: Source, place: Path):
    source.run("CREATE TABLE crm_deal (number int)")
    source.add(1, 2)
    (source.files / "offer.pdf").write_text("first")
    stream = backup.stream(place, connection=source.connection)
    try:
        made = backup.make(place, connection=source.connection, files=source.files, at=NOW)
        source.add(3)
        moment = source.now()
        source.run("DROP TABLE crm_deal")
        source.run("CREATE TABLE crm_deal AS SELECT 9 AS number")
        [[end]] = source.run("SELECT pg_current_wal_insert_lsn()")
        until_kept(source, end)
    finally:
        stream.terminate()
        stream.wait()

    before = backup.restore(made, place / "before", connection=source.connection, to=moment)
    assert before.counts["deals"] == 3
    assert before.reached is not None
    assert before.reached <= moment
    assert (before.files / "offer.pdf").read_text() == "first"
    assert numbers_in(before, source) == [1, 2, 3]

    after = backup.restore(made, place / "after", connection=source.connection)
    assert after.counts["deals"] == 1

    late = moment + dt.timedelta(days=1)
    with pytest.raises(backup.BackupError, match="before configured recovery target was reached"):
        backup.restore(made, place / "late", connection=source.connection, to=late)
    with pytest.raises(backup.BackupError, match="is not empty"):
        backup.restore(made, place / "after", connection=source.connection)


def until_kept(source: Source, end: str) -> None:
    """Waits until all that was written before `end` lies on the other side."""
    deadline = time.monotonic() + 60
    while not source.run("SELECT 1 FROM pg_stat_replication WHERE flush_lsn >= %s::pg_lsn", end):
        assert time.monotonic() < deadline


def test_what_is_damaged_is_refused(source: Source, place: Path):
    made = backup.make(
        place, connection=source.connection, files=source.files, at=NOW.replace(day=12)
    )
    archive = made / "database" / "base.tar.gz"
    archive.write_bytes(archive.read_bytes()[:-1] + b"!")
    with pytest.raises(backup.BackupError, match=r"damaged: base\.tar\.gz"):
        backup.restore(made, place / "damaged", connection=source.connection)
    assert not (place / "damaged").exists()


@pytest.mark.django_db
def test_the_commands_keep_what_they_should(source: Source, place: Path, settings: Any):
    settings.BACKUP_DATABASE_URL, settings.MEDIA_ROOT = source.address, source.files
    (source.files / "same.pdf").write_text("same")
    source.run("CREATE TABLE IF NOT EXISTS crm_company (number int)")
    source.run(
        "CREATE TABLE crm_importjob AS SELECT unnest(ARRAY['same.pdf', 'late.pdf', '']) AS file"
    )
    folder = place / "daily"
    same = set()
    for day in (20, 21):
        with time_machine.travel(NOW.replace(day=day), tick=False):
            call_command("backup", folder, keep=1, stdout=io.StringIO())
        [made] = backup.backups(folder)
        same.add((made / "files" / "same.pdf").stat().st_ino)

    assert len(same) == 1  # it takes no room twice
    at = NOW.replace(day=21)
    assert Heartbeat.objects.get(part=Part.BACKUP).seen_at == at
    assert not backup.is_due(folder, at=at)
    assert backup.is_due(folder, at=at + backup.EVERY)
    said = io.StringIO()
    call_command("restore", folder, place / "back", stdout=said)
    assert "0 companies" in said.getvalue()
    assert str(place / "back" / "postgres") in said.getvalue()
    assert "1 files were uploaded after" in said.getvalue()
    with pytest.raises(CommandError, match="no backup"):
        call_command("restore", folder, place / "never", to=NOW.replace(day=20))


@pytest.mark.django_db
def test_what_it_asks_of_a_restored_database_is_there():
    with django_connection.cursor() as cursor:
        cursor.execute(backup._FILES)
        for table in backup.COUNTED.values():
            cursor.execute("SELECT to_regclass(%s)", [table])
            assert cursor.fetchone() == (table,)


def test_a_server_that_does_not_answer_leaves_no_backup_behind(tmp_path: Path):
    nowhere = {"PGHOST": str(tmp_path), "PGUSER": "seven", "PGDATABASE": "seven"}
    with pytest.raises(backup.BackupError, match="pg_basebackup failed"):
        backup.make(tmp_path, connection=nowhere, files=tmp_path / "media", at=NOW)
    assert not backup.backups(tmp_path)
    with pytest.raises(backup.BackupError, match="pg_receivewal failed"):
        backup.stream(tmp_path, connection=nowhere)
