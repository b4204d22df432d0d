import datetime as dt
import re
from collections.abc import Iterator

import pytest
import time_machine
from django.apps import apps
from django.core import mail
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from crm.commands import deal as deal_commands
from crm.models import Company, Deal, StageVisit
from demo import sample
from pipeline.models import Batch, BatchKind, OutboxRow, Team, User
from pipeline.process.stages import Outcome, Stage
from reports.forms import QuestionForm
from reports.populations import ENTRIES
from reports.stock_populations import OPEN
from salesprocess.lib.refused import Refused
from tests.conftest import Cast, make_cast
from tests.factories import NOW, make_company, make_contact, make_deal, plan_call

LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture(scope="module")
def added(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Cast]:
    """Once for all tests, each of which goes on in a savepoint: to add it costs a second."""
    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False), transaction.atomic():
        cast = make_cast()
        sample.add(by=cast.adele, at=NOW)
        connection.check_constraints()
        yield cast
        transaction.set_rollback(True)


@pytest.fixture
def cast(added: Cast, clock: time_machine.Traveller, db: None) -> Cast:
    return added


def test_it_fills_every_stage_in_the_organisations_currency_and_process(cast: Cast):
    deals = Deal.objects.filter(batch__kind=BatchKind.SAMPLE)
    assert 55 <= deals.count() <= 65
    assert set(deals.open().values_list("stage", flat=True)) == set(Stage)
    assert {Outcome.WON, Outcome.STOPPED} <= set(deals.values_list("outcome", flat=True))
    assert set(deals.values_list("currency", flat=True)) == {cast.root.currency}
    framework = cast.root.layer.current_id
    assert all(
        ids == [framework] for ids in StageVisit.objects.values_list("version_ids", flat=True)
    )


def test_nobody_of_it_can_sign_in_or_be_written_to(cast: Cast):
    people = User.objects.filter(batch__kind=BatchKind.SAMPLE)
    assert people.count() == 4
    assert not people.able_to_sign_in().exists()
    assert not people.exclude(email=None).exists()
    assert all("(sample)" in person.name for person in people)
    assert not OutboxRow.objects.exists()
    assert mail.outbox == []


def test_others_of_the_organisation_see_none_of_its_deals(cast: Cast):
    for person in (cast.rosa, cast.mona, cast.ana):
        assert not Deal.objects.visible_to(cast.again(person)).exists()


def test_it_comes_once(cast: Cast):
    with pytest.raises(Refused, match="already"):
        sample.add(by=cast.adele, at=LATER)


def test_it_leaves_nothing_but_what_is_ones_own(cast: Cast):
    own = make_deal(by=cast.ana)
    undone = sample.take_away(by=cast.adele, at=LATER)
    assert undone.kept == []
    assert Batch.objects.get().undone_at == LATER
    assert of_the_sample() == {}
    assert list(Deal.objects.all()) == [own]
    assert set(User.objects.all()) == set(cast.people)
    with pytest.raises(Refused, match="no sample data"):
        sample.take_away(by=cast.adele, at=LATER)


def test_what_was_changed_stays_and_it_can_come_again_beside_it(
    cast: Cast, clock: time_machine.Traveller
):
    clock.move_to(LATER)
    changed = Deal.objects.open().exclude(owner=None).order_by("pk")[0]
    deal_commands.edit(changed, name="Ours now", by=cast.adele, at=LATER)
    kept = sample.take_away(by=cast.adele, at=LATER).kept
    assert ("deal", "Ours now") in {(record.kind, record.name) for record in kept}
    assert list(Deal.objects.all()) == [changed]
    sample.add(by=cast.adele, at=LATER)
    assert Deal.objects.filter(batch=Batch.objects.sample()).count() > 50
    assert Team.objects.filter(parent=cast.root, batch__isnull=False).count() == 2


def test_it_leaves_the_companies_that_an_own_deal_is_with(cast: Cast):
    company = Company.objects.filter(batch__isnull=False)[0]
    make_deal(by=cast.ana, company=company)
    sample.take_away(by=cast.adele, at=LATER)
    assert company in Company.objects.all()


