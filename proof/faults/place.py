"""Where things are broken: an installation of its own, started as the demo is, by its supervisor."""

import http.client
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from proof.faults.work import Diary
from salesprocess import embedded
from tests.machinery.mail_server import MailServer, mail_server
from tests.machinery.running import Run, processes, until

DISK = "size=600m"


class TestBed:
    """A running `up` on a disk of its own (where one can be mounted), its mail server, and this
    process's own way to its database; `diary` is what people there have seen."""

    def __init__(self, run: Run, mails: MailServer, *, disk: Path | None) -> None:
        self.run, self.mails, self.disk = run, mails, disk
        self.diary = Diary()

    @property
    def port(self) -> int:
        return self.run.port

    def kill(self, pattern: str, *, newest: bool = False) -> None:
        """End at once the oldest process of the run that matches, or the newest."""
        found = self.run.matching(pattern)
        os.kill(found[-1 if newest else 0], signal.SIGKILL)

    def hang(self, pattern: str, seconds: float) -> None:
        """Stop all that match for so long."""
        stopped: list[int] = []
        # Once more, for what the first have started meanwhile.
        for _twice in range(2):
            for pid in set(self.run.matching(pattern)) - set(stopped):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    stopped.append(pid)
        time.sleep(seconds)
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def answers(self) -> bool:
        return answers(self.port)

    def queue_is_empty(self) -> bool:
        from pipeline.models import OutboxRow

        return not OutboxRow.objects.waiting().exists()


def answers(port: int) -> bool:
    """Whether a web answers there, and has its database."""
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    return False


@contextmanager
def installation() -> Iterator[TestBed]:
    """Made in a folder of its own; nothing of it stays, and only its own processes are ended."""
    with tempfile.TemporaryDirectory(prefix="seven-faults-") as folder, mail_server() as mails:
        state = Path(folder) / "state"
        os.environ |= {"SEVEN_ENV": "demo", "SEVEN_STATE": str(state)}
        for name in ("DATABASE_URL", "REDIS_URL"):
            os.environ.pop(name, None)
        home = embedded.home(state)
        disk = home if _mount(home) else None
        run = Run(state, EMAIL_URL=mails.url, LOG_LEVEL="WARNING")
        try:
            run.ready(seconds=900)  # a machine may be busy with much else
            import django

            django.setup()
            yield TestBed(run, mails, disk=disk)
        finally:
            let_go()
            if run.process.poll() is None:
                run.interrupt()
            run.end()
            if disk:
                subprocess.run(["umount", "--lazy", str(disk)], check=False)  # noqa: S607
                embedded.erase(state)


def let_go() -> None:
    """Of this process's own connections, which a fault may have ended."""
    from django.db import connections

    connections.close_all()


def _mount(home: Path) -> bool:
    """A small disk for the servers' data, that can be filled; only root can have one."""
    if os.geteuid() != 0:
        return False
    home.mkdir(mode=0o700, parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"{DISK},mode=0700", "seven-faults", str(home)]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0


def log_of(place: TestBed) -> str:
    """What the installation said, for who looks into a failure."""
    left = {pid: command[:80] for pid, command in processes(place.run.state).items()}
    return f"{place.run.text()[-4000:]}\n{json.dumps(left, indent=1)}"


def wait_until(met: Any, *, seconds: float) -> float | None:
    """How many seconds it took; None if it did not come."""
    began = time.monotonic()
    return time.monotonic() - began if until(met, seconds=seconds) else None
