"""What is planned on a deal that is closed: it can be finished wherever it is seen, and whoever
closes a deal is told what becomes of it."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.test import Client

from crm.commands import deal_win as win_commands
from crm.commands.activity import plan as plan_activity
from crm.commands.writers.activity import About, Next
from crm.models import Activity, ActivityKind, Deal
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.crm.page_forms import without_templates
from tests.crm.truth import faults_of
from tests.factories import NOW, ago, make_company, make_deal, plan_call

SHEET = {"HX-Request": "true", "HX-Target": "sheet"}
STRIP = {"HX-Request": "true", "HX-Target": "deal-next"}


@pytest.fixture
def plan(cast: Cast) -> Activity:
    """Of a deal that was won; late since the day before yesterday."""
    deal = make_deal(by=cast.ana, stage=Stage.CLOSING, company=make_company(by=cast.ana))
    planned = plan_call(deal, by=cast.ana, due_on=ago(days=2).date())
    win_commands.win(deal, value=Decimal(1), by=cast.ana, at=NOW)
    return planned


def places(plan: Activity) -> dict[str, str]:
    assert plan.deal is not None
    return {
        "deal": f"/deals/{plan.deal_id}/",
        "company": f"/companies/{plan.deal.company_id}/",
        "list": "/activities/",
    }


@pytest.mark.parametrize("verb", ["complete", "cancel"])
@pytest.mark.parametrize(
    ("place", "headers"), [("deal", STRIP), ("company", SHEET), ("list", SHEET), ("list", {})]
)
def test_it_can_be_finished_from_everywhere(
    client: Client, cast: Cast, plan: Activity, place: str, headers: dict[str, str], verb: str
):
    client.force_login(cast.ana)
    page = client.get(places(plan)[place]).content.decode()
    assert f'href="/activities/{plan.pk}/complete/"' in page
    answered = client.get(f"/activities/{plan.pk}/complete/", headers=headers)
    form = without_templates(answered.content.decode())
    if place != "deal" and headers:
        assert f"/activities/{plan.pk}/cancel/" in form
    # The deal is closed: nothing moves it forward, and nothing comes next on it.
    assert "moved_forward" not in form
    assert 'value="tomorrow"' not in form

    answer = client.post(
        f"/activities/{plan.pk}/{verb}/", {"version": "1", "next": ""}, headers=headers
    )

    assert answer.status_code == (200 if headers else 302)
    plan.refresh_from_db()
    assert (plan.done_at or plan.cancelled_at) == NOW
    deal = Deal.objects.get()
    assert deal.whats_next is None
    assert faults_of(deal) == []
    assert (
        f"/activities/{plan.pk}/complete/" not in client.get(places(plan)[place]).content.decode()
    )


def test_the_list_offers_it_to_those_who_may(client: Client, cast: Cast, plan: Activity):
    company = make_company(by=cast.carl)
    for by in (cast.carl, cast.ben):
        plan_activity(
            About(company=company), next=Next(kind=ActivityKind.CALL, due_at=NOW), by=by, at=NOW
        )
    for person in cast.people:
        client.force_login(person)
        page = client.get("/activities/").content.decode()
        offered = {
            int(pk) for pk in re.findall(r'href="/(?:activities|touches)/(\d+)/complete/"', page)
        }
        allowed = Activity.objects.planned().editable_by(cast.again(person))
        assert offered == set(allowed.values_list("pk", flat=True))


def test_the_win_says_what_becomes_of_what_is_planned(client: Client, cast: Cast):
    client.force_login(cast.ana)
    left = []
    for choice in ("", "cancel"):
        deal = make_deal(by=cast.ana, stage=Stage.CLOSING, name="Pump")
        plan_call(deal, by=cast.ana, due_on=dt.date(2026, 3, 13))
        sheet = client.get(f"/deals/{deal.pk}/win/").content.decode()
        assert "Keep it for the hand-off" in sheet
        assert "Fri 13 Mar" in sheet
        said = {"value": "10", "planned": choice, "on": "2026-03-11", "version": str(deal.version)}
        assert client.post(f"/deals/{deal.pk}/win/", said).status_code == 302
        deal.refresh_from_db()
        assert faults_of(deal) == []
        left.append(deal.next_kind)
    assert left == ["call", ""]
    idle = make_deal(by=cast.ana, stage=Stage.CLOSING)
    assert "hand-off" not in client.get(f"/deals/{idle.pk}/win/").content.decode()
