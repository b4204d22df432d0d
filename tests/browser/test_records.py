"""The records of a deal in a browser: an offer in two presses, concerns in their place."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect

from crm.commands import concern as concerns
from crm.commands import need as needs
from crm.commands import offer as offers
from crm.commands.writers.concern import ConcernInput, DispositionInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.models import ClosingAttempt, Concern, ConcernCategory, Deal, Disposition, Offer, OfferKind
from pipeline.models import User
from pipeline.process.stages import Stage
from tests.browser import axe
from tests.conftest import Cast
from tests.factories import make_deal

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def deal(people: Cast) -> Deal:
    return make_deal(
        by=people.ana, stage=Stage.PROPOSAL, amount=50_000, at=timezone.now(), name="Cold chain"
    )


def raised(deal: Deal, words: str, *, by: User) -> Concern:
    said: dict[str, Any] = {"category": ConcernCategory.TERMS, "after_price": True}
    return concerns.add(deal, ConcernInput(words=words, **said), by=by, at=timezone.now())


def test_it_records_an_offer_by_word_in_two_presses(page_of: PageOf, people: Cast, deal: Deal):
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.get_by_role("link", name="A verbal offer").click()
    page.get_by_role("button", name="Save the offer").click()
    card = page.locator("section", has=page.locator("#offers-title"))
    expect(card).to_contain_text("€50,000")
    expect(card).to_contain_text("current")
    expect(page.locator("#sheet .sheet")).to_have_count(0)
    offer = Offer.objects.get()
    assert (offer.kind, offer.value, offer.premature) == ("verbal", Decimal(50_000), False)


def test_it_settles_a_concern_in_its_place_with_an_answer_of_a_colleague(
    page_of: PageOf, people: Cast, deal: Deal
):
    carls = make_deal(by=people.carl, name="Of Carl")
    known = raised(carls, "They want 120 days", by=people.carl)
    said: dict[str, Any] = {
        "disposition": Disposition.ANSWERED,
        "response": "Sixty, with two years",
    }
    concerns.settle(known, DispositionInput(**said), by=people.carl, at=timezone.now())
    concern = raised(deal, "90 days is our rule", by=people.ana)
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    place = page.locator(f"#concern-{concern.pk}")
    # In its stage the offer is shown; what has been chosen stays.
    expect(page.get_by_role("tab", name="Offers")).to_have_attribute("aria-selected", "true")
    expect(place).to_be_hidden()
    page.get_by_role("tab", name="Concerns 1 open").click()
    expect(place).to_contain_text("1 answer by a colleague")
    place.get_by_role("button", name="Answered").click()
    response = place.get_by_label("What we said")
    expect(response).to_be_focused()
    place.get_by_role("button", name="Use it").click()
    expect(response).to_have_value("Sixty, with two years")
    response.press("End")
    page.keyboard.type(", or prepaid")
    place.get_by_role("button", name="Save").click()
    expect(place).to_contain_text("Sixty, with two years, or prepaid")
    expect(page.locator("#add-concern")).to_be_focused()
    concern.refresh_from_db()
    assert (concern.disposition, concern.used) == ("answered", known)
    place.get_by_role("button", name="Open again").click()
    place.get_by_role("button", name="Withdrawn").click()
    expect(place).to_contain_text("Withdrawn")
    expect(page.locator("#deal-timeline")).to_contain_text("Concern: Withdrawn")


def test_the_record_shows_where_one_is_led_and_what_has_come(
    page_of: PageOf, people: Cast, deal: Deal
):
    needs.add(deal, NeedInput(words="Pallets warm up"), by=people.ana, at=timezone.now())
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    record = page.get_by_role("region", name="Record")
    shown = record.get_by_role("tab", selected=True)
    expect(shown).to_have_text("Offers")
    # One of the five questions leads to the needs, whatever is shown.
    page.locator("#question-3").click()
    expect(shown).to_have_text("Needs 2")
    need = record.locator("li", has_text="Pallets warm up")
    need.get_by_role("button", name="Confirmed").click()
    expect(need.get_by_text("confirmed", exact=True)).to_be_visible()
    expect(shown).to_have_text("Needs 2")
    # What is written down for the first time is shown.
    page.locator("#add-record").click()
    page.locator("#new-concerns").click()
    sheet = page.locator("#sheet .sheet")
    sheet.locator("[name=words]").fill("Too dear")
    sheet.locator("label", has_text="Price").first.click()
    sheet.get_by_role("button", name="Save").click()
    expect(shown).to_have_text("Concerns 1 open")
    shown.press("ArrowLeft")
    expect(shown).to_have_text("Offers")
    expect(shown).to_be_focused()


def test_it_asks_what_was_given_only_where_something_was(page_of: PageOf, people: Cast, deal: Deal):
    concern = raised(deal, "Too dear", by=people.ana)
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    place = page.locator(f"#concern-{concern.pk}")
    page.get_by_role("tab", name="Concerns").click()
    place.get_by_role("button", name="Conceded").click()
    given = place.get_by_label("What we gave")
    expect(given).to_be_focused()
    place.get_by_role("button", name="Save").click()
    expect(place).to_contain_text("Write what we gave.")
    given.fill("4 %")
    given.press("Enter")
    expect(place).to_contain_text("We gave: 4 %")
    concern.refresh_from_db()
    assert concern.concession == "4 %"


def test_it_goes_from_a_yes_to_winning(page_of: PageOf, people: Cast):
    deal = make_deal(by=people.ana, stage=Stage.CLOSING, amount=9_000, at=timezone.now())
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.locator("#asked-not_yet").click()
    page.get_by_label("Their reason").fill("The board meets in May")
    page.get_by_label("Their reason").press("Enter")
    card = page.locator("section", has=page.locator("#attempts-title"))
    expect(card).to_contain_text("The board meets in May")
    page.locator("#asked-yes").click()
    card.get_by_role("button", name="Save").click()
    expect(page.locator("#sheet .sheet")).to_contain_text("Won")
    assert ClosingAttempt.objects.count() == 2


def test_a_win_is_seen_and_leads_on_to_the_hand_off(page_of: PageOf, people: Cast):
    deal = make_deal(by=people.ana, stage=Stage.CLOSING, amount=9_000, at=timezone.now())
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.keyboard.press("w")
    page.locator("#sheet .sheet").get_by_role("button", name="Won").press("Control+Enter")
    expect(page.locator("#deal-head.just-won .path .won")).to_be_visible()
    expect(page.locator("#deal-value")).to_have_text("€9,000")
    strip = page.locator("#deal-next")
    expect(strip.get_by_role("heading", name="Hand over to delivery")).to_be_visible()
    expect(page.locator("#write-hand-off")).to_be_focused()
    assert axe.findings_in_both_themes(page, within="#deal-next") == []
    page.keyboard.press("Enter")
    page.get_by_label("Who delivers").fill("Plant Linz")
    page.get_by_label("Who delivers").press("Control+Enter")
    expect(page.get_by_role("tab", name="Hand-off")).to_have_attribute("aria-selected", "true")
    expect(strip).not_to_contain_text("Hand over to delivery")
    # Once is enough.
    expect(page.locator(".just-won")).to_have_count(0)


def test_it_can_be_read_everywhere(page_of: PageOf, people: Cast, deal: Deal):
    at = timezone.now()
    need = needs.add(
        deal, NeedInput(words="Pallets warm up at the ramp", worth=Decimal(5)), by=people.ana, at=at
    )
    lines = [OfferLineInput(what="Sensors", need=need), OfferLineInput(what="Coffee")]
    for value in (63_900, 71_400):
        said = OfferInput(value=Decimal(value), kind=OfferKind.VERBAL, lines=lines)
        offers.make(deal, said, by=people.ana, at=at)
    concern = raised(deal, "Averylongwordwithoutanyspaces" * 6, by=people.ana)
    page = page_of(people.ana, f"/deals/{deal.pk}/#concern-{concern.pk}")
    page.locator(f"#concern-{concern.pk}").get_by_role("button", name="Answered").click()
    expect(page.locator("form.settle")).to_be_visible()
    # The bar that stays covers what is scrolled below it.
    page.evaluate("scrollTo(0, 0)")
    found = axe.findings_in_both_themes(page)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    # What is said, what is asked, what is recorded, what happened: in this order on a phone.
    parts = ("#composer", "#deal-stage", "#deal-records", "#deal-timeline", "#deal-people")
    boxes = [page.locator(part).bounding_box() for part in parts]
    tops = [box["y"] for box in boxes if box is not None]
    assert len(tops) == len(parts)
    assert tops == sorted(tops)
    assert found == []
