"""Existing customers: the touch plan of each, what they bought and brought, and what is due."""

import datetime as dt
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.commands import activity as activity_commands
from crm.commands import deal_win as win_commands
from crm.commands import hand_off, touch_plan
from crm.commands import undo as undo_commands
from crm.commands.undo import undoable
from crm.commands.writers.activity import About
from crm.models import (
    Activity,
    ActivityKind,
    ActivityResult,
    Company,
    Deal,
    Product,
    TouchPlan,
)
from crm.touch_rhythm import proposed_rhythm, touch_due
from day.presenters.customers import repeat_share
from day.queries import customers as queries
from pipeline.models import Batch, BatchKind, User
from pipeline.process.stages import Stage
from reports.axes import STAGE
from reports.figures import Coverage, Period
from reports.metrics.activity import activities
from reports.question import Question
from salesprocess.lib.refused import Stale
from tests.conftest import Cast
from tests.factories import NOW, ago, make_company, make_deal, won_deal
from tests.statements import forget, prepared


def customer(*, by: User, name: str = "Vega", told: bool = True, **fields: Any) -> Company:
    company = make_company(by=by, name=name, owner=by, **fields)
    deal = won_deal(by=by, company=company, value=5000)
    if told:
        hand_off.write(deal, to="Plant Linz", by=by, at=NOW)
    return company


def silent_since(moment: dt.datetime) -> None:
    Deal.objects.update(closed_at=moment)
    Activity.objects.done().update(done_at=moment)


def look(client: Client, person: User, address: str = "/customers/") -> str:
    client.force_login(person)
    page: Any = client.get(address)
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


def names(page: str) -> list[str]:
    rows = page.split('<th scope="row">')[1:]
    return [row.split("<bdi>")[1].split("</bdi>")[0] for row in rows]


def work_by_stage(person: User) -> Counter[int]:
    """How much somebody did, by the stage for which it counts, as the reports tell it."""
    period = Period(start_on=ago(days=30).date(), end_on=NOW.date(), zone=person.organisation.zone)
    asked = Question(reader=person, today=NOW.date(), period=period)
    found = activities.measure(asked, STAGE)
    return Counter({stage: figure.n for stage, figure in found.items() if stage})


def test_a_win_begins_to_keep_in_touch_unless_one_says_no(cast: Cast) -> None:
    for months, n in ((6, 1), (None, 0)):
        company = make_company(by=cast.ana, name=f"Of {months}")
        deal = make_deal(by=cast.ana, stage=Stage.CLOSING, company=company)
        win_commands.win(deal, value=Decimal(1), touch_months=months, by=cast.ana, at=NOW)

        assert TouchPlan.objects.filter(company=company, months=months).count() == n
        assert [one.due_on for one in deal.activities.planned()] == [dt.date(2026, 9, 11)] * n
        assert deal.next_kind == ("call" if n else "")


def test_a_win_that_is_taken_back_takes_the_touches_along(cast: Cast) -> None:
    deal = make_deal(by=cast.ana, stage=Stage.CLOSING, company=make_company(by=cast.ana))
    with undoable(verb="win", by=cast.ana, at=NOW) as acts:
        win_commands.win(deal, value=Decimal(1), touch_months=6, by=cast.ana, at=NOW)

    undo_commands.undo(deal, act=acts[0].pk, by=cast.ana, at=NOW)

    assert not TouchPlan.objects.exists()
    assert not Activity.objects.planned().exists()


def test_the_form_of_a_win_proposes_by_style_and_size(cast: Cast, client: Client) -> None:
    large = make_company(by=cast.ana, employees=900)
    deal = make_deal(by=cast.ana, stage=Stage.CLOSING, company=large)

    sheet = look(client, cast.ana, f"/deals/{deal.pk}/win/")
    assert 'name="touch_months" value="3" checked' in sheet
    touch_plan.decide(large, months=None, by=cast.ana, at=NOW)
    assert "touch_months" not in look(client, cast.ana, f"/deals/{deal.pk}/win/")


def test_rhythms_follow_style_and_size_and_months_end_when_they_end() -> None:
    assert proposed_rhythm("account_management", 250) < proposed_rhythm("new_business", 250)
    assert proposed_rhythm("mixed", None) > proposed_rhythm("mixed", 1000)
    assert touch_due(dt.date(2026, 8, 31), 6) == dt.date(2027, 2, 28)
    assert touch_due(dt.date(2026, 12, 1), 12) == dt.date(2027, 12, 1)


