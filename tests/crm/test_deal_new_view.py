"""Quick create: one name is enough; what is on record already is shown and never in the way."""

import datetime as dt
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import Company, Contact, Deal
from pipeline.process.playbook import Importance
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.crm.truth import faults_of
from tests.factories import make_company, make_contact, make_deal
from tests.pipeline.process import in_force, row

NEW = "/deals/new/"


def create(client: Client, **said: Any) -> Deal:
    response = client.post(NEW, said)
    assert response.status_code == 302, response.content.decode()
    return Deal.objects.get(pk=response["Location"].strip("/").split("/")[-1])


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("name", "Line 3"),
        ("company_name", "Norte SA"),
        ("person", "Petra Voss"),
        ("email", "petra@vega.test"),
    ],
)
def test_it_takes_one_name(client: Client, cast: Cast, field: str, name: str):
    client.force_login(cast.ana)
    deal = create(client, **{field: name})
    assert deal.name == name
    assert (deal.owner, deal.team, deal.stage) == (cast.ana, cast.north, Stage.LEAD_GENERATION)


def test_it_takes_everything_else_too(client: Client, cast: Cast):
    client.force_login(cast.ana)
    deal = create(
        client,
        name="Line 3",
        company_name="Norte SA",
        person="Petra Voss",
        email="petra@norte.test",
        phone="+34 600 000 000",
        value="48 000",
        stage="3",
        asks="talk",
        talk_kind="call",
        source_detail="the fair",
        owner=f"u{cast.ben.pk}",
    )
    assert deal.company is not None
    assert deal.company.name == "Norte SA"
    assert deal.amount == Decimal(48000)
    assert (deal.stage, deal.owner, deal.source_detail) == (3, cast.ben, "the fair")
    contact = deal.contacts.get()
    assert contact.company == deal.company
    assert {point.value for point in contact.points.all()} == {"petra@norte.test", "+34600000000"}


def test_it_puts_a_deal_into_the_teams_pool(client: Client, cast: Cast):
    client.force_login(cast.ana)
    deal = create(client, name="Line 3", owner=f"t{cast.north.pk}")
    assert (deal.owner, deal.team) == (None, cast.north)


@pytest.mark.parametrize("owner", ["carl", "south"])
def test_it_offers_owners_in_reach_only(client: Client, cast: Cast, owner: str):
    client.force_login(cast.ana)
    page = client.get(NEW).content.decode()
    assert "Ben Okoro" in page
    assert "Carl Meier" not in page
    key = f"u{cast.carl.pk}" if owner == "carl" else f"t{cast.south.pk}"
    assert client.post(NEW, {"name": "x", "owner": key}).status_code == 422
    assert not Deal.objects.exists()


@pytest.mark.parametrize(
    "said", [{}, {"name": " "}, {"name": "x", "value": "much"}, {"name": "x", "email": "no"}]
)
def test_it_says_what_is_wrong_and_creates_nothing(
    client: Client, cast: Cast, said: dict[str, str]
):
    client.force_login(cast.ana)
    assert client.post(NEW, said).status_code == 422
    assert not Deal.objects.exists()
    assert not Company.objects.exists()
    assert not Contact.objects.exists()


def test_it_goes_to_the_deal_when_htmx_asked(client: Client, cast: Cast):
    client.force_login(cast.ana)
    response = client.post(NEW, {"name": "Line 3"}, headers={"hx-request": "true"})
    assert response["HX-Redirect"] == Deal.objects.get().get_absolute_url()


def test_it_asks_strangers_to_sign_in(client: Client, db: None):
    for path in (NEW, NEW + "alike/", "/companies/pick/", "/contacts/pick/", "/products/pick/"):
        assert client.get(path)["Location"].startswith("/accounts/login/")


def alike(client: Client, **typed: str) -> str:
    text: str = client.get(NEW + "alike/", typed).content.decode()
    return text


@pytest.mark.parametrize(
    "typed", ["Norte", "norte s.a.", "NORTE GmbH", "nor", "no", "Nortte SA", "Norte Servicios"]
)
def test_it_finds_companies_of_a_similar_name(client: Client, cast: Cast, typed: str):
    make_company(by=cast.carl, name="Norte SA")
    make_company(by=cast.carl, name="Vega Lebensmittel")
    client.force_login(cast.ana)
    found = alike(client, company_name=typed)
    assert "Norte SA" in found
    assert "Vega" not in found


