"""The lead inbox in a real browser: counted in keys."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from crm.models import Activity, Deal
from pipeline.process.stages import Stage
from tests.browser import axe
from tests.browser.budget import check_budget
from tests.conftest import Cast
from tests.factories import ago, make_company, make_contact, make_deal, won_deal

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]


@pytest.fixture
def leads(people: Cast) -> list[Deal]:
    company = make_company(by=people.ana, name="Fjordlaks AS")
    return [
        make_deal(
            by=people.ana,
            name=f"Card of {name}",
            at=ago(days=9 - number),
            company=company,
            contact=make_contact(by=people.ana, name=name),
        )
        for number, name in enumerate(("Søren Dahl", "Claire Moulin", "Rita Duarte"))
    ]


def test_a_lead_is_accepted_in_two_keys_and_the_next_one_is_in_hand(
    page_of: PageOf, people: Cast, leads: list[Deal]
) -> None:
    page = page_of(people.ana, "/leads/")
    expect(page.locator("#preview h2")).to_have_text("Søren Dahl")

    for key in (keys := ["1", "Enter"]):
        page.keyboard.press(key)
    check_budget("accept a lead", len(keys))

    expect(page.locator(".toast-note")).to_contain_text("Accepted")
    expect(page.locator("#preview h2")).to_have_text("Claire Moulin")
    leads[0].refresh_from_db()
    assert leads[0].stage == Stage.PROSPECTING
    assert Activity.objects.planned().filter(deal=leads[0]).count() == 1
    assert axe.findings(page) == []

    # One key, and taken back by another.
    page.keyboard.press("t")
    expect(page.locator("#preview h2")).to_have_text("Rita Duarte")
    page.keyboard.press("z")
    expect(page.locator("#preview h2")).to_have_text("Claire Moulin")


def test_the_lead_in_hand_follows_the_keys(
    page_of: PageOf, people: Cast, leads: list[Deal]
) -> None:
    page = page_of(people.ana, "/leads/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#preview h2")).to_have_text("Claire Moulin")

    page.keyboard.press("2")
    expect(page.locator(".sheet")).to_contain_text("The same as which deal?")
    assert axe.findings(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    expect(page.locator(".sheet")).to_contain_text("Stop this deal")


def test_customers_and_what_stands_beside_them_can_be_read_by_all(
    page_of: PageOf, people: Cast
) -> None:
    vega = make_company(by=people.ana, name="Vega", owner=people.ana)
    won_deal(by=people.ana, company=vega)
    page = page_of(people.ana, f"/customers/?open={vega.pk}")
    start = page.url.split("/customers/")[0]
    for address in ("", "/leads/rules/", "/outside/"):
        if address:
            page.goto(start + address)
        expect(page.locator("h1")).to_be_visible()
        assert axe.findings_in_both_themes(page) == []
        page.set_viewport_size({"width": 390, "height": 844})
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, address
        page.set_viewport_size({"width": 1440, "height": 900})
