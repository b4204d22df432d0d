import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Request, expect

from crm.commands import deal as commands
from crm.commands import deal_move as move_commands
from crm.commands.contact import NewContact
from crm.models import Activity, Deal, DealRole, Product
from pipeline.models import User
from pipeline.process.stages import Outcome, Stage
from reports.models import FormTime
from tests.browser import axe
from tests.browser.held import Held
from tests.conftest import Cast
from tests.factories import make_company, plan_call, ready_deal

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]


@pytest.fixture
def deal(people: Cast) -> Deal:
    company = make_company(by=people.ana, name="Norte SA")
    deal = ready_deal(by=people.ana, company=company, stage=Stage.QUALIFICATION, amount=48_000)
    petra = NewContact(name="Petra Voss", email="petra@norte.test")
    commands.set_contact(
        deal, contact=petra, role=DealRole.DECIDES, by=people.ana, at=timezone.now()
    )
    return deal


@pytest.fixture
def shown(page_of: PageOf, people: Cast, deal: Deal) -> Page:
    return page_of(people.ana, f"/deals/{deal.pk}/")


def test_it_logs_a_call_with_what_is_next_by_one_press_a_text_and_ctrl_enter(
    shown: Page, deal: Deal
):
    shown.keyboard.press("l")
    shown.keyboard.type("Finance wants 90 days.")
    shown.locator("#composer label", has_text="+3 d").click()
    shown.locator("#log-body").press("Control+Enter")
    expect(shown.locator("#deal-timeline")).to_contain_text("Finance wants 90 days.")
    expect(shown.locator("#deal-next")).to_contain_text("in 3 days")
    expect(shown.locator("#log-body")).to_have_value("")
    expect(shown.locator("#log-keep")).to_contain_text("Keep")
    done = Activity.objects.done().latest("id")
    assert (done.kind, done.body) == ("call", "Finance wants 90 days.")


def test_a_mail_that_is_pasted_is_an_e_mail_with_who_wrote_it(shown: Page):
    paste = """
        (place, text) => {
            const data = new DataTransfer();
            data.setData('text', text);
            place.dispatchEvent(
                new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
            );
        }
    """
    mail = "From: Petra Voss <petra@norte.test>\nSubject: Terms\n\n90 days, please."
    shown.locator("#log-body").evaluate(paste, mail)
    expect(shown.get_by_role("radio", name="E-mail")).to_be_checked()
    with_whom = shown.locator("#log-contact")
    expect(with_whom.locator("option:checked")).to_have_text("Petra Voss")
    # A new deal reads a link as it reads a signature.
    shown.keyboard.press("Escape")
    shown.locator("h1").click()
    shown.keyboard.press("c")
    company = shown.locator("#sheet [name=company_name]")
    expect(company).to_be_focused()
    company.evaluate(paste, "https://www.moulin-papier.example/contact")
    expect(shown.locator("#sheet [name=company_name]")).to_have_value("Moulin Papier")


def test_it_keeps_what_is_typed_while_other_parts_change(shown: Page):
    shown.locator("#log-body").fill("Half a sentence")
    shown.locator("#advance").click()
    expect(shown.locator("#deal-stage h2")).to_have_text("Now in Needs analysis")
    expect(shown.locator("#log-body")).to_have_value("Half a sentence")


def test_it_edits_a_value_in_place_and_gives_the_focus_back(shown: Page, deal: Deal):
    shown.keyboard.press("a")
    field = shown.locator("input#edit-amount")
    expect(field).to_be_focused()
    field.fill("52,500")
    field.press("Enter")
    expect(shown.locator("a#edit-amount")).to_contain_text("€52,500")
    expect(shown.locator("a#edit-amount")).to_be_focused()
    expect(shown.locator("#deal-head")).to_contain_text("€52,500")
    deal.refresh_from_db()
    assert deal.amount == 52_500
    shown.keyboard.press("Enter")
    expect(field).to_be_focused()
    field.fill("1")
    field.press("Escape")
    expect(shown.locator("a#edit-amount")).to_be_focused()
    deal.refresh_from_db()
    assert deal.amount == 52_500


def test_what_is_pressed_again_before_the_page_shows_it_is_one_press(shown: Page, deal: Deal):
    parts = re.compile(rf"/deals/{deal.pk}/(\?|$)")
    late = Held(shown, parts)
    presses: list[str] = []
    shown.on("request", lambda one: presses.append(one.url) if one.method == "POST" else None)
    with shown.expect_response("**/advance/"), shown.expect_request(parts):
        shown.keyboard.press("]")
    shown.keyboard.press("]")
    shown.locator("#advance").click()
    late.release()
    expect(shown.locator("#advance")).to_contain_text("Proposal")
    expect(shown.locator("#sheet > *")).to_have_count(0)
    deal.refresh_from_db()
    assert deal.stage == Stage.NEEDS_ANALYSIS
    assert len([url for url in presses if url.endswith("/advance/")]) == 1