@pytest.mark.parametrize("typed", ["\0\0\0", "no\0rte", "%__%", "'; --", "'" * 300, "ﬁ" * 90])
def test_it_survives_whatever_is_typed(client: Client, cast: Cast, typed: str):
    make_company(by=cast.carl, name="Norte SA")
    client.force_login(cast.ana)
    fields = ("company_name", "person", "email", "phone")
    answer = client.get(NEW + "alike/", dict.fromkeys(fields, typed))
    assert answer.status_code == (400 if "\0" in typed else 200)


def test_it_puts_the_same_name_first(client: Client, cast: Cast):
    for name in ("Norte Servicios SA", "Norte Sur", "Norte S.A.", "Nortel"):
        make_company(by=cast.carl, name=name)
    client.force_login(cast.ana)
    found = alike(client, company_name="norte")
    assert found.index("Norte S.A.") < min(found.index("Norte Sur"), found.index("Nortel"))


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"email": " JORDI@norte.test"}, "same e-mail"),
        ({"phone": "0664 123 45 67"}, "same phone"),
        ({"person": "Jordi Plá"}, "similar name"),
    ],
)
def test_it_finds_people_by_address_number_and_name(
    client: Client, cast: Cast, typed: dict[str, str], why: str
):
    make_contact(
        by=cast.carl, name="Jordi Pla", emails=["jordi@norte.test"], phones=["+43 664 1234567"]
    )
    make_contact(by=cast.carl, name="Horst Brandt", emails=["h@vega.test"])
    client.force_login(cast.ana)
    found = alike(client, **typed)
    assert "Jordi Pla" in found
    assert why in found
    assert "Horst" not in found


def test_it_shows_open_deals_of_that_company_in_sight_only(client: Client, cast: Cast):
    norte = make_company(by=cast.carl, name="Norte SA")
    make_deal(by=cast.ana, name="Mine of them", company=norte)
    make_deal(by=cast.carl, name="Secret of another team", company=norte)
    client.force_login(cast.ana)
    found = alike(client, company_name="Norte")
    assert "Mine of them" in found
    assert "Secret" not in found
    client.force_login(cast.rosa)
    assert "Secret" in alike(client, company_name="Norte")


def test_it_shows_no_address_of_an_owner(client: Client, cast: Cast):
    make_company(by=cast.carl, name="Norte SA", owner=cast.carl)
    client.force_login(cast.ana)
    found = alike(client, company_name="Norte")
    assert "Carl Meier" in found
    assert "seven.test" not in found


def test_it_uses_the_one_that_was_chosen(client: Client, cast: Cast):
    norte = make_company(by=cast.carl, name="Norte SA")
    jordi = make_contact(by=cast.carl, name="Jordi Pla", company=norte)
    client.force_login(cast.ana)
    deal = create(client, company_name="nort", company=norte.pk, person="jor", contact=jordi.pk)
    assert deal.company == norte
    assert deal.contacts.get() == jordi
    assert (Company.objects.count(), Contact.objects.count()) == (1, 1)


def test_it_never_stands_in_the_way_of_a_new_one(client: Client, cast: Cast):
    make_company(by=cast.carl, name="Norte SA")
    client.force_login(cast.ana)
    deal = create(client, company_name="Norte SA", company="")
    assert deal.company is not None
    assert Company.objects.filter(name="Norte SA").count() == 2


@pytest.mark.parametrize("field", ["company", "contact"])
@pytest.mark.parametrize("value", ["999999", "x", "-1"])
def test_it_refuses_one_that_is_not_on_record(client: Client, cast: Cast, field: str, value: str):
    client.force_login(cast.ana)
    assert client.post(NEW, {"name": "x", field: value}).status_code == 422


def test_it_takes_few_queries_whatever_is_alike(
    client: Client, cast: Cast, django_assert_max_num_queries: Any
):
    for n in range(20):
        norte = make_company(by=cast.ana, name=f"Norte {n}", owner=cast.ana)
        make_contact(by=cast.ana, name=f"Jordi {n}", company=norte, emails=["j@n.test"])
        make_deal(by=cast.ana, company=norte)
    client.force_login(cast.ana)
    with django_assert_max_num_queries(9):
        alike(client, company_name="Norte", person="Jordi", email="j@n.test")


# --- sold already ---------------------------------------------------------------------------------

