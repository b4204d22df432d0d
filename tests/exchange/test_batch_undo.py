"""Taking back an import: what nobody touched goes, what changed stays and is listed."""

import datetime as dt
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from crm.commands import activity as activity_commands
from crm.commands import concern as concerns
from crm.commands import deal_move as move_commands
from crm.commands import need as needs
from crm.commands import offer as offers
from crm.commands.writers.activity import About
from crm.commands.writers.concern import ConcernInput, DispositionInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.models import (
    Activity,
    ActivityKind,
    Company,
    Concern,
    ConcernCategory,
    Contact,
    Deal,
    Disposition,
    ImportedRow,
    OfferKind,
    Product,
    SearchEntry,
    StageVisit,
)
from exchange.commands import batch as batch_commands
from exchange.commands.undoable import UNDOABLE, Undoable
from exchange.imports import mapping
from pipeline.models import Batch, Team, User
from pipeline.people.commands import people, team
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.exchange.uploads import brought_in
from tests.factories import NOW, make_company, make_deal
from tests.factories import won_deal as make_won_deal

pytestmark = pytest.mark.django_db

MAPPING = """
system = "old"
[people]
file = "people.csv"
columns = { name = "who", manager = "boss", office = "place" }
[products]
file = "products.csv"
columns = { name = "product" }
[companies]
file = "companies.csv"
columns = { name = "company" }
[deals]
file = "deals.csv"
make = ["contact"]
columns = { id = "id", company = "company", contact = "person", email = "mail", product = "product", owner = "who", stage = "stage", closed_on = "closed" }
stages = { new = { stage = "lead_generation" }, won = { stage = "closing", outcome = "won" } }
"""
FILES = {
    "people.csv": "who,boss,place\nLena,Maria,Linz\nOtto,Maria,Linz\n",
    "products.csv": "product\nPump\nValve\n",
    "companies.csv": "company\nAlfa\nBeta\n",
    "deals.csv": (
        "id,company,person,mail,product,who,stage,closed\n"
        "1,Alfa,Ada,ada@alfa.test,Pump,Lena,new,\n"
        "2,Beta,Bob,bob@beta.test,Valve,Otto,won,2026-03-02\n"
    ),
}
IMPORTED = (Deal, Contact, Company, Product, User, Team, StageVisit, SearchEntry, ImportedRow)


def bring_in(folder: Path) -> Batch:
    (folder / "map.toml").write_text(MAPPING)
    for name, content in FILES.items():
        (folder / name).write_text(content)
    result = brought_in(mapping.load(folder / "map.toml"), [folder], at=NOW, commit=True)
    assert result.faults == []
    assert result.batch is not None
    return result.batch


def counts() -> list[int]:
    return [model._default_manager.count() for model in IMPORTED]


def test_it_leaves_nothing_of_an_untouched_import(cast: Cast, tmp_path: Path):
    make_deal(by=cast.ana, company="Gamma")
    before = counts()
    batch = bring_in(tmp_path)
    assert counts() != before

    undone = batch_commands.undo(batch, by=cast.adele, at=NOW)

    assert counts() == before
    assert undone.kept == []
    assert undone.deleted == {
        "deals": 2,
        "contacts": 2,
        "companies": 2,
        "products": 2,
        "users": 3,
        "teams": 2,
    }
    assert batch.undone_at == NOW


