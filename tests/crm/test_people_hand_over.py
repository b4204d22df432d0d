"""Giving the open deals of one person to another, and who carries how many."""

import pytest

from crm.models import Contact, Deal
from pipeline.models import User
from pipeline.process.stages import Stage
from tests.factories import make_company, make_contact, make_deal, won_deal


@pytest.fixture
def deals(cast):
    """Ana's, with a customer of Mona's: what Ana leaves behind are these alone."""
    company = make_company(by=cast.mona, name="Mill AG")
    return [
        make_deal(by=cast.ana, name=f"Line {n}", stage=Stage(n), company=company) for n in (1, 3, 4)
    ]


@pytest.fixture
def address(cast):
    return f"/people/{cast.ana.pk}/hand-over/"


def signed_in(client, user):
    client.force_login(user)
    return client


def owners(deals):
    found = Deal.objects.filter(pk__in=[deal.pk for deal in deals]).order_by("pk")
    return [deal.owner for deal in found.select_related("owner")]


def ids(deals):
    return [deal.pk for deal in deals]


def test_it_hands_over_those_that_are_ticked(cast, client, deals, address):
    body = {"to": cast.ben.pk, "deals": ids(deals[:2]), "reason": "Ana leaves"}

    page = signed_in(client, cast.mona).post(address, body).content.decode()

    assert owners(deals) == [cast.ben, cast.ben, cast.ana]
    assert "2 were handed over." in page
    assert page.count("Handed over") == 2
    assert "1 open deal" in page
    assert deals[0].changes.get(kind="owner").reason == "Ana leaves"


def test_it_hands_over_what_somebody_left_behind(cast, client, deals, address):
    User.objects.filter(pk=cast.ana.pk).update(is_active=False)
    client = signed_in(client, cast.mona)
    told = client.get("/people/open-deals/", headers={"HX-Request": "true"}).content.decode()
    assert "Ana Ruiz is deactivated and owns 3 open deals, 2 contacts." in told

    people = Contact.objects.filter(owner=cast.ana)
    client.post(address, {"to": cast.ben.pk, "deals": ids(deals), "contacts": ids(people)})

    assert owners(deals) == [cast.ben] * 3
    told = client.get("/people/open-deals/", headers={"HX-Request": "true"}).content.decode()
    assert "deactivated" not in told


def test_it_says_of_each_row_what_became_of_it(cast, client, deals, address):
    foreign = make_deal(by=cast.carl, name="Secret of South")
    won = won_deal(by=cast.ana, name="Won already")
    body = {"to": cast.ben.pk, "deals": [deals[0].pk, foreign.pk, 999_999, won.pk]}

    page = signed_in(client, cast.mona).post(address, body).content.decode()

    assert owners(deals)[0] == cast.ben
    assert owners([foreign]) == [cast.carl]
    assert "Secret of South" not in page
    assert page.count("Not there any more, or not yours to see.") == 2


@pytest.mark.parametrize("name", ["nora", "ben", "carl"])
def test_it_is_nothing_to_those_who_do_not_see_the_deals(cast, client, deals, address, name):
    client = signed_in(client, getattr(cast, name))

    assert client.get(address).status_code == 404
    assert client.post(address, {"to": cast.ben.pk, "deals": ids(deals)}).status_code == 404
    assert client.get(f"/people/open-deals/?person={cast.ana.pk}").status_code == 404
    assert owners(deals) == [cast.ana] * 3


@pytest.mark.parametrize(
    ("to", "chosen"),
    [("carl", [0]), ("adele", [0]), ("ana", [0]), (None, [0]), ("ben", [])],
)
def test_it_refuses_a_person_out_of_reach_and_no_deals(cast, client, deals, address, to, chosen):
    body = {"to": getattr(cast, to).pk if to else "", "deals": [deals[n].pk for n in chosen]}

    response = signed_in(client, cast.mona).post(address, body)

    assert response.status_code == 422
    assert owners(deals) == [cast.ana] * 3


