"""What came in before is told to whom it concerns, and to nobody else: not by a word, not by a count."""

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from crm.commands import deal as deal_commands
from crm.models import Company, Contact, Deal, ImportedRow
from exchange.commands.work import reach_of
from exchange.imports import ledger, mapping
from exchange.imports.kinds import DEALS
from exchange.imports.staging import ImportRun, select
from exchange.models import ImportJob
from pipeline.models import Batch, BatchKind, Team, User
from tests.conftest import Cast
from tests.exchange.uploads import brought_in, checked, loaded, page, uploaded
from tests.factories import NOW

pytestmark = pytest.mark.django_db

HEADINGS = "No,Title,Owner,Team\n"
NAMED = {"id": "No", "name": "Title", "owner": "Owner", "team": "Team"}
BARE = {"id": "No", "name": "Title"}


def brings_in(user: User, text: str, **named: str) -> ImportJob:
    kind = named.pop("kind", "deals")
    job = checked(user, uploaded(user, text, kind=kind), **(named or NAMED))
    loaded(user, job)
    assert job.counts["refused"] == 0, page(user, job)
    return job


def hand_to_carl(cast: Cast) -> None:
    (deal,) = Deal.objects.all()
    deal_commands.hand_over(deal, to=cast.carl, by=cast.adele, at=NOW)


def move_to_south(cast: Cast) -> None:
    User.objects.filter(pk=cast.ana.pk).update(team=cast.south)
    Deal.objects.update(team=cast.south)


def lose_the_record(cast: Cast) -> None:
    ImportedRow.objects.update(record_id=2**40)


def nothing(cast: Cast) -> None:
    pass


@pytest.mark.parametrize(
    ("first", "row", "then", "known_to"),
    [
        # Who sells, whoever leads, and the admins; a colleague has a system of his own.
        ("ana", "7,Pump,Ana Ruiz,", nothing, {"ana", "mona", "rosa", "adele"}),
        # The pool is the team's.
        ("ana", "7,Pump,,North", nothing, {"ana", "ben", "mona", "rosa", "adele"}),
        # Brought in for her by somebody else.
        ("adele", "7,Pump,Ana Ruiz,", nothing, {"ana", "mona", "rosa", "adele"}),
        # She knows what she brought in; of the record she learns no more.
        ("ana", "7,Pump,Ana Ruiz,", hand_to_carl, {"ana", "carl", "nora", "rosa", "adele"}),
        ("ana", "7,Pump,Ana Ruiz,", move_to_south, {"ana", "nora", "rosa", "adele"}),
        ("ana", "7,Pump,Ana Ruiz,", lose_the_record, set()),
        (None, "7,Pump,Ana Ruiz,", nothing, {"ana", "mona", "rosa", "adele"}),
    ],
)
def test_it_is_known_to_whom_it_concerns(
    cast: Cast,
    tmp_path: Path,
    first: str | None,
    row: str,
    then: Callable[[Cast], None],
    known_to: set[str],
):
    text = f"{HEADINGS}{row}\n"
    if first is None:
        by_command(tmp_path, text)
    else:
        brings_in(getattr(cast, first), text)
    then(cast)
    names = ("ana", "ben", "carl", "mona", "nora", "rosa", "adele")
    assert {name for name in names if knows(cast.again(getattr(cast, name)))} == known_to


def knows(user: User) -> bool:
    """Whether the ledger has the deal 7 for somebody who imports."""
    run = ImportRun(
        mapping=mapping.of_content(
            {"system": "old", "companies": {"file": "a", "columns": {"name": "a"}}}
        ),
        batch=Batch(by=user),
        root=Team.objects.root(),
        now=NOW,
        reach=reach_of(user),
    )
    [(record,)] = select("SELECT " + ledger.record_of(DEALS, "'7'"), run.arguments)
    return record is not None


def by_command(folder: Path, text: str) -> None:
    (folder / "deals.csv").write_text(text)
    (folder / "map.toml").write_text(
        'system = "old"\n[deals]\nfile = "deals.csv"\n[deals.columns]\n'
        + "".join(f'{field} = "{column}"\n' for field, column in NAMED.items())
        + '[deals.stages]\n"" = { stage = "lead_generation" }\n'
    )
    brought_in(mapping.load(folder / "map.toml"), [folder], at=NOW, commit=True)


