import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.commands import activity as activity_commands
from crm.commands import contact as commands
from crm.commands.writers.activity import About
from crm.models import Activity, ActivityKind, Contact, PointKind
from tests.conftest import Cast
from tests.crm.test_company_page import talk, text
from tests.factories import NOW, ago, make_company, make_contact, make_deal

FACTS = {"name": "Jordi Pla", "job_title": "", "emails": "", "phones": ""}


def test_it_shows_how_to_reach_somebody_and_the_deals(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    contact = make_contact(
        by=cast.ana,
        company=company,
        job_title="Buyer",
        emails=["jordi@norte.test"],
        phones=["+43 664 123 4567"],
    )
    make_deal(by=cast.ana, contact=contact, company=company, amount=5, name="Secret line")
    page = text(client, cast.ana, f"/contacts/{contact.pk}/")
    for shown in ("Buyer", "Norte SA", "mailto:jordi@norte.test", "tel:+436641234567"):
        assert shown in page
    assert "Secret line" in page
    for person in (cast.ben, cast.nora, cast.carl):
        assert "Secret line" not in text(client, person, f"/contacts/{contact.pk}/")


def test_it_tells_of_talks_only_what_is_in_reach(cast: Cast, client: Client) -> None:
    contact = make_contact(by=cast.ana)
    deal = make_deal(by=cast.ana, contact=contact)
    talk(About(deal=deal, contact=contact), cast.ana, "Said on the deal")
    talk(About(contact=contact), cast.ana, "Said without a deal")
    for person in (cast.ana, cast.mona, cast.rosa, cast.adele):
        page = text(client, person, f"/contacts/{contact.pk}/")
        assert "Said on the deal" in page
        assert "Said without a deal" in page
    for person in (cast.ben, cast.nora, cast.carl):
        assert "Said" not in text(client, person, f"/contacts/{contact.pk}/").split("<ol")[-1]
        assert "Said on the deal" not in text(client, person, f"/contacts/{contact.pk}/")


@pytest.mark.parametrize("count", [1, 25])
def test_it_asks_no_more_of_the_database_for_more(cast: Cast, client: Client, count: int) -> None:
    contact = make_contact(
        by=cast.ana, emails=[f"j{n}@norte.test" for n in range(count)], company=None
    )
    for n in range(count):
        deal = make_deal(by=cast.ana, name=f"Deal {n}", contact=contact)
        talk(About(deal=deal, contact=contact), cast.ana, f"Talk {n}", hours=n + 1)
        make_contact(by=cast.ana, name=f"Jordi Pla {n}", emails=[f"j{n}@norte.test"])
    client.force_login(cast.mona)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(f"/contacts/{contact.pk}/").status_code == 200
    # Also what was put right of what was said, and what the reader calls the stages.
    assert len(asked) <= 14


def test_it_logs_a_touch_with_somebody_and_the_company(cast: Cast, client: Client) -> None:
    contact = make_contact(by=cast.ana, company=make_company(by=cast.ana))
    client.force_login(cast.ana)
    client.post(f"/contacts/{contact.pk}/log/", {"kind": "note", "body": "Likes the new line"})
    done = Activity.objects.get()
    assert (done.contact, done.company, done.deal, done.stage) == (
        contact,
        contact.company,
        None,
        1,
    )
    assert "Likes the new line" in text(client, cast.ana, f"/companies/{contact.company_id}/")


def test_it_replaces_facts_addresses_and_numbers(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    contact = make_contact(by=cast.ana, emails=["old@norte.test"])
    client.force_login(cast.ana)
    data = {
        **FACTS,
        "job_title": "Head of purchasing",
        "emails": "New@norte.test\n\nsecond@norte.test",
        "phones": "0664 123 4567",
        "company_name": "norte sa",
        "version": contact.version,
    }
    assert client.post(f"/contacts/{contact.pk}/edit/", data).status_code == 302
    contact.refresh_from_db()
    assert (contact.job_title, contact.company) == ("Head of purchasing", company)
    assert set(contact.points.values_list("kind", "value")) == {
        (PointKind.EMAIL, "new@norte.test"),
        (PointKind.EMAIL, "second@norte.test"),
        (PointKind.PHONE, "+436641234567"),
    }


def test_it_shows_both_versions_and_loses_nothing_typed(cast: Cast, client: Client) -> None:
    contact = make_contact(by=cast.ana)
    seen = contact.version
    commands.edit(
        contact,
        name="Jordi Pla",
        job_title="Buyer",
        company=None,
        emails=[],
        phones=[],
        by=cast.ben,
        at=ago(minutes=5),
    )
    client.force_login(cast.ana)
    data = {**FACTS, "job_title": "Director", "version": seen}
    answer = client.post(f"/contacts/{contact.pk}/edit/", data, headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert re.search(r'<td class="b">Buyer</td>\s*<td>Director</td>', page)
    assert 'value="Director"' in page


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"emails": "no address"}, {"company_name": "Nobody knows it"}]
)
def test_it_says_what_is_wrong_with_a_fact(
    cast: Cast, client: Client, wrong: dict[str, str]
) -> None:
    contact = make_contact(by=cast.ana)
    client.force_login(cast.ana)
    data = {**FACTS, "version": contact.version, **wrong}
    answer = client.post(f"/contacts/{contact.pk}/edit/", data)
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()
    contact.refresh_from_db()
    assert contact.version == 1