def add_line(shown: Page) -> None:
    shown.locator("#add-line").click()
    shown.locator("#sheet [name=product_name]").fill("Coating")
    expect(shown.locator("#sheet [name=product]")).to_be_checked()
    shown.locator("#sheet [name=quantity]").fill("2")
    shown.locator("#sheet [name=unit_price]").fill("100")
    shown.locator("#sheet [name=unit_price]").press("Control+Enter")


def test_what_has_to_wait_goes_though_its_sheet_is_gone_and_may_be_meant_twice(
    shown: Page, deal: Deal
):
    Product.objects.create(name="Coating", currency="EUR")
    moves, late = Held(shown, "**/advance/"), Held(shown, re.compile(rf"/deals/{deal.pk}/(\?|$)"))
    sheet = shown.locator("#sheet > *")
    with shown.expect_request("**/advance/"):
        shown.keyboard.press("]")
    add_line(shown)
    # The answer to the move closes what is at the side.
    with shown.expect_response("**/lines/") as answer:
        moves.release()
    assert answer.value.status == 200
    expect(sheet).to_have_count(0)
    with shown.expect_response("**/lines/") as answer:
        add_line(shown)
    assert answer.value.status == 200
    late.release()
    expect(shown.locator("#deal-lines").get_by_text("Coating")).to_have_count(2)
    expect(sheet).to_have_count(0)
    assert deal.lines.count() == 2
    shown.locator("#add-line").click()
    expect(shown.locator("#sheet [name=product_name]")).to_have_value("")


def test_it_shows_both_versions_and_keeps_what_was_typed(shown: Page, people: Cast, deal: Deal):
    shown.locator("#edit-amount").click()
    field = shown.locator("input#edit-amount")
    field.fill("60000")
    commands.edit(deal, amount=Decimal(50_000), by=people.mona, at=timezone.now())
    field.press("Enter")
    alert = shown.locator("#deal-facts [role=alert]")
    expect(alert).to_contain_text("Mona Reyes changed this in the meantime")
    expect(alert).to_contain_text("€50,000")
    expect(alert).to_contain_text("€60,000")
    expect(field).to_have_value("60000")
    deal.refresh_from_db()
    assert deal.amount == 50_000
    shown.get_by_role("button", name="Save mine").click()
    expect(shown.locator("a#edit-amount")).to_contain_text("€60,000")


def test_it_keeps_the_reason_of_a_move_that_came_too_late(shown: Page, people: Cast, deal: Deal):
    shown.keyboard.press("x")
    sheet = shown.locator("#sheet .sheet")
    sheet.get_by_label("In their words").fill("No budget this year")
    sheet.locator("label", has_text="Decided not to buy").click()
    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, by=people.mona, at=timezone.now())
    sheet.get_by_role("button", name="Stop").click()
    expect(sheet).to_contain_text("Mona Reyes changed this in the meantime")
    expect(sheet.get_by_label("In their words")).to_have_value("No budget this year")
    sheet.get_by_role("button", name="Stop").click()
    expect(sheet).to_have_count(0)
    expect(shown.locator("#deal-next")).to_contain_text("Decided not to buy")
    deal.refresh_from_db()
    assert (deal.outcome, deal.stage) == (Outcome.STOPPED, Stage.NEEDS_ANALYSIS)


def test_it_completes_and_plans_the_next_by_two_presses(page_of: PageOf, people: Cast, deal: Deal):
    plan_call(deal, by=people.ana, due_at=timezone.now() + dt.timedelta(days=1))
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.get_by_role("link", name="Done").click()
    page.locator("#deal-next").get_by_role("button", name="+1 w").click()
    expect(page.locator("#deal-next")).to_contain_text("in 7 days")
    # This one, and the conversation by which the deal is in its stage.
    assert Activity.objects.done().count() == 2


def test_it_takes_an_open_what_is_next_away_when_the_deal_is_stopped(
    page_of: PageOf, people: Cast, deal: Deal
):
    plan_call(deal, by=people.ana, due_at=timezone.now() + dt.timedelta(days=1))
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.get_by_role("link", name="Done").click()
    expect(page.locator("#deal-next form")).to_be_visible()
    page.get_by_role("link", name="Stop").click()
    sheet = page.locator("#sheet .sheet")
    sheet.locator("label", has_text="Decided not to buy").click()
    sheet.get_by_role("button", name="Stop").click()
    expect(page.locator("#deal-next")).to_contain_text("Decided not to buy")
    expect(page.locator("#deal-next form")).to_have_count(0)


