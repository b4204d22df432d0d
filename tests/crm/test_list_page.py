import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from crm.commands import activity as activity_commands
from crm.commands import deal as deal_commands
from crm.commands.writers.activity import About, Next
from crm.filters.lists import ActivityFilter, CompanyFilter, ContactFilter, DealFilter
from crm.models import ActivityKind, ListKind, Relationship, Source
from crm.queries.lists import PAGE
from pipeline.models import User
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import (
    NOW,
    ago,
    make_company,
    make_contact,
    make_deal,
    plan_call,
    stopped_deal,
    won_deal,
)

EACH = pytest.mark.parametrize("kind", ListKind.values)
DEALS = pytest.mark.parametrize("kind", ["leads", "opportunities", "deals"])
# As far as the list goes, and no further: each gate on the way takes a dozen queries.
STAGE_OF = {
    "leads": Stage.LEAD_GENERATION,
    "opportunities": Stage.QUALIFICATION,
    "deals": Stage.LEAD_GENERATION,
}


def make_rows(kind: str, count: int, *, by: User) -> None:
    for n in range(count):
        if kind == "companies":
            make_company(by=by, name=f"Company {n:03}", owner=by)
        elif kind == "contacts":
            make_contact(by=by, name=f"Person {n:03}", emails=[f"p{n}@norte.test"], owner=by)
        elif kind == "activities":
            company = make_company(by=by, name=f"Company {n:03}")
            activity_commands.plan(
                About(company=company),
                next=Next(kind=ActivityKind.CALL, due_at=NOW + dt.timedelta(hours=n + 1)),
                by=by,
                at=NOW,
            )
        else:
            make_deal(by=by, name=f"Deal {n:03}", stage=STAGE_OF[kind], amount=100 + n)


def names(page: Any) -> list[str]:
    """The first cell of each row, in the order of the page."""
    text = page.content.decode()
    return re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', text, re.DOTALL)


@pytest.fixture
def look(client: Client) -> Callable[..., Any]:
    def look(user: User, address: str, **headers: Any) -> Any:
        client.force_login(user)
        return client.get(address, **headers)

    return look


@EACH
@pytest.mark.parametrize("count", [1, 10, 60])
def test_it_asks_no_more_of_the_database_for_more_rows(
    cast: Cast, client: Client, kind: str, count: int
) -> None:
    make_rows(kind, count, by=cast.ana)
    for person in (cast.ana, cast.mona, cast.adele):
        client.force_login(person)
        with CaptureQueriesContext(connection) as asked:
            page = client.get(f"/{ListKind(kind).path}/")

        assert len(names(page)) == min(count, PAGE)
        assert len(asked) <= 8


@EACH
def test_it_walks_to_the_end_and_back_through_every_row_once(
    cast: Cast, look: Callable[..., Any], kind: str
) -> None:
    make_rows(kind, 120, by=cast.ana)
    seen, address, pages = [], f"/{ListKind(kind).path}/", []
    while address:
        page = look(cast.ana, address)
        pages.append(
            set(
                re.findall(
                    r'href="(/(?:deals|companies)/\d+/|/contacts/\d+/)"', page.content.decode()
                )
            )
        )
        seen += sorted(pages[-1])
        address = link(page, "next")
    assert [len(part) for part in pages] == [50, 50, 20]
    assert len(seen) == len(set(seen)) == 120
    back = []
    while True:
        address = link(page, "prev")
        if not address:
            break
        page = look(cast.ana, address)
        back.append(
            set(
                re.findall(
                    r'href="(/(?:deals|companies)/\d+/|/contacts/\d+/)"', page.content.decode()
                )
            )
        )
    assert back == [pages[1], pages[0]]


