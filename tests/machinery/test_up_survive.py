import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from salesprocess import embedded
from tests.machinery.running import ROOT, Run, processes, until

pytestmark = pytest.mark.machinery

VICTIMS = {
    "web": "gunicorn",
    "worker": "celery.* worker",
    "beat": "celery.* beat",
    "postgres": "bin/postgres -D",
    "valkey": "valkey-server",
}
# Those that know nothing of each other die together.
AT_ONCE = (("web", "worker", "beat"), ("postgres",), ("valkey",))


def rows(state: Path) -> int:
    """How many were there before this call, which adds one."""
    with psycopg.connect(embedded.database_url(state)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
        counted = connection.execute("SELECT count(*) FROM kept").fetchone()
        connection.execute("INSERT INTO kept VALUES (1)")
    assert counted is not None
    return int(counted[0])


@pytest.mark.slow
def test_it_stands_starts_again_what_died_and_loses_nothing(start: Callable[..., Run]):
    first = start().ready()
    is_in_its_way(first, start)
    assert rows(first.state) == 0
    all_of_it_comes_back(first)
    assert rows(first.state) == 1

    os.kill(first.process.pid, signal.SIGKILL)
    assert first.nothing_left(), processes(first.state)
    second = start().ready()
    assert rows(second.state) == 2
    assert is_ready(second)
    assert second.interrupt() == 0
    assert second.nothing_left(), processes(second.state)

    third = start().ready()
    assert rows(third.state) == 3
    gives_up_what_cannot_live(third)
    assert third.nothing_left(), processes(third.state)
    assert (embedded.home(third.state) / "postgres").exists()
    assert reset(third).returncode == 0
    assert not (embedded.home(third.state) / "postgres").exists()


def is_in_its_way(first: Run, start: Callable[..., Run]) -> None:
    """A second run is told what is in its way, and nobody empties the first while it stands."""
    again = start()
    neighbour = start("elsewhere", port=first.port)
    early = reset(first)
    assert again.process.wait(60) != 0
    assert f"Already running (process {first.process.pid})" in again.text()
    assert neighbour.process.wait(60) != 0
    assert f"Port {first.port} is taken" in neighbour.text()
    assert early.returncode != 0
    assert "Stop it first" in early.stderr
    assert first.get("/readyz") == 200


def all_of_it_comes_back(run: Run) -> None:
    healed = {}
    for names in AT_ONCE:
        old = {name: {run.pid_of(VICTIMS[name]), *run.matching(VICTIMS[name])} for name in names}

        for pids in old.values():
            os.kill(min(pids), signal.SIGKILL)
        began = time.monotonic()

        for name, pids in old.items():
            assert until(lambda: set(run.matching(VICTIMS[name])) - pids), run.text()  # noqa: B023
        assert until(lambda: is_ready(run)), run.text()
        for name in names:
            healed[name] = round(time.monotonic() - began, 1)
            assert f"{name} ended unexpectedly; it is started again in 0.5 s" in run.text()
    assert healed["postgres"] < 10, healed


def gives_up_what_cannot_live(run: Run) -> None:
    killed: set[int] = set()

    def alive() -> set[int]:
        return set(run.matching(VICTIMS["beat"])) - killed

    while until(lambda: alive() or run.process.poll() is not None) and len(killed) < 9:
        if not alive():
            break
        for pid in alive():
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
    assert run.process.wait(30) != 0
    assert "beat ended 5 times in a row" in run.text()


def reset(run: Run) -> subprocess.CompletedProcess[str]:
    own = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    own |= {"SEVEN_ENV": "demo", "SEVEN_STATE": str(run.state)}
    return subprocess.run(
        [sys.executable, "manage.py", "reset"],
        cwd=ROOT,
        env=own,
        capture_output=True,
        text=True,
        check=False,
    )


def is_ready(run: Run) -> bool:
    try:
        return run.get("/healthz") == run.get("/readyz") == 200
    except OSError:
        return False
