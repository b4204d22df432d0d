"""Who sees which rows: list, total, counts, export, choices and bulk give the same answer."""

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client

from crm.commands import activity as activity_commands
from crm.commands.writers.activity import About, Next
from crm.models import ActivityKind, ListKind
from pipeline.models import User
from tests.conftest import Cast
from tests.crm.test_list_page import names
from tests.factories import ago, make_company, make_contact, make_deal

# Whose leads each of the cast sees; the pool is Team North's.
SEEN = {
    "ana": {"ana", "pool"},
    "ben": {"ben", "pool"},
    "carl": {"carl"},
    "mona": {"ana", "ben", "pool"},
    "nora": {"carl"},
    "rosa": {"ana", "ben", "carl", "pool"},
    "adele": {"ana", "ben", "carl", "pool"},
}
each_person = pytest.mark.parametrize("who", SEEN)


@pytest.fixture
def deals(cast: Cast) -> None:
    company = make_company(by=cast.ana, name="Norte SA")
    contact = make_contact(by=cast.ana, company=company)
    for number, who in enumerate(("ana", "ben", "carl")):
        seller: User = getattr(cast, who)
        deal = make_deal(by=seller, name=who, amount=10**number, company=company, contact=contact)
        activity_commands.plan(
            About(deal=deal),
            next=Next(kind=ActivityKind.CALL, due_at=ago(days=-1), subject=f"by {who}"),
            by=seller,
            at=ago(hours=1),
        )
        activity_commands.plan(
            About(company=company),
            next=Next(kind=ActivityKind.TASK, due_at=ago(days=-1), subject=f"own of {who}"),
            by=seller,
            at=ago(hours=1),
        )
    make_deal(by=cast.mona, name="pool", amount=1000, team=cast.north, company=company)


def exported(client: Client, address: str) -> list[dict[str, str]]:
    answer: Any = client.get(address)
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


@each_person
@pytest.mark.usefixtures("deals")
def test_it_gives_one_answer_everywhere(cast: Cast, client: Client, who: str) -> None:
    client.force_login(getattr(cast, who))
    page = client.get("/leads/list/")
    assert set(names(page)) == SEEN[who]
    rows = exported(client, "/lists/leads.csv")
    assert {row["Name"] for row in rows} == SEEN[who]
    total = sum(float(row["Value"]) for row in rows)
    assert (
        f"{len(rows)} lead{'s' if len(rows) > 1 else ''} · €{total:,.0f}" in page.content.decode()
    )
    for address in ("/companies/", "/contacts/"):
        counts = re.findall(
            r'<td class="num(?: p3)? b">(\d+)</td>', client.get(address).content.decode()
        )
        with_contact = SEEN[who] - ({"pool"} if address == "/contacts/" else set())
        assert counts == [str(len(with_contact))]
    sheet = client.get("/deals/bulk/park/?list=leads&all=1").content.decode()
    ids = re.search(r'name="ids" value="([^"]*)"', sheet)
    assert ids
    assert len(ids[1].split(",")) == len(SEEN[who])


@each_person
@pytest.mark.usefixtures("deals")
def test_it_keeps_others_activities_out(cast: Cast, client: Client, who: str) -> None:
    client.force_login(getattr(cast, who))
    subjects = set(names(client.get("/activities/")))
    people = SEEN[who] - {"pool"}
    assert subjects == {f"Call: by {name}" for name in people} | {
        f"Task: own of {name}" for name in people
    }
    assert {row["Subject"] for row in exported(client, "/lists/activities.csv")} == {
        subject.split(": ")[1] for subject in subjects
    }


@each_person
@pytest.mark.usefixtures("deals")
def test_it_offers_only_people_whose_records_are_in_sight(
    cast: Cast, client: Client, who: str
) -> None:
    client.force_login(getattr(cast, who))
    page = client.get("/leads/list/").content.decode()
    people = page.split('name="person"')[1].split("</select>")[0]
    for name in ("Ana Ruiz", "Ben Okoro", "Carl Meier"):
        seen = name.split()[0].lower() in SEEN[who] and name.split()[0].lower() != who
        assert (name in people) is seen
    other = cast.carl if who in ("ana", "ben", "mona") else cast.ana
    if other.name.split()[0].lower() not in SEEN[who]:
        assert client.get(f"/leads/list/?person={other.pk}").status_code == 422


@pytest.mark.usefixtures("deals")
def test_it_follows_a_person_who_left(cast: Cast, client: Client) -> None:
    cast.ana.is_active = False
    cast.ana.save(update_fields=["is_active"])
    client.force_login(cast.mona)
    page = client.get(f"/leads/list/?person={cast.ana.pk}")
    assert names(page) == ["ana"]
    assert "Ana Ruiz (left)" in page.content.decode()


@pytest.mark.parametrize("kind", ListKind.values)
def test_it_asks_strangers_to_sign_in_and_takes_no_other_method(
    cast: Cast, client: Client, kind: str
) -> None:
    for address in (f"/{ListKind(kind).path}/", f"/lists/{kind}.csv"):
        assert client.get(address)["Location"].startswith("/accounts/login/")
    client.force_login(cast.ana)
    for address in (f"/{ListKind(kind).path}/", f"/lists/{kind}.csv"):
        assert client.post(address).status_code == 405


@pytest.mark.parametrize(
    "address",
    [
        "/views/save/",
        "/deals/bulk/stop/",
        "/companies/new/",
        "/contacts/new/",
        "/touches/1/cancel/",
    ],
)
def test_it_asks_strangers_to_sign_in_before_they_write(
    cast: Cast, client: Client, address: str
) -> None:
    assert client.post(address)["Location"].startswith("/accounts/login/")
