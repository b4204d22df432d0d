"""`python3 dev.py faults`: people work, things break, and what was acknowledged is counted.

A demo installation of its own is started by its supervisor; four people write and read all the time,
some of whom are gone before the answer comes and send the same form again. One part after the other
is killed, hung, dropped, filled or locked. Afterwards the database is compared with what was
acknowledged, and the mails with what was to be mailed. Only processes of its own are ended.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from proof.faults.judge import (
    BrokenPart,
    effects,
    errors_outside,
    in_database,
    mails,
    summary_of,
)
from proof.faults.kinds import FAULTS, NotTried
from proof.faults.place import TestBed, installation, let_go, log_of, wait_until
from proof.faults.work import PersonAtWork
from proof.figures import STATE, finish, machine

ZEROS: tuple[str, ...] = ("lost", "doubled", "mails_missing", "never_acknowledged")
ZEROS += ("errors_outside_faults", "errors_without_words", "not_healed", "history_broken")
ZEROS += ("import_rows_missing", "import_rows_doubled", "failed")
# Longer than anything here may take to heal.
HEALS_WITHIN = 60.0
CALM = 2.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="how often each fault happens")
    parser.add_argument(
        "--only", default="", help="faults whose names contain one of these, by commas"
    )
    parser.add_argument("--json", type=Path, default=STATE / "faults.json")
    options = parser.parse_args()
    logging.disable(logging.ERROR)
    names = [name for name in FAULTS if any(each in name for each in options.only.split(","))]
    began = time.monotonic()
    with installation() as place:
        figures = broken_figures(place, names * options.rounds)
        if any(figures[name] for name in ZEROS):
            print(log_of(place), file=sys.stderr)  # noqa: T201  # a tool for a terminal
    seconds = round(time.monotonic() - began)
    return finish(
        {"proof": "faults", **machine(), "seconds": seconds, **figures},
        zeros=ZEROS,
        to=options.json,
    )


def broken_figures(place: TestBed, names: Sequence[str]) -> dict[str, Any]:
    """Let people work while the faults happen, and judge it."""
    skipped, broken, failed = dict[str, str](), list[BrokenPart](), list[str]()
    diary = place.diary
    workers = people_at_work(place)
    time.sleep(CALM)
    for name in names:
        try:
            broken.append(happen(place, name, FAULTS[name]))
        except NotTried as reason:
            skipped[name] = str(reason)
        except Exception as error:  # the others are to happen all the same
            failed.append(f"{name}: {error!r}")
        _pause_for_the_supervisor(place)
    for worker in workers:
        worker.ended.set()
    for worker in workers:
        worker.join()
    let_go()
    drained = wait_until(place.queue_is_empty, seconds=180)
    return {
        **effects(diary.intents, in_database()),
        **mails(place.mails.mails, sum(each.kind == "note" for each in diary.intents)),
        "hung_up": diary.hung_up,
        "outbox_drained_s": None if drained is None else round(drained, 1),
        "errors_outside_faults": errors_outside(diary.tries, broken),
        "errors_without_words": sum(
            each.status is not None and each.status >= 500 and each.status != 503
            for each in diary.tries
        ),
        "not_healed": [each.name for each in broken if each.healed_at is None],
        "history_broken": _history_faults(),
        **{
            f"import_rows_{what}": sum(each.more.get(what, 0) for each in broken)
            for what in ("missing", "doubled")
        },
        "longest_recovery_s": max((each.recovery or 0 for each in broken), default=0),
        "not_tried": skipped,
        "failed": failed,
        "faults": [summary_of(each, diary.tries) for each in broken],
    }


def people_at_work(place: TestBed) -> list[PersonAtWork]:
    from tests.conftest import make_cast
    from tests.factories import make_deal

    cast = make_cast()
    sellers = [cast.ana, cast.ben, cast.carl, cast.mona]
    deals = {each.pk: [make_deal(by=each).pk for _ in range(5)] for each in sellers}
    workers = [
        PersonAtWork(place.port, each, deals[each.pk], place.diary, number=number)
        for number, each in enumerate(sellers)
    ]
    for worker in workers:
        worker.start()
    return workers


def happen(
    place: TestBed, name: str, inject: Callable[[TestBed], dict[str, Any] | None]
) -> BrokenPart:
    let_go()
    began_at = time.monotonic()
    more = inject(place) or {}
    ended_at = time.monotonic()
    healed = wait_until(place.answers, seconds=HEALS_WITHIN)
    healed_at = None if healed is None else time.monotonic()
    print(f"  {name}: {'well again' if healed is not None else 'NOT HEALED'}", flush=True)  # noqa: T201
    time.sleep(CALM)
    return BrokenPart(
        name=name, began_at=began_at, ended_at=ended_at, healed_at=healed_at, more=more
    )


def _pause_for_the_supervisor(place: TestBed) -> None:
    """Wait until every part runs again; what dies five times within a minute is not started again."""
    parts = ("gunicorn", "celery.* worker", "celery.* beat", "bin/postgres -D", "valkey-server")
    wait_until(lambda: all(place.run.matching(each) for each in parts), seconds=HEALS_WITHIN)


def _history_faults() -> int:
    from django.core.management import CommandError, call_command

    try:
        call_command("check_history", verbosity=0)
    except CommandError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
