"""Logging from wherever one is, in a real browser: counted in keys and taps, without leaving the place."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from crm.models import Activity, Deal
from pipeline.process.stages import Stage
from tests.browser import axe
from tests.browser.budget import check_budget
from tests.conftest import Cast
from tests.factories import make_company, make_contact, make_deal

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]
SIGNATURE = "Best regards\nJordi Pla\nMoulin Papier GmbH\n+43 1 234 5678\njordi@moulin.example"


class Hands:
    """Presses keys and taps, and counts: a line that is typed is one, as a word is to who types."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions = page, 0

    def press(self, key: str) -> None:
        self.actions += 1
        self.page.keyboard.press(key)

    def write(self, words: str) -> None:
        self.actions += 1
        self.page.keyboard.type(words)

    def tap(self, selector: str) -> None:
        self.actions += 1
        self.page.locator(selector).first.click()


@pytest.fixture
def deals(people: Cast) -> list[Deal]:
    norte = make_company(by=people.ana, name="Norte Aceites")
    anna = make_contact(by=people.ana, name="Anna Reiter", company=norte)
    return [
        make_deal(by=people.ana, name=name, company=norte, contact=anna, stage=Stage.PROSPECTING)
        for name in ("Ponda 400", "Linelink")
    ]


def done_on(deal: Deal) -> Activity:
    return Activity.objects.done().filter(deal=deal).latest("id")


def test_by_keys_from_a_card_and_a_row_in_three_actions(
    page_of: PageOf, people: Cast, deals: list[Deal]
):
    ponda, linelink = deals
    page = page_of(people.ana, "/board/")
    hands = Hands(page)
    page.locator(f"#d{ponda.pk}").focus()
    hands.press("l")
    expect(page.locator("#quick-line")).to_be_focused()
    hands.write("reached wants pricing > call tomorrow")
    hands.press("Enter")
    expect(page.locator(".toast-note")).to_contain_text("Step done")
    check_budget("log from a board card or a row of a list, by one line", hands.actions)
    expect(page).to_have_url(re.compile("/board/$"))
    expect(page.locator(f"#d{ponda.pk}")).to_be_focused()
    assert (done_on(ponda).result, done_on(ponda).body) == ("reached", "wants pricing")

    page.goto(page.url.replace("/board/", "/deals/"))
    hands = Hands(page)
    page.locator("tbody a", has_text="Linelink").first.focus()
    hands.press("l")
    expect(page.locator("#quick-line")).to_be_focused()
    hands.write("keine Antwort")
    hands.press("Enter")
    expect(page.locator(".toast-note")).to_contain_text("Logged as an attempt")
    assert hands.actions == 3
    expect(page).to_have_url(re.compile("/deals/$"))
    # What is proposed was taken: the next working day, at another hour.
    assert Activity.objects.planned().get(deal=linelink).due_at is not None


def test_with_something_unsure_tab_takes_the_first_and_enter_does_not_save(
    page_of: PageOf, people: Cast, deals: list[Deal]
):
    before = Activity.objects.count()
    page = page_of(people.ana, "/companies/")
    page.keyboard.press("l")
    line = page.locator("#quick-line")
    expect(line).to_be_focused()
    page.keyboard.type("anna norte reached")
    under = page.locator("#quick-marks u")
    expect(under).to_have_text(["anna norte", "reached"])
    # They lie under the very words, and are gone where the words are.
    at = "([u, line]) => u.getBoundingClientRect().left - line.getBoundingClientRect().left"
    assert 0 <= page.evaluate(at, [under.first.element_handle(), line.element_handle()]) < 6
    page.keyboard.press("Home")
    page.keyboard.press("x")
    expect(under).to_have_count(0)
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    choices = page.locator("[data-take=deal]")
    expect(choices.first).to_be_focused()
    assert Activity.objects.count() == before
    assert axe.findings(page) == []
    line.focus()
    page.keyboard.press("Tab")
    expect(page.locator(".understands.choose")).to_have_count(0)
    # What is put right in the form changes the chip, and never the line.
    page.locator("label.pick", has_text="Meeting").first.click()
    chip = page.locator("[data-field=kind]")
    expect(chip).to_have_text("Meeting")
    expect(line).to_have_value("anna norte reached")
    chip.click()
    expect(page.locator("#quick-kind input[value=meeting]")).to_be_focused()
    expect(page).to_have_url(re.compile("/companies/$"))
    page.locator(".quick footer .btn-primary").click()
    expect(page.locator(".toast-note")).to_contain_text("Logged")
    logged = Activity.objects.done().latest("id")
    assert (logged.kind, logged.result) == ("meeting", "reached")
    # Undone as one, while it is offered.
    page.keyboard.press("z")
    expect(page.locator(".toast-note", has_text="Logged")).to_have_count(0)


def test_on_a_phone_in_four_taps_and_what_is_pasted_becomes_a_lead(
    page_of: PageOf, people: Cast, deals: list[Deal]
):
    page = page_of(people.ana, "/board/")
    page.set_viewport_size({"width": 390, "height": 844})
    hands = Hands(page)
    hands.tap(".phonebar [data-log]")
    hands.tap(f"[data-take=deal][value='{deals[0].pk}']")
    hands.tap(".as-form .results label:has-text('Reached')")
    assert axe.findings(page) == []
    hands.tap(".quick footer .btn-primary")
    expect(page.locator(".toast-note")).to_contain_text("Logged")
    check_budget("log on a phone", hands.actions)
    expect(page).to_have_url(re.compile("/board/$"))
    assert done_on(deals[0]).result == "reached"

    page.locator(".phonebar [data-log]").click()
    page.locator("#quick-line").focus()
    page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData('text', text);
            document.activeElement.dispatchEvent(
                new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        SIGNATURE,
    )
    expect(page.locator("#sheet [name=person]")).to_have_value("Jordi Pla")
    page.locator("#sheet [name=person]").press("Enter")
    check_budget("a new lead from a signature", 2)
    page.wait_for_url(re.compile(r"/deals/\d+/$"), wait_until="commit")
    made = Deal.objects.latest("id")
    assert made.company is not None
    assert made.company.name == "Moulin Papier GmbH"
    # Enter creates where nothing was pasted, too, and does not read an empty signature.
    page.wait_for_load_state()
    page.keyboard.press("c")
    page.locator("#sheet [name=company_name]").fill("Vega")
    page.locator("#sheet [name=company_name]").press("Enter")
    page.wait_for_url(lambda url: f"/deals/{made.pk}/" not in url, wait_until="commit")
    assert Deal.objects.filter(name="Vega").exists()
