import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from salesprocess import child_processes, embedded
from salesprocess.child_processes import AlreadyRunning, RunLock

# Beat first and web last, so that what has just been asked for is still done.
STOPPED_IN_ORDER = ("beat", "web", "worker")
# Seconds before each time that what died is started again. What died more often within so many
# seconds will not live.
PAUSES = (0.5, 1.0, 2.0, 4.0)
WITHIN = 60


class Command(BaseCommand):
    help = "Runs the whole product on this machine until Ctrl-C: the demo's supervisor."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--empty", action="store_true", help="load no demo organisation")

    def handle(self, *, port: int, empty: bool, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("`up` is the demo; README.md says how to start in production.")
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, _interrupt)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                self._run(port=port, empty=empty)
        except (AlreadyRunning, embedded.EmbeddedError) as error:
            raise CommandError(str(error)) from error

    def _run(self, *, port: int, empty: bool) -> None:
        with contextlib.ExitStack() as stack:
            lock = RunLock(settings.STATE_DIR)
            stack.callback(lock.close)
            lock.take()
            _refuse_taken_port(port)
            stack.callback(self._say, "Stopped.")
            servers = embedded.Servers(settings.STATE_DIR, lock)
            stack.callback(servers.stop)
            self._say("Starting the servers")
            servers.start(**settings.EMBEDDED)
            self._fill(empty=empty)
            parts = _Parts(port, servers, lock, self._say)
            stack.callback(parts.stop)
            parts.start()
            _wait_for_web(port, parts.web)
            self._greet(port, empty=empty)
            parts.watch()

    def _fill(self, *, empty: bool) -> None:
        self._say("Migrating the database")
        call_command("migrate", verbosity=0)
        call_command("reference", stdout=io.StringIO())
        if not empty:
            self._say("Filling the demo organisation, where it is missing")
            call_command("demo", stdout=io.StringIO())
        connections.close_all()

    def _greet(self, port: int, *, empty: bool) -> None:
        self._say(f"\nSeven is at http://localhost:{port}   (Ctrl-C stops it)\n")
        if not empty:
            for role, email, password in import_module("demo.people").SIGN_INS:
                self._say(f"  {role:<16} {email:<30} {password}")
            self._say("")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _interrupt(*_: object) -> NoReturn:
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)  # one is enough: stopping in order takes a moment
    raise KeyboardInterrupt


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is taken by another program. Choose one: dev.py demo --port 8001"
            ) from error


def _commands(port: int) -> dict[str, list[str]]:
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "salesprocess"]
    schedule = str(settings.STATE_DIR / "beat-schedule")
    web = [sys.executable, "-m", "gunicorn", "salesprocess.wsgi", "--bind", f"127.0.0.1:{port}"]
    web += ["--workers", "1", "--graceful-timeout", "5", "--log-level", "warning"]
    worker = [*celery, "worker", "--concurrency", "1", "--loglevel", "warning"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    beat = [*celery, "beat", "--loglevel", "warning", "--schedule", schedule]
    return {"worker": worker, "beat": beat, "web": web}


class _Parts:
    """All that runs below this process: the servers, and the product's own. What dies is started
    again, each time after a longer pause; what dies at once again and again ends the run."""

    def __init__(
        self,
        port: int,
        servers: embedded.Servers,
        lock: RunLock,
        say: Callable[[str], None],
    ) -> None:
        self._commands = _commands(port)
        # Celery warns of root; who starts a demo as root has nothing else, as in a fresh container.
        unwarned = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser"}
        # Links in mails lead to where it is.
        self._env = {"SITE_URL": f"http://localhost:{port}", **os.environ, **unwarned}
        self._env.pop("SEVEN_WORK", None)  # theirs is another
        self._servers, self._lock, self._say = servers, lock, say
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._died: dict[str, list[float]] = {}
        self._due: dict[str, float] = {}

    @property
    def web(self) -> "subprocess.Popen[bytes]":
        return self._running["web"]

    def start(self) -> None:
        for name in self._commands:
            self._start(name)

    def _start(self, name: str) -> None:
        self._running[name] = child_processes.spawn(
            self._commands[name], lock=self._lock, env=self._env
        )

    def stop(self) -> None:
        for name in STOPPED_IN_ORDER:
            if name in self._running:
                child_processes.stop(self._running.pop(name), signal.SIGTERM, patience=10)

    def watch(self) -> NoReturn:
        while True:
            for name in self._take_dead():
                self._note_death(name)
            for name in [name for name, at in self._due.items() if time.monotonic() >= at]:
                del self._due[name]
                self._start_again(name)
            time.sleep(0.2)

    def _take_dead(self) -> list[str]:
        dead = [name for name, process in self._running.items() if process.poll() is not None]
        for name in dead:
            # What it has left behind would be in the way.
            child_processes.stop(self._running.pop(name), signal.SIGTERM, patience=0)
        return [*self._servers.take_dead(), *dead]

    def _note_death(self, name: str) -> None:
        now = time.monotonic()
        lately = [at for at in self._died.get(name, []) if now - at < WITHIN]
        self._died[name] = [*lately, now]
        if len(lately) == len(PAUSES):
            raise CommandError(
                f"{name} ended {len(PAUSES) + 1} times in a row; {self._where(name)}."
            )
        pause = PAUSES[len(lately)]
        self._due[name] = now + pause
        self._say(f"{name} ended unexpectedly; it is started again in {pause:g} s")

    def _start_again(self, name: str) -> None:
        if name in self._commands:
            self._start(name)
            return
        try:
            self._servers.start(**{each: each == name for each in ("postgres", "valkey")})
        except embedded.EmbeddedError as error:
            self._say(str(error))  # it is found dead, and counted, with the next look

    def _where(self, name: str) -> str:
        if name in self._commands:
            return "its last words are above"
        return f"see {embedded.home(settings.STATE_DIR)}"


def _wait_for_web(port: int, web: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while web.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            break  # it is there, and broken: asking again would only repeat its words
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise CommandError("The web server did not start; its last words are above.")
