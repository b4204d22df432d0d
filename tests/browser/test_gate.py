"""A card dropped on a stage that asks for something first: the sheet, filled in or gone past."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.models import Deal, Judgement
from pipeline.process.stages import Stage
from tests.browser import axe
from tests.browser.test_board_move import card_of, drag, stage_of
from tests.conftest import Cast
from tests.factories import make_company, make_deal

pytestmark = pytest.mark.browser


def deal_in(people: Cast, stage: Stage) -> Deal:
    company = make_company(by=people.ana, name="Norte SA")
    return make_deal(by=people.ana, company=company, stage=stage, amount=48_000)


def test_a_drag_that_meets_a_gate_asks_and_moves_once_it_is_answered(
    page_of: Callable[..., Page], people: Cast
):
    deal = deal_in(people, Stage.PROSPECTING)
    board = page_of(people.ana, "/board/")
    drag(board, deal, Stage.QUALIFICATION)

    sheet = board.get_by_role("dialog")
    expect(sheet).to_contain_text("1 thing missing before Qualification")
    # Until it is answered or given up, the card waits where it was dropped.
    expect(board.locator(f'ul[data-stage="3"] > #d{deal.pk}.waiting')).to_be_visible()
    assert stage_of(deal) == Stage.PROSPECTING
    assert sheet.locator(":focus").count() == 1
    assert axe.findings(board, within="#sheet") == []
    # One press says how, one moves: everything else may be left as it is.
    sheet.get_by_role("radio", name="Call", exact=True).check()
    sheet.get_by_role("button", name="Move to Qualification").click()

    expect(card_of(board, deal, Stage.QUALIFICATION)).to_be_visible()
    expect(sheet).to_be_hidden()
    assert stage_of(deal) == Stage.QUALIFICATION


def test_a_gate_is_gone_past_with_a_reason(page_of: Callable[..., Page], people: Cast):
    deal = deal_in(people, Stage.QUALIFICATION)
    board = page_of(people.ana, "/board/")
    drag(board, deal, Stage.NEEDS_ANALYSIS)

    sheet = board.get_by_role("dialog")
    board.set_viewport_size({"width": 1280, "height": 560})
    sheet.get_by_text("Go ahead anyway").click()
    # The last of the reasons has come into sight by itself.
    expect(sheet.get_by_text("The process is wrong", exact=True)).to_be_in_viewport()
    sheet.get_by_role("radio", name="The customer insisted").check()
    board.keyboard.press("Control+Enter")

    expect(card_of(board, deal, Stage.NEEDS_ANALYSIS)).to_be_visible()
    assert Judgement.objects.get(deal=deal).reason == "customer_insisted"


def test_a_sheet_that_is_given_up_leaves_the_card_where_it_was(
    page_of: Callable[..., Page], people: Cast
):
    deal = deal_in(people, Stage.PROSPECTING)
    board = page_of(people.ana, "/board/")
    drag(board, deal, Stage.QUALIFICATION)
    expect(board.get_by_role("dialog")).to_be_visible()

    board.keyboard.press("Escape")

    expect(card_of(board, deal, Stage.PROSPECTING)).to_be_visible()
    assert stage_of(deal) == Stage.PROSPECTING


def test_a_new_deal_that_is_sold_already_is_told_by_one_sheet(
    page_of: Callable[..., Page], people: Cast
):
    page = page_of(people.ana, "/board/")
    page.keyboard.press("c")
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("Company").fill("Corner shop")
    sheet.get_by_label("Person").fill("Petra Voss")
    sheet.get_by_label("Value").fill("80")
    expect(sheet.get_by_text("Which conversation was held?")).to_have_count(0)

    sheet.get_by_role("checkbox", name="Sold already").check()

    # What is asked for comes by itself; what was typed stays, and so does the focus.
    expect(sheet.get_by_text("Which conversation was held?")).to_be_visible()
    expect(sheet.get_by_label("Won for")).to_have_value("80")
    expect(sheet.get_by_label("Company")).to_have_value("Corner shop")
    expect(sheet.get_by_role("checkbox", name="Sold already")).to_be_focused()
    assert axe.findings(page, within="#sheet") == []
    sheet.get_by_role("radio", name="Call").check()
    sheet.get_by_role("radio", name="Yes, both are sure").check()
    sheet.get_by_label("In their words").fill("The reference_list is empty")
    sheet.get_by_label("Steps to a yes").fill("She orders")
    sheet.get_by_role("button", name="Won").click()

    expect(page.get_by_role("heading", name="Corner shop")).to_be_visible()
    expect(page.get_by_text("Won on")).to_be_visible()
    deal = Deal.objects.get(name="Corner shop")
    assert [visit.stage for visit in deal.visits.order_by("sequence")] == list(Stage)


def test_a_sale_that_was_none_after_all_is_opened_as_any_deal(
    page_of: Callable[..., Page], people: Cast
):
    page = page_of(people.ana, "/deals/new/")
    page.get_by_role("textbox", name="Company").fill("Corner shop")
    sold = page.get_by_role("checkbox", name="Sold already")
    sold.check()
    expect(page.get_by_text("Which conversation was held?")).to_be_visible()
    sold.uncheck()
    expect(page.get_by_text("Which conversation was held?")).to_have_count(0)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Corner shop")).to_be_visible()
    assert Deal.objects.get(name="Corner shop").is_open


def test_without_a_script_a_sale_is_asked_for_on_the_same_page(
    new_context: Any, live_server: Any, enter: Any, people: Cast
):
    context = new_context(java_script_enabled=False)
    enter(context, people.ana)
    page = context.new_page()
    page.goto(f"{live_server.url}/deals/new/")
    page.get_by_role("textbox", name="Person").fill("Petra Voss")
    page.get_by_label("Value").fill("80")
    page.get_by_role("checkbox", name="Sold already").check()
    page.get_by_role("button", name="Won").click()
    page.get_by_role("radio", name="Call").check()
    page.get_by_role("radio", name="Yes, both are sure").check()
    page.get_by_label("In their words").fill("The reference_list is empty")
    page.get_by_label("Steps to a yes").fill("She orders")
    page.get_by_role("button", name="Won").click()
    expect(page.get_by_text("Won on")).to_be_visible()
    assert Deal.objects.get(name="Petra Voss").amount == 80


def test_a_sheet_counts_down_what_is_missing_while_it_is_filled_in(
    page_of: Callable[..., Page], people: Cast
):
    deal = deal_in(people, Stage.NEEDS_ANALYSIS)
    board = page_of(people.ana, "/board/")
    drag(board, deal, Stage.PROPOSAL)

    sheet = board.get_by_role("dialog")
    title = sheet.get_by_role("heading", level=2)
    expect(title).to_have_text("2 things missing before Proposal")
    numbers = sheet.locator(".ask .mark.num:visible")
    expect(numbers).to_have_text(["1", "2"])
    sheet.get_by_label("In their words", exact=True).fill("Two stops a week")
    expect(title).to_have_text("1 thing missing before Proposal")
    expect(numbers).to_have_text(["2"])
    # Half of a path is none yet: the only person is chosen, how they decide is not said.
    sheet.get_by_label("Steps to a yes").fill("The board")
    expect(title).to_have_text("Move to Proposal")
    sheet.get_by_label("Steps to a yes").fill(" ")
    expect(title).to_have_text("1 thing missing before Proposal")

    # A value that is refused fills nothing, here and there, until it is another one.
    sheet.get_by_label("Steps to a yes").fill("The board")
    sheet.locator("[name=path_on]").fill("0026-01-01")
    board.keyboard.press("Control+Enter")
    expect(title).to_have_text("1 thing missing before Proposal")
    wrong = sheet.locator("[aria-invalid=true]").first
    expect(wrong).to_be_focused()
    sheet.get_by_label("In their words", exact=True).press("End")
    board.keyboard.type(".")
    expect(title).to_have_text("1 thing missing before Proposal")
    wrong.fill("")
    expect(title).to_have_text("Move to Proposal")
    sheet.get_by_label("Steps to a yes").fill(" ")

    # What is left after a refusal the server says by the same rule.
    board.keyboard.press("Control+Enter")
    expect(sheet.get_by_text("This is missing.")).to_be_visible()
    expect(title).to_have_text("1 thing missing before Proposal")
    sheet.get_by_text("Go ahead anyway").click()
    sheet.get_by_role("radio", name="The customer insisted").check()
    expect(title).to_have_text("Move to Proposal")
    assert axe.findings(board, within="#sheet") == []


def test_a_signature_says_with_whom_it_is(page_of: Callable[..., Page], people: Cast):
    deal = make_deal(by=people.ana, stage=Stage.LEAD_GENERATION)
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.locator("#advance").click()
    sheet = page.get_by_role("dialog")
    person = sheet.locator("[name=party_person]")
    paste = """(place, text) => {
        const data = new DataTransfer();
        data.setData('text', text);
        place.dispatchEvent(
            new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    }"""
    # What says nothing of anybody, or cannot be read just now, is not lost.
    link = "https://linkedin.com/sales/lead/4b2a17"
    person.evaluate(paste, link)
    expect(person).to_have_value(link)
    page.route("**/deals/new/read/", lambda route: route.abort())
    person.fill("An ")
    person.evaluate(paste, "Jordi Pla\nMoulin")
    expect(person).to_have_value("An Jordi Pla Moulin")
    page.unroute("**/deals/new/read/")
    person.fill("")
    person.evaluate(
        paste,
        "Best regards\nJordi Pla\nMoulin Papier GmbH\njordi@moulin.example",
    )
    expect(person).to_have_value("Jordi Pla")
    expect(sheet.locator("[name=party_reach]")).to_have_value("jordi@moulin.example")
    expect(sheet.locator("[name=party_company]")).to_have_value("Moulin Papier GmbH")
    expect(sheet.get_by_role("heading", level=2)).to_have_text("Move to Prospecting")
    sheet.get_by_role("button", name="Move to Prospecting").click()
    expect(page.locator("#deal-people")).to_contain_text("Jordi Pla")
    deal.refresh_from_db()
    assert deal.company is not None
    assert (deal.stage, deal.company.name) == (Stage.PROSPECTING, "Moulin Papier GmbH")
