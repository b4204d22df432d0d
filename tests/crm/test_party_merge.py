"""Two companies, or two people, that are one: everything goes over, and comes back."""

import datetime as dt
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.test import Client

from crm.commands import activity as activity_commands
from crm.commands import contact as contact_commands
from crm.commands import deal_take_back, party_merge
from crm.commands import party as party_commands
from crm.commands.writers.activity import About
from crm.events import PartyTakenIn
from crm.forms.party_merge import MergeForm
from crm.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    Deal,
    DealContact,
    ImportedRow,
    PartyChange,
    PartyKind,
    PartyMerge,
    SearchEntry,
    TouchPlan,
)
from crm.queries.duplicate_pairs import same_pairs
from pipeline.models import Batch, BatchKind
from salesprocess.lib.refused import Refused, Stale
from tests.conftest import Cast
from tests.factories import NOW, ago, make_company, make_contact, make_deal

pytestmark = pytest.mark.django_db


def rows(model: type[models.Model]) -> list[Any]:
    """All there is, but what counts changes and says when they were."""
    names = [
        field.attname
        for field in model._meta.concrete_fields
        if (model, field.name) != (SearchEntry, "id")
        and field.name not in ("version", "changed_at", "changed_by", "plain", "current")
    ]
    return sorted(model._base_manager.values_list(*names), key=str)


def world() -> dict[str, list[Any]]:
    left_out = (PartyChange, PartyMerge)
    return {
        model._meta.label: rows(model)
        for model in apps.get_app_config("crm").get_models()
        if not model._meta.proxy and model not in left_out
    }


@pytest.fixture
def pair(cast: Cast) -> tuple[Company, Company]:
    """Nordwind twice: the second one has everything that a company can have."""
    stays = make_company(name="Nordwind", by=cast.ana, owner=cast.ana, industry="Wind")
    goes = make_company(
        name="Nordwind GmbH",
        by=cast.ana,
        owner=cast.ana,
        industry="Energy",
        country="DE",
        employees=7,
    )
    child = make_company(name="Nordwind Service", by=cast.ana, owner=cast.ana, parent=goes)
    make_contact(name="Eva Sol", by=cast.ana, company=goes)
    make_deal(by=cast.ana, name="Pump", company=goes)
    make_deal(by=cast.ben, name="Of Ben", company=goes)
    Deal.objects.filter(name="Of Ben").update(source_company=goes)
    activity_commands.log(
        About(company=goes), kind=ActivityKind.CALL, body="Hello", by=cast.ana, at=ago(hours=2)
    )
    party_commands.hand_over(goes, to=cast.ben, by=cast.mona, at=ago(hours=1))
    goes.refresh_from_db()
    party_commands.hand_over(goes, to=cast.ana, by=cast.mona, at=ago(minutes=59))
    goes.refresh_from_db()
    batch = Batch.objects.create(kind=BatchKind.IMPORT, name="old", at=NOW)
    ImportedRow.objects.create(
        system="old",
        kind="companies",
        external_id="17",
        record_id=goes.pk,
        created=True,
        batch=batch,
    )
    assert child.parent == goes
    return stays, goes