def link(page: Any, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]*)"', page.content.decode())
    return found[1].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize(
    "sort", ["next", "-next", "value", "-value", "closes", "-company", "since"]
)
def test_it_walks_through_what_has_no_value_too(
    cast: Cast, look: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr("crm.queries.lists.PAGE", 3)
    company = make_company(by=cast.ana)
    for n in range(10):
        deal = make_deal(
            by=cast.ana,
            name=f"Deal {n}",
            amount=n // 2 if n % 3 else None,
            company=company if n % 2 else None,
            expected_close_on=dt.date(2026, 4, 1 + n // 4) if n % 4 else None,
        )
        if n % 3 == 1:
            plan_call(deal, by=cast.ana, due_at=ago(days=-n))
    forward, address = [], f"/leads/list/?sort={sort}"
    while address:
        page = look(cast.ana, address)
        forward.append(names(page))
        address = link(page, "next")
    assert sorted(name for part in forward for name in part) == [f"Deal {n}" for n in range(10)]
    backward = [forward[-1]]
    while address := link(page, "prev"):
        page = look(cast.ana, address)
        backward.append(names(page))
    assert backward[::-1] == forward


def test_it_puts_what_asks_for_somebody_first(cast: Cast, look: Callable[..., Any]) -> None:
    later, overdue, nothing = (make_deal(by=cast.ana, name=name) for name in ("C", "B", "A"))
    plan_call(later, by=cast.ana, due_at=ago(days=-3))
    plan_call(overdue, by=cast.ana, due_at=ago(minutes=30))
    assert names(look(cast.ana, "/leads/list/")) == [nothing.name, overdue.name, later.name]


def test_it_sorts_names_without_regard_to_case(cast: Cast, look: Callable[..., Any]) -> None:
    for name in ("beta", "Alpha", "Gamma"):
        make_company(by=cast.ana, name=name)
    assert names(look(cast.ana, "/companies/")) == ["Alpha", "beta", "Gamma"]
    assert names(look(cast.ana, "/companies/?sort=-name")) == ["Gamma", "beta", "Alpha"]


@DEALS
def test_it_totals_exactly_what_it_lists(cast: Cast, look: Callable[..., Any], kind: str) -> None:
    make_rows(kind, 60, by=cast.ana)
    make_rows(kind, 3, by=cast.carl)
    words = {"leads": "leads", "opportunities": "opportunities", "deals": "deals"}[kind]
    assert f"60 {words} · €7,770" in look(cast.ana, f"/{ListKind(kind).path}/").content.decode()
    # 140 to 159: twenty of them.
    assert (
        f"20 {words} · €2,990"
        in look(cast.ana, f"/{ListKind(kind).path}/?min=140").content.decode()
    )


@EACH
def test_it_opens_each_time_with_what_there_is_for_whom_it_is(
    cast: Cast, look: Callable[..., Any], kind: str
) -> None:
    # How it is asked is kept from one opening to the next; what is answered must not be.
    make_rows(kind, 1, by=cast.ana)
    assert len(names(look(cast.ana, f"/{ListKind(kind).path}/"))) == 1
    make_rows(kind, 2, by=cast.ana)
    assert len(names(look(cast.ana, f"/{ListKind(kind).path}/"))) == 3
    others = {"companies": 3, "contacts": 3}.get(kind, 0)  # these are in everybody's sight
    assert len(names(look(cast.carl, f"/{ListKind(kind).path}/"))) == others
    team = cast.carl.team
    assert team is not None
    manager = team.manager
    assert manager is not None
    cast.ana.team = team
    cast.ana.save()
    assert len(names(look(manager, f"/{ListKind(kind).path}/"))) == 3


def test_it_counts_no_further_than_its_cap(
    cast: Cast, look: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.queries.lists.CAP", 5)
    make_rows("leads", 6, by=cast.ana)
    text = look(cast.ana, "/leads/list/").content.decode()
    assert "more than 5" in text
    assert "€" not in text.split("<thead>")[0].split("</h1>")[1]


def test_it_divides_deals_into_leads_and_opportunities(
    cast: Cast, look: Callable[..., Any]
) -> None:
    for stage in Stage:
        make_deal(by=cast.ana, name=stage.key, stage=stage)
    won_deal(by=cast.ana, name="won")
    stopped_deal(by=cast.ana, name="stopped")
    leads, opportunities = look(cast.ana, "/leads/list/"), look(cast.ana, "/opportunities/")
    assert sorted(names(leads)) == ["lead_generation", "prospecting"]
    assert len(names(opportunities)) == 5
    assert names(look(cast.ana, "/leads/list/?outcome=stopped")) == ["stopped"]
    assert names(look(cast.ana, "/opportunities/?outcome=won")) == ["won"]
    assert len(names(look(cast.ana, "/deals/"))) == 9


def test_it_narrows_deals_down(cast: Cast, look: Callable[..., Any]) -> None:
    fair = Source.objects.get(name="Trade fair")
    company = make_company(by=cast.ana, name="Cerámica Órbigo")
    make_deal(
        by=cast.ana,
        name="Wanted",
        stage=Stage.PROPOSAL,
        amount=500,
        source=fair,
        company=company,
        expected_close_on=dt.date(2026, 5, 1),
    )
    make_deal(by=cast.ben, name="Other", stage=Stage.CLOSING, amount=100)
    deal_commands.park(
        make_deal(by=cast.ana, name="Parked"), until=dt.date(2026, 4, 1), by=cast.ana, at=NOW
    )
    for query, found in {
        f"person={cast.ana.pk}": {"Wanted", "Parked"},
        f"team={cast.north.pk}": {"Wanted", "Other", "Parked"},
        f"source={fair.pk}": {"Wanted"},
        "stage=5&stage=7": {"Wanted", "Other"},
        "min=101": {"Wanted"},
        "max=100": {"Other"},
        "next=none": {"Wanted", "Other"},
        "next=parked": {"Parked"},
        "q=ceramica": {"Wanted"},
        f"company={company.pk}": {"Wanted"},
        "expected_from=2026-05-01&expected_to=2026-05-01": {"Wanted"},
        "opened_from=2026-03-01&opened_to=2026-03-01": {"Wanted", "Other", "Parked"},
        "opened_to=2026-02-28": set(),
        "closed_from=2026-01-01": set(),
    }.items():
        assert set(names(look(cast.rosa, f"/deals/?{query}"))) == found, query


def test_it_narrows_parties_and_activities_down(cast: Cast, look: Callable[..., Any]) -> None:
    norte = make_company(
        by=cast.ana,
        name="Norte",
        relationship=Relationship.CUSTOMER,
        industry="Food",
        owner=cast.ana,
    )
    make_company(by=cast.ana, name="Sur", country="Chile")
    deal = make_deal(by=cast.ana, name="Line 3", company=norte)
    make_contact(by=cast.ana, name="Jordi", emails=["j@norte.test"], company=norte)
    make_contact(by=cast.ana, name="Rosa", phones=["0664 1234567"])
    plan_call(deal, by=cast.ana, due_at=ago(days=-1))
    activity_commands.log(
        About(deal=deal), kind=ActivityKind.NOTE, body="Done", by=cast.ana, at=ago(days=2)
    )
    for address, found in {
        "/companies/?relationship=customer": ["Norte"],
        "/companies/?deals=open": ["Norte"],
        "/companies/?deals=none": ["Sur"],
        "/companies/?industry=foo": ["Norte"],
        "/companies/?country=chi": ["Sur"],
        "/companies/?person=nobody": ["Sur"],
        "/contacts/?reach=email": ["Jordi"],
        "/contacts/?reach=phone": ["Rosa"],
        "/contacts/?reach=none": [],
        "/contacts/?q=664123": ["Rosa"],
        f"/contacts/?company={norte.pk}": ["Jordi"],
        "/activities/": ["Call"],
        "/activities/?state=done": ["Note"],
        "/activities/?state=any": ["Call", "Note"],
        "/activities/?state=overdue": [],
        "/activities/?state=any&kind=note": ["Note"],
        "/activities/?q=norte": ["Call"],
        "/activities/?stage=1": ["Call"],
        "/activities/?stage=2": [],
        "/activities/?day_from=2026-03-12&day_to=2026-03-12": ["Call"],
        "/activities/?state=any&day_to=2026-03-09": ["Note"],
    }.items():
        assert names(look(cast.ana, address)) == found, address


@pytest.mark.parametrize(
    "query",
    [
        "min=abc",
        "min=NaN",
        "min=-1",
        "min=1e400",
        "max=Infinity",
        "min=" + "9" * 5000,
        "person=abc",
        "person=999999999",
        "person[]=1&person=%01",
        "team=-1",
        "source=1e9",
        "stage=8",
        "stage=3&stage=nine",
        "outcome=gone",
        "next=never",
        "q=" + "a" * 101,
        "company=0",
        "company=99999999999999999999",
        "company=1.5",
        "opened_from=0001-01-01",
        "opened_to=9999-12-31",
        "closed_from=31.2.2026",
        "sort=password",
        "sort=--name",
        "sort=owner__password",
        "after=1000000000",
        "after=NaN",
        "after=[]",
        "after=[1,2,3]",
        "after=[NaN,1]",
        'after=["2026-01-01T00:00:00Z",-1]',
        'after=["2026-01-01T00:00:00",1]',
        'after=["2026-01-01T00:00:00%2B23:00",1]',
        'after=["2026-01-01T00:00:00%2B01:00:00.5",1]',
        'after=["2026-01-01T00:00:00Z",99999999999999999999]',
        'after=["2026-01-01T00:00:00Z",true]',
        'sort=name&after=["\\ud800",1]',
        'sort=name&after=["\\u0000",1]',
        'sort=value&after=["1e400000",1]',
        'sort=value&before=["Infinity",1]',
        "after=" + "[" * 900,
        "before={}",
    ],
)
def test_it_says_what_is_wrong_with_an_address_and_lists_nothing(
    cast: Cast, look: Callable[..., Any], query: str
) -> None:
    make_deal(by=cast.ana)
    page = look(cast.ana, f"/leads/list/?{query}")
    assert page.status_code == 422
    assert 'role="alert"' in page.content.decode()
    assert names(page) == []
    assert look(cast.ana, f"/lists/leads.csv?{query}").status_code == 422


@EACH
def test_it_lives_with_any_address(cast: Cast, client: Client, kind: str) -> None:
    junk = [
        "",
        "1",
        "-1",
        "NaN",
        "1e9",
        "[]",
        "{}",
        "%00",
        "%ff",
        "%F0%9F%92%A9",
        "'; --",
        "9" * 40,
    ]
    keys = ["q", "person", "team", "source", "stage", "outcome", "next", "min", "max", "sort"]
    keys += ["state", "kind", "result", "day_from", "relationship", "deals", "industry", "reach"]
    keys += ["company", "opened_from", "after", "before"]
    client.force_login(cast.mona)
    addresses = ["&".join(f"{key}={value}" for key in keys) for value in junk]
    addresses += [f"{key}=NaN&{key}[]=1" for key in keys]
    for address in addresses:
        no_text = "%00" in address or "%ff" in address
        status = client.get(f"/{ListKind(kind).path}/?{address}").status_code
        assert status == 400 if no_text else status in (200, 422), address


@EACH
def test_it_teaches_on_an_empty_list(cast: Cast, look: Callable[..., Any], kind: str) -> None:
    assert 'class="blank"' in look(cast.ana, f"/{ListKind(kind).path}/").content.decode()
    assert (
        "Nothing fits these filters"
        in look(cast.ana, f"/{ListKind(kind).path}/?q=zzz").content.decode()
    )


def test_it_answers_the_list_alone_to_htmx_and_keeps_the_address_short(
    cast: Cast, look: Callable[..., Any]
) -> None:
    make_deal(by=cast.ana)
    part = look(
        cast.ana,
        "/leads/list/?q=&person=&min=&stage=1&sort=",
        headers={"HX-Request": "true", "HX-Trigger": "filters"},
    )
    assert "<html" not in part.content.decode()
    assert part["HX-Push-Url"] == "/leads/list/?stage=1"


def test_it_shows_names_as_they_are_typed(cast: Cast, look: Callable[..., Any]) -> None:
    make_deal(by=cast.ana, name="<script>alert(1)</script>", company="<b>Norte</b>")
    for kind in ("leads", "deals", "companies"):
        text = look(cast.ana, f"/{ListKind(kind).path}/").content.decode()
        assert "<script>alert" not in text
        assert "<b>Norte" not in text


@EACH
def test_it_stays_small(cast: Cast, look: Callable[..., Any], kind: str) -> None:
    make_rows(kind, 60, by=cast.ana)
    assert len(look(cast.ana, f"/{ListKind(kind).path}/").content) < 100_000


def test_it_draws_each_filter_by_what_it_takes(cast: Cast, look: Callable[..., Any]) -> None:
    def drawn(kind: str) -> tuple[dict[str, str], list[str]]:
        page = look(cast.ana, f"/{ListKind(kind).path}/").content.decode()
        inputs = re.findall(r'id="filter-(\w+)"[^>]*?type="(\w+)"', page)
        return dict(inputs), re.findall(r'<option value="" selected>([^<]+)<', page)

    inputs, unasked = drawn("deals")
    assert inputs.pop("min") == inputs.pop("max") == "number"
    assert len(inputs) == 6
    assert set(inputs.values()) == {"date"}
    assert "Any outcome" in unasked
    assert "Open" in drawn("leads")[1]
    assert drawn("companies")[0] == {"industry": "text", "country": "text"}
    inputs, unasked = drawn("activities")
    assert inputs == {"day_from": "date", "day_to": "date"}
    assert unasked[0] == "To do"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("of", [DealFilter, ActivityFilter, CompanyFilter, ContactFilter])
def test_no_two_filters_of_a_list_have_the_same_name(of: Any, language: str) -> None:
    """Whoever chooses among them sees their names alone."""
    with translation.override(language):
        labels = [str(one.label) for one in of.base_filters.values() if one.label]
    assert len(labels) == len(set(labels)) > 3, labels
