"""`python3 dev.py load`: what rate of requests this machine holds with a thousand people at work.

An organisation with 150,000 deals, served with production settings by two processes (as
gunicorn.conf.py says), its own PostgreSQL beside it, and the people who ask: all on this machine.
Requests come at times drawn by chance, whether the last was answered or not, each from whoever has
not asked for longest; what a request took is counted from when it was due. So a server that falls
behind cannot hide it. First the rate rises until a goal is missed, then the last that held goes on
for the rest of the time, then comes twice as much for a while, and how soon all is well again.

Goals: 95 of 100 reads within 300 ms, writes within 400 ms, no errors. Ends with 1 if no rate held,
or an answer was an error without words.
"""

import argparse
import http.client
import os
import queue
import random
import secrets
import statistics
import string
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.run import Client, filled_database, serve
from proof.figures import STATE, finish, machine

if TYPE_CHECKING:  # models need settings, and those the database that is only started here
    from pipeline.models import User

PEOPLE = 1000
MANAGERS = 5
READ_GOAL, WRITE_GOAL = 0.300, 0.400
FIRST_RATE, STEP = 8.0, 1.25
_FUNNEL = "reports: funnel, manager, 90 days"
# Of a hundred requests; the pages are those of the bench, where it has them.
MIX = {
    "board, seller": 18,
    "opportunities, seller": 10,
    "leads, seller": 8,
    "activities, seller": 4,
    "a deal": 25,
    "search": 10,
    "home": 6,
    "board, manager": 2,
    _FUNNEL: 2,
    "log a call": 11,
    "move": 4,
}
WRITES = {"log a call", "move"}
# What waits longer than this is given up, and is an error.
PATIENCE = 30.0


