"""The whole card and the whole row open the record, and let everything else on them be used."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Cast
from tests.factories import make_company, make_deal

pytestmark = pytest.mark.browser


def test_a_card_opens_its_deal_wherever_it_is_pressed(
    page_of: Callable[..., Page], people: Cast, context: BrowserContext
) -> None:
    deal = make_deal(by=people.ana, name="Line 3")
    page = page_of(people.ana, "/board/")
    words = page.locator(f"#d{deal.pk} .nx")

    page.locator(f"#d{deal.pk}").get_by_text("Move").click()
    expect(page.locator("#move-menu")).to_be_visible()
    page.keyboard.press("Escape")
    with context.expect_page() as opened:
        words.click(modifiers=["ControlOrMeta"])
    assert opened.value.url.endswith(f"/deals/{deal.pk}/")

    words.click()
    page.wait_for_url(f"**/deals/{deal.pk}/")


def test_a_row_opens_its_record_and_its_text_can_be_selected(
    page_of: Callable[..., Page], people: Cast, context: BrowserContext
) -> None:
    company = make_company(by=people.ana, name="Norte SA")
    page = page_of(people.ana, "/companies/")
    row = page.locator("#rows tbody tr").first

    row.locator(".tick input").check()
    box = row.locator("th small, th bdi, td span").last.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2)
    page.mouse.up()
    assert page.evaluate("getSelection().toString()").strip() != ""
    assert page.url.endswith("/companies/")
    page.evaluate("getSelection().removeAllRanges()")
    with context.expect_page() as opened:
        row.locator("td").nth(1).click(button="middle")
    assert opened.value.url.endswith(f"/companies/{company.pk}/")

    row.locator("td").nth(2).click()
    page.wait_for_url(f"**/companies/{company.pk}/")
