"""A note offers to take back what was done: by pointer and by key, and without taking the focus."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm.commands.activity import postpone
from crm.models import Activity, Deal
from crm.models.due import Due
from pipeline.process.stages import Stage
from tests.conftest import Cast
from tests.factories import make_deal, plan_call

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

    expect(page.locator(".toast-note")).to_have_text("Undone.")
    assert Deal.objects.get(pk=deal.pk).parked_until is None


@pytest.mark.parametrize("verb", ["complete", "cancel"])
def test_it_takes_back_what_was_done_to_a_plan_on_a_phone(
    page_of: Callable[..., Page], people: Cast, verb: str
):
    deal = make_deal(by=people.ana)
    plan = plan_call(deal, by=people.ana, due_at=timezone.now() + dt.timedelta(days=2))
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.set_viewport_size({"width": 390, "height": 844})
    strip = page.locator("#deal-next")
    if verb == "complete":
        page.locator(f"#complete-{plan.pk}").click()
        strip.get_by_role("button", name="Done, nothing next").click()
    else:
        # To change it is under "…" there.
        page.locator("#deal-more").click()
        page.get_by_role("link", name="Change what’s next…").click()
        strip.get_by_role("button", name="Do not do it").click()
    expect(strip).to_contain_text("Nothing planned")

    page.locator(".toast-note").get_by_role("button", name="Undo").click()

    expect(page.locator(".toast-note")).to_have_text("Undone.")
    expect(strip).to_contain_text("Call")
    assert Activity.objects.planned().filter(deal=deal).count() == 1


def test_it_shows_both_where_somebody_changed_the_plan_meanwhile(
    page_of: Callable[..., Page], people: Cast
):
    deal = make_deal(by=people.ana)
    due_at = timezone.now() + dt.timedelta(days=2)
    plan = plan_call(deal, by=people.ana, due_at=due_at)
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#deal-more").click()
    page.get_by_role("link", name="Change what’s next…").click()
    strip = page.locator("#deal-next")
    strip.get_by_label("About what").fill("Mine")
    postpone(
        Activity.objects.get(pk=plan.pk),
        to=Due(at=due_at + dt.timedelta(days=3)),
        by=people.mona,
        at=timezone.now(),
    )
    strip.get_by_role("button", name="Save").click()

    expect(strip).to_contain_text("Mona Reyes changed this in the meantime")
    expect(strip.get_by_label("About what")).to_have_value("Mine")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    strip.get_by_role("button", name="Do not do it").click()
    expect(page.locator(".toast-note")).to_contain_text("Cancelled.")


def test_ones_own_keys_work_everywhere_and_are_told_everywhere(
    page_of: Callable[..., Page], people: Cast
):
    people.ana.keys = "z=y, d=q, ]=v, h=b, l=u"
    people.ana.save()
    deals = [make_deal(by=people.ana, name=name, stage=Stage.PROPOSAL) for name in ("One", "Two")]
    for deal in deals:
        plan_call(deal, by=people.ana, due_on=timezone.localdate() - dt.timedelta(days=1))
    page = page_of(people.ana, "/day/")
    rows = page.locator(".day-row[data-row]")
    page.keyboard.press("d")
    expect(page.locator("[data-day-open]")).to_have_count(0)
    page.keyboard.press("q")
    expect(page.locator("[data-outcome='1'] input")).to_be_focused()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator(".justdone kbd")).to_have_text("Y")
    expect(page.locator("[data-outcome='1'] input")).to_be_focused()
    # The next one is open, and the undo of the one before is one's own key.
    page.keyboard.press("z")
    expect(rows).to_have_count(1)
    page.keyboard.press("y")
    expect(rows).to_have_count(2)

    page.goto(page.url.split("/day/")[0] + "/board/")
    card = page.locator(f"#d{deals[0].pk}")
    card.focus()
    page.keyboard.press("u")
    expect(page.locator("#quick-line")).to_be_focused()
    page.keyboard.press("Escape")
    card.focus()
    page.keyboard.press("b")
    expect(page.locator("#sheet .sheet")).to_have_count(1)
    page.locator("#sheet label", has_text="Tomorrow").or_(
        page.locator("#sheet button", has_text="Tomorrow")
    ).first.click()
    toast = page.locator(".toast-note", has=page.locator("[data-key=z]"))
    expect(toast.locator("kbd")).to_have_text("Y")
    expect(page.locator("#live")).to_contain_text("with the key y.")
    page.keyboard.press("y")
    expect(page.locator(".toast-note")).to_contain_text("Undone.")