def test_everything_goes_over_and_comes_back(cast: Cast, pair: tuple[Company, Company]):
    stays, goes = pair
    before, history = world(), PartyChange.objects.filter(company=goes).count()
    done = party_merge.merge(goes, into=stays, take=["industry", "country"], by=cast.ana, at=NOW)
    assert not Company.objects.filter(pk=goes.pk).exists()
    assert (stays.name, stays.industry, stays.country, stays.employees) == (
        "Nordwind",
        "Energy",
        "DE",
        None,
    )
    assert set(Deal.objects.values_list("company", flat=True)) == {stays.pk}
    assert Contact.objects.get().company == stays
    assert Activity.objects.get(body="Hello").company == stays
    assert Company.objects.get(name="Nordwind Service").parent == stays
    assert ImportedRow.objects.get().record_id == stays.pk
    assert PartyChange.objects.filter(company=stays, kind="owner").count() == history
    told = PartyChange.objects.get(company=stays, kind="party_taken_in")
    assert isinstance(told.event, PartyTakenIn)
    assert (told.by, told.event.party.name) == (cast.ana, "Nordwind GmbH")
    assert not SearchEntry.objects.filter(kind="company", record_id=goes.pk).exists()
    assert SearchEntry.objects.get(kind="contact").hint == "Nordwind"

    assert party_merge.unmerge(done, by=cast.ana, at=NOW) == 0
    assert world() == before
    assert PartyChange.objects.filter(company=goes, kind="owner").count() == history
    kinds = list(PartyChange.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds[-2:] == ["party_given_back", "unmerged"]
    with pytest.raises(PartyMerge.DoesNotExist):
        party_merge.unmerge(done, by=cast.ana, at=NOW)


def test_people_keep_each_address_once_and_their_place_on_a_deal(cast: Cast):
    ana = cast.ana
    deal, other = make_deal(by=ana, name="Pump"), make_deal(by=ana, name="Belt")
    stays = contact_commands.create(
        name="Eva Sol", by=ana, at=NOW, emails=["eva@a.example"], owner=ana
    )
    goes = contact_commands.create(
        name="Sol, Eva",
        by=ana,
        at=NOW,
        emails=["EVA@a.example", "eva@b.example"],
        job_title="Buyer",
        owner=ana,
    )
    DealContact.objects.create(deal=deal, contact=stays)
    DealContact.objects.create(deal=deal, contact=goes, role="decides")
    DealContact.objects.create(deal=other, contact=goes)
    before = world()
    done = party_merge.merge(goes, into=stays, take=["job_title"], by=ana, at=NOW)
    assert stays.job_title == "Buyer"
    assert list(stays.points.order_by("pk").values_list("value", flat=True)) == [
        "eva@a.example",
        "eva@b.example",
    ]
    places = DealContact.objects.order_by("deal__name").values_list("deal__name", "contact", "role")
    assert list(places) == [("Belt", stays.pk, "unknown"), ("Pump", stays.pk, "decides")]
    party_merge.unmerge(done, by=ana, at=NOW)
    assert world() == before


def test_of_what_there_can_be_one_the_one_that_stays_keeps_its_own(
    cast: Cast, pair: tuple[Company, Company]
):
    stays, goes = pair
    TouchPlan.objects.create(company=stays, months=3, changed_at=NOW)
    TouchPlan.objects.create(company=goes, months=6, changed_at=NOW)
    done = party_merge.merge(goes, into=stays, by=cast.ana, at=NOW)
    assert TouchPlan.objects.get().months == 3
    party_merge.unmerge(done, by=cast.ana, at=NOW)
    assert set(TouchPlan.objects.values_list("company", "months")) == {(stays.pk, 3), (goes.pk, 6)}


def test_what_moved_on_meanwhile_stays_where_it_is(cast: Cast, pair: tuple[Company, Company]):
    stays, goes = pair
    done = party_merge.merge(goes, into=stays, take=["industry"], by=cast.ana, at=NOW)
    elsewhere = make_company(name="Elsewhere", by=cast.ana, owner=cast.ana)
    Deal.objects.filter(name="Pump").update(company=elsewhere)
    Company.objects.filter(pk=stays.pk).update(industry="Water")
    assert party_merge.unmerge(done, by=cast.ana, at=NOW) == 1
    assert Deal.objects.get(name="Pump").company == elsewhere
    stays.refresh_from_db()
    assert stays.industry == "Water"


@pytest.mark.parametrize("deeper", [False, True])
def test_no_company_comes_to_belong_to_itself(cast: Cast, deeper: bool):
    top = make_company(name="Holding", by=cast.ana, owner=cast.ana)
    goes = make_company(name="Nordwind GmbH", by=cast.ana, owner=cast.ana, parent=top)
    between = (
        make_company(name="Between", by=cast.ana, owner=cast.ana, parent=goes) if deeper else goes
    )
    stays = make_company(name="Nordwind", by=cast.ana, owner=cast.ana, parent=between)
    done = party_merge.merge(goes, into=stays, take=["parent"], by=cast.ana, at=NOW)
    assert stays.parent == top
    if deeper:
        between.refresh_from_db()
        assert between.parent == stays
    party_merge.unmerge(done, by=cast.ana, at=NOW)
    stays.refresh_from_db()
    assert stays.parent == between


@pytest.mark.parametrize("take", [[], ["parent"]])
def test_it_belongs_to_what_was_chosen_also_where_that_is_none(cast: Cast, take: list[str]):
    top = make_company(name="Holding", by=cast.ana, owner=cast.ana)
    own = top if take else None
    stays = make_company(name="Nordwind", by=cast.ana, owner=cast.ana, parent=own)
    goes = make_company(
        name="Nordwind GmbH", by=cast.ana, owner=cast.ana, parent=None if own else top
    )
    done = party_merge.merge(goes, into=stays, take=take, by=cast.ana, at=NOW)
    assert stays.parent is None
    party_merge.unmerge(done, by=cast.ana, at=NOW)
    stays.refresh_from_db()
    assert stays.parent == own


@pytest.mark.parametrize("take", [[], ["company"]])
def test_it_comes_back_to_what_its_company_went_into(cast: Cast, take: list[str]):
    first, second, third = (
        make_company(name=name, by=cast.ana, owner=cast.ana) for name in ("Norte", "Sur", "Este")
    )
    stays = make_contact(name="Eva Sol", by=cast.ana, owner=cast.ana, company=first)
    goes = make_contact(name="E. Sol", by=cast.ana, owner=cast.ana, company=second)
    done = party_merge.merge(goes, into=stays, take=take, by=cast.ana, at=NOW)
    party_merge.merge(first if take else second, into=third, by=cast.ana, at=NOW)
    assert party_merge.unmerge(done, by=cast.ana, at=NOW) == 0
    stays.refresh_from_db()
    back = Contact.objects.get(pk=goes.pk)
    assert (stays.company, back.company) == ((third, second) if take else (first, third))


def test_a_place_on_a_deal_that_is_gone_stays_away(cast: Cast):
    deal = make_deal(by=cast.ana, at=NOW)
    stays = make_contact(name="Eva Sol", by=cast.ana, owner=cast.ana)
    goes = make_contact(name="E. Sol", by=cast.ana, owner=cast.ana)
    for person in (stays, goes):
        DealContact.objects.create(deal=deal, contact=person)
    done = party_merge.merge(goes, into=stays, by=cast.ana, at=NOW)
    deal_take_back.take_back(deal, by=cast.ana, at=NOW)
    assert not Deal.objects.exists()
    assert party_merge.unmerge(done, by=cast.ana, at=NOW) == 1
    assert Contact.objects.filter(pk=goes.pk).exists()


def test_a_company_comes_back_that_would_belong_to_its_own(cast: Cast):
    top = make_company(name="Holding", by=cast.ana, owner=cast.ana)
    goes = make_company(name="Nordwind GmbH", by=cast.ana, owner=cast.ana, parent=top)
    child = make_company(name="Service", by=cast.ana, owner=cast.ana, parent=goes)
    stays = make_company(name="Nordwind", by=cast.ana, owner=cast.ana)
    done = party_merge.merge(goes, into=stays, by=cast.ana, at=NOW)
    child.refresh_from_db()
    party_merge.merge(top, into=child, by=cast.ana, at=NOW)
    party_merge.unmerge(done, by=cast.ana, at=NOW)
    child.refresh_from_db()
    assert child.parent is not None
    assert (child.parent.pk, child.parent.parent) == (goes.pk, None)


def test_nobody_merges_what_is_not_theirs(cast: Cast, pair: tuple[Company, Company]):
    stays, goes = pair
    carls = make_company(name="Nordwind SA", by=cast.carl, owner=cast.carl)
    for one, other in ((carls, stays), (stays, carls)):
        with pytest.raises(Company.DoesNotExist):
            party_merge.merge(one, into=other, by=cast.ana, at=NOW)
    done = party_merge.merge(goes, into=stays, by=cast.ana, at=NOW)
    with pytest.raises(Company.DoesNotExist):
        party_merge.unmerge(done, by=cast.carl, at=NOW)
    with pytest.raises(Refused):
        party_merge.merge(stays, into=stays, by=cast.ana, at=NOW)


def test_it_says_who_was_faster_and_when_it_is_too_late(cast: Cast, pair: tuple[Company, Company]):
    stays, goes = pair
    with pytest.raises(Stale):
        party_merge.merge(goes, into=stays, by=cast.ana, at=NOW, version=stays.version + 1)
    with pytest.raises(Stale):
        party_merge.merge(goes, into=stays, by=cast.ana, at=NOW, gone_version=99)
    done = party_merge.merge(goes, into=stays, by=cast.ana, at=NOW)
    late = NOW + dt.timedelta(days=31)
    with pytest.raises(Refused, match="30 days"):
        party_merge.unmerge(done, by=cast.ana, at=late)
    party_merge.forget(at=late)
    assert PartyMerge.objects.get().kept == {}


def test_it_knows_every_table_that_refers_to_a_party():
    """A new one comes along by itself; what is unique with it is found."""
    found = {f"{model._meta.label}.{field}" for model, field in party_merge.references(Contact)}
    assert {
        "crm.DealContact.contact",
        "crm.Activity.contact",
        "privacy.ErasureNotice.contact",
    } <= found
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text FROM pg_constraint"
            " WHERE confrelid = 'crm_contact'::regclass AND contype = 'f'"
        )
        tables = {name for (name,) in cursor.fetchall()}
    known = {model._meta.db_table for model, _field in party_merge.references(Contact)}
    assert tables == known | {"crm_partychange"}


