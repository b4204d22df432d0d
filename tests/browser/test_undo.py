"""A note offers to take back what was done: by pointer and by key, and without taking the focus."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from crm.models import Deal
from tests.conftest import Cast
from tests.factories import make_deal

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("way", ["pointer", "key"])
def test_it_takes_back_a_parking(page_of: Callable[..., Page], people: Cast, way: str):
    deal = make_deal(by=people.ana)
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.locator("#park-strip").click()
    sheet = page.locator("#sheet")
    sheet.get_by_label("1 month").check()
    sheet.get_by_role("button", name="Park").click()

    undo = page.locator(".toast-note").get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    expect(page.locator("#live")).to_have_text("Parked. Undo with the key z.")
    assert not undo.evaluate("button => button === document.activeElement")
    assert Deal.objects.get(pk=deal.pk).parked_until
    if way == "pointer":
        undo.click()
    else:
        page.keyboard.press("z")

    expect(page.locator(".toast-note")).to_have_text("Taken up again.")
    assert Deal.objects.get(pk=deal.pk).parked_until is None
