"""Every address of a deal: by whom, how, with which answer; and what a refused one leaves alone."""

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from crm.commands import deal as deals
from crm.commands import deal_line
from crm.commands.contact import NewContact
from crm.models import (
    Activity,
    Company,
    Contact,
    Deal,
    DealChange,
    DealContact,
    DealLine,
    Product,
    StageVisit,
)
from pipeline.process.stages import Outcome, Stage
from tests.conftest import Cast, Keep
from tests.factories import (
    NOW,
    ago,
    make_company,
    make_contact,
    make_deal,
    plan_call,
    ready_deal,
    stopped_deal,
)
from tests.kept_rows import KeptRows

RECORDS = (Deal, StageVisit, DealChange, DealContact, DealLine, Activity, Company, Contact)


@dataclass(frozen=True)
class World:
    """Ana's deal with one of everything that has an address."""

    cast: Cast
    deal: Deal
    closed: Deal
    activity: Activity
    contact: Contact
    line: DealLine
    product: Product

    def url(self, path: str) -> str:
        return path.format(
            deal=self.deal.pk,
            closed=self.closed.pk,
            activity=self.activity.pk,
            contact=self.contact.pk,
            line=self.line.pk,
        )


def make_world(cast: Cast) -> World:
    ana = cast.ana
    deal = ready_deal(by=ana, stage=Stage.PROPOSAL, amount=1000)
    product = Product.objects.create(name="Sensor", currency="EUR", price=Decimal(90))
    link = deals.set_contact(deal, contact=NewContact(name="Petra"), by=ana, at=ago(days=1))
    line = deal_line.add(
        deal, product=product, quantity=Decimal(2), unit_price=None, by=ana, at=ago(days=1)
    )
    return World(
        cast=cast,
        deal=deal,
        closed=stopped_deal(by=ana),
        activity=plan_call(deal, by=ana, due_at=NOW + dt.timedelta(days=2)),
        contact=link.contact,
        line=line,
        product=product,
    )


@pytest.fixture(scope="module")
def kept_world(keep: Keep) -> KeptRows:
    return keep(make_world)


@pytest.fixture
def world(kept_world: KeptRows, cast: Cast) -> World:
    laid_out: World = kept_world.lay_out()
    return laid_out


def snapshot() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in RECORDS]


# address: (what is posted, whether GET shows a form)
VERBS: dict[str, tuple[dict[str, Any], bool]] = {
    "/deals/{deal}/advance/": ({"to": 6}, False),
    "/deals/{deal}/move/": ({"to": 3, "reason": "no"}, True),
    "/deals/{deal}/win/": ({"value": "1000", "reason": "one call"}, True),
    "/deals/{deal}/stop/": ({"decision": "customer:price"}, True),
    "/deals/{closed}/reopen/": ({"reason": "They came back"}, True),
    "/deals/{deal}/park/": ({"days": "30"}, True),
    "/deals/{deal}/edit/name/": ({"name": "Line 4"}, True),
    "/deals/{deal}/edit/company/": ({"company_name": "Vega"}, True),
    "/deals/{deal}/edit/value/": ({"amount": "48,000", "currency": "EUR"}, True),
    "/deals/{deal}/edit/close/": ({"expected_close_on": "2026-04-01"}, True),
    "/deals/{deal}/edit/source/": ({"source_detail": "Fair"}, True),
    "/deals/{deal}/people/": ({"person": "Horst", "role": "for_us"}, True),
    "/deals/{deal}/people/{contact}/": ({"role": "decides"}, False),
    "/deals/{deal}/people/{contact}/remove/": ({}, False),
    "/deals/{deal}/lines/": ({"product_name": "sensor", "quantity": "3"}, True),
    "/deals/{deal}/lines/{line}/": ({"quantity": "4"}, True),
    "/deals/{deal}/lines/{line}/remove/": ({}, False),
    "/deals/{deal}/log/": ({"kind": "call", "body": "Told."}, False),
    "/deals/{deal}/plan/": ({"next": "3d", "next_kind": "email"}, True),
    "/activities/{activity}/complete/": ({"result": "reached", "next": "3d"}, True),
    "/activities/{activity}/postpone/": ({"next": "1w"}, True),
    "/activities/{activity}/change/": (
        {"next": "on", "next_on": "2026-03-20", "next_kind": "meeting"},
        True,
    ),
    "/activities/{activity}/cancel/": ({}, False),
}
each_verb = pytest.mark.parametrize(("path", "said"), [(p, s) for p, (s, _get) in VERBS.items()])


