"""`python3 dev.py bench`: what each page costs, against the least that this stack could do.

Starts its own PostgreSQL, fills it once (bench/data.py), serves with production settings and asks
every page and its limit page in turn, so that a slow moment of the machine hits both alike: first
as one reader of each role, then as 40 in turn, because what a connection keeps must do for all of
them. Prints a table and writes figures as JSON. Read the ratios; the milliseconds are this machine's
of today.
"""

import argparse
import http.client
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # models need settings, and those the database that is only started here
    from bench.page import MeasuredPage
    from pipeline.models import User

    Readers = dict[str, list[User]]  # by role

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".state" / "bench"
GUNICORN = ("--worker-class", "gthread", "--workers", "2", "--threads", "4")


@dataclass(kw_only=True)
class Measured:
    """Seconds of each request, its size in bytes, and CPU seconds of the web processes; how many were
    refused in words, because they asked for more than can be found while somebody waits."""

    seconds: list[float] = field(default_factory=list)
    size: int = 0
    cpu: float = 0.0
    refused: int = 0

    @property
    def p50(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        return sorted(self.seconds)[int(0.95 * (len(self.seconds) - 1))]


class Client:
    """A browser's connection: keeps it open, keeps the cookies, sends the token back."""

    def __init__(self, port: int, user: "User", *, patience: float = 60) -> None:
        from django.test import Client as Inside

        self.port = port
        self.user = user
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
        inside = Inside()
        inside.force_login(user)  # so many sign-ins from one address would be refused
        self.cookies = {name: one.value for name, one in inside.cookies.items()}
        self.token = ""
        self.token = _between(self.ask("/board/"), b'data-csrf="', b'"')

    def ask(self, path: str, data: dict[str, str] | None = None, *, htmx: bool = False) -> bytes:
        """Posts `data`; without any, gets the page."""
        status, text = self.answer(path, data, htmx=htmx)
        if status >= 400:
            raise RuntimeError(f"{path}: {status} {text[:300]!r}")
        return text

    def answer(
        self, path: str, data: dict[str, str] | None = None, *, htmx: bool = False
    ) -> tuple[int, bytes]:
        """Whatever comes of it: status and body."""
        try:
            return self.send(path, data, htmx=htmx)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # gunicorn closes an idle connection; a browser opens the next one, and so do we.
            return self.send(path, data, htmx=htmx)

    def send(
        self, path: str, data: dict[str, str] | None = None, *, htmx: bool = False
    ) -> tuple[int, bytes]:
        """One request, and no other if no answer comes (OSError, HTTPException): status and body."""
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        headers["X-Forwarded-Proto"] = "https"  # as the proxy in front says it
        verb, body = "GET", None
        if data is not None:
            verb = "POST"
            body = urllib.parse.urlencode({"csrfmiddlewaretoken": self.token, **data})
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
            headers |= {"Referer": f"https://127.0.0.1:{self.port}/"}
        if htmx:
            headers["HX-Request"] = "true"
        try:
            self.connection.request(verb, path, body, headers)
            response = self.connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response.status, text


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench")
    parser.add_argument("--rounds", type=int, default=40, help="requests of each page, 1 client")
    parser.add_argument("--only", default="", help="pages whose name contains this, or one of a,b")
    parser.add_argument("--json", type=Path, default=STATE / "figures.json")
    parser.add_argument("--refill", action="store_true", help="make the database anew")
    parser.add_argument(
        "--reports-alone", action="store_true", help="no page of the reports for 8 clients at once"
    )
    options = parser.parse_args()
    with ExitStack() as stack:
        environment = stack.enter_context(filled_database(refill=options.refill))
        port, web = stack.enter_context(serve(environment, *GUNICORN))
        from bench.pages import pages, readers  # needs the filled database

        wanted = _wanted(pages(), options.only)
        everybody = readers()
        first = {role: users[:1] for role, users in everybody.items()}
        queries = {page.name: count for page, count in _queries(wanted, first)}
        one = _one_client(wanted, port, first, options.rounds, web)
        many = _one_client(wanted, port, everybody, options.rounds, web)
        at_once = [page for page in wanted if not (options.reports_alone and page.is_report)]
        eight = _eight_clients(at_once, port, first, max(5, options.rounds // 4))
        figures = [_figure(page, one, many, eight, queries) for page in wanted]
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=1))
    _print(figures)


def _wanted(pages: list["MeasuredPage"], only: str) -> list["MeasuredPage"]:
    """Those whose name contains `only` or a part of it, and what they are held to."""
    found = [page for page in pages if any(part in page.name for part in only.split(","))]
    if not found:
        sys.exit(
            f"No page is called “{only}”. There are: {', '.join(page.name for page in pages)}."
        )
    limits = {page.limit for page in found}
    return [page for page in pages if page in found or page.name in limits]


@contextmanager
def filled_database(
    *, refill: bool, state: Path = STATE, sellers: int | None = None
) -> Iterator[dict[str, str]]:
    """An embedded PostgreSQL and Valkey of the bench's own, filled; the environment of the web.

    `sellers` is how many people sell, if it is another number than the bench's.
    """
    environment = {
        "SEVEN_ENV": "production",
        "SEVEN_STATE": str(state),
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ALLOWED_HOSTS": "127.0.0.1",
        "STATIC_ROOT": str(state / "static"),
        "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        # Filling takes longer than background work may; the web says itself what it is.
        "SEVEN_WORK": "command",
    }
    from salesprocess import embedded
    from salesprocess.child_processes import RunLock

    lock = RunLock(state)
    servers = embedded.Servers(state, lock)
    try:
        lock.take()
        if refill:
            embedded.erase(state)
        servers.start()
        environment["DATABASE_URL"] = embedded.production_url(state)
        environment["REDIS_URL"] = embedded.redis_url(state)
        port = _free_port()
        environment["SITE_URL"] = f"https://127.0.0.1:{port}"
        os.environ.update(environment)
        import django

        django.setup()
        from django.core.management import call_command

        from bench import data

        call_command("migrate", verbosity=0)
        data.fill(sellers=sellers or data.SALESPEOPLE)
        call_command("collectstatic", "--noinput", verbosity=0)
        yield environment
    finally:
        servers.stop()
        lock.close()


@contextmanager
def serve(
    environment: dict[str, str], *options: str
) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """The web as gunicorn.conf.py says, but for the options; its port and its first process."""
    port = int(environment["SITE_URL"].rsplit(":", 1)[1])
    command = [sys.executable, "-m", "gunicorn", "salesprocess.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += [*options, "--log-level", "error"]
    web = subprocess.Popen(command, env={**os.environ, **environment}, cwd=ROOT)
    try:
        _wait(port, web)
        yield port, web
    finally:
        web.terminate()
        web.wait(15)


def _wait(port: int, web: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and web.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the web server did not start")


def _queries(
    pages: list["MeasuredPage"], readers: "Readers"
) -> Iterator[tuple["MeasuredPage", int]]:
    """How many queries each page takes, counted in this process."""
    from django.db import connection
    from django.test import Client as Inside
    from django.test.utils import CaptureQueriesContext

    for page in pages:
        headers = {"host": "127.0.0.1", "x-forwarded-proto": "https"}
        # What is refused, or fails, was counted all the same.
        inside = Inside(headers=headers, raise_request_exception=False)
        (reader,) = readers[page.reader]
        inside.force_login(reader)
        headers = {"HX-Request": "true"} if page.htmx else {}
        path, data = page.request(reader, 0)
        with CaptureQueriesContext(connection) as captured:
            if data is None:
                inside.get(path, headers=headers)
            else:
                inside.post(path, data, headers=headers)
        yield page, len(captured)


def _one_client(
    pages: list["MeasuredPage"],
    port: int,
    readers: "Readers",
    rounds: int,
    web: "subprocess.Popen[bytes]",
) -> dict[str, Measured]:
    """What each page costs its readers, who ask one after the other."""
    clients = {role: [Client(port, user) for user in users] for role, users in readers.items()}
    measured = {page.name: Measured() for page in pages}
    for turn in range(rounds + 3):
        for page in pages:
            asking = clients[page.reader]
            before = _cpu(web.pid)
            seconds, size, is_refused = _ask(asking[turn % len(asking)], page, turn)
            if turn >= 3:  # the first ones warm up
                result = measured[page.name]
                result.seconds.append(seconds)
                result.size = size
                result.refused += is_refused
                result.cpu += (_cpu(web.pid) - before) / rounds
    return measured


def _eight_clients(
    pages: list["MeasuredPage"], port: int, readers: "Readers", rounds: int
) -> dict[str, tuple[Measured, float]]:
    """Per page: what 8 clients saw who ask at once, and requests a second."""
    everybody = [{role: Client(port, user) for role, (user,) in readers.items()} for _ in range(8)]
    found = {}
    for page in pages:
        results: list[list[float]] = [[] for _ in everybody]
        gate = threading.Barrier(len(everybody))

        def work(
            number: int, page: "MeasuredPage" = page, results: Any = results, gate: Any = gate
        ) -> None:
            gate.wait()
            for turn in range(rounds):
                # Each client has numbers of its own, so that no two move one deal.
                asked = 1000 * (number + 1) + turn
                results[number].append(_ask(everybody[number][page.reader], page, asked)[0])

        threads = [threading.Thread(target=work, args=(n,)) for n in range(len(everybody))]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - started
        seconds = [one for result in results for one in result]
        found[page.name] = (Measured(seconds=seconds), len(seconds) / took)
    return found


def _ask(client: Client, page: "MeasuredPage", turn: int) -> tuple[float, int, bool]:
    """Seconds, bytes, and whether it was refused as too much: of a report that is an answer."""
    path, data = page.request(client.user, turn)
    started = time.perf_counter()
    status, text = client.answer(path, data, htmx=page.htmx)
    took = time.perf_counter() - started
    is_refused = page.is_report and status in (422, 503)
    if status >= 400 and not is_refused:
        raise RuntimeError(f"{path}: {status} {text[:300]!r}")
    return took, len(text), is_refused


def _cpu(parent: int) -> float:
    """CPU seconds so far of gunicorn's workers (Linux; 0 elsewhere)."""
    ticks = 0
    children = Path(f"/proc/{parent}/task/{parent}/children")
    if not children.exists():
        return 0.0
    for pid in children.read_text().split():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _figure(
    page: "MeasuredPage",
    one: dict[str, Measured],
    many: dict[str, Measured],
    eight: dict[str, tuple[Measured, float]],
    queries: dict[str, int],
) -> dict[str, Any]:
    mine, limit = one[page.name], one[page.limit]
    of_many, their_limit = many[page.name], many[page.limit]
    at_once, rate = eight.get(page.name, (None, None))
    return {
        "page": page.name,
        "p50_ms": round(1000 * mine.p50, 1),
        "p95_ms": round(1000 * mine.p95, 1),
        "cpu_ms": round(1000 * mine.cpu, 1),
        "queries": queries[page.name],
        "kb": round(mine.size / 1024, 1),
        "limit": page.limit,
        "ratio": round(mine.p50 / limit.p50, 2),
        "p50_ms_40": round(1000 * of_many.p50, 1),
        "ratio_40": round(of_many.p50 / their_limit.p50, 2),
        "goal": page.goal,
        "p50_ms_8": at_once and round(1000 * at_once.p50, 1),
        "p95_ms_8": at_once and round(1000 * at_once.p95, 1),
        "ratio_8_to_1": at_once and round(at_once.p50 / mine.p50, 2),
        "requests_per_s_8": rate and round(rate, 1),
        "refused": mine.refused or None,
    }


def _print(figures: list[dict[str, Any]]) -> None:
    columns = list(figures[0])
    table = [
        columns,
        *([str(row[key] if row[key] is not None else "") for key in columns] for row in figures),
    ]
    widths = [max(len(line[place]) for line in table) for place in range(len(columns))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))  # noqa: T201
    missed = [
        row["page"]
        for row in figures
        if row["goal"] and max(row["ratio"], row["ratio_40"]) > row["goal"]
    ]
    print(f"missed: {', '.join(missed) or 'none'}")  # noqa: T201


def _between(text: bytes, before: bytes, after: bytes) -> str:
    start = text.index(before) + len(before)
    return text[start : text.index(after, start)].decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
