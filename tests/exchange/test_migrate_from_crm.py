"""Imports were a part of crm: a database from that time keeps all that it has of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from exchange.models import ImportJob, ImportMapping
from pipeline.models import Batch, BatchKind, FirstRun
from tests.conftest import Cast
from tests.factories import NOW, ago

TABLES = ("crm_importjob", "crm_importfault", "crm_importmapping")
KINDS = ("importfault", "importjob", "importmapping")


def ask(statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())


def tables() -> dict[str, list[tuple[Any, ...]]]:
    """Every row, and what the database holds to: keys, constraints, indexes, the next ids."""
    kept = {name: ask(f"SELECT * FROM {name} ORDER BY id") for name in TABLES}  # noqa: S608
    kept["constraints"] = ask(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid::regclass::text = ANY(%s) OR confrelid::regclass::text = ANY(%s) "
        "ORDER BY conname",
        list(TABLES),
        list(TABLES),
    )
    kept["indexes"] = ask(
        "SELECT indexdef FROM pg_indexes WHERE tablename = ANY(%s) ORDER BY indexdef", list(TABLES)
    )
    kept["sequences"] = ask(
        "SELECT sequencename, last_value FROM pg_sequences WHERE sequencename LIKE 'crm_import%%' "
        "ORDER BY sequencename"
    )
    return kept


def kinds(label: str) -> list[tuple[int, str, int]]:
    """What Django knows of the models of an app, with how many permissions hang on each."""
    return [
        (kind.pk, kind.model, Permission.objects.filter(content_type=kind).count())
        for kind in ContentType.objects.filter(app_label=label, model__in=KINDS).order_by("model")
    ]


@pytest.fixture
def job(cast: Cast) -> Iterator[ImportJob]:
    """Loaded, with a fault, a batch and a mapping; the first of two, in a database of that time."""
    batch = Batch.objects.create(kind=BatchKind.IMPORT, name="Old", by=cast.ana, at=NOW)
    facts = {"owner": cast.ana, "kind": "deals", "size": 1, "columns": [], "changed_at": NOW}
    job = ImportJob.objects.create(name="a.csv", batch=batch, created_at=ago(days=2), **facts)
    ImportJob.objects.create(name="b.csv", undo_by=cast.adele, created_at=NOW, **facts)
    job.faults.create(line=2, reason="Nobody knows the owner.")
    ImportMapping.objects.create(owner=cast.ana, kind="deals", name="old", answers={}, used_at=NOW)
    FirstRun.objects.create(team=cast.root)
    connection.check_constraints()
    call_command("migrate", "exchange", "zero", verbosity=0)
    yield job
    ContentType.objects.clear_cache()


def test_a_filled_database_keeps_its_imports(job: ImportJob):
    before, known = tables(), kinds("crm")
    assert [len(before[name]) for name in TABLES] == [2, 1, 1]
    assert [model for _pk, model, _permissions in known] == sorted(KINDS)

    call_command("migrate", "exchange", "0001", verbosity=0)
    assert tables() == before
    call_command("migrate", "exchange", verbosity=0)

    assert kinds("exchange") == known
    assert kinds("crm") == []
    assert FirstRun.objects.get().import_begun_at == job.created_at
    assert FirstRun.objects.get().put_away_at is None
    # Models and tables fit: ids go on, and what the models forbid is forbidden.
    again = ImportJob.objects.get(pk=job.pk)
    assert again.batch == job.batch
    again.pk, again.batch = None, None
    again.save()
    assert again.pk == ImportJob.objects.order_by("-pk")[1].pk + 1
    with pytest.raises(IntegrityError), transaction.atomic():
        ImportJob.objects.filter(pk=again.pk).update(batch=job.batch)


def test_an_organisation_from_before_there_were_first_steps_has_begun(job: ImportJob):
    FirstRun.objects.all().delete()

    call_command("migrate", "exchange", verbosity=0)

    run = FirstRun.objects.get()
    assert run.import_begun_at == job.created_at
    # It sells already: nobody is led through a beginning.
    assert run.put_away_at is not None
