"""No migration of a release stops those who work while it runs."""

from typing import Any

import pytest
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
)
from django.db import migrations, models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from tests.migration_rules import findings

pytestmark = pytest.mark.django_db

OURS = ("crm", "exchange", "pipeline", "reports")
# The last ones of before there was anybody whom they could stop.
SINCE = {"crm": 35, "exchange": 2, "pipeline": 23, "reports": 0}
# Migrations that break a rule, with the reason why nobody is stopped all the same.
ALLOWED: dict[tuple[str, str], str] = {
    (
        "exchange",
        "0010_several_faults_a_row",
    ): "an index of faults, which nobody writes but a check "
    "of a file; the test of databases from before exchange goes back through it in a transaction",
    (
        "exchange",
        "0012_answers_come_in",
    ): "a varchar that becomes longer is not written anew, nor read; the lock is for a moment",
}

INDEX = models.Index(fields=["source_detail"], name="some_index")
CHECK = models.CheckConstraint(condition=models.Q(amount__gte=0), name="some_check")


def nothing(*_args: Any) -> None:
    pass


def add(**options: Any) -> migrations.AddField:
    return migrations.AddField("deal", "more", models.IntegerField(**options))


BLOCKING = {
    "cannot add a row": add(default=0),
    "SET NOT NULL": migrations.AlterField("deal", "cause", models.IntegerField(default=0)),
    "may write the whole table": migrations.AlterField("deal", "name", models.JSONField()),
    "asks for what is gone": migrations.RemoveField("deal", "source_detail"),
    "asks for what is gone: leave": migrations.RenameField("deal", "name", "title"),
    "DROP TABLE": migrations.DeleteModel("OfferLine"),
    "nobody writes until": migrations.AddIndex("deal", INDEX),
    "add it NOT VALID": migrations.AddConstraint("deal", CHECK),
    "in batches": migrations.RunPython(nothing),
    "in one transaction": migrations.RunSQL("UPDATE crm_deal SET source_detail = ''"),
}
FREE = [
    add(null=True),
    add(db_default=0),
    AddIndexConcurrently("deal", INDEX),
    AddConstraintNotValid("deal", CHECK),
    migrations.CreateModel(
        "More",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("deal", models.ForeignKey("crm.Deal", models.CASCADE)),
            ("n", models.IntegerField(db_index=True)),
        ],
    ),
    migrations.RunPython(nothing),
]


@pytest.fixture(scope="module")
def loader() -> MigrationLoader:
    return MigrationLoader(None)


def judged(loader: MigrationLoader, *operations: Any, atomic: bool) -> list[str]:
    made = type("More", (Migration,), {"operations": list(operations), "atomic": atomic})
    return findings(made("more", "crm"), loader.project_state())


def test_no_migration_stops_those_who_work(loader: MigrationLoader):
    found = {}
    for key, migration in sorted(loader.disk_migrations.items()):
        app, name = key
        if app not in OURS or int(name[:4]) <= SINCE[app] or "squashed" in name:
            continue
        if key not in ALLOWED and (
            wrong := findings(migration, loader.project_state(key, at_end=False))
        ):
            found[key] = wrong
    assert found == {}
    assert set(ALLOWED) <= set(loader.disk_migrations)


@pytest.mark.parametrize("what", BLOCKING)
def test_it_would_find_what_stops_them(loader: MigrationLoader, what: str):
    assert what in " ".join(judged(loader, BLOCKING[what], atomic=True))


@pytest.mark.parametrize("operation", FREE, ids=lambda one: type(one).__name__)
def test_it_lets_through_what_stops_nobody(loader: MigrationLoader, operation: Any):
    assert judged(loader, operation, atomic=False) == []
