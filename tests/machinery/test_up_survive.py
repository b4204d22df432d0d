import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from salesprocess import embedded
from tests.machinery.running import Run, processes, until

pytestmark = pytest.mark.machinery

VICTIMS = {
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
def test_it_starts_again_what_died_and_loses_nothing_and_leaves_nothing(start: Callable[..., Run]):
    run = start().ready()
    assert rows(run.state) == 0
    healed = {}
    for name, pattern in VICTIMS.items():
        old = {run.pid_of(pattern), *run.matching(pattern)}

        os.kill(min(old), signal.SIGKILL)
        began = time.monotonic()

        assert until(lambda: set(run.matching(pattern)) - old), run.text()  # noqa: B023
        assert until(lambda: is_ready(run)), run.text()
        healed[name] = round(time.monotonic() - began, 1)
        assert f"{name} ended unexpectedly; it is started again in 0.5 s" in run.text()
    assert rows(run.state) == 1
    assert healed["postgres"] < 10, healed

    os.kill(run.process.pid, signal.SIGKILL)

    assert run.nothing_left(), processes(run.state)
    run = start().ready()
    assert rows(run.state) == 2
    assert is_ready(run)

    # What cannot live is not started for ever.
    killed: set[int] = set()
    while run.process.poll() is None and len(killed) < 9:
        for pid in set(run.matching(VICTIMS["beat"])) - killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
    assert run.process.wait(30) != 0
    assert "beat ended 5 times in a row" in run.text()
    assert run.nothing_left(), processes(run.state)


def is_ready(run: Run) -> bool:
    try:
        return run.get("/healthz") == run.get("/readyz") == 200
    except OSError:
        return False
