"""Where the keyboard is after an answer has replaced what was pressed: never at the top of the page."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm.commands import deal as deal_commands
from tests.conftest import Cast
from tests.factories import make_contact, make_deal, stopped_deal

pytestmark = pytest.mark.browser


def test_it_stays_on_the_person_whose_role_was_chosen(
    page_of: Callable[..., Page], people: Cast
) -> None:
    jordi = make_contact(by=people.ana)
    deal = make_deal(by=people.ana)
    deal_commands.set_contact(deal, contact=jordi, by=people.ana, at=timezone.now())
    page = page_of(people.ana, f"/deals/{deal.pk}/")

    page.locator(f"#role-{jordi.pk}").click()
    page.get_by_role("button", name="Decides").click()

    expect(page.locator(f"#role-{jordi.pk}")).to_contain_text("Decides")
    expect(page.locator(f"#role-{jordi.pk}")).to_be_focused()


def test_it_goes_to_the_heading_when_the_button_is_gone(
    page_of: Callable[..., Page], people: Cast
) -> None:
    deal = stopped_deal(by=people.ana)
    page = page_of(people.ana, f"/deals/{deal.pk}/")

    page.locator("#deal-more").click()
    page.get_by_role("link", name="Open again").click()
    page.get_by_label("Why is it open again?").fill("They called back.")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("link", name="Open again")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_it_stays_on_the_column_that_was_sorted(page_of: Callable[..., Page], people: Cast) -> None:
    make_deal(by=people.ana, name="A")
    make_deal(by=people.ana, name="B")
    page = page_of(people.ana, "/deals/")

    page.get_by_role("columnheader", name="Name").get_by_role("link").click()

    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(page.get_by_role("columnheader", name="Name").get_by_role("link")).to_be_focused()


def test_it_goes_on_where_work_goes_on(page_of: Callable[..., Page], people: Cast) -> None:
    deal = make_deal(by=people.ana, name="Line 3")
    page = page_of(people.ana, f"/deals/{deal.pk}/")

    page.locator("#composer [name=kind][value=note]").check()
    page.get_by_label("What was said").fill("They asked for the price.")
    page.locator("#composer").get_by_role("button", name="Log").click()
    expect(page.locator("#deal-timeline")).to_contain_text("They asked for the price.")
    expect(page.locator("#log-body")).to_be_focused()

    # Refused: the field that is wrong, not the first.
    page.locator("#composer [name=next][value=on]").check()
    page.locator("#composer").get_by_role("button", name="Log").click()
    expect(page.locator("#log-next_on")).to_be_focused()

    page.get_by_role("link", name="Stop").click()
    page.locator("#sheet [type=submit]").click()
    expect(page.locator("#sheet ul.errors").first).to_be_visible()
    expect(page.locator("#sheet [name=decision]").first).to_be_focused()
    page.locator("#sheet [name=decision]").first.check()
    page.locator("#sheet [type=submit]").click()
    expect(page.locator("#deal-next")).to_contain_text("Stopped on")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.locator("#live")).to_contain_text("Stopped")