@pytest.mark.parametrize(
    ("kind", "model", "text", "other", "named"),
    [
        ("deals", Deal, "No,Title\n1,Pump\n2,Belt\n", "No,Title\n1,Lamp\n2,Belt\n", BARE),
        ("deals", Deal, "Title\nPump\nBelt\n", "Title\nLamp\nBelt\n", {"name": "Title"}),
        ("companies", Company, "No,Title\n1,Norte\n", "No,Title\n1,Sur\n", BARE),
        ("contacts", Contact, "No,Title\n1,Eva Sol\n", "No,Title\n1,Jon Mar\n", BARE),
    ],
)
def test_one_persons_import_neither_blocks_nor_swallows_anothers(
    cast: Cast, kind: str, model: type[Deal], text: str, other: str, named: dict[str, str]
):
    brings_in(cast.carl, text, kind=kind, **named)
    before = set(model.objects.values_list("pk", flat=True))

    job = brings_in(cast.ana, other, kind=kind, **named)

    made = model.objects.exclude(pk__in=before)
    assert job.counts["new"] == made.count() == other.count("\n") - 1
    assert job.counts["known"] == 0
    assert set(made.values_list("owner", flat=True)) == {cast.ana.pk}
    # Each is the own one from now on.
    for user, own in ((cast.carl, text), (cast.ana, other)):
        again = checked(user, uploaded(user, own, kind=kind), **named)
        assert (again.counts["new"], again.counts["known"]) == (0, own.count("\n") - 1)


def test_a_foreign_id_stands_for_the_record_of_the_own_ledger_or_the_organisations(cast: Cast):
    for user, name in ((cast.carl, "Sur"), (cast.ana, "Norte")):
        brings_in(user, f"No,Title\n17,{name}\n", kind="companies", **BARE)
    brings_in(cast.carl, "No,Title\n18,Carls\n", kind="companies", **BARE)
    brings_in(cast.adele, "No,Title\n19,Everybodys\n", kind="companies", **BARE)
    text = "Title,Company\nPump,17\nBelt,18\nLamp,19\n"
    job = checked(cast.ana, uploaded(cast.ana, text), name="Title", company="Company")
    loaded(cast.ana, job)
    found = dict(Deal.objects.values_list("name", "company__name"))
    # 18 is nobody's number whom she knows: a company that is called so, as the page makes them.
    assert found == {"Pump": "Norte", "Belt": "18", "Lamp": "Everybodys"}


def test_who_is_not_concerned_is_told_nothing_and_who_is_that_it_says_otherwise_now(cast: Cast):
    brings_in(cast.ana, f"{HEADINGS}7,Pump,Ana Ruiz,\n")
    less = "No,Title\n7,Pumpe\n8,Valve\n"
    for user, told in ((cast.ben, False), (cast.mona, True)):
        job = checked(user, uploaded(user, less), **BARE)
        assert ("What would change on record" in page(user, job)) == told
        assert (job.counts["new"], job.counts["changed"]) == (2 - told, told)


def test_a_manager_brings_in_anew_what_left_the_team(cast: Cast):
    brings_in(cast.ana, f"{HEADINGS}7,Pump,Ana Ruiz,\n")
    hand_to_carl(cast)
    brings_in(cast.mona, f"{HEADINGS}7,Pump,Ana Ruiz,\n")
    entries = ImportedRow.objects.order_by("pk").values_list("owner", "external_id")
    assert list(entries) == [(cast.ana.pk, "7"), (cast.mona.pk, "7")]
    assert Deal.objects.count() == 2


def test_an_entry_whose_record_is_gone_is_written_anew(cast: Cast):
    brings_in(cast.ana, "No,Title\n7,Pump\n", **BARE)
    lose_the_record(cast)
    brings_in(cast.ana, "No,Title\n7,Pump\n", **BARE)
    assert ImportedRow.objects.get().record_id == Deal.objects.latest("pk").pk


def test_the_one_ledger_that_there_was_is_carried_over_to_whose_it_is(cast: Cast):
    migration = importlib.import_module("crm.migrations.0032_ledgers_of_imports")
    owners: list[User | None] = []
    for by, owner in ((cast.ana, cast.ana), (cast.adele, None), (None, None)):
        enter(by)
        owners.append(owner)
    job = ImportJob.objects.create(
        owner=cast.mona, kind="files", name="a", size=1, columns=[], created_at=NOW, changed_at=NOW
    )
    job.batch = enter(cast.mona)
    job.save()
    with connection.cursor() as cursor:
        cursor.execute(migration.TO_WHO_IMPORTED)
    assert [row.owner for row in ImportedRow.objects.order_by("pk")] == [*owners, None]


def enter(by: User | None) -> Batch:
    batch = Batch.objects.create(kind=BatchKind.IMPORT, name="Old", by=by, at=NOW)
    number = str(ImportedRow.objects.count())
    ImportedRow.objects.create(
        system="old", kind="deals", external_id=number, record_id=1, created=True, batch=batch
    )
    return batch
