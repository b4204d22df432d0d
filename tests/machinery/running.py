"""A real `manage.py up` in a state folder of its own, and the processes that belong to it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from salesprocess import embedded

ROOT = Path(__file__).resolve().parents[2]


def until(met: Callable[[], object], *, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def processes(state: Path) -> dict[int, str]:
    """All processes of a run, by the lock that each of them has inherited."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            files = [os.readlink(name) for name in (folder / "fd").iterdir()]  # noqa: PTH115
            if str(state / "children.lock") in files:
                found[int(folder.name)] = (
                    (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                )
        except OSError:  # it ended meanwhile, or belongs to somebody else
            continue
    return found


class Run:
    """`up`, started; `log` is what it prints."""

    def __init__(self, state: Path, *, port: int | None = None, **environment: str) -> None:
        self.state = state
        self.port = port or free_port()
        self.log = state.parent / f"up-{state.name}-{time.monotonic_ns()}.log"
        own = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
        own |= {"SEVEN_ENV": "demo", "SEVEN_STATE": str(state), **environment}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--empty", "--port", str(self.port)],
                cwd=ROOT,
                env=own,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def ready(self, *, seconds: float = 180) -> "Run":
        def up() -> bool:
            return "Ctrl-C stops it" in self.text() or self.process.poll() is not None

        assert until(up, seconds=seconds), self.text()
        assert self.process.poll() is None, self.text()
        return self

    def text(self) -> str:
        return self.log.read_text()

    def get(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            status: int = answer.status
            return status

    def pid_of(self, pattern: str) -> int:
        """The oldest process of the run whose command line matches."""
        assert until(lambda: self.matching(pattern)), processes(self.state)
        return self.matching(pattern)[0]

    def matching(self, pattern: str) -> list[int]:
        found = processes(self.state).items()
        return sorted(pid for pid, command in found if re.search(pattern, command))

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def nothing_left(self) -> bool:
        self.process.wait(30)
        return until(lambda: not processes(self.state), seconds=30)

    def end(self) -> None:
        """Whatever happened in a test: nothing of it stays."""
        if self.process.poll() is None:
            self.process.kill()
        self.nothing_left()
        embedded.erase(self.state)
