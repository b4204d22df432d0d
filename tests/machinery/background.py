"""A broker and workers of one test's own: started for real, and killed for real."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from salesprocess import embedded
from salesprocess.child_processes import RunLock
from tests.machinery.running import ROOT


@contextmanager
def own_broker(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> "Iterator[subprocess.Popen[bytes]]":
    """A Valkey of its own, so that no other test's worker takes what this one sends."""
    lock = RunLock(folder)
    lock.take()
    servers = embedded.Servers(folder, lock, durable=False)
    servers.start(postgres=False)
    url = embedded.redis_url(folder).replace("unix://", "redis+socket://")
    monkeypatch.setenv("CELERY_BROKER_URL", url)
    process, _sign = servers.running["valkey"]
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
    servers.stop()
    lock.close()
    embedded.erase(folder)


class Workers:
    """Workers of `app` on the test's database; what is named in `environment` is theirs alone."""

    def __init__(self, folder: Path, *, app: str = "salesprocess", **environment: str) -> None:
        self.folder, self.app = folder, app
        self.started: list[subprocess.Popen[bytes]] = []
        database = urlsplit(os.environ["DATABASE_URL"])._replace(
            path=f"/{connection.settings_dict['NAME']}"
        )
        self.environment = {
            **os.environ,
            "DATABASE_URL": urlunsplit(database),
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
            **environment,
        }

    def start(self, *, clock: bool = False) -> "subprocess.Popen[bytes]":
        """One more worker; with `clock=True` it asks by itself, too."""
        number = len(self.started)
        command = [sys.executable, "-m", "celery", "--quiet", "-A", self.app, "worker"]
        command += ["--concurrency", "1", "--without-gossip", "--without-mingle"]
        command += ["--loglevel", "warning"]
        command += ["-B", "--schedule", str(self.folder / f"beat-{number}")] if clock else []
        with (self.folder / f"worker-{number}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in self.started:
            kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """With all that it has started, and without a chance to tidy up."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
