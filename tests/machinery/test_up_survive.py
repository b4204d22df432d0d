import os
import signal
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from salesprocess import embedded
from tests.machinery.running import Run, processes

pytestmark = pytest.mark.machinery

VICTIMS = {
    "supervisor": r"manage\.py up",
    "web": "gunicorn",
    "worker": "celery.* worker",
    "beat": "celery.* beat",
    "postgres": "bin/postgres -D",
    "valkey": "valkey-server",
}


def rows(state: Path) -> int:
    """How many were there before this call, which adds one."""
    with psycopg.connect(embedded.database_url(state)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
        counted = connection.execute("SELECT count(*) FROM kept").fetchone()
        connection.execute("INSERT INTO kept VALUES (1)")
    assert counted is not None
    return int(counted[0])


@pytest.mark.slow
def test_it_leaves_nothing_running_and_loses_nothing_whoever_is_killed(start: Callable[..., Run]):
    run = start()
    for kills, pattern in enumerate(VICTIMS.values()):
        run.ready()
        assert rows(run.state) == kills

        os.kill(run.pid_of(pattern), signal.SIGKILL)

        assert run.nothing_left(), processes(run.state)
        run = start()
    run.ready()

    assert rows(run.state) == len(VICTIMS)
    assert run.get("/healthz") == 200
    assert run.get("/readyz") == 200
    assert run.interrupt() == 0
    assert processes(run.state) == {}
