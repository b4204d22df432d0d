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


def test_it_goes_to_the_page_when_the_button_is_gone(
    page_of: Callable[..., Page], people: Cast
) -> None:
    deal = stopped_deal(by=people.ana)
    page = page_of(people.ana, f"/deals/{deal.pk}/")

    page.get_by_role("link", name="Open again").click()
    page.get_by_label("Why does it go on?").fill("They called back.")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("link", name="Open again")).to_have_count(0)
    expect(page.locator("#main")).to_be_focused()


def test_it_stays_on_the_column_that_was_sorted(page_of: Callable[..., Page], people: Cast) -> None:
    make_deal(by=people.ana, name="A")
    make_deal(by=people.ana, name="B")
    page = page_of(people.ana, "/deals/")

    page.get_by_role("columnheader", name="Name").get_by_role("link").click()

    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(page.get_by_role("columnheader", name="Name").get_by_role("link")).to_be_focused()
