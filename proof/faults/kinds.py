"""The faults. Each breaks one thing, for a while or for good, and returns when it is over: what heals
by itself afterwards is measured by whoever calls. What it gives back becomes part of the figures."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from django.utils import timezone

from proof.faults import CLOCK
from proof.faults.place import TestBed, answers, wait_until
from proof.faults.work import PersonAtWork
from proof.figures import ROOT
from salesprocess import embedded
from tests.machinery.running import free_port

Figures = dict[str, Any] | None
FAULTS: dict[str, Callable[[TestBed], Figures]] = {}
# How long what hangs or is held stays so, in seconds.
WHILE = 6.0


def fault(inject: Callable[[TestBed], Figures]) -> Callable[[TestBed], Figures]:
    FAULTS[inject.__name__] = inject
    return inject


class NotTried(Exception):
    """This machine cannot have this fault; says why."""


# Killed ------------------------------------------------------------------------------------------


@fault
def web_process_killed(place: TestBed) -> None:
    place.kill("gunicorn", newest=True)


@fault
def web_killed(place: TestBed) -> None:
    place.kill("gunicorn")


@fault
def worker_killed(place: TestBed) -> None:
    place.kill("celery.* worker")


@fault
def worker_process_killed(place: TestBed) -> None:
    place.kill("celery.* worker", newest=True)


@fault
def clock_killed(place: TestBed) -> None:
    place.kill("celery.* beat")


@fault
def postgres_killed(place: TestBed) -> None:
    place.kill("bin/postgres -D")


@fault
def postgres_backend_killed(place: TestBed) -> None:
    place.kill("postgres: seven", newest=True)


@fault
def valkey_killed(place: TestBed) -> None:
    place.kill("valkey-server")


# Dropped and hung --------------------------------------------------------------------------------


@fault
def connections_dropped(place: TestBed) -> None:
    with own(place) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@fault
def postgres_hung(place: TestBed) -> None:
    place.hang("postgres", WHILE)


@fault
def valkey_hung(place: TestBed) -> None:
    place.hang("valkey-server", WHILE)


@fault
def valkey_emptied(place: TestBed) -> None:
    with socket.socket(socket.AF_UNIX) as valkey:
        valkey.connect(f"{embedded.sockets(place.run.state)}/valkey.sock")
        valkey.sendall(b"FLUSHALL\r\n")
        valkey.recv(16)


@fault
def worker_hung(place: TestBed) -> None:
    place.hang("celery.* worker", WHILE)


@fault
def mail_server_silent(place: TestBed) -> None:
    place.mails.open.clear()
    time.sleep(WHILE)
    place.mails.open.set()


# Full --------------------------------------------------------------------------------------------


@fault
def disk_full(place: TestBed) -> None:
    if place.disk is None:
        raise NotTried("no small disk can be mounted here")
    ballast = place.disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):
                while file.write(b"\0" * size) == size:
                    pass
    time.sleep(WHILE)
    ballast.unlink()


# Locked ------------------------------------------------------------------------------------------


@fault
def record_locked(place: TestBed) -> None:
    """Somebody else's transaction holds every deal at work, and goes on."""
    with own(place) as other, other.transaction():
        other.execute("SELECT 1 FROM crm_deal FOR UPDATE")
        time.sleep(WHILE)


@fault
def table_locked(place: TestBed) -> None:
    with own(place) as other, other.transaction():
        other.execute("LOCK TABLE crm_activity IN ACCESS EXCLUSIVE MODE")
        time.sleep(WHILE)


@fault
def deadlock(place: TestBed) -> Figures:
    """Two transactions that take the locks of those at work in the wrong order, again and again."""
    ended, met = time.monotonic() + WHILE, 0
    while time.monotonic() < ended:
        with own(place) as other:
            try:
                with other.transaction():
                    other.execute("SET LOCAL lock_timeout = '3s'")
                    other.execute("LOCK TABLE crm_activity IN SHARE ROW EXCLUSIVE MODE")
                    other.execute("SELECT 1 FROM crm_deal FOR UPDATE")
            except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
                met += 1
        time.sleep(0.05)
    return {"deadlocks_met": met}


# Slow --------------------------------------------------------------------------------------------


@fault
def slow_clients(place: TestBed) -> Figures:
    """So many who send a form byte by byte, without the proxy that production has in front."""
    head = b"POST /deals/new/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", place.port)))
            for _each in range(SLOW)
        ]
        for byte in head[: int(WHILE * 5)]:
            for each in slow:
                each.sendall(bytes([byte]))
            time.sleep(0.2)
    return {"slow_clients": SLOW}


# Of eight threads, so many are left to the others.
SLOW = 6


# In pieces ---------------------------------------------------------------------------------------


@fault
def import_killed(place: TestBed) -> Figures:
    """The worker of an import is killed in its check, and in its load."""
    from bench.imports import SHAPES, lead_file, named_job
    from crm.models import Deal
    from exchange.commands import job as verbs
    from pipeline.models import User

    ana = User.objects.get(name="Ana Ruiz")
    turn = time.monotonic_ns()
    job = named_job(lead_file(ROWS, turn, owner=ana.name), SHAPES["leads alone"], ana)
    _kill_in_the_middle(place, job, "checking", "checked")
    verbs.load(job, by=ana, at=timezone.now())
    _kill_in_the_middle(place, job, "loading", "done")
    found = Counter(
        Deal.objects.filter(name__startswith=f"Lead {turn}-").values_list("name", flat=True)
    )
    reported = job.faults.values("line").distinct().count()
    return {
        "rows": ROWS,
        "missing": ROWS - len(found) - reported,
        "doubled": sum(count - 1 for count in found.values()),
    }


def _kill_in_the_middle(place: TestBed, job: Any, state: str, then: str) -> None:
    def is_at_it() -> bool:
        job.refresh_from_db()
        return bool(job.state != state or job.done > 0)

    wait_until(is_at_it, seconds=60)
    place.kill("celery.* worker")

    def is_over() -> bool:
        job.refresh_from_db()
        return bool(job.state != state)

    wait_until(is_over, seconds=600)
    if job.state != then:
        raise RuntimeError(f"the import is {job.state}: {job.error}")


# The clock ---------------------------------------------------------------------------------------


@fault
def clock_jumped(place: TestBed) -> Figures:
    """The web's clock leaps by hours and days, forward and back, while somebody works there."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        clock, port = Path(folder) / "clock", free_port()
        clock.write_text("0")
        web = _web_with_a_clock_of_its_own(place, clock, port)
        stack.callback(web.wait, 20)
        stack.callback(web.terminate)
        if wait_until(lambda: answers(port), seconds=300) is None:
            raise RuntimeError(place.run.log.with_name("jumped.log").read_text()[-1000:])
        person = PersonAtWork.moving(place.diary, port)
        person.start()
        for hours in (1, -1, 24, -24, 0):
            clock.write_text(str(hours * 3600))
            time.sleep(WHILE / 2)
        person.ended.set()
        person.join()
    return {"jumps": 5}


def _web_with_a_clock_of_its_own(
    place: TestBed, clock: Path, port: int
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "gunicorn", "proof.faults.leaping", "--workers", "1"]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    with place.run.log.with_name("jumped.log").open("wb") as said:
        return subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, CLOCK: str(clock)}, stdout=said, stderr=said
        )


ROWS = 12_000


@contextmanager
def own(place: TestBed) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(embedded.database_url(place.run.state), autocommit=True) as connection:
        yield connection