@each_verb
def test_it_does_what_the_owner_says_and_goes_back_to_the_deal(
    client: Client, world: World, path: str, said: dict[str, Any]
):
    before = snapshot()
    client.force_login(world.cast.ana)
    response = client.post(world.url(path), said)
    assert response.status_code == 302
    assert response["Location"].startswith("/deals/")
    assert snapshot() != before


@each_verb
def test_it_tells_the_page_what_changed(
    client: Client, world: World, path: str, said: dict[str, Any]
):
    client.force_login(world.cast.mona)
    response = client.post(world.url(path), said, headers={"hx-request": "true"})
    assert response.status_code == 200, response.content.decode()
    deal = world.closed if "closed" in path else world.deal
    told = json.loads(response["HX-Trigger"])["deal-changed"]
    # And of which version it is from here: that of nobody else's change.
    assert told == {"id": deal.pk, "version": Deal.objects.get(pk=deal.pk).version}


@each_verb
def test_it_hides_what_is_out_of_reach_and_changes_nothing(
    client: Client, world: World, path: str, said: dict[str, Any]
):
    before = snapshot()
    for who in (world.cast.ben, world.cast.carl, world.cast.nora):
        client.force_login(who)
        assert client.post(world.url(path), said).status_code == 404
        assert client.get(world.url(path)).status_code in (404, 405)
    assert snapshot() == before


def test_it_lets_managers_above_and_admins_do_the_same(client: Client, world: World):
    for who in (world.cast.mona, world.cast.rosa, world.cast.adele):
        client.force_login(who)
        answers = {path: client.get(world.url(path)).status_code for path in VERBS}
        assert answers == {path: 200 if shows else 405 for path, (_said, shows) in VERBS.items()}


def test_it_asks_strangers_to_sign_in(client: Client, world: World):
    before = snapshot()
    for path, (said, _shows) in VERBS.items():
        response = client.post(world.url(path), said)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")
    assert snapshot() == before


