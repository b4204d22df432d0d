"""Who somebody is to us, by which ties, and what was said (CHECKLIST E5): the page of a company."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.commands import activity as activity_commands
from crm.commands import company as commands
from crm.commands.writers.activity import About
from crm.models import Activity, ActivityKind, Company, Relationship
from pipeline.models import User
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, ago, make_company, make_contact, make_deal, plan_call, won_deal

FACTS = {"name": "Norte SA", "relationship": "never_bought"}


def text(client: Client, person: User, address: str) -> str:
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == 200
    found: str = answer.content.decode()
    return found


def talk(about: About, by: User, body: str, **when: Any) -> Activity:
    at = ago(**(when or {"hours": 1}))
    return activity_commands.log(about, kind=ActivityKind.CALL, body=body, by=by, at=at)


def test_it_shows_facts_people_deals_and_family(cast: Cast, client: Client) -> None:
    parent = make_company(by=cast.ana, name="Norte Holding")
    company = make_company(by=cast.ana, industry="Food", parent=parent, employees=1200)
    make_company(by=cast.ana, name="Norte Sur", parent=company)
    make_contact(by=cast.ana, company=company, emails=["jordi@norte.test"])
    make_deal(by=cast.ana, company=company, stage=Stage.PROPOSAL, amount=48000)
    page = text(client, cast.ana, f"/companies/{company.pk}/")
    for shown in ("Food", "1,200", "Norte Holding", "Norte Sur", "Jordi Pla", "jordi@norte.test"):
        assert shown in page
    assert "Line 3 retrofit" in page
    assert "€48,000" in page


def test_it_tells_of_deals_and_talks_only_what_is_in_reach(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    deal = make_deal(by=cast.ana, name="Secret line", company=company)
    talk(About(deal=deal), cast.ana, "Said on the deal")
    talk(About(company=company), cast.ana, "Said without a deal")
    plan_call(deal, by=cast.ana, due_at=ago(days=-1))
    secrets = ("Secret line", "Said on the deal", "Said without a deal")
    for person in (cast.ana, cast.mona, cast.rosa, cast.adele):
        page = text(client, person, f"/companies/{company.pk}/")
        assert all(secret in page for secret in secrets), person.name
    for person in (cast.ben, cast.carl, cast.nora):
        page = text(client, person, f"/companies/{company.pk}/")
        assert "Norte SA" in page
        assert not any(secret in page for secret in secrets), person.name
        assert 'id="party-next" aria-label="What’s next" hidden' in page


@pytest.mark.parametrize("count", [1, 25])
def test_it_asks_no_more_of_the_database_for_more(cast: Cast, client: Client, count: int) -> None:
    company = make_company(by=cast.ana)
    for n in range(count):
        deal = make_deal(by=cast.ana, name=f"Deal {n}", company=company)
        talk(About(deal=deal), cast.ana, f"Talk {n}", hours=n + 1)
        make_contact(by=cast.ana, name=f"Person {n}", company=company, emails=[f"p{n}@norte.test"])
        make_company(by=cast.ana, name=f"Norte SA {n}", parent=company)
        plan_call(deal, by=cast.ana, due_at=ago(days=-1))
    client.force_login(cast.mona)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(f"/companies/{company.pk}/").status_code == 200
    assert len(asked) <= 12


def test_it_goes_on_where_the_timeline_was_left_off(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    for n in range(45):
        talk(About(company=company), cast.ana, f"Talk {n:02}", minutes=n // 2)
    seen: list[str] = []
    address = f"/companies/{company.pk}/"
    while address:
        client.force_login(cast.ana)
        part = client.get(address, headers={"HX-Request": "true"} if seen else {}).content.decode()
        seen += re.findall(r"Talk \d\d", part)
        more = re.search(r'href="(/companies/\d+/timeline/[^"]+)"', part)
        address = more[1] if more else ""
    assert sorted(seen) == [f"Talk {n:02}" for n in range(45)]
    for junk in ("junk", "[1,1]", '["2026-01-01T00:00:00%2B23:00",1]'):
        path = f"/companies/{company.pk}/timeline/?before={junk}"
        assert client.get(path).status_code == 400


def test_it_logs_a_touch_without_a_deal(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    contact = make_contact(by=cast.ana, company=company)
    client.force_login(cast.ben)
    answer = client.post(
        f"/companies/{company.pk}/log/",
        {"kind": "call", "body": "Kept warm", "contact": contact.pk, "next": "3d"},
        headers={"HX-Request": "true"},
    )
    assert "party-changed" in answer["HX-Trigger"]
    done = Activity.objects.done().get()
    # Effort of stage 1, though no deal is in it.
    assert (done.deal, done.stage, done.company, done.contact) == (None, 1, company, contact)
    ahead = Activity.objects.planned().get()
    assert (ahead.deal, ahead.company, ahead.owner) == (None, company, cast.ben)
    page = text(client, cast.ben, f"/companies/{company.pk}/")
    assert "Kept warm" in page
    assert f"/touches/{ahead.pk}/complete/" in page


def test_it_names_nobody_of_another_company_in_a_touch(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    stranger = make_contact(by=cast.ana, company=make_company(by=cast.ana, name="Sur"))
    client.force_login(cast.ana)
    data = {"kind": "call", "body": "Hello", "contact": stranger.pk}
    assert client.post(f"/companies/{company.pk}/log/", data).status_code == 422
    data = {"kind": "call", "result": "moved_forward"}
    assert client.post(f"/companies/{company.pk}/log/", data).status_code == 422
    assert not Activity.objects.exists()


def test_it_plans_completes_and_cancels_without_a_deal(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    client.force_login(cast.ana)
    for _n in range(2):
        client.post(f"/companies/{company.pk}/plan/", {"next": "tomorrow", "next_kind": "call"})
    first, second = Activity.objects.planned().order_by("pk")
    client.post(f"/touches/{first.pk}/complete/", {"result": "reached", "body": "Went well"})
    client.post(f"/touches/{second.pk}/cancel/")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.result, first.body, first.done_at) == ("reached", "Went well", NOW)
    assert second.cancelled_at == NOW
    assert client.post(f"/touches/{first.pk}/complete/", {}).status_code == 422


def test_it_lets_nobody_else_touch_what_is_planned(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    on_deal = plan_call(make_deal(by=cast.ana), by=cast.ana, due_at=ago(days=-1))
    client.force_login(cast.ana)
    client.post(f"/companies/{company.pk}/plan/", {"next": "tomorrow"})
    mine = Activity.objects.get(deal=None)
    for person in (cast.ben, cast.carl, cast.nora):
        client.force_login(person)
        for verb in ("complete", "cancel"):
            assert client.post(f"/touches/{mine.pk}/{verb}/").status_code == 404
    client.force_login(cast.ana)
    assert client.post(f"/touches/{on_deal.pk}/cancel/").status_code == 404
    assert client.get(f"/touches/{mine.pk}/cancel/").status_code == 405
    assert Activity.objects.planned().count() == 2


def test_it_changes_facts_in_place(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana, owner=cast.ana)
    parent = make_company(by=cast.ana, name="Norte Holding")
    client.force_login(cast.ana)
    data = {
        **FACTS,
        "relationship": "customer",
        "website": "norte.test",
        "employees": "80",
        "company_name": "Norte Holding",
        "version": company.version,
    }
    answer = client.post(f"/companies/{company.pk}/edit/", data, headers={"HX-Request": "true"})
    assert answer["HX-Reswap"] == "none"
    assert "party-changed" in answer["HX-Trigger"]
    company.refresh_from_db()
    assert company.relationship == Relationship.CUSTOMER
    assert (company.website, company.employees, company.parent) == (
        "https://norte.test",
        80,
        parent,
    )


def test_it_shows_both_versions_and_loses_nothing_typed(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    seen = company.version
    commands.edit(company, industry="Food", by=cast.ben, at=ago(minutes=5))
    client.force_login(cast.ana)
    data = {**FACTS, "industry": "Steel", "version": seen}
    answer = client.post(f"/companies/{company.pk}/edit/", data, headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Ben Okoro changed this" in page
    assert re.search(r'<td class="b">Food</td>\s*<td>Steel</td>', page)
    assert 'value="Steel"' in page
    company.refresh_from_db()
    assert company.industry == "Food"
    again = client.post(f"/companies/{company.pk}/edit/", {**data, "version": company.version})
    assert again.status_code == 302
    company.refresh_from_db()
    assert company.industry == "Steel"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"employees": "-1"},
        {"employees": "NaN"},
        {"website": "javascript:alert(1)"},
        {"relationship": "friend"},
        {"company_name": "Nobody knows it"},
        {"company_name": "Norte SA"},
        {"company_name": "x", "company": "99999999999999999999"},
    ],
)
def test_it_says_what_is_wrong_with_a_fact(
    cast: Cast, client: Client, wrong: dict[str, str]
) -> None:
    company = make_company(by=cast.ana)
    client.force_login(cast.ana)
    data = {**FACTS, "version": company.version, **wrong}
    assert client.post(f"/companies/{company.pk}/edit/", data).status_code == 422
    company.refresh_from_db()
    assert company.version == 1


def test_it_lets_no_company_belong_to_itself_in_a_circle(cast: Cast) -> None:
    top = make_company(by=cast.ana, name="Top")
    below = make_company(by=cast.ana, name="Below", parent=top)
    with pytest.raises(Refused):
        commands.edit(top, parent=below, by=cast.ana, at=NOW)


def test_it_lets_only_those_change_facts_who_may(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana, owner=cast.ana)
    data = {**FACTS, "name": "Taken", "version": company.version}
    for person in (cast.ben, cast.carl, cast.nora):
        assert 'id="edit-facts"' not in text(client, person, f"/companies/{company.pk}/")
        assert client.get(f"/companies/{company.pk}/edit/").status_code == 404
        assert client.post(f"/companies/{company.pk}/edit/", data).status_code == 404
    company.refresh_from_db()
    assert company.name == "Norte SA"
    for person in (cast.mona, cast.adele):
        assert 'id="edit-facts"' in text(client, person, f"/companies/{company.pk}/")


def test_it_hints_at_what_may_be_the_same(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana, name="Norte SA")
    make_company(by=cast.ana, name="NORTE S.A.")
    make_company(by=cast.ana, name="Nordwind AG")
    page = text(client, cast.ana, f"/companies/{company.pk}/")
    hint = page.split('id="same-title"')[1].split("</section>")[0]
    assert "NORTE S.A." in hint
    assert "Nordwind" not in hint


def test_it_puts_a_new_company_on_record_and_shows_those_alike(cast: Cast, client: Client) -> None:
    make_company(by=cast.carl, name="Norte SA")
    client.force_login(cast.ana)
    alike = client.get("/companies/new/alike/?name=norte").content.decode()
    assert "Norte SA" in alike
    answer = client.post("/companies/new/", {**FACTS, "name": "Norte"})
    company = Company.objects.get(name="Norte")
    assert answer["Location"] == f"/companies/{company.pk}/"
    assert company.owner == cast.ana
    assert client.post("/companies/new/", {"name": ""}).status_code == 422


def test_it_shows_a_new_customer_after_a_win(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    won_deal(by=cast.ana, company=company)
    page = text(client, cast.ana, f"/companies/{company.pk}/")
    assert '<span class="chip ok">Customer</span>' in page
    assert "Won · " in page


def test_it_opens_a_deal_from_here(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    page = text(client, cast.ana, f"/companies/{company.pk}/")
    address = re.search(r'id="deal-here" href="([^"]+)"', page)
    assert address
    form = client.get(address[1].replace("&amp;", "&")).content.decode()
    assert f'name="company" value="{company.pk}" checked' in form


@pytest.mark.parametrize("path", ["", "edit/", "timeline/", "plan/"])
def test_it_asks_strangers_to_sign_in_and_knows_only_what_is_there(
    cast: Cast, client: Client, path: str
) -> None:
    company = make_company(by=cast.ana)
    assert client.get(f"/companies/{company.pk}/{path}").status_code == 302
    client.force_login(cast.adele)
    assert client.get(f"/companies/999999/{path}").status_code == 404
    assert client.get(f"/companies/{company.pk}/log/").status_code == 405
    assert client.post(f"/companies/{company.pk}/").status_code == 405
