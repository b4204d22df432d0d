"""A phone in the hand, in a real browser that is tapped: each test counts its taps (PAGES, "Mobile")."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm.commands import deal as commands
from crm.commands.contact import NewContact
from crm.models import Activity, Deal, DealRole
from pipeline.process.stages import Stage
from tests.browser import axe
from tests.conftest import Cast
from tests.factories import make_company, plan_call, ready_deal

pytestmark = [
    pytest.mark.browser,
    pytest.mark.own_context,
    pytest.mark.browser_context_args(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    ),
]

PageOf = Callable[..., Page]


class Thumb:
    """Taps, and counts them."""

    def __init__(self, page: Page) -> None:
        self.page, self.taps = page, 0

    def tap(self, selector: str) -> None:
        self.taps += 1
        self.page.locator(selector).first.tap()


@pytest.fixture
def deal(people: Cast) -> Deal:
    company = make_company(by=people.ana, name="Norte SA")
    deal = ready_deal(by=people.ana, company=company, stage=Stage.QUALIFICATION, amount=48_000)
    petra = NewContact(name="Petra Voss", email="petra@norte.test", phone="+34 91 555 010")
    commands.set_contact(
        deal, contact=petra, role=DealRole.DECIDES, by=people.ana, at=timezone.now()
    )
    plan_call(deal, by=people.ana, due_on=timezone.localdate())
    return deal


def test_the_bar_below_has_the_day_and_more_has_the_rest(page_of: PageOf, people: Cast):
    page = page_of(people.ana, "/reports/")
    bar = page.locator(".phonebar")
    expect(bar.locator("a")).to_have_text(["My Day", "Leads", "", "Board", "Find"])
    page.locator("header.bar summary").tap()
    for words in ("Deals", "Customers", "Companies", "Reports", "Process", "People"):
        expect(page.locator(".menu-list").get_by_text(words, exact=True)).to_be_visible()
    assert axe.findings(page) == []
    page.keyboard.press("Escape")

    thumb = Thumb(page)
    thumb.tap(".phonebar >> text=My Day")
    expect(page.locator("#day")).to_be_visible()
    assert thumb.taps == 1
    expect(bar.locator("[aria-current]")).to_have_text("My Day")
    thumb.tap(".phonebar >> text=Find")
    expect(page.locator("#find input")).to_be_focused()
    # It fills the screen, and a phone has no Escape.
    page.locator("#find").get_by_role("button", name="Close").tap()
    expect(page.locator("#find")).to_be_hidden()
    thumb.tap(".phonebar [data-log]")
    expect(page.locator("#quick-line")).to_be_visible()


def test_a_deal_begins_with_whom_to_call_and_the_log(page_of: PageOf, people: Cast, deal: Deal):
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.emulate_media(reduced_motion="reduce")
    call, mail = page.locator(".ways a").all()
    expect(call).to_have_attribute("href", "tel:+3491555010")
    expect(mail).to_have_attribute("href", "mailto:petra@norte.test")
    # Nothing has to be scrolled for: not to call, to say done, or to log.
    for place in (call, page.locator("#deal-next .btn").first, page.locator("#log-body")):
        expect(place).to_be_in_viewport(ratio=1)
    tops = page.locator(".five li").evaluate_all(
        "(all) => all.map((one) => one.getBoundingClientRect().top)"
    )
    assert len(set(tops)) == 1
    words, done = page.locator("#deal-next .plans .num"), page.locator("#deal-next .btn").first
    assert page.locator("#deal-next").evaluate("(one) => one.getBoundingClientRect().height") < 80
    expect(words).to_be_visible()
    expect(done).to_have_text("Done")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert axe.findings(page) == []

    # What the head has no room for is under "…", moving first; its gate is the whole screen.
    page.locator("#deal-more").tap()
    page.locator(".deal-verbs .menu-list").get_by_text("Won").tap()
    box = page.locator("#sheet .sheet").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)


# What the telephone would take away from the page; here there is none, only a dialog that hides it.
NO_TELEPHONE = """
    document.addEventListener('click', (event) => {
        if (event.target.closest('a[href^="tel:"]')) event.preventDefault();
    })
