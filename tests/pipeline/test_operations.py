"""What an operator finds: signs of life, what went wrong, and the same for Prometheus."""

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from celery.signals import after_task_publish, task_failure
from django.core import mail
from django.core.checks import Tags, run_checks
from django.db import OperationalError, connection
from django.test import Client

from pipeline import tasks
from pipeline.models import Heartbeat, Incident, OutboxRow
from pipeline.operations import commands, middleware, queries
from pipeline.operations.models import IncidentKind, Part
from pipeline.people.commands import invitation
from tests.conftest import Cast
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db

PAGE = "/settings/operations/"


def words(client: Client) -> str:
    html = client.get(PAGE).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.fixture
def admin(client: Client, cast: Cast) -> Client:
    client.force_login(cast.adele)
    return client


def test_it_tells_what_runs_and_what_is_silent(admin: Client):
    assert "Never seen" in words(admin)

    with time_machine.travel(NOW, tick=False):
        tasks.give_sign_of_life()
        after_task_publish.send(sender=tasks.give_sign_of_life.name)
        commands.give_sign(Part.BACKUP, "host", at=NOW)
        assert words(admin).count("Alive") == 2
        assert "Made" in words(admin)
    with time_machine.travel(NOW + queries.SILENT + dt.timedelta(seconds=1), tick=False):
        assert words(admin).count("Silent") == 2
    with time_machine.travel(NOW + queries.BACKUP_DUE + dt.timedelta(seconds=1), tick=False):
        assert "Due" in words(admin)


def test_it_counts_what_failed_without_what_was_typed(
    admin: Client, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("Norte's margin")

    monkeypatch.setattr(queries, "processes", fail)
    admin.raise_request_exception = False
    for _again in range(3):
        assert admin.get(f"{PAGE}?q=Norte").status_code == 500
    monkeypatch.undo()

    incident = Incident.objects.get()
    assert (incident.kind, incident.count) == (IncidentKind.ERROR, 3)
    assert incident.error.startswith("ZeroDivisionError in tests/pipeline/test_operations.py:")
    assert incident.where == "GET crm:settings_operations"
    assert "Norte" not in f"{incident.where} {incident.error}"
    assert "ZeroDivisionError" in words(admin)


@pytest.mark.parametrize(
    ("seconds", "status", "kind"),
    [
        (0.99, 200, None),
        (1.0, 200, IncidentKind.SLOW),
        (0, 404, None),
        (0, 500, IncidentKind.ERROR),
        (0, 503, IncidentKind.UNAVAILABLE),
    ],
)
def test_it_knows_what_is_slow_or_broken(
    settings: Any, seconds: float, status: int, kind: IncidentKind | None
):
    settings.SLOW_PAGE_SECONDS = 1
    assert middleware._kind(status, seconds) == kind


def test_a_page_of_the_product_is_watched(admin: Client, settings: Any):
    settings.SLOW_PAGE_SECONDS = 0
    admin.get("/people/")
    admin.get("/healthz")
    assert list(Incident.objects.values_list("kind", "where")) == [("slow", "GET pipeline:people")]


def test_it_counts_background_work_that_failed(admin: Client):
    task_failure.send(sender=tasks.relay_outbox, exception=OSError("no route to Norte"))
    assert "pipeline.tasks.relay_outbox" in words(admin)
    assert "Norte" not in words(admin)


def test_nothing_fails_because_it_cannot_be_counted(cast: Cast):
    with connection.execute_wrapper(_refuse):
        commands.note_incident(IncidentKind.ERROR, "somewhere", at=NOW)
    assert not Incident.objects.exists()


def _refuse(execute: Any, sql: str, *arguments: Any) -> Any:
    if "pipeline_incident" in sql:
        raise OperationalError("away")
    return execute(sql, *arguments)


def test_it_lets_an_admin_try_again_what_was_given_up(admin: Client, cast: Cast):
    invitation.invite(
        make_user(name="Ida Moor", team=cast.north, password=None), by=cast.mona, at=NOW
    )
    OutboxRow.objects.update(dead_at=NOW, attempts=8, error="OSError: no route")
    assert "Ida Moor" in words(admin)
    row = OutboxRow.objects.get()
    assert f'action="/people/outbox/{row.pk}/retry/"' in admin.get(PAGE).content.decode()


def test_it_is_there_for_admins_only(client: Client, cast: Cast):
    for person in (cast.ana, cast.mona, cast.rosa):
        client.force_login(person)
        assert client.get(PAGE).status_code == 404
        assert not Heartbeat.objects.visible_to(person).exists()


def test_prometheus_reads_it_with_its_token_only(client: Client, cast: Cast, settings: Any):
    commands.note_incident(IncidentKind.SLOW, "GET crm:board", at=NOW, seconds=2)
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "secret-of-prometheus"
    for sent in ("", "Bearer ", "Bearer other", "secret-of-prometheus"):
        assert client.get("/metrics", headers={"Authorization": sent}).status_code == 404
    right = {"Authorization": "Bearer secret-of-prometheus"}
    client.get("/accounts/login/")
    with time_machine.travel(NOW, tick=False):
        text = client.get("/metrics", headers=right).content.decode()
    assert 'seven_incidents_today{kind="slow"} 1.0' in text
    assert "seven_outbox_waiting 0.0" in text
    assert 'seven_request_seconds_count{address="account_login",status="2xx"}' in text


def test_it_forgets_after_a_month(cast: Cast):
    commands.note_incident(IncidentKind.SLOW, "x", at=NOW - commands.KEPT - dt.timedelta(hours=1))
    commands.note_incident(IncidentKind.SLOW, "y", at=NOW)
    commands.give_sign(Part.WORKER, "gone", at=NOW - commands.KEPT - dt.timedelta(hours=1))
    commands.forget(at=NOW)
    assert [one.where for one in Incident.objects.all()] == ["y"]
    assert not Heartbeat.objects.exists()


def test_the_checks_before_a_start_name_what_is_missing(cast: Cast, settings: Any):
    assert {"seven.W104", "seven.W105", "seven.W106"} <= problems(Tags.database)
    assert problems("mail") == set()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert problems("mail") == {"seven.W110"}
    assert not mail.outbox


def problems(tag: str) -> set[str | None]:
    found = run_checks(tags=[tag], include_deployment_checks=True, databases=["default"])
    return {one.id for one in found}
