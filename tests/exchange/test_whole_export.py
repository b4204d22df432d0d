"""An admin has everything written into one file, by the page."""

import datetime as dt
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from crm.models import EvidenceFile, StepResult
from exchange import tasks
from exchange.commands import whole_export
from exchange.exports import writing
from exchange.models import ExportState, WholeExport
from pipeline.audit.models import AuditEntry, AuditKind
from pipeline.models import Role, User
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, make_deal
from tests.kept_rows import KeptRows

PAGE = "/settings/export/"


@pytest.fixture
def people(transactional_db: None, kept_cast: KeptRows, clock, settings, tmp_path) -> Cast:
    settings.MEDIA_ROOT = tmp_path
    laid_out: Cast = kept_cast.lay_out()
    return laid_out


@pytest.fixture
def ready(people: Cast) -> WholeExport:
    make_deal(by=people.ana, name="Line 3")
    row = whole_export.ask(by=people.adele, at=NOW)
    tasks.write_exports()
    row.refresh_from_db()
    return row


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def taken(row: WholeExport, client: Client) -> bytes:
    answer: Any = client.get(reverse("exchange:whole_export_file", args=[row.pk]))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    return bytes(answer.getvalue())


def test_it_is_asked_for_written_taken_and_noted(people: Cast):
    make_deal(by=people.ana, name="Line 3")
    client = client_of(people.adele)
    assert client.post(PAGE).status_code == 302
    # Once more while it is on its way is the same one.
    client.post(PAGE)
    row = WholeExport.objects.get()
    assert "every 2s" in client.get(PAGE).content.decode()
    tasks.write_exports()
    page = client.get(PAGE).content.decode()
    assert "Ready" in page
    assert "every 2s" not in page
    assert not AuditEntry.objects.filter(kind=AuditKind.EXPORT).exists()
    with zipfile.ZipFile(io.BytesIO(taken(row, client))) as archive:
        assert b"Line 3" in archive.read("tables/crm_deal.csv")
    row.refresh_from_db()
    noted = AuditEntry.objects.get(kind=AuditKind.EXPORT)
    assert (noted.by, noted.what, noted.rows) == (people.adele, "everything", row.rows)
    assert "Everything" in client.get("/settings/audit/").content.decode()


def test_it_is_for_nobody_else(people: Cast, ready: WholeExport):
    address = reverse("exchange:whole_export_file", args=[ready.pk])
    for person in (people.rosa, people.ana):
        assert client_of(person).get(PAGE).status_code == 404
        assert client_of(person).get(address).status_code == 404
        with pytest.raises(Refused):
            whole_export.ask(by=person, at=NOW)
    people.ben.role = Role.ADMIN
    people.ben.save()
    assert "Ready" not in client_of(people.ben).get(PAGE).content.decode()
    assert client_of(people.ben).get(address).status_code == 404
    people.adele.role = Role.SALESPERSON
    people.adele.save()
    assert client_of(people.adele).get(address).status_code == 404


def test_what_somebody_keeps_for_oneself_is_for_nobody_else(people: Cast):
    deal = make_deal(by=people.ana)
    for key, owner in (("mine", people.ana), ("ours", None)):
        file = EvidenceFile.objects.create(
            deal=deal, name=key, size=1, content=b"x", at=NOW, by=people.ana
        )
        StepResult.objects.create(
            deal=deal,
            stage=1,
            key=key,
            label=key,
            state="done",
            file=file,
            private_to=owner,
            at=NOW,
            by=people.ana,
        )
    row = whole_export.ask(by=people.adele, at=NOW)
    tasks.write_exports()
    said = taken(row, client_of(people.adele))
    with zipfile.ZipFile(io.BytesIO(said)) as archive:
        results = archive.read("tables/crm_stepresult.csv").decode()
        files = [name for name in archive.namelist() if name.startswith("files/")]
    assert ("ours" in results, "mine" in results) == (True, False)
    assert [name.rpartition("-")[2] for name in files] == ["ours"]


def test_after_a_day_it_is_gone(people: Cast, ready: WholeExport, clock):
    path = Path(default_storage.path(ready.file))
    assert path.stat().st_mode & 0o077 == 0
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    tasks.clear_old_exports()
    assert path.exists()
    clock.shift(dt.timedelta(hours=24, minutes=1))
    client = client_of(people.adele)
    address = reverse("exchange:whole_export_file", args=[ready.pk])
    assert client.get(address).status_code == 404
    assert "Deleted" in client.get(PAGE).content.decode()
    tasks.clear_old_exports()
    assert not path.exists()


def test_what_cannot_be_written_says_so_and_leaves_nothing(people: Cast, monkeypatch):
    def full(*_args: object, **_more: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write", full)
    whole_export.ask(by=people.adele, at=NOW)
    tasks.write_exports()
    assert WholeExport.objects.get().state == ExportState.FAILED
    assert "could not be written" in client_of(people.adele).get(PAGE).content.decode()
    assert list(Path(default_storage.path("exports")).iterdir()) == []


def test_what_kills_its_worker_is_given_up(people: Cast, monkeypatch):
    def killed(*_args: object, **_more: object) -> int:
        raise SystemExit

    monkeypatch.setattr(writing, "write", killed)
    row = whole_export.ask(by=people.adele, at=NOW)
    for _ in range(whole_export.MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            tasks.write_exports()
    tasks.write_exports()
    row.refresh_from_db()
    assert row.state == ExportState.FAILED


def test_two_workers_write_one(people: Cast, monkeypatch):
    row = whole_export.ask(by=people.adele, at=NOW)
    write = writing.write
    others: list[bool] = []

    def meanwhile(*args: Any, **more: Any) -> int:
        others.append(whole_export.write(row.pk, at=NOW))
        return write(*args, **more)

    monkeypatch.setattr(writing, "write", meanwhile)
    assert whole_export.write(row.pk, at=NOW)
    assert others == [False]


def test_who_is_no_admin_any_more_gets_none(people: Cast):
    row = whole_export.ask(by=people.adele, at=NOW)
    people.adele.role = Role.SALESPERSON
    people.adele.save()
    tasks.write_exports()
    row.refresh_from_db()
    assert (row.state, row.file) == (ExportState.FAILED, "")