def test_it_plans_where_nothing_is_planned(shown: Page, deal: Deal):
    strip = shown.locator("#deal-next")
    expect(strip).to_contain_text("Nothing planned")
    strip.get_by_role("button", name="Tomorrow").click()
    expect(strip).to_contain_text("tomorrow")
    strip.get_by_role("link", name="Change").click()
    strip.get_by_label("About what").fill("payment terms")
    strip.get_by_label("About what").press("Enter")
    expect(strip).to_contain_text("Call: payment terms")


def test_it_gets_how_won_deals_went_when_that_is_opened(shown: Page):
    box = shown.locator("#deal-compared")
    box.locator("summary").click()
    expect(box).to_contain_text("Fewer than 10 deals were won")


@pytest.mark.own_context
def test_it_counts_how_long_one_types_for_oneself_alone(shown: Page, people: Cast):
    counted: list[str] = []

    def note(sent: Request) -> None:
        if "form-times" in sent.url:
            counted.append(sent.url)

    shown.on("request", note)
    shown.clock.install()

    def log(words: str) -> None:
        body = shown.locator("#log-body")
        body.fill(words)
        shown.clock.run_for(7_000)
        body.press_sequentially("!")
        body.press("Control+Enter")

    with shown.expect_event("requestfinished", lambda sent: "form-times" in sent.url):
        log("Finance wants 90 days")
    # What lies between, up to two minutes, is time in the form; of the words nothing is sent.
    row = FormTime.objects.get()
    assert (row.person, row.kind, row.sent) == (people.ana, "talks", 1)
    assert 7 <= row.seconds < 60
    User.objects.update(form_times=False)
    shown.reload()
    counted.clear()
    log("And a discount")
    expect(shown.locator("#deal-timeline")).to_contain_text("And a discount!")
    assert counted == []


def test_it_shows_the_history_behind_its_tab(shown: Page):
    expect(shown.locator("#deal-history")).to_be_hidden()
    shown.get_by_role("tab", name="Timeline").press("ArrowRight")
    expect(shown.get_by_role("tab", name="History of stages")).to_be_focused()
    expect(shown.locator("#deal-history")).to_be_visible()
    expect(shown.locator("#composer")).to_be_hidden()


def test_it_shows_duplicates_while_a_new_deal_is_typed(shown: Page, people: Cast, deal: Deal):
    shown.keyboard.press("c")
    shown.get_by_label("Company", exact=True).fill("norte s.a.")
    alike = shown.locator("#alike")
    expect(alike).to_contain_text("Norte SA")
    expect(alike).to_contain_text("Line 3 retrofit")
    shown.get_by_label("E-mail", exact=True).fill("PETRA@norte.test")
    expect(alike).to_contain_text("same e-mail")
    alike.locator("label", has_text="Norte SA").first.click()
    shown.get_by_label("What it is about").fill("Line 4")
    shown.get_by_label("What it is about").press("Control+Enter")
    expect(shown.get_by_role("heading", level=1)).to_have_text("Line 4")
    assert Deal.objects.get(name="Line 4").company == deal.company


def test_it_is_accessible(page_of: PageOf, people: Cast, deal: Deal):
    move_commands.advance(
        deal, to=Stage.PROPOSAL, reason="They insisted", by=people.ana, at=timezone.now()
    )
    plan_call(deal, by=people.ana, due_at=timezone.now() - dt.timedelta(hours=1))
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    assert axe.findings_in_both_themes(page) == []
    page.get_by_role("tab", name="History of stages").click()
    page.locator("#edit-source").click()
    expect(page.locator("#deal-facts form")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    expect(page.locator("#deal-next form")).to_be_visible()
    assert axe.findings_in_both_themes(page) == []
    for opener in ("ask-stop", "ask-win", "add-person", "add-line"):
        page.locator(f"#{opener}").click()
        expect(page.locator("#sheet .sheet")).to_be_visible()
        assert axe.findings_in_both_themes(page, within="#sheet") == []
        page.keyboard.press("Escape")
        expect(page.locator("#sheet .sheet")).to_have_count(0)
    page.goto(f"{page.url.split('/deals')[0]}/deals/new/")
    page.get_by_label("Company", exact=True).fill("norte")
    expect(page.locator("#alike")).to_contain_text("Norte SA")
    assert axe.findings_in_both_themes(page) == []