"""
LEAVE, RETURN = (
    """(state) => {
        Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }""",
    """() => {
        Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true });
        window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    }""",
)


@pytest.mark.parametrize("system", ["android", "ios", "page loaded anew"])
def test_who_comes_back_from_a_call_is_asked_how_it_went(
    page_of: PageOf, people: Cast, deal: Deal, system: str
):
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.evaluate(NO_TELEPHONE)
    thumb = Thumb(page)
    thumb.tap(".ways a[href^='tel:']")
    page.evaluate(LEAVE, "hidden")
    if system == "android":
        page.evaluate(LEAVE, "visible")
    elif system == "ios":
        page.evaluate(RETURN)
    else:
        page.goto(page.url.replace(f"/deals/{deal.pk}/", "/day/"))
    expect(page.locator("#sheet-title")).to_have_text("How did it go?")
    expect(page.locator(".how-did")).to_contain_text("Petra Voss · called at")
    if system == "android":
        assert axe.findings(page) == []
    thumb.tap(".as-form .results label:has-text('Reached')")
    thumb.tap(".quick footer .btn-primary")
    expect(page.locator(".toast-note")).to_contain_text("Logged")
    assert thumb.taps == 3
    done = Activity.objects.done().latest("id")
    assert (done.deal, done.kind, done.result) == (deal, "call", "reached")
    assert done.contact is not None
    assert done.contact.name == "Petra Voss"

    # It is asked once, and only after a call.
    page.evaluate(LEAVE, "hidden")
    page.evaluate(LEAVE, "visible")
    expect(page.locator("#sheet-title")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/(deals/\d+|day)/$"))


DRAW = """(head, by) => {
    const at = head.getBoundingClientRect();
    const fire = (type, y) => head.dispatchEvent(new PointerEvent(type, {
        pointerId: 7, pointerType: 'touch', bubbles: true, clientX: at.x + 60, clientY: at.y + 8 + y }));
    fire('pointerdown', 0);
    for (let y = 0; y <= by; y += 12) fire('pointermove', y);
    const moved = head.closest('.sheet').style.transform;
    fire(by ? 'pointerup' : 'pointercancel', by);
    return moved;
}"""


@pytest.mark.parametrize("calm", [False, True])
def test_a_sheet_is_drawn_down_by_its_head(page_of: PageOf, people: Cast, deal: Deal, calm: bool):
    page = page_of(people.ana, "/board/")
    page.emulate_media(reduced_motion="reduce" if calm else "no-preference")
    opener = page.locator(".phonebar [data-log]")
    opener.tap()
    line = page.locator("#quick-line")
    line.fill("ponda reached")
    head = page.locator("#sheet .quick-head")
    # A little is nothing: it goes back.
    assert head.evaluate(DRAW, 12) == ("" if calm else "translateY(12px)")
    expect(page.locator("#sheet .sheet")).to_have_count(1)
    assert head.evaluate("(head) => head.closest('.sheet').style.transform") == ""
    head.evaluate(DRAW, 240)
    expect(page.locator("#sheet .sheet")).to_have_count(0)
    expect(opener).to_be_focused()
    # What was typed is kept, as where it is left by Escape; and a sheet of a deal goes the same way.
    opener.tap()
    expect(line).to_have_value("ponda reached")
    page.locator("#sheet [data-close]").first.tap()
    place = f"/deals/{deal.pk}/park/"
    page.evaluate(f"htmx.ajax('GET', '{place}', {{target: '#sheet', swap: 'innerHTML'}})")
    page.locator("#sheet .head").evaluate(DRAW, 240)
    expect(page.locator("#sheet .sheet")).to_have_count(0)