def test_it_keeps_a_deal_that_was_worked_on_and_what_it_refers_to(cast: Cast, tmp_path: Path):
    batch = bring_in(tmp_path)
    kept_deal = Deal.objects.get(company__name="Alfa")
    move_commands.advance(kept_deal, to=Stage.PROSPECTING, by=cast.adele, at=batch.at)
    Deal.objects.filter(pk=kept_deal.pk).update(changed_at=NOW.replace(hour=11))

    undone = batch_commands.undo(batch, by=cast.adele, at=NOW)

    assert [(kept.kind, kept.name, kept.why) for kept in undone.kept] == [
        ("deal", "Alfa · Pump", "changed since"),
        ("contact", "Ada", "used by a record that stays"),
        ("company", "Alfa", "used by a record that stays"),
        ("product", "Pump", "used by a record that stays"),
        ("user", "Lena", "used by a record that stays"),
        ("user", "Maria", "used by a record that stays"),
        ("team", "Linz", "used by a record that stays"),
        ("team", "Team Maria", "used by a record that stays"),
    ]
    assert kept_deal.visits.count() == 2
    assert not Deal.objects.filter(company__name="Beta").exists()
    # What stays is still known, so that the same files bring in only what went.
    result = brought_in(mapping.load(tmp_path / "map.toml"), [tmp_path], at=NOW, commit=True)
    assert (result.counts["deals"].known, result.counts["deals"].new) == (1, 1)


def test_it_keeps_people_and_teams_that_somebody_changed(cast: Cast, tmp_path: Path):
    batch = bring_in(tmp_path)
    later = NOW + dt.timedelta(hours=1)
    linz = Team.objects.get(name="Linz")
    team.change(linz, name="Linz West", parent=linz.parent, manager=None, by=cast.adele, at=later)
    lena = User.objects.get(name="Lena")
    people.change(lena, name="Lena Auer", by=cast.adele, at=later)

    undone = batch_commands.undo(batch, by=cast.adele, at=later)

    assert [(each.name, each.why) for each in undone.kept] == [
        ("Lena Auer", "changed since"),
        ("Maria", "used by a record that stays"),
        ("Linz West", "changed since"),
        ("Team Maria", "used by a record that stays"),
    ]
    assert undone.deleted["users"] == 1


def test_it_makes_a_company_on_record_what_it_was_before(cast: Cast, tmp_path: Path):
    beta = make_company(by=cast.ana, name="beta")
    batch = bring_in(tmp_path)
    beta.refresh_from_db()
    assert beta.relationship == "customer"

    batch_commands.undo(batch, by=cast.adele, at=NOW)

    beta.refresh_from_db()
    assert beta.relationship == "never_bought"
    assert not Company.objects.filter(name="Alfa").exists()


def test_it_leaves_a_customer_who_bought_otherwise_too(cast: Cast, tmp_path: Path):
    beta = make_company(by=cast.ana, name="Beta")
    batch = bring_in(tmp_path)
    make_won_deal(by=cast.ana, company=beta)

    batch_commands.undo(batch, by=cast.adele, at=NOW)

    beta.refresh_from_db()
    assert beta.relationship == "customer"


def test_it_keeps_a_company_that_somebody_has_an_activity_with(cast: Cast, tmp_path: Path):
    batch = bring_in(tmp_path)
    alfa = Company.objects.get(name="Alfa")
    Activity.objects.create(
        kind=ActivityKind.CALL, company=alfa, owner=cast.ana, done_at=NOW, created_at=NOW
    )

    undone = batch_commands.undo(batch, by=cast.adele, at=NOW)

    assert [kept.name for kept in undone.kept] == ["Alfa"]
    assert Company.objects.filter(pk=alfa.pk).exists()


def test_it_keeps_a_deal_with_what_somebody_logged_on_it(cast: Cast, tmp_path: Path):
    batch = bring_in(tmp_path)
    deal = Deal.objects.get(company__name="Alfa")
    # In the very instant of the batch: only the activity tells.
    activity_commands.log(
        About(deal=deal), kind=ActivityKind.NOTE, body="Mine.", by=cast.adele, at=batch.at
    )

    batch_commands.undo(batch, by=cast.adele, at=NOW)

    assert list(Deal.objects.all()) == [deal]
    assert deal.activities.get().body == "Mine."


