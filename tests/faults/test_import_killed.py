"""An import with a real worker over a real broker, killed in the middle of its work."""

import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crm.models import Deal, StageVisit
from exchange.models import ImportJob
from tests.conftest import Cast, make_cast
from tests.exchange.uploads import answer, browser, columns, uploaded
from tests.machinery.background import Workers, kill, own_broker
from tests.machinery.running import until

pytestmark = [pytest.mark.machinery, pytest.mark.django_db(transaction=True)]

ROWS = 3_200  # three small pieces, and some that are left for the last worker
BAD = range(70, ROWS, 200)


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[subprocess.Popen[bytes]]":
    with own_broker(tmp_path, monkeypatch) as process:
        yield process


@pytest.fixture
def worker(
    broker: object, settings: Any, tmp_path: Path
) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Starts a worker with a clock of its own on the test's database and files."""
    settings.MEDIA_ROOT = tmp_path / "media"
    app = "tests.machinery.small_pieces"
    workers = Workers(tmp_path, app=app, MEDIA_ROOT=str(settings.MEDIA_ROOT))
    yield lambda: workers.start(clock=True)
    workers.end()


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """At the real time: a worker has a clock of its own."""
    return make_cast()


def the_file() -> str:
    rows = (f"{n},Deal {n},{'Nobody' if n in BAD else 'Ana Ruiz'}\n" for n in range(ROWS))
    return "No,Deal,Owner\n" + "".join(rows)


def has(job: ImportJob, *states: str) -> Callable[[], bool]:
    def asked() -> bool:
        job.refresh_from_db()
        return job.state in states

    return asked


@pytest.mark.slow
def test_it_brings_each_row_in_once_however_often_its_worker_is_killed(
    cast: Cast, worker: Callable[[], "subprocess.Popen[bytes]"]
):
    job = uploaded(cast.ana, the_file())
    first = worker()
    columns(cast.ana, job, id="No", name="Deal", owner="Owner")
    assert until(has(job, "asking"))
    answer(cast.ana, job)
    # In the middle of the check, which is one transaction.
    assert until(lambda: has(job, "checked")() or job.done > 0)
    kill(first)
    assert not has(job, "checked")(), "killed too late to prove anything"
    second = worker()
    assert until(has(job, "checked"), seconds=120)
    assert (job.counts["new"], job.counts["refused"]) == (ROWS - len(BAD), len(BAD))
    assert not Deal.objects.exists()

    browser(cast.ana).post(f"/imports/{job.pk}/load/")
    assert until(lambda: has(job, "done")() or job.done > 0)
    assert job.state == "loading", "killed too late to prove anything"
    kill(second)
    halfway = job.done
    third = worker()
    assert until(lambda: has(job, "done")() or job.done > halfway)
    kill(third)
    assert not has(job, "done")(), "killed too late to prove anything"
    worker()
    assert until(has(job, "done"), seconds=120)

    brought_in = Counter(Deal.objects.values_list("name", flat=True))
    reported = set(job.faults.values_list("line", flat=True))
    assert reported == {n + 2 for n in BAD}
    assert brought_in == Counter(f"Deal {n}" for n in range(ROWS) if n not in BAD)
    assert StageVisit.objects.count() == len(brought_in)
    assert (job.counts["new"], job.counts["refused"]) == (ROWS - len(BAD), len(BAD))


def test_it_goes_on_when_the_broker_is_back(
    cast: Cast,
    broker: "subprocess.Popen[bytes]",
    worker: Callable[[], "subprocess.Popen[bytes]"],
):
    job = uploaded(cast.ana, "Deal\nPump\n")
    broker.send_signal(signal.SIGSTOP)
    assert columns(cast.ana, job, name="Deal").status_code == 302
    broker.send_signal(signal.SIGCONT)
    worker()
    assert until(has(job, "asking"))
