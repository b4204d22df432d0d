import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from salesprocess.celery import app


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
def test_it_is_not_ready_while_a_migration_is_missing(client: Client):
    MigrationRecorder(connection).record_unapplied("sessions", "0001_initial")

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
