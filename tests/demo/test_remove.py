import datetime as dt
from collections.abc import Iterator
from io import StringIO

import pytest
import time_machine
from django.apps import apps
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from crm.commands import activity as activity_commands
from crm.commands import company as company_commands
from crm.commands import contact as contact_commands
from crm.commands import deal as deal_commands
from crm.commands.writers.activity import About
from crm.models import ActivityKind, Company, Contact, Deal, StageVisit
from demo import filling
from exchange.commands import batch as batch_commands
from exchange.commands.batch import KeptRecord
from pipeline.models import Batch, BatchKind, Role, Team, User
from pipeline.process.stages import Initiator
from tests.demo.filled import filled
from tests.factories import NOW, cause_named

LATER = NOW + dt.timedelta(hours=1)
CHANGED, USED = "changed since", "used by a record that stays"


@pytest.fixture(scope="module")
def organisation(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), filled(closed=40):
        yield


@pytest.fixture(autouse=True)
def admin(organisation: None, clock: time_machine.Traveller, db: None) -> User:
    clock.move_to(LATER)
    admin: User = User.objects.get(role=Role.ADMIN)
    return admin


def test_it_leaves_nothing_but_the_lists_that_every_organisation_starts_with():
    assert remove() == []
    left = {
        model._meta.model_name
        for app in ("pipeline", "crm")
        for model in apps.get_app_config(app).get_models()
        if model._default_manager.exists()
    }
    assert left == {"batch", "source", "method", "stopcause"}
    assert Batch.objects.get().undone_at == LATER


def test_it_has_nothing_to_do_the_second_time():
    remove()
    out = StringIO()
    call_command("demo", remove=True, stdout=out)
    assert "no sample data" in out.getvalue()


def test_it_can_be_filled_again_afterwards():
    before = Deal.objects.count()
    remove()
    filling.fill(at=LATER, closed=40)
    assert Deal.objects.count() == pytest.approx(before, abs=10)


def test_it_keeps_a_deal_that_was_changed_with_all_that_it_stands_on(admin: User):
    deal = open_deal()
    deal_commands.edit(deal, name="Ours now", by=admin, at=LATER)
    kept = {(record.kind, record.name): record.why for record in remove()}
    assert kept["deal", "Ours now"] == CHANGED
    assert kept["company", str(deal.company)] == USED
    assert kept["user", str(deal.owner)] == USED
    assert kept["team", str(deal.team)] == USED
    assert kept["team", str(Team.objects.root())] == USED
    assert list(Deal.objects.all()) == [deal]
    assert deal.visits.exists()
    assert [company.pk for company in Company.objects.all()] == [deal.company_id]
    # Each team that stays has the manager it had, and everybody who stays a team.
    assert Team.objects.get(pk=deal.team_id).manager is not None
    assert not User.objects.filter(role=Role.SALESPERSON, team=None).exists()


def test_it_keeps_a_deal_on_which_somebody_logged_something(admin: User):
    deal = open_deal()
    activity_commands.log(
        About(deal=deal), kind=ActivityKind.NOTE, body="Real.", by=admin, at=LATER
    )
    remove()
    assert list(Deal.objects.all()) == [deal]


def test_it_keeps_a_deal_that_was_stopped_since(admin: User):
    deal = open_deal()
    deal_commands.stop(
        deal,
        initiator=Initiator.US,
        cause=cause_named("withdrawn"),
        by=admin,
        at=LATER,
    )
    remove()
    assert list(Deal.objects.all()) == [deal]
    assert set(StageVisit.objects.values_list("deal_id", flat=True)) == {deal.pk}


def test_it_keeps_the_company_of_an_own_deal(admin: User):
    company = Company.objects.filter(parent__isnull=False)[0]
    own = deal_commands.open(name="Own", company=company, by=admin, at=LATER)
    kept = remove()
    assert list(Deal.objects.all()) == [own]
    # With its parent, which it would be nothing without.
    assert {r.name for r in kept if r.kind == "company"} == {str(company), str(company.parent)}
    assert admin in User.objects.all()


def test_it_keeps_a_contact_that_was_changed(admin: User):
    contact = Contact.objects.all()[0]
    contact_commands.edit(
        contact,
        name="Somebody Real",
        job_title="",
        company=contact.company,
        emails=[],
        phones=[],
        by=admin,
        at=LATER,
    )
    remove()
    assert [c.name for c in Contact.objects.all()] == ["Somebody Real"]
    assert [c.pk for c in Company.objects.all()] == [contact.company_id]


def test_it_keeps_a_person_who_set_a_password(admin: User):
    admin.set_password("a word of my own")
    admin.save(update_fields=["password"])
    kept = remove()
    assert [(r.kind, r.name, r.why) for r in kept if r.kind == "user"] == [
        ("user", admin.name, CHANGED)
    ]
    assert Team.objects.get() == Team.objects.root()


def test_it_keeps_records_of_the_organisation_itself(admin: User):
    company_commands.create(name="Own Ltd", by=admin, at=LATER)
    remove()
    assert [c.name for c in Company.objects.all()] == ["Own Ltd"]


def test_the_command_lists_what_it_kept(admin: User):
    deal = open_deal()
    deal_commands.edit(deal, name="Ours now", by=admin, at=LATER)
    out = StringIO()
    call_command("demo", remove=True, stdout=out)
    assert f"deal {deal.pk} Ours now: changed since" in out.getvalue()


def remove() -> list[KeptRecord]:
    batch = Batch.objects.get(kind=BatchKind.DEMO, undone_at=None)
    return batch_commands.undo(batch, by=None, at=LATER).kept


def open_deal() -> Deal:
    return Deal.objects.open().exclude(owner=None).exclude(company=None).order_by("pk")[0]