# Pages --------------------------------------------------------------------------------------------


@pytest.fixture
def client(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ana)
    return client


def test_the_page_shows_both_sides_merges_leads_on_and_undoes(
    cast: Cast, client: Client, pair: tuple[Company, Company]
):
    stays, goes = pair
    page = client.get(f"/companies/{stays.pk}/").content.decode()
    assert f'href="/companies/{stays.pk}/merge/?other={goes.pk}"' in page
    sheet = client.get(f"/companies/{stays.pk}/merge/?other={goes.pk}").content.decode()
    for told in ("Energy", "Wind", "1 deal", "1 person", "Turn it round"):
        assert told in sheet
    form = MergeForm(user=cast.ana, of=stays, other=goes)
    data = {name: form.initial[name] for name in form.fields} | {"industry": "comes"}
    assert form.initial["country"] == "comes"  # nothing was known
    response = client.post(f"/companies/{stays.pk}/merge/", data)
    assert response.status_code == 302, response.content.decode()
    stays.refresh_from_db()
    assert (stays.industry, stays.country) == ("Energy", "DE")
    led = client.get(f"/companies/{goes.pk}/")
    assert (led.status_code, led["Location"]) == (302, f"/companies/{stays.pk}/")
    page = client.get(f"/companies/{stays.pk}/").content.decode()
    assert "Nordwind GmbH is part of it" in page
    assert f'action="/companies/{goes.pk}/unmerge/"' in page
    client.post(f"/companies/{goes.pk}/unmerge/")
    assert client.get(f"/companies/{goes.pk}/").status_code == 200