@pytest.mark.parametrize("path", [path for path, (_said, shows) in VERBS.items() if shows])
def test_it_shows_the_form_as_sheet_and_as_page(client: Client, world: World, path: str):
    client.force_login(world.cast.ana)
    before = snapshot()
    page = client.get(world.url(path)).content.decode()
    assert "<html" in page
    fragment = client.get(world.url(path), headers={"hx-request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "<form" in fragment
    assert snapshot() == before


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "/deals/{deal}/advance/": ({"to": 9}, "Select a valid choice"),
    "/deals/{deal}/move/": ({"to": 2}, "Say why the deal goes back."),
    "/deals/{deal}/win/": ({"value": "a lot"}, "Enter a number"),
    "/deals/{deal}/stop/": ({"decision": ""}, "Choose who decided"),
    "/deals/{closed}/reopen/": ({"reason": " "}, "This field is required"),
    "/deals/{deal}/hand-over/": ({"to": ""}, "This field is required"),
    "/deals/{deal}/park/": ({"until": "2026-03-11"}, "Choose a day from tomorrow on."),
    "/deals/{deal}/edit/value/": ({"amount": "-1", "currency": "EUR"}, "greater than or equal"),
    "/deals/{deal}/edit/name/": ({"name": ""}, "This field is required"),
    "/deals/{deal}/people/": ({"person": "", "role": "uses"}, "Write a name."),
    "/deals/{deal}/lines/": ({"product_name": "x", "quantity": "1"}, "Choose a product"),
    "/deals/{deal}/lines/{line}/": ({"quantity": "0"}, "a number above zero"),
    "/deals/{deal}/log/": ({"kind": "note", "body": ""}, "Write what the note says."),
    "/deals/{deal}/plan/": ({"next": ""}, "Choose when."),
    "/activities/{activity}/complete/": ({"next": "on"}, "Choose a day."),
    "/activities/{activity}/postpone/": (
        {"next": "on", "next_on": "2026-03-01"},
        "Choose today or a day ahead.",
    ),
}


@pytest.mark.parametrize("path", WRONG)
@pytest.mark.parametrize("htmx", [True, False])
def test_it_says_what_is_wrong_and_changes_nothing(
    client: Client, world: World, path: str, htmx: bool
):
    said, words = WRONG[path]
    before = snapshot()
    client.force_login(world.cast.ana)
    headers = {"hx-request": "true"} if htmx else {}
    response = client.post(world.url(path), said, headers=headers)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert snapshot() == before


STALE: dict[str, tuple[dict[str, Any], str]] = {
    "/deals/{deal}/advance/": ({"to": 6}, "Objections &amp; negotiations"),
    "/deals/{deal}/move/": ({"to": 3, "reason": "Another buyer"}, "Another buyer"),
    "/deals/{deal}/win/": ({"value": "1234", "reason": "x"}, "€1,234"),
    "/deals/{deal}/stop/": ({"decision": "us:withdrawn", "note": "Too far"}, "Too far"),
    "/deals/{deal}/park/": ({"until": "2026-04-30"}, "2026-04-30"),
    "/deals/{deal}/edit/value/": ({"amount": "7777", "currency": "EUR"}, "€7,777"),
    "/deals/{deal}/lines/": ({"product_name": "Sensor", "quantity": "33"}, "33"),
}


@pytest.mark.parametrize("path", STALE)
def test_it_shows_both_versions_loses_nothing_and_lets_one_do_it_again(
    client: Client, world: World, path: str
):
    said, kept = STALE[path]
    seen = str(world.deal.version)
    deals.edit(world.deal, amount=Decimal(5000), by=world.cast.mona, at=NOW)
    before = snapshot()
    client.force_login(world.cast.ana)
    response = client.post(
        world.url(path), said | {"version": seen}, headers={"hx-request": "true"}
    )
    text = response.content.decode()
    assert response.status_code == 409
    assert "Mona Reyes changed this in the meantime: Wed 11 Mar 11:00." in text
    assert kept in text
    assert snapshot() == before
    world.deal.refresh_from_db()
    assert f'name="version" value="{world.deal.version}"' in text
    again = client.post(world.url(path), said | {"version": str(world.deal.version)})
    assert again.status_code == 302
    assert snapshot() != before


def test_it_moves_over_stages_with_a_reason(client: Client, world: World):
    client.force_login(world.cast.ana)
    sheet = client.get(world.url("/deals/{deal}/move/?to=7"), headers={"hx-request": "true"})
    assert "Objections &amp; negotiations is passed over." in sheet.content.decode()
    client.post(world.url("/deals/{deal}/move/"), {"to": 7, "reason": "Signed at once"})
    world.deal.refresh_from_db()
    assert world.deal.stage == Stage.CLOSING
    assert world.deal.visits.get(stage=7).reason == "Signed at once"


def test_it_stops_by_the_one_who_decided(client: Client, world: World):
    client.force_login(world.cast.ana)
    client.post(world.url("/deals/{deal}/stop/"), {"decision": "us:no_response"})
    world.deal.refresh_from_db()
    assert (world.deal.outcome, world.deal.initiator) == (Outcome.STOPPED, "us")
    assert world.deal.cause is not None
    assert world.deal.cause.key == "no_response"


def test_it_offers_no_cause_to_the_wrong_side(client: Client, world: World):
    client.force_login(world.cast.ana)
    response = client.post(world.url("/deals/{deal}/stop/"), {"decision": "us:price"})
    assert response.status_code == 422


def test_it_wins_on_an_earlier_day(client: Client, world: World):
    client.force_login(world.cast.ana)
    client.post(
        world.url("/deals/{deal}/win/"),
        {"value": "€2,500.50", "on": "2026-03-09", "reason": "Signed at once"},
    )
    world.deal.refresh_from_db()
    assert world.deal.amount == Decimal("2500.50")
    assert world.deal.closed_at == dt.datetime(2026, 3, 9, 11, tzinfo=dt.UTC)


def test_it_does_not_win_before_the_deal_came_to_its_stage(client: Client, world: World):
    client.force_login(world.cast.ana)
    response = client.post(
        world.url("/deals/{deal}/win/"), {"value": "1", "on": "2026-02-01", "reason": "x"}
    )
    assert response.status_code == 422
    assert "before the deal entered" in response.content.decode()


def test_it_hands_over_within_ones_reach_only(client: Client, world: World):
    client.force_login(world.cast.ana)
    htmx = {"hx-request": "true"}
    sheet = client.get(world.url("/deals/{deal}/hand-over/"), headers=htmx).content.decode()
    assert "Ben Okoro" in sheet
    assert "Carl Meier" not in sheet
    assert "seven.test" not in sheet
    address = world.url("/deals/{deal}/hand-over/")
    assert client.post(address, {"to": world.cast.carl.pk}).status_code == 422
    assert client.post(address, {"to": world.cast.ben.pk})["Location"] == "/board/"
    world.deal.refresh_from_db()
    assert world.deal.owner == world.cast.ben
    # It is no longer Ana's to see.
    assert client.get(world.url("/deals/{deal}/")).status_code == 404


def test_it_leads_to_the_board_when_the_deal_is_out_of_reach(client: Client, world: World):
    address, htmx = world.url("/deals/{deal}/hand-over/"), {"hx-request": "true"}
    client.force_login(world.cast.mona)
    stays = client.post(address, {"to": world.cast.ben.pk}, headers=htmx)
    assert "HX-Redirect" not in stays
    client.force_login(world.cast.ben)
    leaves = client.post(address, {"to": world.cast.ana.pk}, headers=htmx)
    assert leaves["HX-Redirect"] == "/board/"
    assert "Handed over to Ana Ruiz." in client.get("/board/").content.decode()


def test_it_takes_a_deal_out_of_the_pool_once(client: Client, world: World):
    pooled = make_deal(by=world.cast.mona, team=world.cast.north)
    address = f"/deals/{pooled.pk}/claim/"
    client.force_login(world.cast.carl)
    assert client.post(address).status_code == 404
    client.force_login(world.cast.ben)
    assert client.get(address).status_code == 405
    assert client.post(address).status_code == 302
    client.force_login(world.cast.ana)
    assert client.post(address).status_code == 404
    pooled.refresh_from_db()
    assert pooled.owner == world.cast.ben


def test_it_takes_a_parked_deal_up_again(client: Client, world: World):
    client.force_login(world.cast.ana)
    address = world.url("/deals/{deal}/park/")
    client.post(address, {"until": "2026-04-30"})
    world.deal.refresh_from_db()
    assert world.deal.parked_until == dt.date(2026, 4, 30)
    client.post(address, {"wake": "on"})
    world.deal.refresh_from_db()
    assert world.deal.parked_until is None


def test_it_logs_with_result_person_and_what_is_next_in_one_gesture(client: Client, world: World):
    client.force_login(world.cast.ana)
    client.post(
        world.url("/deals/{deal}/log/"),
        {
            "kind": "meeting",
            "contact": world.contact.pk,
            "body": "Saw the plant.",
            "result": "moved_forward",
            "next": "on",
            "next_on": "2026-03-20",
            "next_at": "14:30",
            "next_kind": "email",
            "next_subject": "send the offer",
        },
    )
    done = Activity.objects.done().get(kind="meeting")
    assert (done.kind, done.body, done.result) == ("meeting", "Saw the plant.", "moved_forward")
    assert (done.contact, done.owner, done.done_at) == (world.contact, world.cast.ana, NOW)
    world.deal.refresh_from_db()
    assert world.deal.stage == Stage.OBJECTIONS
    planned = Activity.objects.planned().get(kind="email")
    assert planned.subject == "send the offer"
    assert planned.due_at == dt.datetime(2026, 3, 20, 13, 30, tzinfo=dt.UTC)


def test_it_keeps_the_composer_when_something_is_wrong_and_empties_it_when_not(
    client: Client, world: World
):
    client.force_login(world.cast.ana)
    address = world.url("/deals/{deal}/log/")
    said = {"kind": "call", "body": "Long and dear words", "next": "on"}
    wrong = client.post(address, said, headers={"hx-request": "true"})
    assert wrong.status_code == 422
    assert "Long and dear words" in wrong.content.decode()
    right = client.post(address, said | {"next": "3d"}, headers={"hx-request": "true"})
    assert 'id="composer"' in right.content.decode()
    assert "Long and dear words" not in right.content.decode()


def test_it_logs_with_people_of_this_deal_only(client: Client, world: World):
    client.force_login(world.cast.ana)
    other = make_contact(by=world.cast.ana, name="Somebody")
    said = {"kind": "call", "contact": other.pk}
    assert client.post(world.url("/deals/{deal}/log/"), said).status_code == 422


def test_it_completes_and_plans_in_two_actions(client: Client, world: World):
    client.force_login(world.cast.ana)
    client.post(world.url("/activities/{activity}/complete/"), {"next": "3d", "next_kind": "call"})
    world.activity.refresh_from_db()
    assert world.activity.done_at == NOW
    world.deal.refresh_from_db()
    assert (world.deal.next_on, world.deal.next_at) == (dt.date(2026, 3, 14), None)


def test_it_leaves_what_others_completed_alone(client: Client, world: World):
    client.force_login(world.cast.ana)
    client.post(world.url("/activities/{activity}/complete/"), {"next": ""})
    client.force_login(world.cast.mona)
    assert client.get(world.url("/activities/{activity}/change/")).status_code == 404


def test_it_refuses_to_complete_twice(client: Client, world: World):
    client.force_login(world.cast.ana)
    client.post(world.url("/activities/{activity}/complete/"), {"next": ""})
    again = client.post(world.url("/activities/{activity}/complete/"), {"next": "3d"})
    assert again.status_code == 422
    assert "done or cancelled already" in again.content.decode()
    assert not Activity.objects.planned().exists()


def test_it_chooses_a_company_on_record_or_a_new_one(client: Client, world: World):
    client.force_login(world.cast.ana)
    norte = make_company(by=world.cast.carl, name="Norte SA")
    address = world.url("/deals/{deal}/edit/company/")

    def company_after(**said: str) -> str:
        client.post(address, said)
        world.deal.refresh_from_db()
        return world.deal.company.name if world.deal.company else ""

    assert company_after(company_name="norte sa") == "Norte SA"
    assert company_after(company_name="Norte S") == "Norte SA"  # refused: is it the same?
    assert company_after(company_name="Norte S", company="new") == "Norte S"
    assert company_after(company_name="Nor", company=str(norte.pk)) == "Norte SA"
    assert company_after(company_name="") == ""
    assert Company.objects.count() == 2


def test_it_names_the_customer_that_a_deal_came_from(client: Client, world: World):
    client.force_login(world.cast.ana)
    make_company(by=world.cast.ana, name="Nordhavn Fisk")
    address = world.url("/deals/{deal}/edit/source/")
    assert client.post(address, {"company_name": "Nobody Inc"}).status_code == 422
    client.post(address, {"company_name": "Nordhavn Fisk", "source_detail": "Their Horst"})
    world.deal.refresh_from_db()
    assert world.deal.source_company is not None
    assert world.deal.source_company.name == "Nordhavn Fisk"
    # Left as it stands, it means itself.
    client.post(address, {"company_name": "Nordhavn Fisk", "source_detail": "x"})
    world.deal.refresh_from_db()
    assert world.deal.source_company.name == "Nordhavn Fisk"


def test_it_refuses_a_currency_without_a_rate(client: Client, world: World):
    client.force_login(world.cast.ana)
    said = {"amount": "1", "currency": "USD"}
    assert client.post(world.url("/deals/{deal}/edit/value/"), said).status_code == 422


def test_it_adds_a_person_on_record(client: Client, world: World):
    client.force_login(world.cast.ana)
    known = make_contact(by=world.cast.carl, name="Horst Brandt", emails=["h@vega.test"])
    people = Contact.objects.count()
    address = world.url("/deals/{deal}/people/")
    found = client.get("/contacts/pick/?email=H@VEGA.test").content.decode()
    assert "same e-mail" in found
    client.post(address, {"contact": known.pk, "role": "for_us", "person": "Hor"})
    assert world.deal.deal_contacts.get(contact=known).role == "for_us"
    assert Contact.objects.count() == people


def test_it_shows_a_form_of_its_own_page_the_way_back(client: Client, world: World):
    """With scripts, yet opened by its address: there is no deal page that could refresh."""
    client.force_login(world.cast.ana)
    address = world.url("/deals/{deal}/stop/")
    response = client.post(
        address,
        {"decision": "customer:price"},
        headers={"hx-request": "true", "hx-current-url": f"http://testserver{address}?version=1"},
    )
    assert response["HX-Redirect"] == world.deal.get_absolute_url()


@pytest.mark.parametrize("letters", ["", "n", " "])
def test_it_searches_from_two_letters_on(client: Client, world: World, letters: str):
    make_company(by=world.cast.ana, name="Norte SA")
    client.force_login(world.cast.ana)
    for path in ("/companies/pick/?company_name=", "/contacts/pick/?person="):
        assert "choice" not in client.get(path + letters).content.decode()


def test_it_picks_from_ten_at_most(client: Client, world: World):
    for n in range(14):
        make_company(by=world.cast.ana, name=f"Norte {n}")
        make_contact(by=world.cast.ana, name=f"Norbert {n}")
    client.force_login(world.cast.ana)
    assert client.get("/companies/pick/?company_name=no").content.count(b"value=") == 10
    assert client.get("/contacts/pick/?person=no").content.count(b'name="contact"') == 11


@pytest.mark.parametrize("address", ["/deals/{deal}/log/", "/activities/{activity}/complete/"])
def test_it_moves_forward_only_from_the_stage_that_the_page_showed(
    client: Client, world: World, address: str
):
    client.force_login(world.cast.ana)
    said = {"kind": "call", "body": "Agreed.", "result": "moved_forward", "from_stage": "1"}

    response = client.post(world.url(address), said)

    assert response.status_code == 422
    assert "Agreed." in response.content.decode()
    assert not Activity.objects.done().filter(body__contains="Agreed.").exists()


def test_it_logs_and_plans_in_few_queries(
    client: Client, world: World, django_assert_max_num_queries: Any
):
    client.force_login(world.cast.ana)
    said = {"kind": "call", "result": "reached", "body": "Spoke.", "next": "3d"}
    address = world.url("/deals/{deal}/log/")

    # Four of them say where the deal stood before and stands now: which step moved, what is next.
    with django_assert_max_num_queries(21):
        response = client.post(address, said, headers={"HX-Request": "true"})

    assert response.status_code == 200


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    ("path", "field", "said"),
    [
        ("/deals/{deal}/plan/", "next_on", {"next": "on", "next_kind": "call"}),
        ("/deals/{deal}/park/", "until", {}),
        ("/deals/{deal}/edit/close/", "expected_close_on", {}),
        ("/deals/{deal}/win/", "on", {"value": "1", "reason": "one call"}),
    ],
)
def test_it_takes_no_day_that_no_clock_can_count(
    client: Client, world: World, path: str, field: str, said: dict[str, Any], day: str
):
    before = snapshot()
    client.force_login(world.cast.ana)
    response = client.post(world.url(path), {**said, field: day})
    assert response.status_code == 422
    assert snapshot() == before
