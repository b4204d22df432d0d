"""A run and the processes that belong to it: at most one per state folder, and nothing left of it.

Each child asks the kernel for a signal at the death of its parent (Linux), and holds an inherited
lock on a file until it is gone. So the next start knows, without trusting any process number, when
the last process of a killed run has ended.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

NOBODY = 65534
PR_SET_PDEATHSIG = 1


class AlreadyRunning(RuntimeError):
    """Says in words for the terminal that a run of the same state folder is there."""


class RunLock:
    """At most one run per state folder, by kernel locks that vanish with the processes.

    `supervisor.lock` is held by the run's first process alone; `children.lock` is inherited by all.
    """

    def __init__(self, state: Path) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self._supervisor = (state / "supervisor.lock").open("a+")
        self._children = (state / "children.lock").open("a+")

    def take(self, *, patience: float = 20.0) -> None:
        """Waits up to `patience` seconds for what a killed run left to end; then ends it by force.

        Raises AlreadyRunning.
        """
        if not _try_lock(self._supervisor):
            self._supervisor.seek(0)
            pid = self._supervisor.read().strip()
            raise AlreadyRunning(f"Already running (process {pid}).")
        _write(self._supervisor, str(os.getpid()))
        if not _lock_within(self._children, patience):
            # Only where the kernel sends no signal at the parent's death (macOS).
            for child in self._recorded():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(child, signal.SIGKILL)
            if not _lock_within(self._children, 5):
                raise AlreadyRunning(
                    f"Processes of an earlier run are still there: {self._recorded()}"
                )
        _write(self._children, "")

    def adopt(self, pid: int) -> None:
        self._children.write(f"{pid}\n")
        self._children.flush()

    def fileno(self) -> int:
        """The descriptor that children inherit."""
        return self._children.fileno()

    def close(self) -> None:
        self._children.close()
        self._supervisor.close()

    def _recorded(self) -> list[int]:
        self._children.seek(0)
        return [int(line) for line in self._children.read().split()]


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_within(file: IO[str], seconds: float) -> bool:
    return until(lambda: _try_lock(file), seconds)


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()


def until(met: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


# Children ----------------------------------------------------------------------------------------


def spawn(
    command: Sequence[str | Path],
    *,
    lock: RunLock,
    at_death: signal.Signals = signal.SIGTERM,
    as_nobody: bool = False,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Starts a child that ends with this process.

    It gets a session of its own: Ctrl-C reaches only the supervisor, which then stops everything in
    order, and what the child leaves behind can be ended as one group. `at_death` is the signal that
    it gets when the supervisor dies.
    """
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("ab")) if log else None
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(env) if env is not None else None,
            pass_fds=[lock.fileno()],
            start_new_session=True,
            cwd="/" if as_nobody else None,
            preexec_fn=_set_up_child(at_death, as_nobody=as_nobody),
        )
    lock.adopt(process.pid)
    return process


def _set_up_child(at_death: signal.Signals, *, as_nobody: bool) -> Callable[[], None]:
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    drop = as_nobody and os.geteuid() == 0
    parent = os.getpid()

    def set_up() -> None:
        if drop:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        if libc is not None:  # after the change of user, which would clear it
            libc.prctl(PR_SET_PDEATHSIG, int(at_death), 0, 0, 0)
            if os.getppid() != parent:  # it died before the kernel was asked
                os._exit(1)

    return set_up


def stop(process: "subprocess.Popen[bytes]", sign: signal.Signals, *, patience: float) -> None:
    """Asks a child to end, waits `patience` seconds, then ends what is left of its group."""
    if process.poll() is None:
        process.send_signal(sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