class PersonAsking(Client):
    """A browser without a connection: one is opened for each request, as after a pause."""

    def __init__(self, port: int, user: "User", session: str) -> None:
        from django.conf import settings

        self.port, self.user = port, user
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        letters = string.ascii_letters + string.digits
        self.token = "".join(secrets.choice(letters) for _ in range(32))
        self.cookies = {
            settings.SESSION_COOKIE_NAME: session,
            settings.CSRF_COOKIE_NAME: self.token,
        }


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request: when it was due and answered (monotonic seconds), and its status, 0 for none."""

    page: str
    due_at: float
    ended_at: float
    status: int

    @property
    def seconds(self) -> float:
        return self.ended_at - self.due_at


# From somebody to an address and what is posted to it.
Request = Callable[["User"], tuple[str, dict[str, str] | None]]


class Crowd:
    """The people, in the order in which they asked last, and what they ask for."""

    def __init__(self, port: int, *, seed: int = 1) -> None:
        self.random = random.Random(seed)  # noqa: S311  # the same load each time
        self.requests = _requests(self.random)
        sellers, managers = _people(port)
        self.waiting = {
            "seller": queue.Queue[PersonAsking](),
            "manager": queue.Queue[PersonAsking](),
        }
        for role, people in (("seller", sellers), ("manager", managers)):
            self.random.shuffle(people)
            for person in people:
                self.waiting[role].put(person)
        self.pages = self.random.choices(list(MIX), weights=list(MIX.values()), k=10_000)
        self.pool = ThreadPoolExecutor(max_workers=400)

    def ask(self, rate: float, seconds: float) -> list[Asked]:
        """So many requests a second for so long; waits for the last answer."""
        answers, due = [], time.monotonic()
        until = due + seconds
        while (due := due + self.random.expovariate(rate)) < until:
            time.sleep(max(0.0, due - time.monotonic()))
            page = self.random.choice(self.pages)
            role = "manager" if page in _OF_MANAGERS else "seller"
            person = self.waiting[role].get()
            path, data = self.requests[page](person.user)
            answers.append(self.pool.submit(self._one, person, role, page, path, data, due))
        return [each.result() for each in answers]

    def _one(
        self,
        person: PersonAsking,
        role: str,
        page: str,
        path: str,
        data: dict[str, str] | None,
        due: float,
    ) -> Asked:
        status = 0
        try:
            status, _text = person.send(path, data, htmx=page in _FRAGMENTS)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            person.connection.close()
        self.waiting[role].put(person)
        return Asked(page=page, due_at=due, ended_at=time.monotonic(), status=status)


_OF_MANAGERS = {"board, manager", _FUNNEL}
_FRAGMENTS = {"search", *WRITES}


def _people(port: int) -> tuple[list[PersonAsking], list[PersonAsking]]:
    from django.conf import settings
    from django.test import Client as Inside

    from pipeline.models import Role, User

    def signed_in(user: "User") -> PersonAsking:
        inside = Inside()
        inside.force_login(user)
        return PersonAsking(port, user, inside.cookies[settings.SESSION_COOKIE_NAME].value)

    found = User.objects.exclude(role=Role.ADMIN).order_by("pk")
    return (
        [signed_in(user) for user in found.filter(role=Role.SALESPERSON)],
        [signed_in(user) for user in found.filter(role=Role.MANAGER)],
    )


def _requests(chance: random.Random) -> dict[str, Request]:
    from bench.pages import open_deals, pages
    from pipeline.process.stages import Stage

    def deal(user: "User") -> tuple[str, None]:
        deals = open_deals(user.pk, chance.choice(list(Stage)[2:]))
        return f"/deals/{chance.choice(deals)}/", None

    measured = {page.name: page for page in pages()}
    turns = iter(range(10**9))

    def asked(name: str) -> Request:
        return lambda user: measured[name].request(user, next(turns))

    own: dict[str, Request] = {"a deal": deal, "home": lambda _user: ("/", None)}
    return {name: own.get(name) or asked(name) for name in MIX}


# Judging -----------------------------------------------------------------------------------------


def figures_of(answers: Sequence[Asked], *, rate: float) -> dict[str, Any]:
    reads = sorted(each.seconds for each in answers if each.page not in WRITES)
    writes = sorted(each.seconds for each in answers if each.page in WRITES)
    statuses = Counter(each.status for each in answers)
    found: dict[str, Any] = {
        "rate_per_s": round(rate, 1),
        "requests": len(answers),
        "errors": sum(n for status, n in statuses.items() if not status or status >= 400),
        "errors_without_words": sum(
            n for status, n in statuses.items() if status >= 500 and status != 503
        ),
        "load_average": round(os.getloadavg()[0], 1),
    }
    for name, times in (("read", reads), ("write", writes)):
        for percent in (50, 95, 99):
            found[f"{name}_p{percent}_ms"] = _percentile(times, percent)
    return found


def _percentile(times: Sequence[float], percent: int) -> int | None:
    return round(1000 * times[int(percent / 100 * (len(times) - 1))]) if times else None


def holds(figures: dict[str, Any]) -> bool:
    return (
        not figures["errors"]
        and (figures["read_p95_ms"] or 0) <= 1000 * READ_GOAL
        and (figures["write_p95_ms"] or 0) <= 1000 * WRITE_GOAL
    )


class Memory:
    """What the web's processes hold, beside how many requests they have answered."""

    def __init__(self, web: "subprocess.Popen[bytes]") -> None:
        self.web, self.taken = web, list[tuple[int, float]]()

    def note(self, requests: int) -> None:
        pids = Path(f"/proc/{self.web.pid}/task/{self.web.pid}/children").read_text().split()
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
        kilobytes = pages * os.sysconf("SC_PAGE_SIZE") / 1024 / len(pids)
        self.taken.append((requests, kilobytes))

    def slope(self) -> float | None:
        """Kilobytes of a process for each request that it answered."""
        if len(self.taken) < 3:
            return None
        counts, sizes = zip(*self.taken, strict=True)
        return round(statistics.linear_regression(counts, sizes).slope * _PROCESSES, 2)