def test_what_is_due_first_comes_first(cast: Cast, client: Client) -> None:
    undecided = customer(by=cast.ana, name="Undecided")
    later = customer(by=cast.ana, name="Later")
    sooner = customer(by=cast.ana, name="Sooner")
    customer(by=cast.ana, name="To hand off", told=False)
    with_deal = customer(by=cast.ana, name="With a deal")
    customer(by=cast.carl, name="Of Carl")
    make_company(by=cast.ana, name="Never bought", owner=cast.ana)
    make_deal(by=cast.ana, company=with_deal)
    for company, months in ((later, 6), (sooner, 1), (with_deal, 1)):
        touch_plan.decide(company, months=months, by=cast.ana, at=NOW)

    page = look(client, cast.ana)

    assert names(page) == ["To hand off", "Sooner", "Later", "Undecided", "With a deal"]
    assert "Hand-off to write" in page
    assert "By its deals" in page
    assert names(look(client, cast.ana, "/customers/?show=no-plan")) == ["To hand off", "Undecided"]
    assert names(look(client, cast.ana, "/customers/?show=hand-off")) == ["To hand off"]
    assert undecided.pk


def test_of_a_colleagues_deals_it_tells_nothing(cast: Cast, client: Client) -> None:
    customer(by=cast.carl, name="Of Carl")

    everybody = look(client, cast.ana, "/customers/?whose=all")
    assert names(everybody) == ["Of Carl"]
    assert "5,000" not in everybody
    assert "5,000" in look(client, cast.adele, "/customers/?whose=all")
    assert names(look(client, cast.nora, "/customers/?whose=team")) == ["Of Carl"]


def test_a_touch_that_is_due_is_planned_and_logged(cast: Cast, client: Client) -> None:
    """And it counts as work in the first stage, on record and in the reports (CHECKLIST A11)."""
    vega = customer(by=cast.ana)
    touch_plan.decide(vega, months=1, by=cast.ana, at=ago(days=60))
    silent_since(ago(days=50))
    assert names(look(client, cast.ana, "/customers/?show=due")) == ["Vega"]

    client.post(f"/customers/{vega.pk}/touch/", {"on": "2026-03-12"})

    plan = Activity.objects.planned().get()
    assert (plan.company, plan.due_on) == (vega, dt.date(2026, 3, 12))
    assert names(look(client, cast.ana, "/customers/?show=due")) == []
    before = work_by_stage(cast.ana)
    activity_commands.complete(plan, result=ActivityResult.REACHED, by=cast.ana, at=NOW)
    assert Activity.objects.get(pk=plan.pk).stage == Stage.LEAD_GENERATION
    assert work_by_stage(cast.ana) - before == {Stage.LEAD_GENERATION.value: 1}
    assert names(look(client, cast.ana, "/customers/?show=due")) == []


def test_who_was_silent_for_a_year_is_dormant(cast: Cast, client: Client) -> None:
    vega = customer(by=cast.ana)
    silent_since(ago(days=500))
    assert names(look(client, cast.ana, "/customers/?show=dormant")) == ["Vega"]

    activity_commands.log(About(company=vega), kind=ActivityKind.CALL, by=cast.ana, at=NOW)

    assert names(look(client, cast.ana, "/customers/?show=dormant")) == []


def test_an_open_row_says_what_is_missing_and_what_they_brought(cast: Cast, client: Client) -> None:
    Product.objects.create(name="Linelink", currency="EUR")
    vega = customer(by=cast.ana)
    make_deal(by=cast.ana, name="By Vega", source_company=vega)

    page = look(client, cast.ana, f"/customers/?open={vega.pk}")

    assert "Linelink" in page
    assert "By Vega" in page
    assert f"/deals/new/?company={vega.pk}" in page
    new = look(client, cast.ana, f"/deals/new/?company={vega.pk}&company_name=Vega")
    assert "selected>Existing customer" in new or "Existing customer" in new


