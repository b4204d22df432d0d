"""The settings in a real browser: from a product's first price to the deal that keeps it."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect

from crm.models import Contact, Product
from privacy.commands import erasure, retention
from privacy.models import Kept
from tests.browser import axe
from tests.factories import NOW, ago, make_contact, make_deal

pytestmark = pytest.mark.browser

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


def test_a_product_is_made_sold_and_retired_and_its_line_stays(
    page: Page, live_server: Any, people: Any, enter: Any
):
    deal = make_deal(by=people.adele, at=timezone.now())
    enter(page.context, people.adele)
    page.goto(f"{live_server.url}/board/")
    page.get_by_role("link", name="Settings").first.click()
    page.get_by_role("link", name="Add a product").click()
    page.get_by_label("Name", exact=True).fill("Floor scale")
    page.get_by_label("Price").fill("2,450")
    page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row", name="Floor scale")
    expect(row).to_contain_text("€2,450")
    expect(row.get_by_role("button", name="Delete")).to_be_visible()

    product = Product.objects.get()
    sell(page, f"{live_server.url}/deals/{deal.pk}/lines/", offered=True)
    assert deal.lines.get().product == product

    page.goto(f"{live_server.url}/settings/products/")
    row.get_by_role("button", name="Retire").click()
    expect(page.get_by_text("is no longer offered")).to_be_visible()
    sell(page, f"{live_server.url}/deals/{deal.pk}/lines/", offered=False)
    page.goto(f"{live_server.url}/deals/{deal.pk}/")
    expect(page.get_by_text("Floor scale").first).to_be_visible()


def sell(page: Page, sheet: str, *, offered: bool) -> None:
    """Put the product on a deal by its name, as somebody without a script would."""
    page.goto(sheet)
    page.get_by_role("textbox", name="Product").fill("Floor scale")
    if not offered:
        expect(page.get_by_text("No product of that name is offered.")).to_be_visible()
        return
    expect(page.get_by_role("radio", name="Floor scale")).to_be_checked()
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/deals/*/")


PAGES = (
    "products/?add=1",
    "products/?edit={product}",
    "products/?merge={product}&into={other}",
    "sources/",
    "methods/",
    "stop-causes/",
    "rates/?add=1",
    "organisation/",
    "process-owner/",
    "thresholds/",
    "target-customer/",
    "changes/",
    "../retention/",
    "../contacts/{contact}/erase/",
    "../contacts/{erased}/",
    "../deleted/",
)


def test_every_page_can_be_read_by_everybody_and_fits_a_phone(
    page: Page, live_server: Any, people: Any, enter: Any
):
    product, other = (Product.objects.create(name=name, currency="EUR") for name in ("A", "B"))
    kept, gone, due = (make_contact(by=people.adele, name=f"{name} Moor") for name in "ABC")
    Contact.objects.filter(pk__in=[kept.pk, due.pk]).update(changed_at=ago(days=900))
    retention.set_rules({Kept.CONTACTS: 24}, by=people.adele, at=NOW)
    erasure.erase(gone, by=people.adele, at=NOW)
    named = {"product": product.pk, "other": other.pk, "contact": kept.pk, "erased": gone.pk}
    enter(page.context, people.adele)
    wrong = []
    for address in PAGES:
        at = address.format(**named)
        page.goto(f"{live_server.url}/settings/{at}")
        around = () if address == PAGES[0] else axe.FRAME
        wrong += [(at, found) for found in axe.findings_anew(page, without=around)]
        for size in (PHONE, DESK):
            page.set_viewport_size(size)
            wide = page.evaluate("document.documentElement.scrollWidth") > size["width"]
            wrong += [(at, f"wider than {size['width']}")] * wide
    assert wrong == []