def test_it_lets_another_import_bring_in_again_what_both_had(cast: Cast, tmp_path: Path):
    batch = bring_in(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "companies.csv").write_text("company\nAlfa\n")
    (other / "map.toml").write_text(
        'system = "new"\n[companies]\nfile = "companies.csv"\ncolumns = { name = "company" }\n'
    )
    brought_in(mapping.load(other / "map.toml"), [other], at=NOW, commit=True)
    batch_commands.undo(batch, by=cast.adele, at=NOW)
    assert not Company.objects.filter(name="Alfa").exists()

    result = brought_in(mapping.load(other / "map.toml"), [other], at=NOW, commit=True)

    assert (result.counts["companies"].known, result.counts["companies"].new) == (0, 1)
    assert Company.objects.filter(name="Alfa").exists()


def test_it_is_done_once(cast: Cast, tmp_path: Path):
    batch = bring_in(tmp_path)
    batch_commands.undo(batch, by=cast.adele, at=NOW)
    with pytest.raises(Refused, match="already"):
        batch_commands.undo(batch, by=cast.adele, at=NOW)


def test_it_leaves_history_frozen_again(cast: Cast, tmp_path: Path):
    make_won_deal(by=cast.ana)
    batch_commands.undo(bring_in(tmp_path), by=cast.adele, at=NOW)
    with (
        pytest.raises(IntegrityError, match="history"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM crm_stagevisit")


def record(deal: Deal, by: User) -> Concern:
    """A need, an offer for it and a concern, written down when the deal came in."""
    need = needs.add(deal, NeedInput(words="Pallets warm up"), by=by, at=NOW)
    lines = [OfferLineInput(what="Sensors", need=need)]
    recipients = list(deal.contacts.all())
    said: dict[str, Any] = {"kind": OfferKind.VERBAL, "lines": lines, "recipients": recipients}
    offers.make(deal, OfferInput(value=Decimal(5), **said), by=by, at=NOW)
    raised: dict[str, Any] = {"category": ConcernCategory.PRICE, "after_price": True}
    concern = concerns.add(deal, ConcernInput(words="Too dear", **raised), by=by, at=NOW)
    answered: dict[str, Any] = {"disposition": Disposition.ANSWERED, "response": "Not in two years"}
    concerns.settle(concern, DispositionInput(**answered), by=by, at=NOW)
    return concern


def test_it_keeps_and_lists_a_deal_of_which_something_was_written_down(cast: Cast, tmp_path: Path):
    batch = bring_in(tmp_path)
    deal = Deal.objects.get(company__name="Alfa")
    record(deal, cast.adele)
    Deal.objects.filter(pk=deal.pk).update(changed_at=NOW.replace(hour=11))
    undone = batch_commands.undo(batch, by=cast.adele, at=NOW)

    assert ("deal", "changed since") in [(kept.kind, kept.why) for kept in undone.kept]
    assert deal.needs.exists()
    assert deal.offers.get().lines.exists()


def test_it_takes_what_came_in_with_a_deal_and_forgets_that_it_was_of_use(
    cast: Cast, tmp_path: Path
):
    batch = bring_in(tmp_path)
    used = record(Deal.objects.get(company__name="Alfa"), cast.adele)
    other = record(make_deal(by=cast.ana), cast.ana)
    again: dict[str, Any] = {"disposition": Disposition.ANSWERED, "response": "As they do"}
    concerns.settle(other, DispositionInput(**again, used=used), by=cast.ana, at=NOW)
    undone = batch_commands.undo(batch, by=cast.adele, at=NOW)

    assert undone.deleted["deals"] == 2
    other.refresh_from_db()
    assert (other.used, other.response) == (None, "As they do")
    connection.check_constraints()


@pytest.mark.parametrize("kind", [*chain(*UNDOABLE)], ids=lambda kind: kind.model.__name__)
def test_all_that_belongs_to_a_record_is_named_to_go_with_it(kind: Undoable):
    named = {label for label, _path in kind.parts}
    assert named >= {
        relation.related_model._meta.label
        for model in (kind.model, *(apps.get_model(label) for label in named))
        for relation in model._meta.get_fields(include_hidden=True)
        if getattr(relation, "on_delete", None) is models.CASCADE
        and not (model is Activity or relation.related_model._meta.proxy)
    }
