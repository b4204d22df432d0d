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
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from salesprocess import embedded

# Beat first and web last, so that what has just been asked for is still done.
STOPPED_IN_ORDER = ("beat", "web", "worker")


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
        except embedded.EmbeddedError as error:
            raise CommandError(str(error)) from error

    def _run(self, *, port: int, empty: bool) -> None:
        with contextlib.ExitStack() as stack:
            lock = embedded.RunLock(settings.STATE_DIR)
            stack.callback(lock.close)
            lock.take()
            _refuse_taken_port(port)
            stack.callback(self._say, "Stopped.")
            servers = embedded.Servers(settings.STATE_DIR, lock)
            stack.callback(servers.stop)
            self._say("Starting the servers")
            servers.start(**settings.EMBEDDED)
            self._fill(empty=empty)
            children = stack.enter_context(_children(port, lock))
            _wait_for_web(port, children["web"])
            self._greet(port, empty=empty)
            _watch(servers, children)

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


@contextlib.contextmanager
def _children(port: int, lock: embedded.RunLock) -> "Iterator[dict[str, subprocess.Popen[bytes]]]":
    children: dict[str, subprocess.Popen[bytes]] = {}
    # Celery warns of root; who starts a demo as root has nothing else, as in a fresh container.
    env = {**os.environ, "PYTHONWARNINGS": "ignore:You're running the worker with superuser"}
    # Links in mails lead to where it is.
    env.setdefault("SITE_URL", f"http://localhost:{port}")
    try:
        for name, command in _commands(port).items():
            children[name] = embedded.spawn(command, lock=lock, env=env)
        yield children
    finally:
        for name in STOPPED_IN_ORDER:
            if name in children:
                embedded.stop(children[name], signal.SIGTERM, patience=10)


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


def _watch(servers: embedded.Servers, children: "dict[str, subprocess.Popen[bytes]]") -> NoReturn:
    """One process that dies ends the run: half a product would only look like a fault of ours."""
    while not servers.failed():
        for name, process in children.items():
            if process.poll() is not None:
                raise CommandError(f"{name} ended unexpectedly ({process.returncode}).")
        time.sleep(0.5)
    raise CommandError(f"A server ended unexpectedly; see {embedded.home(settings.STATE_DIR)}")