@pytest.mark.parametrize("value", ["x", "-1", "9" * 30, "١"])
def test_it_refuses_what_is_no_deal(cast, client, deals, address, value):
    response = signed_in(client, cast.mona).post(address, {"to": cast.ben.pk, "deals": [value]})

    assert response.status_code == 422


def test_it_counts_open_deals_in_ones_reach(cast, client, deals):
    make_deal(by=cast.carl)
    won_deal(by=cast.ana)

    def told(user, **options):
        return signed_in(client, user).get("/people/open-deals/", **options).content.decode()

    fragment = {"headers": {"HX-Request": "true"}}
    assert f'id="open-{cast.ana.pk}" hx-swap-oob="true">3 open' in told(cast.mona, **fragment)
    assert f"open-{cast.carl.pk}" not in told(cast.mona, **fragment)
    assert f'id="open-{cast.carl.pk}" hx-swap-oob="true">1 open' in told(cast.adele, **fragment)
    assert "Ana Ruiz" in told(cast.mona)


def test_it_tells_one_person_in_a_sentence(cast, client, deals):
    page = signed_in(client, cast.mona).get(f"/people/open-deals/?person={cast.ana.pk}")

    assert "3 open deals" in page.content.decode()


def test_it_asks_no_more_for_more_deals(
    cast, client, deals, address, django_assert_max_num_queries
):
    for number in range(30):
        make_deal(by=cast.ana, name=f"More {number}")
    client = signed_in(client, cast.mona)

    for page in (address, "/people/open-deals/"):
        with django_assert_max_num_queries(12):
            assert client.get(page).status_code == 200


@pytest.fixture
def parties(cast):
    """Two companies and a person that Ana looks after, and a company of Carl's."""
    return (
        [make_company(name=name, by=cast.ana, owner=cast.ana) for name in ("Norte SA", "Sur SA")],
        [make_contact(name="Jordi Puig", by=cast.ana, owner=cast.ana)],
        make_company(name="Este SA", by=cast.carl, owner=cast.carl),
    )


def test_it_tells_which_companies_and_contacts_somebody_left_behind(cast, client, parties):
    client = signed_in(client, cast.mona)
    told = client.get("/people/open-deals/", headers={"HX-Request": "true"}).content.decode()
    assert "deactivated" not in told

    client.post(f"/people/{cast.ana.pk}/deactivate/")

    told = client.get("/people/open-deals/", headers={"HX-Request": "true"}).content.decode()
    assert "Ana Ruiz is deactivated and owns 2 companies, 1 contact." in told
    assert f"/people/{cast.ana.pk}/hand-over/" in told
    told = client.get("/people/open-deals/", {"person": cast.ana.pk}).content.decode()
    assert "2 companies, 1 contact" in told


def test_it_hands_over_companies_and_contacts_with_a_result_for_each(
    cast, client, deals, parties, address
):
    (norte, sur), (jordi,), este = parties
    client = signed_in(client, cast.mona)
    page = client.get(address).content.decode()
    for words in ("Norte SA", "Sur SA", "Jordi Puig", "3 open deals"):
        assert words in page
    assert "Este SA" not in page
    body = {"to": cast.ben.pk, "companies": [norte.pk, este.pk], "contacts": [jordi.pk]}

    page = client.post(address, body).content.decode()

    assert "2 were handed over." in page
    assert "You may not change it." in page
    assert f'href="/companies/{norte.pk}/"' in page
    for record, owner in ((norte, cast.ben), (jordi, cast.ben), (sur, cast.ana), (este, cast.carl)):
        record.refresh_from_db()
        assert record.owner == owner
    assert owners(deals) == [cast.ana] * 3


def test_it_says_when_there_is_nothing(cast, client, address):
    page = signed_in(client, cast.mona).get(address).content.decode()

    assert "Ana Ruiz has nothing that you could hand over." in page
