"""Find and do, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from crm.models import Deal
from pipeline.process.stages import Stage
from tests.browser import axe
from tests.browser.budget import check_budget
from tests.conftest import Cast
from tests.factories import make_company, make_deal

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]


@pytest.fixture
def deal(people: Cast) -> Deal:
    make_company(by=people.ben, name="Norte Aa")
    company = make_company(by=people.ben, name="Norte Zz")
    return make_deal(
        by=people.ana, name="Line 3", company=company, stage=Stage.QUALIFICATION, amount=48_000
    )


def test_three_letters_and_enter_open_one_s_own_deal(page_of: PageOf, people: Cast, deal: Deal):
    page = page_of(people.ana, "/board/")
    page.keyboard.press("/")
    letters = "nor"
    page.keyboard.type(letters)
    page.keyboard.press("Enter")
    check_budget("find an own deal", len(letters))
    page.wait_for_url(re.compile(rf"/deals/{deal.pk}/$"), wait_until="commit")


def test_enter_waits_for_the_hits_of_what_was_typed(page_of: PageOf, people: Cast):
    make_company(by=people.ana, name="Norte SA")
    vega = make_company(by=people.ana, name="Norvega")
    page = page_of(people.ana, "/board/")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Find, or say what to do")
    box.press_sequentially("nor")
    expect(page.locator("#find-hits .hit").first).to_contain_text("Norte SA")
    held: list[Route] = []
    page.route(re.compile(r"/search/\?"), lambda route: held.append(route))
    with page.expect_request(re.compile("q=norvega")):
        box.press_sequentially("vega")
        box.press("Enter")
    expect(page).to_have_url(re.compile("/board/$"))
    held[-1].continue_()
    page.wait_for_url(re.compile(rf"/companies/{vega.pk}/$"), wait_until="commit")


def test_what_is_found_is_read_out_and_done_with_by_key(page_of: PageOf, people: Cast, deal: Deal):
    page = page_of(people.ana, "/deals/")
    page.locator(f"#deal-{deal.pk}").focus()
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Find, or say what to do")
    box.press_sequentially("nor")
    hit = page.locator("#find [aria-selected=true]")
    expect(hit).to_contain_text("€48,000")
    assert box.get_attribute("aria-activedescendant") == hit.get_attribute("id")
    expect(page.locator("#find [role=status]")).to_have_text("4 found")
    box.press("ArrowDown")
    expect(hit).to_contain_text("Norte Zz")
    assert axe.findings_in_both_themes(page, within="#find") == []
    # First the acts are left, then the box; the focus is where it was.
    box.press("ArrowUp")
    box.press("Tab")
    expect(page.get_by_role("menuitem", name="Open")).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(f"#deal-{deal.pk}")).to_be_focused()
    # A single key counts among the acts only: in the box it is a letter.
    page.keyboard.press("/")
    box.fill("nor")
    expect(hit).to_contain_text("Line 3")
    box.press("Tab")
    page.keyboard.press("x")
    expect(page.locator("#sheet")).to_contain_text("Stop")
    assert Deal.objects.get(pk=deal.pk).is_open


def test_before_anything_is_typed_it_shows_where_one_was_and_where_to_go(
    page_of: PageOf, people: Cast, deal: Deal
):
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.goto(page.url.replace(f"/deals/{deal.pk}/", "/companies/"))
    page.keyboard.press("/")
    hits = page.locator("#find-hits")
    expect(hits.locator(".hit").first).to_contain_text("Line 3")
    expect(hits).to_contain_text("Where you were")
    page.locator("#find input").fill("activ")
    expect(hits.locator("[aria-selected=true]")).to_contain_text("Activities")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/activities/$"), wait_until="commit")


def test_without_a_hit_it_offers_a_new_deal_of_that_name(page_of: PageOf, people: Cast):
    page = page_of(people.ana, "/board/")
    page.keyboard.press("/")
    page.keyboard.type("xyzzy")
    expect(page.locator("#find-hits")).to_contain_text("Nothing is called “xyzzy”")
    page.keyboard.press("Enter")
    expect(page.locator("#sheet [name=company_name]")).to_have_value("xyzzy")
    page.goto(page.url.split("/board")[0] + "/search/?q=xyzzy")
    expect(page.locator("main")).to_contain_text("Nothing is called “xyzzy”")
    assert axe.findings(page) == []
