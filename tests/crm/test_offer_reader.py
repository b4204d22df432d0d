"""To whom an offer goes, also when the deal has no people yet; and from which customer a deal comes."""

import pytest
from django.test import Client

from crm.models import Company, Contact, Deal, Offer, Relationship, Source, SourceKind
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import make_company, make_contact, make_deal

SENT = {"kind": "verbal", "value": "5000"}


@pytest.fixture
def browser(client: Client, cast: Cast) -> Client:
    client.force_login(cast.ana)
    return client


@pytest.fixture
def company(cast: Cast) -> Company:
    return make_company(by=cast.ana)


@pytest.fixture
def deal(cast: Cast, company: Company) -> Deal:
    made = make_deal(by=cast.ana, company=company, stage=Stage.PROPOSAL)
    made.deal_contacts.all().delete()
    return made


def offered(browser: Client, deal: Deal, **said: object) -> Offer:
    response = browser.post(f"/deals/{deal.pk}/offers/", SENT | said)
    assert response.status_code == 302, response.content.decode()
    found: Offer = deal.offers.get()
    return found


def test_it_offers_the_people_of_the_company_and_lets_one_be_written(
    browser: Client, cast: Cast, deal: Deal, company: Company
):
    jordi = make_contact(by=cast.ana, company=company)
    make_contact(
        by=cast.ana, name="Of another company", company=make_company(by=cast.ana, name="Sur")
    )
    text = browser.get(f"/deals/{deal.pk}/offers/").content.decode()
    assert jordi.name in text
    assert "Of another company" not in text
    assert 'name="reader"' in text


def test_who_is_ticked_joins_the_deal(browser: Client, cast: Cast, deal: Deal, company: Company):
    jordi = make_contact(by=cast.ana, company=company)
    offer = offered(browser, deal, recipients=[jordi.pk])
    assert list(offer.recipients.all()) == list(deal.contacts.all()) == [jordi]


def test_who_is_written_is_made_once_with_the_company_and_joins_the_deal(
    browser: Client, deal: Deal, company: Company
):
    offer = offered(browser, deal, reader="Núria Vidal", reader_email="nuria@norte.test")
    (reader,) = offer.recipients.all()
    assert (reader.name, reader.company) == ("Núria Vidal", company)
    assert reader.points.get().value == "nuria@norte.test"
    assert list(deal.contacts.all()) == [reader]

    again = {"what_changed": "cheaper", "reader": "nuria vidal"}
    browser.post(f"/deals/{deal.pk}/offers/", SENT | again)
    assert Contact.objects.filter(name="Núria Vidal").count() == 1
    assert list(deal.offers.order_by("-revision")[0].recipients.all()) == [reader]


def test_a_refused_offer_makes_nobody(browser: Client, deal: Deal):
    said = SENT | {"reader": "Núria Vidal", "value": "many"}
    response = browser.post(f"/deals/{deal.pk}/offers/", said)
    assert response.status_code == 422
    assert "Núria Vidal" in response.content.decode()
    assert not Contact.objects.filter(name="Núria Vidal").exists()
    response = browser.post(f"/deals/{deal.pk}/offers/", SENT | {"reader_email": "n@norte.test"})
    assert response.status_code == 422


def test_somebody_of_another_company_is_refused(browser: Client, cast: Cast, deal: Deal):
    stranger = make_contact(by=cast.ana, company=make_company(by=cast.ana, name="Sur"))
    response = browser.post(f"/deals/{deal.pk}/offers/", SENT | {"recipients": [stranger.pk]})
    assert response.status_code == 422
    assert not deal.offers.exists()


# From which customer ------------------------------------------------------------------------------


@pytest.fixture
def existing(cast: Cast) -> Source:
    found: Source = Source.objects.filter(kind=SourceKind.EXISTING_CUSTOMER)[0]
    return found


def customer(cast: Cast, name: str = "Vega") -> Company:
    return make_company(by=cast.ana, name=name, relationship=Relationship.CUSTOMER)


def opened(browser: Client, **said: object) -> Deal | None:
    """The deal that the form makes, or None if it asks for more."""
    response = browser.post("/deals/new/", {"name": "Second line"} | said)
    assert response.status_code in (302, 422)
    return Deal.objects.filter(name="Second line").first()


def test_a_source_of_existing_customers_asks_which_one(
    browser: Client, cast: Cast, existing: Source
):
    vega = customer(cast)
    assert opened(browser, source=existing.pk) is None
    assert opened(browser, source=existing.pk, customer="Nobody knows") is None
    made = opened(browser, source=existing.pk, customer="vega")
    assert made is not None
    assert made.source_company == vega


def test_it_is_the_deals_own_company_where_that_bought_before(
    browser: Client, cast: Cast, existing: Source, company: Company
):
    assert opened(browser, source=existing.pk, company=company.pk) is None
    vega = customer(cast)
    made = opened(browser, source=existing.pk, company=vega.pk, company_name="Vega")
    assert made is not None
    assert made.source_company == made.company == vega


def test_the_page_of_a_customer_begins_with_it(browser: Client, cast: Cast, existing: Source):
    vega = customer(cast)
    form = browser.get(f"/deals/new/?company={vega.pk}&company_name=Vega").content.decode()
    assert f'<option value="{existing.pk}" selected' in form
    assert 'name="customer" value="Vega"' in form


def test_it_asks_where_the_source_of_a_deal_is_changed(
    browser: Client, cast: Cast, deal: Deal, existing: Source
):
    vega = customer(cast)
    url, said = f"/deals/{deal.pk}/edit/source/", {"source": str(existing.pk)}
    assert browser.post(url, said).status_code == 422
    assert browser.post(url, said | {"company_name": "Vega"}).status_code == 302
    deal.refresh_from_db()
    assert (deal.source, deal.source_company) == (existing, vega)