def test_a_merged_one_leads_on_through_the_next(cast: Cast, client: Client):
    made = [make_contact(name=f"Eva {n}", by=cast.ana, owner=cast.ana) for n in range(3)]
    party_merge.merge(made[0], into=made[1], by=cast.ana, at=NOW)
    party_merge.merge(made[1], into=made[2], by=cast.ana, at=NOW)
    assert client.get(f"/contacts/{made[0].pk}/")["Location"] == f"/contacts/{made[2].pk}/"


def test_strangers_are_offered_nothing(cast: Cast, pair: tuple[Company, Company]):
    stays, goes = pair
    carl = Client()
    carl.force_login(cast.carl)
    assert "merge/" not in carl.get(f"/companies/{stays.pk}/").content.decode()
    assert carl.get(f"/companies/{stays.pk}/merge/?other={goes.pk}").status_code == 404
    assert carl.post(f"/companies/{stays.pk}/merge/", {"other": goes.pk}).status_code == 404
    party_merge.merge(goes, into=stays, by=cast.ana, at=NOW)
    assert carl.post(f"/companies/{goes.pk}/unmerge/").status_code == 404


def test_the_list_has_the_pairs_that_one_may_put_together(
    cast: Cast, client: Client, pair: tuple[Company, Company]
):
    make_company(name="Nordwind AG", by=cast.carl, owner=cast.carl)
    make_company(name="Other", by=cast.ana, owner=cast.ana)
    (found,) = same_pairs(cast.ana, PartyKind.COMPANY)
    assert ((found.one, found.other), found.more) == ((pair[0].pk, pair[1].pk), 0)
    assert same_pairs(cast.carl, PartyKind.COMPANY) == []
    assert same_pairs(cast.adele, PartyKind.COMPANY)[0].more == 1
    for name in ("Ida Moor", "Jon Mar"):
        contact_commands.create(
            name=name, by=cast.ana, at=NOW, emails=["info@a.example"], owner=cast.ana
        )
    (people,) = same_pairs(cast.ana, PartyKind.CONTACT)
    assert people.why == "point"
    page = client.get("/companies/same/").content.decode()
    assert f"/companies/{pair[0].pk}/merge/?other={pair[1].pk}" in page
    assert "Jon Mar" in client.get("/contacts/same/").content.decode()
