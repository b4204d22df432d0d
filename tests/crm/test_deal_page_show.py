"""The deal page: what it says, to whom, and what it costs."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.commands import activity as activities
from crm.commands import deal as deals
from crm.commands import deal_line
from crm.commands import deal_move as move_commands
from crm.commands.contact import NewContact
from crm.commands.writers.activity import About, Next
from crm.models import ActivityKind, Deal, DealRole, Product
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import (
    NOW,
    ago,
    make_company,
    make_deal,
    plan_call,
    ready_deal,
    stopped_deal,
    won_deal,
)


def get(client: Client, user, deal: Deal, path: str = "", **headers):
    client.force_login(user)
    return client.get(f"/deals/{deal.pk}/{path}", headers=headers)


def html(response) -> str:
    assert response.status_code == 200
    text: str = response.content.decode()
    return text


def busy_deal(cast: Cast, *, rows: int) -> Deal:
    """A deal with `rows` of everything that a page shows in rows."""
    deal = make_deal(by=cast.ana, company=make_company(by=cast.ana), amount=48000)
    product = Product.objects.create(name="Sensor", currency="EUR", price=Decimal(90))
    for n in range(rows):
        person = NewContact(
            name=f"Person {n}", email=f"p{n}@norte.test", phone=f"+34 600 00 00 {n:02}"
        )
        deals.set_contact(deal, contact=person, by=cast.ana, at=ago(hours=20))
        activities.log(
            About(deal=deal),
            kind=ActivityKind.CALL,
            body=f"Call {n}",
            by=cast.ana,
            at=ago(hours=19),
            next=Next(kind=ActivityKind.CALL, due_at=NOW + dt.timedelta(days=n + 1)),
        )
        deals.edit(deal, amount=Decimal(1000 + n), by=cast.ana, at=ago(hours=18))
        move_commands.advance(deal, to=Stage.PROSPECTING, by=cast.ana, at=ago(hours=17 - n / 10))
        move_commands.move(
            deal, to=Stage.LEAD_GENERATION, reason="no", by=cast.ana, at=ago(hours=16.95 - n / 10)
        )
        deal_line.add(
            deal,
            product=product,
            quantity=Decimal(1),
            unit_price=None,
            by=cast.ana,
            at=ago(hours=1),
        )
    return deal


def test_it_shows_the_deal_to_its_owner(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana, amount=48000, company=make_company(by=cast.ana))
    page = html(get(client, cast.ana, deal))
    for words in ("Line 3 retrofit", "Norte SA", "€48,000", "Nothing planned", "Ana Ruiz"):
        assert words in page


@pytest.mark.parametrize("rows", [1, 12])
def test_it_takes_the_same_few_queries_for_few_rows_and_many(client: Client, cast: Cast, rows: int):
    deal = busy_deal(cast, rows=rows)
    client.force_login(cast.ana)
    # The versions of a process are read once and kept: who asks first pays for all.
    client.get(f"/deals/{deal.pk}/")
    with CaptureQueriesContext(connection) as queries:
        html(client.get(f"/deals/{deal.pk}/"))
    assert len(queries) == 12, [q["sql"][:150] for q in queries]


def test_it_says_how_long_each_stage_took_and_what_was_skipped(client: Client, cast: Cast):
    deal = ready_deal(by=cast.ana, at=ago(days=20))
    move_commands.advance(
        deal, to=Stage.QUALIFICATION, reason="They called us", by=cast.ana, at=ago(days=14)
    )
    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, by=cast.ana, at=ago(days=9))
    move_commands.move(
        deal, to=Stage.QUALIFICATION, reason="Another buyer", by=cast.ana, at=ago(days=5)
    )
    page = html(get(client, cast.ana, deal))
    assert "Stage 1 Lead generation: 6 d" in page
    assert "Stage 2 Prospecting: skipped · They called us" in page
    assert "Stage 3 Qualification: 5 d of usually 7" in page
    assert "Stage 4 Needs analysis: ahead · was 4 d" in page
    assert "Another buyer" in page


def test_it_tells_a_return_in_words(client: Client, cast: Cast):
    deal = ready_deal(by=cast.ana, at=ago(days=20), stage=Stage.NEEDS_ANALYSIS)
    move_commands.move(
        deal, to=Stage.QUALIFICATION, reason="Another buyer", by=cast.ana, at=ago(days=8)
    )
    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, by=cast.ana, at=ago(days=6))
    move_commands.advance(deal, to=Stage.PROPOSAL, by=cast.ana, at=ago(days=2))
    page = html(get(client, cast.ana, deal))
    assert "Stage 4 Needs analysis: 16 d · back ×1" in page
    assert "Stage 1 Lead generation: not recorded" in page


def test_it_counts_how_often_the_closing_date_was_pushed(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana, expected_close_on=dt.date(2026, 3, 20))
    for day in (25, 22, 30):
        deals.edit(deal, expected_close_on=dt.date(2026, 3, day), by=cast.ana, at=ago(hours=day))
    assert "pushed 2 times" in html(get(client, cast.ana, deal))


def test_it_escapes_what_people_wrote(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana, name="<b>Bold</b> & co")
    activities.log(
        About(deal=deal), kind=ActivityKind.NOTE, body="<script>x</script>", by=cast.ana, at=NOW
    )
    page = html(get(client, cast.ana, deal))
    assert "<b>Bold</b>" not in page
    assert "<script>x</script>" not in page
    assert "&lt;script&gt;x&lt;/script&gt;" in page


def test_it_shows_no_verb_to_those_who_may_only_look(client: Client, cast: Cast):
    pooled = make_deal(by=cast.mona, team=cast.north)
    page = html(get(client, cast.ana, pooled))
    assert f"/deals/{pooled.pk}/claim/" in page
    for verb in ("advance", "stop", "win", "log", "plan", "edit/value", "people", "lines"):
        assert f'"/deals/{pooled.pk}/{verb}/' not in page


def test_it_offers_to_open_a_closed_deal_again(client: Client, cast: Cast):
    page = html(get(client, cast.ana, stopped_deal(by=cast.ana)))
    assert "/reopen/" in page
    assert "Price" in page
    assert "/advance/" not in page
    assert "Won on" in html(get(client, cast.ana, won_deal(by=cast.ana)))


def test_it_is_for_those_in_whose_reach_the_deal_is(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana)
    seen = {
        person.name.split()[0]: get(client, person, deal).status_code == 200
        for person in cast.people
    }
    assert seen == {
        "Adele": True,
        "Rosa": True,
        "Mona": True,
        "Nora": False,
        "Ana": True,
        "Ben": False,
        "Carl": False,
    }


@pytest.mark.parametrize("path", ["", "timeline/", "stages/2/", "move/", "edit/value/"])
def test_it_sends_strangers_to_the_sign_in(client: Client, cast: Cast, path: str):
    response = client.get(f"/deals/{make_deal(by=cast.ana).pk}/{path}")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("path", ["stages/0/", "stages/8/", "edit/owner/", "edit/version/"])
def test_it_knows_no_other_parts(client: Client, cast: Cast, path: str):
    assert get(client, cast.ana, make_deal(by=cast.ana), path).status_code == 404


@pytest.mark.parametrize("path", ["timeline/", "stages/2/"])
def test_it_hides_parts_of_deals_out_of_reach(client: Client, cast: Cast, path: str):
    deal = make_deal(by=cast.ana)
    assert get(client, cast.ben, deal, path).status_code == 404
    assert get(client, cast.ana, deal, path).status_code == 200


def test_it_gives_each_part_to_htmx(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana)
    parts = html(get(client, cast.ana, deal, hx_request="true"))
    assert "<html" not in parts
    for part in ("head", "next", "stage", "people", "timeline", "history", "facts", "lines"):
        assert f'id="deal-{part}" hx-swap-oob="true"' in parts
    # What is typed in the composer is not replaced.
    assert 'id="composer"' not in parts


def test_it_pages_through_the_timeline_without_gap_or_repetition(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana, at=ago(days=2))
    for n in range(45):
        # Many of them at the same instant.
        activities.log(
            About(deal=deal),
            kind=ActivityKind.NOTE,
            body=f"Note {n:02}.",
            by=cast.ana,
            at=ago(hours=5 - n // 15),
        )
    seen: list[str] = []
    path = "timeline/"
    for _page in range(5):
        page = html(get(client, cast.ana, deal, path, hx_request="true"))
        seen += [f"{n:02}" for n in range(45) for _ in range(page.count(f"Note {n:02}."))]
        if "before=" not in page:
            break
        before = page.split("before=")[1].split('"')[0]
        path = f"timeline/?show=all&before={before}"
    assert sorted(seen) == [f"{n:02}" for n in range(45)]
    assert "Opened in" in page


def test_it_narrows_the_timeline_down(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana, amount=1)
    activities.log(About(deal=deal), kind=ActivityKind.NOTE, body="Told.", by=cast.ana, at=NOW)
    deals.edit(deal, amount=Decimal(2), by=cast.ana, at=NOW)
    talks = html(get(client, cast.ana, deal, "timeline/?show=talks", hx_request="true"))
    assert "Told." in talks
    assert "Value changed" not in talks
    changes = html(get(client, cast.ana, deal, "timeline/?show=changes", hx_request="true"))
    assert "Told." not in changes
    assert "€1 → €2" in changes


@pytest.mark.parametrize(
    "place",
    [
        "x",
        "[1,2,3]",
        '["2026-03-11T10:00:00%2B00:00",1]',
        '[["2026-03-11T10:00:00","1"],2]',
        '[["2026-03-11T10:00:00%2B00:00","9"],9]',
        '[["2026-03-11T10:00:00%2B23:00","1"],2]',
    ],
)
def test_it_refuses_a_place_that_is_none(client: Client, cast: Cast, place: str):
    deal = make_deal(by=cast.ana)
    assert get(client, cast.ana, deal, f"timeline/?before={place}").status_code == 400


def test_it_says_what_is_next(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana)
    plan_call(deal, by=cast.ana, due_at=NOW + dt.timedelta(hours=4))
    assert "Today 15:00" in html(get(client, cast.ana, deal))
    late = make_deal(by=cast.ana, at=ago(days=3))
    activities.plan(
        About(deal=late),
        next=Next(kind=ActivityKind.EMAIL, due_on=ago(days=1).date()),
        by=cast.ana,
        at=ago(days=2),
    )
    assert "Overdue · Tue 10 Mar" in html(get(client, cast.ana, late))
    parked = make_deal(by=cast.ana)
    deals.park(parked, until=dt.date(2026, 4, 1), by=cast.ana, at=NOW)
    assert "Parked to Wed 1 Apr" in html(get(client, cast.ana, parked))


def test_it_names_people_with_how_to_reach_them(client: Client, cast: Cast):
    deal = make_deal(by=cast.ana)
    person = NewContact(name="Petra Voss", email="Petra@Vega.test", phone="+43 1 234 567")
    deals.set_contact(deal, contact=person, role=DealRole.DECIDES, by=cast.ana, at=NOW)
    page = html(get(client, cast.ana, deal))
    assert "mailto:Petra@Vega.test" in page
    assert "tel:+431234567" in page
    assert "Decides" in page


def test_it_tells_in_words_what_a_reopening_took_back(cast: Cast, client: Client):
    deal = stopped_deal(by=cast.ana)
    deals.reopen(deal, reason="They called back.", by=cast.ana, at=NOW)

    told = html(get(client, cast.ana, deal))

    assert "Who stopped it removed" in told
    assert "Cause removed" in told