SALE = {
    "sold": "on",
    "company_name": "Corner shop",
    "person": "Petra Voss",
    "value": "80",
    "asks": ["talk", "verdict", "need", "path"],
    "talk_kind": "call",
    "verdict": "qualified",
    "need_words": "The reference_list is empty",
    "path_steps": "She orders",
}


def sheet(client: Client, **asked: Any) -> str:
    return unescape(client.get(NEW, asked).content.decode())


def test_it_sells_a_new_deal_by_one_form(client: Client, cast: Cast):
    client.force_login(cast.ana)
    deal = create(client, **SALE)
    assert [visit.stage for visit in deal.visits.order_by("sequence")] == list(Stage)
    assert (deal.outcome, deal.amount, deal.name) == ("won", Decimal(80), "Corner shop")
    person = deal.deal_contacts.get()
    assert (person.contact.name, person.role) == ("Petra Voss", "decides")
    assert faults_of(deal) == []
    assert "Won." in client.get(deal.get_absolute_url()).content.decode()


def test_it_says_on_which_day_it_was_sold(client: Client, cast: Cast):
    client.force_login(cast.ana)
    day = timezone.localdate(timezone=cast.ana.zone) - dt.timedelta(days=3)
    deal = create(client, **SALE, on=day.isoformat(), note="The price")
    assert deal.closed_at is not None
    assert deal.closed_at.astimezone(cast.ana.zone).date() == day
    assert (deal.created_at, deal.closing_note) == (deal.closed_at, "The price")


def test_it_asks_for_all_of_it_as_soon_as_it_is_said_to_be_sold(client: Client, cast: Cast):
    client.force_login(cast.ana)
    assert "Do both sides want to proceed?" not in sheet(client)
    asked = sheet(client, sold="on", value="80", source_detail="the fair")
    for words in (
        "Which conversation was held?",
        "Do both sides want to proceed?",
        "What is the problem, and what is it worth to them?",
        "Who decides, and how?",
        'value="the fair"',
    ):
        assert words in asked
    # The form itself says with whom, and what was offered by word is what it was won for.
    assert "Who is it with?" not in asked
    assert "What was offered?" not in asked
    assert not Deal.objects.exists()


def test_it_asks_by_the_process_of_who_sold_it(client: Client, cast: Cast):
    must = row("cash", stage=Stage.CLOSING, importance=Importance.GATE, label="Paid in cash")
    in_force(cast.south, must)
    client.force_login(cast.rosa)
    assert "Paid in cash" not in sheet(client, sold="on", owner=f"u{cast.ana.pk}")
    assert "Paid in cash" in sheet(client, sold="on", owner=f"u{cast.carl.pk}")

    said = SALE | {"owner": f"u{cast.carl.pk}"}
    assert "Paid in cash" in client.post(NEW, said).content.decode()
    more = {"asks": [*SALE["asks"], "step_7_cash"], "step_7_cash": "on"}
    assert create(client, **(said | more)).outcome == "won"


def test_it_keeps_what_was_typed_where_something_is_missing(client: Client, cast: Cast):
    client.force_login(cast.ana)
    response = client.post(NEW, SALE | {"path_steps": ""})
    assert response.status_code == 422
    page = unescape(response.content.decode())
    assert "The reference_list is empty" in page
    assert "This is missing." in page
    assert not Deal.objects.exists()
    assert not Company.objects.exists()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"value": ""}, "Write what it was won for"),
        ({"company_name": "", "person": "", "name": "Line 3"}, "Write with whom it is"),
        ({"person": ""}, "This is missing."),
        ({"on": "2999-01-01"}, "future"),
        ({"owner": "mate"}, "You cannot change this person’s deals"),
        ({"owner": "pool"}, "A pool sells nothing"),
    ],
)
def test_it_says_what_a_sale_lacks(client: Client, cast: Cast, said: Any, words: str):
    client.force_login(cast.ana)
    owners = {"mate": f"u{cast.ben.pk}", "pool": f"t{cast.north.pk}"}
    if "owner" in said:
        said = {"owner": owners[said["owner"]]}
    response = client.post(NEW, SALE | said)
    assert response.status_code == 422
    assert words in unescape(response.content.decode())
    assert not Deal.objects.exists()


def test_it_takes_whom_one_names_twice_for_one_person(client: Client, cast: Cast):
    client.force_login(cast.ana)
    deal = create(client, **SALE, path_person="petra voss")
    assert Contact.objects.count() == 1
    assert deal.deal_contacts.get().role == "decides"
