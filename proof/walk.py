"""`python3 dev.py walk`: every address, as everybody, with every id in every place: does any answer
show, or any request change, what is out of reach?

It runs the walk of the tests (`tests/test_url_walk.py`), the walk of ids in full, which a test run
does for pairs only (`tests/test_walk_ids.py`), and the second judge (`tests/test_scope_oracle.py`);
prints figures and writes them as JSON. It ends with 1 if anything leaks. `--plant` opens a door
first, to see that it is found. This module is also the plugin of pytest that does both.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proof.figures import ROOT, STATE, finish, machine

WHOLE, PLANT = "SEVEN_WALK_WHOLE", "SEVEN_WALK_PLANT"
ZEROS = ("leaks", "foreign_changes", "server_errors", "oracle_differences", "failed")


class Walked:
    """Adds up over a run of pytest, its other processes included."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.failed: list[str] = []
        self.passed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            for name, count in report.user_properties:
                self.counts[name] += int(str(count))
        if report.failed:
            lines = report.longreprtext.splitlines()
            said = next((line for line in lines if line.startswith("E ")), lines[-1])
            self.failed.append(f"{report.nodeid}: {said[:500]}")
            # A whole walk takes hours, and its end may never be seen.
            print(f"\n{self.failed[-1]}", flush=True)  # noqa: T201
        elif report.when == "call" and report.passed:
            self.passed += 1


def open_a_door(patch: pytest.MonkeyPatch) -> None:
    """Everybody may see and change everybody's deals."""
    from crm.models import Deal
    from crm.models.deal import DealQuerySet
    from crm.queries import deal as queries

    def anybodys(_user: object, pk: int, *, lock: bool = False) -> Deal:
        deals = Deal.objects.select_for_update() if lock else Deal.objects
        found: Deal = deals.get(pk=pk)
        return found

    patch.setattr(queries, "editable", anybodys)
    for name in ("visible_to", "editable_by"):
        patch.setattr(DealQuerySet, name, lambda self, user: self.filter())


@pytest.fixture(scope="session", autouse=True)
def door() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if PLANT in os.environ:
            open_a_door(patch)
        yield


@pytest.fixture(autouse=True)
def tallied(record_property: Callable[[str, object], None]) -> Iterator[None]:
    from tests.tally import TALLY

    before = TALLY.copy()
    yield
    for name, count in (TALLY - before).items():
        record_property(name, count)


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py walk", description=__doc__)
    parser.add_argument("--pairs", action="store_true", help="as in each test run: minutes less")
    parser.add_argument("--plant", action="store_true", help="open a door first: it must be found")
    parser.add_argument("--only", default="", help="addresses whose name contains this")
    parser.add_argument("--json", type=Path, default=STATE / "walk.json")
    options = parser.parse_args()
    os.environ["SEVEN_ENV"] = "test"
    os.environ |= {} if options.pairs else {WHOLE: "1"}
    os.environ |= {PLANT: "1"} if options.plant else {}
    began, walked = time.monotonic(), Walked()
    two = ["-n", "2"] if (os.cpu_count() or 1) > 1 and not options.only else []
    files = ("tests/test_url_walk.py", "tests/test_walk_ids.py", "tests/test_scope_oracle.py")
    # What opens a door itself would be counted as if it stood open.
    chosen = ["-k", options.only] if options.only else ["--deselect", f"{files[0]}::LEAK"]
    chosen = [each.replace("LEAK", "test_it_would_find_a_leak") for each in chosen]
    code = pytest.main(
        ["-q", "--tb=line", "-p", "proof.walk", *two, *chosen, *(str(ROOT / f) for f in files)],
        plugins=[walked],
    )
    names = ("requests", "leaks", "foreign_changes", "server_errors")
    figures = {
        "proof": "walk",
        **machine(),
        "whole": not options.pairs,
        "planted": options.plant,
        "seconds": round(time.monotonic() - began),
        **{name: walked.counts[name] for name in names},
        "oracle_differences": sum("scope_oracle" in each for each in walked.failed),
        "passed": walked.passed,
        "failed": walked.failed,
    }
    return finish(figures, zeros=ZEROS, to=options.json) or int(code)


if __name__ == "__main__":
    sys.exit(main())
