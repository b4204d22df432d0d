"""A longer file takes longer, and not more memory."""

import gc
import tracemalloc
from collections.abc import Iterator

import pytest
from django.utils import timezone

from crm.models import Deal
from exchange.commands import work
from exchange.models import ImportJob
from tests.conftest import Cast
from tests.exchange.uploads import answer, browser, columns, uploaded, worked

pytestmark = pytest.mark.django_db


@pytest.fixture
def _in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Five pieces are few rows then; and no garbage lies about that would count as held."""
    monkeypatch.setattr(work, "PIECE", 1_000)
    seldom = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*seldom)


def peak_of(cast: Cast, rows: int, *, start: int) -> float:
    """The most MB that a worker holds while it checks and loads so many rows."""
    text = "No,Deal,Owner,Close\n" + "".join(
        f"{n},Deal {n},{'Nobody' if n % 3 == 0 else 'Ana Ruiz'},2026-12-{n % 28 + 1:02}\n"
        for n in range(start, start + rows)
    )
    job = uploaded(cast.ana, text)
    columns(cast.ana, job, id="No", name="Deal", owner="Owner", expected_close_on="Close")
    if worked(job).state == "asking":
        answer(cast.ana, job)
    tracemalloc.start()
    try:
        worked(job)
        browser(cast.ana).post(f"/imports/{job.pk}/load/")
        while ImportJob.objects.get(pk=job.pk).state != "done":
            work.step(job.pk, at=timezone.now())
        return tracemalloc.get_traced_memory()[1] / 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("_in_small_pieces")
def test_it_holds_no_more_of_a_longer_file(cast: Cast):
    peak_of(cast, 100, start=0)  # what is loaded once and stays
    short = peak_of(cast, 1_250, start=1_000)
    long = peak_of(cast, 5_000, start=10_000)
    assert Deal.objects.count() > 4_000
    assert long < short * 1.3 + 0.2, f"{short:.1f} MB for 1,250 rows, {long:.1f} MB for 5,000"
