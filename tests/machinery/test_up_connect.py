import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from celery import current_app
from django.conf import settings

from salesprocess.tasks import clear_expired_sessions
from tests.machinery.running import Run, processes, until

pytestmark = pytest.mark.machinery

NAME = "seven_of_ones_own"


@pytest.fixture
def database_url() -> Iterator[str]:
    """A database on the server of the test run, as an installation of its own would have it."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
        yield urlsplit(url)._replace(path=f"/{NAME}").geturl()
        connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.mark.slow
def test_it_starts_no_server_when_given_ones_own_and_its_worker_works(
    start: Callable[..., Run], database_url: str
):
    run = start(DATABASE_URL=database_url, REDIS_URL=settings.REDIS_URL).ready()
    now = datetime.now(UTC)
    with psycopg.connect(database_url, autocommit=True) as connection:
        for key, expires in (("old", now - timedelta(days=1)), ("new", now + timedelta(days=1))):
            connection.execute("INSERT INTO django_session VALUES (%s, '', %s)", [key, expires])

        # By a connection of its own: other tests point the shared ones to brokers of theirs.
        with current_app.connection_for_write() as broker:
            current_app.send_task(clear_expired_sessions.name, connection=broker)

        def left() -> list[str]:
            found = connection.execute("SELECT session_key FROM django_session").fetchall()
            return [key for (key,) in found]

        assert until(lambda: left() == ["new"], seconds=20)
    # Links in the mails that the worker writes lead to where this one is.
    worker = Path(f"/proc/{run.pid_of('celery.* worker')}/environ").read_bytes()
    assert f"SITE_URL=http://localhost:{run.port}".encode() in worker.split(b"\0")
    commands = " ".join(processes(run.state).values())
    assert "celery" in commands
    assert "postgres" not in commands
    assert "valkey" not in commands
    assert run.interrupt() == 0
