"""`python -m proof.outbox`: how soon a mail is on its way, one at a time and behind ten thousand.

Servers of its own, a worker and the clock as production starts them, and a mail server that takes
everything. The lag of a mail is counted from its transaction to the mail server's yes.
"""

import argparse
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.servers import throwaway
from proof.figures import ROOT, STATE, finish, machine
from tests.machinery.mail_server import MailServer, mail_server

LAG_GOAL, DRAIN_GOAL = 5.0, 300.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.outbox", description=__doc__)
    parser.add_argument("--mails", type=int, default=10_000, help="that wait at once")
    parser.add_argument("--per-second", type=float, default=5, help="that come one by one")
    parser.add_argument("--seconds", type=float, default=60, help="for how long they come")
    parser.add_argument("--json", type=Path, default=STATE / "outbox.json")
    options = parser.parse_args()
    with throwaway(STATE / "outbox"), mail_server() as mails:
        os.environ["EMAIL_URL"] = mails.url
        person = _somebody()
        with _background():
            figures = measure(person, mails, options)
    zeros = ("lost", "late", "drained_late")
    return finish({"proof": "outbox", **machine(), **figures}, zeros=zeros, to=options.json)


def measure(person: int, mails: MailServer, options: argparse.Namespace) -> dict[str, Any]:
    from django.utils import timezone

    from pipeline.outbox import commands as outbox
    from pipeline.outbox import kinds

    single = _one_by_one(person, options.per_second, options.seconds)
    began, payloads = time.monotonic(), [{"person": person}] * options.mails
    outbox.put_all(kinds.PASSWORD_RESET, payloads, at=timezone.now())
    behind = _one_by_one(person, options.per_second, min(options.seconds, 20), wait=False)
    _until_delivered()
    drained = time.monotonic() - began
    lags, behind_lags = _lags(single), _lags(behind)
    sent = len(single) + len(behind) + options.mails
    return {
        "lag_p50_s": round(statistics.median(lags), 2),
        "lag_p95_s": _p95(lags),
        "lag_p95_behind_backlog_s": _p95(behind_lags),
        "backlog": options.mails,
        "drained_in_s": round(drained, 1),
        "lost": sent - len(mails.mails),
        "late": _p95(lags) > LAG_GOAL,
        "drained_late": drained > DRAIN_GOAL,
    }


def _one_by_one(person: int, rate: float, seconds: float, *, wait: bool = True) -> Sequence[int]:
    """The rows that were put in."""
    from django.utils import timezone

    from pipeline.outbox import commands as outbox
    from pipeline.outbox import kinds

    rows, began = [], time.monotonic()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        row = outbox.put(kinds.PASSWORD_RESET, {"person": person}, at=timezone.now())
        rows.append(row.pk)
    if wait:
        _until_delivered()
    return rows


def _until_delivered() -> None:
    from pipeline.models import OutboxRow

    while OutboxRow.objects.waiting().exists():
        time.sleep(0.2)


def _lags(rows: Sequence[int]) -> list[float]:
    from pipeline.models import OutboxRow

    found = OutboxRow.objects.filter(pk__in=rows).values_list("created_at", "done_at")
    return sorted((done - created).total_seconds() for created, done in found if done)


def _p95(lags: Sequence[float]) -> float:
    return round(lags[int(0.95 * (len(lags) - 1))], 2)


def _somebody() -> int:
    import django

    django.setup()
    from django.core.management import call_command

    from crm import reference
    from pipeline.models import Role, User
    from pipeline.people.commands import people

    call_command("migrate", verbosity=0)
    reference.seed()
    root = people.found_organisation(
        name="Austral GmbH", currency="EUR", time_zone="Europe/Vienna", country="AT"
    )
    person = User.objects.create_user(
        name="Adele Winter",
        email="adele@seven.test",
        team=root,
        role=Role.ADMIN,
        password=secrets.token_urlsafe(),
    )
    return int(person.pk)


@contextmanager
def _background() -> Iterator[None]:
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "salesprocess"]
    schedule = str(STATE / "outbox" / "beat")
    commands = [
        [*celery, "worker", "--loglevel", "error"],
        [*celery, "beat", "--loglevel", "error", "--schedule", schedule],
    ]
    unwarned = {**os.environ, "PYTHONWARNINGS": "ignore:You're running the worker with superuser"}
    running = [subprocess.Popen(command, cwd=ROOT, env=unwarned) for command in commands]
    try:
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)


if __name__ == "__main__":
    sys.exit(main())
