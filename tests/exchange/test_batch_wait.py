"""An import is taken back while somebody is at its records: it waits, sees what was done, and ends."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm.commands import activity as activity_commands
from crm.commands import deal as deal_commands
from crm.commands import deal_move
from crm.commands.writers.activity import About
from crm.models import ActivityKind, Deal
from exchange.commands import batch as batch_commands
from exchange.commands import job as job_commands
from exchange.commands import work
from exchange.models import ImportJob, ImportState
from pipeline.process.stages import Stage
from salesprocess.lib.time_limits import LIMITS
from tests.conftest import Cast
from tests.crm.threads import at_once
from tests.exchange.presets import Written
from tests.exchange.test_import_presets import brought_in
from tests.exchange.uploads import checked, loaded, uploaded

pytestmark = pytest.mark.django_db(transaction=True)

_WAITS = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
    )
"""


@pytest.fixture
def job(cast: Cast) -> ImportJob:
    text = "Deal,Company\nPump,Norte\nBelt,Sur\n"
    named = {"name": "Deal", "company": "Company"}
    return loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, text), **named))


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_WAITS)
        return bool(cursor.fetchone()[0])


def logged(cast: Cast) -> None:
    deal = Deal.objects.get(name="Pump")
    activity_commands.log(
        About(deal=deal), kind=ActivityKind.NOTE, body="Mine.", by=cast.ana, at=timezone.now()
    )


def at_work(cast: Cast, begun: threading.Event, ended: Callable[[], bool]) -> None:
    """Log on a deal, and commit once `ended`."""
    with transaction.atomic():
        logged(cast)
        begun.set()
        until = time.monotonic() + 30
        while not ended() and time.monotonic() < until:
            pass


def test_it_waits_for_who_is_at_a_record_and_keeps_it(cast: Cast, job: ImportJob):
    assert job.batch is not None
    batch, begun = job.batch, threading.Event()

    def undo() -> batch_commands.Undone:
        begun.wait(20)
        return batch_commands.undo(batch, by=cast.ana, at=timezone.now())

    _none, undone = at_once(lambda: at_work(cast, begun, somebody_waits), undo)

    assert isinstance(undone, batch_commands.Undone), undone
    assert [each.name for each in undone.kept] == ["Pump", "Norte"]
    assert [deal.name for deal in Deal.objects.all()] == ["Pump"]
    assert Deal.objects.get().activities.filter(body="Mine.").exists()


def test_it_waits_for_who_is_at_a_record_that_it_changed(cast: Cast):
    named = {"id": "No", "name": "Title", "amount": "Value"}
    for value in (400, 450):
        text = f"No,Title,Value\n7,Pump,{value}\n"
        job = loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, text), **named))
    assert job.batch is not None
    batch, begun, later = job.batch, threading.Event(), timezone.now()

    def edit() -> None:
        with transaction.atomic():
            deal = Deal.objects.get(name="Pump")
            deal_commands.edit(deal, amount=Decimal(500), by=cast.ana, at=later)
            begun.set()
            until = time.monotonic() + 30
            while not somebody_waits() and time.monotonic() < until:
                pass

    def undo() -> batch_commands.Undone:
        begun.wait(20)
        return work.take_back(batch, by=cast.ana, at=later)

    _none, undone = at_once(edit, undo)

    # Nothing was taken back, nor is it told that it was.
    assert isinstance(undone, batch_commands.Undone), undone
    assert [(each.name, each.why) for each in undone.kept] == [
        ("Pump", "a field was changed again since")
    ]
    deal = Deal.objects.get()
    assert deal.amount == 500
    assert Decimal(deal.changes.latest("pk").data["new"]["amount"]) == 500


def test_a_history_waits_for_who_is_moving_the_deal_and_leaves_it(cast: Cast):
    text = "Id,Name,Stage,Stage change\n1,Pump,Prospecting,2026-01-10 09:00\n"
    brought_in(cast.ana, Written(kind="deals", name="deals.csv", text=text), "old")
    text = "deal,stage,date\n1,Lead,2026-01-02 09:00\n1,Prospecting,2026-01-10 09:00\n"
    history = uploaded(cast.ana, text, kind="history", name="history.csv")
    named = {"deal": "deal", "to_stage": "stage", "happened_on": "date"}
    checked(cast.ana, history, **named)
    assert history.state == ImportState.CHECKED, history.error
    assert history.counts["new"] == 2
    begun, at = threading.Event(), timezone.now()

    def move() -> None:
        with transaction.atomic():
            deal = Deal.objects.get(name="Pump")
            deal_move.move(deal, to=Stage.LEAD_GENERATION, reason="again", by=cast.ana, at=at)
            begun.set()
            until = time.monotonic() + 30
            while not somebody_waits() and time.monotonic() < until:
                pass

    def load() -> None:
        begun.wait(20)
        loaded(cast.ana, history)

    assert at_once(move, load) == [None, None]

    visits = Deal.objects.get(name="Pump").visits.order_by("sequence")
    assert [(visit.stage, visit.entered_by, visit.left_by) for visit in visits] == [
        (2, None, cast.ana),
        (1, cast.ana, None),
    ]
    history.refresh_from_db()
    assert history.counts["refused"] == 2


def test_a_worker_that_waited_in_vain_tries_again_as_often_as_it_takes(
    cast: Cast, job: ImportJob, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(LIMITS, "import", replace(LIMITS["import"], lock=0.05))
    job_commands.undo(job, by=cast.ana, at=timezone.now())
    begun, gave_up = threading.Event(), threading.Event()
    states: list[Any] = []

    def steps() -> None:
        begun.wait(20)
        for _each in range(work.MOST_ATTEMPTS + 1):
            assert not work.step(job.pk, at=timezone.now())
        states.extend(ImportJob.objects.filter(pk=job.pk).values_list("state", "attempts"))
        gave_up.set()

    assert at_once(lambda: at_work(cast, begun, gave_up.is_set), steps) == [None, None]

    assert states == [(ImportState.UNDOING, 0)]
    work.step(job.pk, at=timezone.now())
    job.refresh_from_db()
    assert (job.state, job.kept[0][2]) == (ImportState.UNDONE, "Pump")