def test_its_records_say_what_they_are(cast: Cast, client: Client):
    own = make_deal(by=cast.ana, company=make_company(by=cast.ana))
    client.force_login(cast.adele)
    sampled = Deal.objects.filter(batch=Batch.objects.sample()).exclude(company=None)[0]
    mark = '<span class="chip ghost">sample</span>'
    for record, marked in (
        (sampled, True),
        (sampled.company, True),
        (own, False),
        (own.company, False),
    ):
        assert record is not None
        kind = "deal" if isinstance(record, Deal) else "company"
        shown = client.get(reverse(f"crm:{kind}", args=[record.pk])).content.decode()
        assert (mark in shown) is marked
    assert "with sample data" in client.get(reverse("crm:board")).content.decode()
    sample.take_away(by=cast.adele, at=LATER)
    assert "with sample data" not in client.get(reverse("crm:board")).content.decode()


ROWS = {
    "/board/": r'<li class="deal.*?</li>',
    **{
        f"/{name}/": r'<tr[^>]*>\s*<t[dh] (?:class="tick"|scope="row").*?</tr>'
        for name in ("leads/list", "opportunities", "deals", "companies", "contacts", "activities")
    },
    "/search/?q=gmbh": r"<li>.*?</li>",
}


@pytest.mark.parametrize("address", ROWS)
def test_each_row_says_that_it_is_sample_data_and_no_other_does(
    cast: Cast, client: Client, address: str
):
    company = make_company(by=cast.ana, name="0 Own GmbH")
    contact = make_contact(by=cast.ana, company=company, name="0 Own")
    for stage in (Stage.PROSPECTING, Stage.PROPOSAL):
        plan_call(
            make_deal(by=cast.ana, name="0 Own", contact=contact, stage=stage),
            by=cast.ana,
            due_on=NOW.date(),
        )
    client.force_login(cast.adele)
    page = client.get(address).content.decode()
    rows = re.findall(ROWS[address], page, re.DOTALL)
    marked = ['<span class="chip ghost">sample</span>' in row for row in rows]
    assert set(marked) == {True, False}
    assert marked == ["0 Own" not in row for row in rows]


def test_the_rows_behind_a_number_say_that_they_are_sample_data(cast: Cast, client: Client):
    make_deal(by=cast.ana, stage=Stage.PROSPECTING)
    client.force_login(cast.adele)
    team = Team.objects.get(batch=Batch.objects.sample())
    for of, is_sample in ((f"&team={team.pk}", True), ("", False)):
        for slug in ("open_deals", "entered"):
            path = reverse("reports:rows", args=[slug])
            address = f"{path}?span=year&by=stage&of=2{of}"
            rows = client.get(address).content.decode().partition("<tbody>")[2]
            marked = rows.count('<span class="chip ghost">sample</span>')
            assert rows.count("<tr>") > 0
            assert marked == (rows.count("<tr>") if is_sample else 0)


def test_the_reports_leave_it_out_once_there_are_deals_of_ones_own(cast: Cast, client: Client):
    client.force_login(cast.adele)
    url, said = reverse("reports:page", args=["funnel"]), "without the sample data"
    team = Team.objects.get(batch=Batch.objects.sample())
    assert said not in client.get(url).content.decode()

    make_deal(by=cast.ana)
    reader = cast.again(cast.adele)
    today = NOW.date()
    everything = QuestionForm(QueryDict("span=year"), reader=reader, today=today).question()
    assert OPEN.find(everything).count() == 1
    assert all(visit.deal.batch_id is None for visit in ENTRIES.find(everything))
    of_team = QuestionForm(QueryDict(f"span=year&team={team.pk}"), reader=reader, today=today)
    assert OPEN.find(of_team.question()).count() == 35
    assert said in client.get(url).content.decode()
    assert said not in client.get(f"{url}?team={team.pk}").content.decode()


def of_the_sample() -> dict[str, int]:
    """How many records of which kind carry the mark of a batch."""
    models = [
        model for app in ("pipeline", "crm") for model in apps.get_app_config(app).get_models()
    ]
    found = {
        str(model._meta.label): model._default_manager.filter(batch__isnull=False).count()
        for model in models
        if any(field.name == "batch" for field in model._meta.concrete_fields)
    }
    return {label: count for label, count in found.items() if count}
