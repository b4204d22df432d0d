import time

import pytest
from django.conf import settings
from django.test import Client

from salesprocess.celery import app
from salesprocess.lib import breaker, migrations
from salesprocess.lib.cache import ForgivingRedisCache
from salesprocess.lib.enqueue import enqueue
from tests.faults.silence import silent_server
from tests.machinery.running import until


@pytest.fixture(autouse=True, scope="module")
def _read() -> None:
    """Once, as at the start of a web process."""
    migrations.migrations()


def test_it_is_alive_without_a_database(client: Client):
    # No database mark: a query would fail this test.
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.django_db
def test_it_is_ready_when_the_database_has_every_migration(client: Client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"database": "ok", "broker": "ok"}


@pytest.mark.django_db
def test_it_is_not_ready_while_a_migration_is_missing(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    known = migrations.migrations()
    monkeypatch.setattr(migrations, "migrations", lambda: known | {("sessions", "0002_tomorrow")})

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["database"] == "migrations missing"


@pytest.mark.django_db
def test_it_is_ready_without_its_broker_and_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(app.conf, "broker_read_url", "redis+socket:///nowhere/valkey.sock")

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["broker"] == "unreachable"


@pytest.mark.django_db
def test_it_says_within_a_second_that_its_broker_is_silent(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    with silent_server() as port:
        monkeypatch.setattr(app.conf, "broker_read_url", f"redis://127.0.0.1:{port}/0")
        start = time.perf_counter()
        response = client.get("/readyz")
        took = time.perf_counter() - start

    assert response.status_code == 200
    assert response.json() == {"database": "ok", "broker": "unreachable"}
    assert took < 3


def test_a_silent_cache_holds_up_one_and_not_all():
    options = settings.CACHES["default"]["OPTIONS"]
    with silent_server() as port:
        silent = ForgivingRedisCache(f"redis://127.0.0.1:{port}/0", {"OPTIONS": options})
        start = time.perf_counter()
        for _each in range(20):
            assert silent.get("attempts", "none") == "none"
            assert silent.add("attempts", 1) is True
        assert time.perf_counter() - start < 3


def test_a_silent_broker_holds_up_one_and_not_all(monkeypatch: pytest.MonkeyPatch):
    with silent_server() as port:
        monkeypatch.setenv("CELERY_BROKER_URL", f"redis://127.0.0.1:{port}/0")
        start = time.perf_counter()
        for number in range(20):
            enqueue("pipeline.tasks.relay_outbox", pk=number)
        assert time.perf_counter() - start < 5


def test_what_did_not_answer_is_tried_by_one_after_a_while():
    each = breaker.Breaker(pause=0.02)
    assert each.lets_through()
    each.failed()
    assert not each.lets_through()
    assert until(each.lets_through, seconds=2)
    assert not each.lets_through()  # while that one waits
    each.worked()
    assert [each.lets_through(), each.lets_through()] == [True, True]