_PROCESSES = 2  # share the requests


# Running -----------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py load", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="in all, without filling")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--rate", type=float, help="hold this rate, rather than look for one")
    parser.add_argument("--refill", action="store_true", help="make the database anew")
    parser.add_argument("--json", type=Path, default=STATE / "load.json")
    options = parser.parse_args()
    with ExitStack() as stack:
        environment = stack.enter_context(
            filled_database(
                refill=options.refill, state=STATE / "load", sellers=options.people - MANAGERS
            )
        )
        port, web = stack.enter_context(serve(environment))
        crowd = Crowd(port)
        figures = run(crowd, Memory(web), seconds=60 * options.minutes, rate=options.rate)
        stack.callback(crowd.pool.shutdown)
    people = sum(each.qsize() for each in crowd.waiting.values())
    rate = figures["holds_per_s"]
    figures |= {"people": people, "think_seconds": round(people / rate) if rate else None}
    zeros = ("errors_without_words", "nothing_held")
    return finish({"proof": "load", **machine(), **figures}, zeros=zeros, to=options.json)


def run(crowd: Crowd, memory: Memory, *, seconds: float, rate: float | None) -> dict[str, Any]:
    """A tenth of the time warms up, three look for the rate, five hold it, a tenth is the burst."""
    crowd.ask(FIRST_RATE, seconds / 10)
    steps = list(_rising(crowd, seconds * 0.3)) if rate is None else []
    rate = rate or max((each["rate_per_s"] for each in steps if holds(each)), default=FIRST_RATE)
    held, count = [], 0
    for _part in range(5):
        answers = crowd.ask(rate, seconds / 10)
        count += len(answers)
        memory.note(count)
        held.append(figures_of(answers, rate=rate))
        if not holds(held[-1]):
            rate *= 0.9  # the rise was too short to show it
    best = [each["rate_per_s"] for each in held if holds(each)]
    burst = figures_of(crowd.ask(2 * rate, seconds / 15), rate=2 * rate)
    everything = [*steps, *held, burst]
    return {
        "seconds": seconds,
        "holds_per_s": max(best, default=None),
        "nothing_held": not best,
        "held_for_s": round(len(best) * seconds / 10),
        "saturates_at_per_s": next((s["rate_per_s"] for s in steps if not holds(s)), None),
        "steps": steps,
        "sustained": held,
        "burst": burst,
        "well_again_s": _well_again(crowd, rate, seconds / 15),
        "errors_without_words": sum(each["errors_without_words"] for each in everything),
        "rss_kb_per_request": memory.slope(),
        "rss_mb": [round(kilobytes / 1024, 1) for _count, kilobytes in memory.taken],
    }


def _rising(crowd: Crowd, seconds: float) -> Iterator[dict[str, Any]]:
    """Steps of a twentieth of the whole time, until one misses a goal."""
    rate, each = FIRST_RATE, seconds / 6
    for _step in range(6):
        figures = figures_of(crowd.ask(rate, each), rate=rate)
        yield figures
        if not holds(figures):
            return
        rate *= STEP if rate > 15 else STEP**2


def _well_again(crowd: Crowd, rate: float, seconds: float) -> float | None:
    """After how many seconds of the usual rate everything that follows is within its goal."""
    began = time.monotonic()
    answers = crowd.ask(rate, seconds)
    late = [each.due_at for each in answers if not _is_quick(each)]
    allowed = len(answers) // 20
    late.sort()
    last = late[-allowed - 1] if len(late) > allowed else began
    return round(last - began, 1)


def _is_quick(each: Asked) -> bool:
    goal = WRITE_GOAL if each.page in WRITES else READ_GOAL
    return bool(each.status) and each.status < 400 and each.seconds <= goal


if __name__ == "__main__":
    sys.exit(main())
