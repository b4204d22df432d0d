"""The outbox with a real worker, a real broker and a real mail server, each of which fails once."""

import datetime as dt
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db.models import F
from django.test import Client

from pipeline.models import OutboxRow
from tests.conftest import Cast, make_cast
from tests.factories import make_user
from tests.machinery.background import Workers, kill, own_broker
from tests.machinery.mail_server import MailServer, mail_server
from tests.machinery.running import until

pytestmark = [pytest.mark.machinery, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def post_office() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[subprocess.Popen[bytes]]":
    with own_broker(tmp_path, monkeypatch) as process:
        yield process


@pytest.fixture
def worker(
    broker: object, post_office: MailServer, tmp_path: Path
) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Starts a worker on the test's database; with `clock=True` it asks by itself, too."""
    workers = Workers(tmp_path, EMAIL_URL=post_office.url)
    yield workers.start
    workers.end()


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """At the real time: a worker has a clock of its own."""
    return make_cast()


@pytest.fixture
def invite(cast: Cast) -> Callable[[], float]:
    """Invites somebody by the page; how long the page took, in seconds."""
    ida = make_user(name="Ida Moor", team=cast.north, password=None)
    client = Client()
    client.force_login(cast.mona)

    def post() -> float:
        start = time.monotonic()
        response = client.post(f"/people/{ida.pk}/invite/")
        assert response.status_code == 302
        return time.monotonic() - start

    return post


def row() -> OutboxRow:
    found: OutboxRow = OutboxRow.objects.get()
    return found


def test_it_mails_as_soon_as_a_worker_is_woken(worker, invite, post_office):
    worker()

    invite()

    assert until(lambda: row().done_at)
    (mail,) = post_office.mails
    assert "To: ida@seven.test" in mail
    assert f"Message-ID: <outbox.{row().pk}." in mail
    assert "http://localhost:8000/invitations/" in mail


def test_it_sends_what_a_killed_worker_had_taken(worker, invite, post_office):
    post_office.open.clear()
    first = worker()
    invite()
    assert until(lambda: post_office.callers)
    assert row().attempts == 1

    kill(first)
    post_office.open.set()
    # Instead of the two minutes that the lease of the dead lasts.
    OutboxRow.objects.update(leased_until=F("leased_until") - dt.timedelta(minutes=3))
    worker(clock=True)

    assert until(lambda: row().done_at)
    assert row().attempts == 2
    assert len(post_office.mails) == 1


@pytest.mark.parametrize("failure", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "hung"])
def test_it_neither_fails_nor_waits_without_a_broker(worker, invite, broker, failure):
    broker.send_signal(failure)
    if failure == signal.SIGKILL:
        broker.wait(10)

    assert invite() < 2
    assert row().done_at is None


def test_it_sends_later_what_the_broker_was_not_told(worker, invite, broker, post_office):
    broker.send_signal(signal.SIGSTOP)
    invite()
    broker.send_signal(signal.SIGCONT)

    worker(clock=True)

    assert until(lambda: row().done_at)
    assert len(post_office.mails) == 1


def test_it_sends_once_however_often_and_by_how_many_it_is_woken(worker, invite, post_office):
    from pipeline.tasks import relay_outbox

    invite()
    for _ in range(20):
        relay_outbox.delay(pk=row().pk)
        relay_outbox.delay()
    worker()
    worker()

    assert until(lambda: row().done_at)
    relay_outbox.delay()
    assert not until(lambda: len(post_office.mails) > 1, seconds=3)
    assert row().attempts == 1
