"""A throw-away PostgreSQL and Valkey for one test run: `-p salesprocess.pytest_servers`.

It runs before pytest-django reads the settings. What DATABASE_URL or REDIS_URL name is used as it is,
which is also how xdist's workers get the servers of their parent.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from salesprocess import embedded
from salesprocess.child_processes import AlreadyRunning, RunLock

_at_end: list[Callable[[], None]] = []


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    os.environ["SEVEN_ENV"] = "test"
    asked = set(early_config.invocation_params.args)
    if "PYTEST_XDIST_WORKER" in os.environ or {"-h", "--help", "--version"} & asked:
        return
    needs = {
        "postgres": "DATABASE_URL" not in os.environ,
        "valkey": "REDIS_URL" not in os.environ,
    }
    if not any(needs.values()):
        return
    state = early_config.rootpath / ".state" / "test"
    lock = RunLock(state)
    try:
        lock.take()
    except AlreadyRunning:  # another test run has the folder
        lock.close()
        state = Path(tempfile.mkdtemp(prefix="seven-test-"))
        _at_end.append(lambda: shutil.rmtree(state, ignore_errors=True))
        _at_end.append(lambda: embedded.erase(state))
        lock = RunLock(state)
        lock.take()
    _at_end.append(lock.close)
    servers = embedded.Servers(state, lock, durable=False)
    _at_end.append(servers.stop)
    servers.start(**needs)
    os.environ.setdefault("DATABASE_URL", embedded.database_url(state))
    os.environ.setdefault("REDIS_URL", embedded.redis_url(state))


def pytest_unconfigure() -> None:
    while _at_end:
        _at_end.pop()()