def test_how_much_came_again_is_said_with_its_deals(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The share of repeat business (CHECKLIST A17): one's own, by what anybody had won before."""
    assert "came again" not in look(client, cast.ana)
    vega = customer(by=cast.carl)
    Deal.objects.update(closed_at=ago(days=400))
    won_deal(by=cast.ana, company=vega, name="Vega again")
    new = customer(by=cast.ana, name="New one")
    won_deal(by=cast.carl, company=vega)

    page = look(client, cast.ana)

    assert ">1 of 2 wins in 12 months came again</a>" in page
    href = again_link(page)
    rows = look(client, cast.ana, href)
    assert ("Vega again" in rows, "New one" in rows) == (True, False)
    # Of enough of them it is a share, with its limits; and what is unknown is told.
    monkeypatch.setattr("reports.figures.MIN_ROWS", 3)
    everybody = look(client, cast.adele, "/customers/?whose=all")
    assert "67% repeat business</b> · 2 of 3 wins in 12 months · between 2" in everybody
    assert "covered" not in everybody
    figure = queries.repeat_share(cast.again(cast.adele), queries.Whose.ALL, at=NOW)
    partly = replace(figure, coverage=Coverage(known=3, population=5))
    told = repeat_share(partly, person=None)
    assert told is not None
    assert told.covered == "60% covered"

    # The share and its rows are about the same deals, also beside sample data.
    batch = Batch.objects.create(kind=BatchKind.SAMPLE, name="Sample", by=cast.adele, at=NOW)
    Deal.objects.filter(company=new).update(batch=batch)
    cast.again(cast.adele)
    everybody = look(client, cast.adele, "/customers/?whose=all")
    assert ">2 of 2 wins in 12 months came again" in everybody
    asked_for = again_link(everybody).replace("part=1", "")
    assert "New one" not in look(client, cast.adele, asked_for)


def again_link(page: str) -> str:
    (href,) = re.findall(r'<a class="meta num" href="([^"]+)"', page)
    return str(href).replace("&amp;", "&")


def test_a_rhythm_is_set_and_taken_off_and_the_second_is_told(cast: Cast, client: Client) -> None:
    vega = customer(by=cast.ana)
    client.force_login(cast.ana)
    client.post(f"/customers/{vega.pk}/rhythm/", {"months": "6", "seen": "0"})
    assert TouchPlan.objects.get().months == 6
    with pytest.raises(Stale):
        touch_plan.decide(vega, months=1, by=cast.mona, at=NOW, version=0)
    client.post(f"/customers/{vega.pk}/rhythm/", {"months": "none", "seen": "1"})
    assert TouchPlan.objects.get().months is None


@pytest.mark.parametrize("rows", [1, 28])
def test_the_page_asks_ten_questions_at_most(cast: Cast, client: Client, rows: int) -> None:
    for number in range(rows):
        company = make_company(by=cast.ana, name=f"C{number}", owner=cast.ana)
        Company.objects.filter(pk=company.pk).update(relationship="customer")
    page = look(client, cast.ana)
    assert len(names(page)) == min(rows, queries.PAGE)
    first = Company.objects.first()
    assert first is not None

    with CaptureQueriesContext(connection) as asked:
        client.get(f"/customers/?open={first.pk}")

    assert len(asked) <= 10, [one["sql"][:100] for one in asked]
    if rows > queries.PAGE:
        onwards = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        assert len(names(look(client, cast.ana, onwards))) == rows - queries.PAGE


def test_the_last_touch_is_found_by_an_index_among_those_of_its_company(cast: Cast) -> None:
    """And not by walking back through everybody's activities, once for each customer."""
    seen = queries.Customers(cast.again(cast.adele), queries.Whose.ALL, at=NOW, today=NOW.date())
    forget()
    seen.page(queries.Shown.ALL)
    (statement,) = (one for one in prepared() if "crm_touchplan" in one)
    fill = """
        INSERT INTO crm_company (name, relationship, website, industry, country, created_at, changed_at, version)
        SELECT 'C ' || n, 'customer', '', '', '', now(), now(), 1 FROM generate_series(1, 300) n;
        INSERT INTO crm_activity (
            company_id, owner_id, kind, result, subject, body, done_at, created_at, version
        ) SELECT companies.ids[1 + n % 300], %(owner)s, 'call', '', '', '', now() - make_interval(mins => n),
            now(), 1
        FROM (SELECT array_agg(id) AS ids FROM crm_company) companies, generate_series(1, 20000) n;
        ANALYZE crm_company;
        ANALYZE crm_activity;
    """
    with connection.cursor() as cursor:
        cursor.execute(fill.replace("% 300", "%% 300"), {"owner": cast.ana.pk})
        cursor.execute(f"EXPLAIN (GENERIC_PLAN) {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "activity_done_of_company" in plan
    assert not re.search(r"activity_done on|Seq Scan on crm_activity", plan)
