"""The find box, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import axe
from tests.conftest import Cast
from tests.factories import make_company, make_deal

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]


def test_a_slash_three_letters_and_enter_open_one_s_own_deal(page_of: PageOf, people: Cast):
    make_company(by=people.ben, name="Norte Aa")
    company = make_company(by=people.ben, name="Norte Zz")
    deal = make_deal(by=people.ana, name="Line 3", company=company)
    page = page_of(people.ana, "/board/")
    page.keyboard.press("/")
    page.keyboard.type("nor")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/deals/{deal.pk}/$"), wait_until="commit")


def test_enter_waits_for_the_hits_of_what_was_typed(page_of: PageOf, people: Cast):
    make_company(by=people.ana, name="Norte SA")
    vega = make_company(by=people.ana, name="Norvega")
    page = page_of(people.ana, "/board/")
    box = page.locator(".find input")
    box.press_sequentially("nor")
    expect(page.locator(".find .hits a").first).to_contain_text("Norte SA")
    held: list[Route] = []
    page.route(re.compile(r"/search/\?"), lambda route: held.append(route))
    with page.expect_request(re.compile("q=norvega")):
        box.press_sequentially("vega")
        box.press("Enter")
    expect(page).to_have_url(re.compile("/board/$"))
    held[-1].continue_()
    page.wait_for_url(re.compile(rf"/companies/{vega.pk}/$"), wait_until="commit")


def test_enter_without_a_hit_says_so_on_the_page_of_the_search(page_of: PageOf, people: Cast):
    page = page_of(people.ana, "/board/")
    box = page.locator(".find input")
    box.press_sequentially("xyzzy")
    box.press("Enter")
    expect(page).to_have_url(re.compile(r"/search/\?q=xyzzy$"))
    expect(page.locator("main")).to_contain_text("Nothing is called “xyzzy”")
    assert axe.findings(page) == []