def test_it_lets_only_those_change_facts_who_may(cast: Cast, client: Client) -> None:
    contact = make_contact(by=cast.ana, owner=cast.ana)
    data = {**FACTS, "name": "Taken", "version": contact.version}
    for person in (cast.ben, cast.carl, cast.nora):
        client.force_login(person)
        assert client.get(f"/contacts/{contact.pk}/edit/").status_code == 404
        assert client.post(f"/contacts/{contact.pk}/edit/", data).status_code == 404
    contact.refresh_from_db()
    assert contact.name == "Jordi Pla"


def test_it_hints_at_what_may_be_the_same(cast: Cast, client: Client) -> None:
    contact = make_contact(by=cast.ana, emails=["jordi@norte.test"])
    make_contact(by=cast.ana, name="J. Pla", emails=["JORDI@norte.test"])
    make_contact(by=cast.ana, name="Jordi Plana")
    page = text(client, cast.ana, f"/contacts/{contact.pk}/")
    hint = page.split('id="same-title"')[1].split("</section>")[0]
    assert "J. Pla" in hint
    assert "Jordi Plana" not in hint


def test_it_puts_somebody_new_on_record(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana)
    client.force_login(cast.ben)
    form = client.get(f"/contacts/new/?company={company.pk}").content.decode()
    assert 'value="Norte SA"' in form
    assert client.get("/contacts/new/?company=99999999999999999999").status_code == 200
    answer = client.post(
        "/contacts/new/",
        {**FACTS, "emails": "jordi@norte.test", "company_name": "Norte SA", "company": company.pk},
    )
    contact = Contact.objects.get()
    assert answer["Location"] == f"/contacts/{contact.pk}/"
    assert (contact.company, contact.owner) == (company, cast.ben)
    alike = client.get("/contacts/new/alike/?emails=jordi@norte.test").content.decode()
    assert "same e-mail" in alike


def test_it_opens_a_deal_from_here(cast: Cast, client: Client) -> None:
    contact = make_contact(by=cast.ana)
    page = text(client, cast.ana, f"/contacts/{contact.pk}/")
    address = re.search(r'id="deal-here" href="([^"]+)"', page)
    assert address
    form = client.get(address[1].replace("&amp;", "&")).content.decode()
    assert f'name="contact" value="{contact.pk}" checked' in form


def test_it_goes_on_where_the_timeline_was_left_off(cast: Cast, client: Client) -> None:
    contact = make_contact(by=cast.ana)
    for n in range(21):
        activity_commands.log(
            About(contact=contact), kind=ActivityKind.NOTE, body=f"Talk {n:02}", by=cast.ana, at=NOW
        )
    page = text(client, cast.ana, f"/contacts/{contact.pk}/")
    more = re.search(r'href="(/contacts/\d+/timeline/[^"]+)"', page)
    assert more
    assert "Talk 00" not in page
    assert "Talk 00" in text(client, cast.ana, more[1])


@pytest.mark.parametrize("path", ["", "edit/", "timeline/", "plan/"])
def test_it_asks_strangers_to_sign_in_and_knows_only_what_is_there(
    cast: Cast, client: Client, path: str
) -> None:
    contact = make_contact(by=cast.ana)
    assert client.get(f"/contacts/{contact.pk}/{path}").status_code == 302
    client.force_login(cast.adele)
    assert client.get(f"/contacts/999999/{path}").status_code == 404
    assert client.get(f"/contacts/{contact.pk}/log/").status_code == 405
