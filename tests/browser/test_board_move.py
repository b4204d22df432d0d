import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from crm.commands import deal_move as move_commands
from crm.models import Deal, StageVisit
from pipeline.process.stages import Initiator, Outcome, Stage
from tests.browser import axe
from tests.browser.budget import check_budget
from tests.browser.held import Held
from tests.conftest import Cast
from tests.factories import make_company, make_deal, plan_call, ready_deal

pytestmark = pytest.mark.browser

BOARD = re.compile(r"/board/(\?|$)")


@pytest.fixture
def deal(people: Cast) -> Deal:
    company = make_company(by=people.ana, name="Norte SA")
    return ready_deal(by=people.ana, company=company, stage=Stage.QUALIFICATION, amount=48_000)


@pytest.fixture
def board(page_of: Callable[..., Page], people: Cast, deal: Deal) -> Page:
    return page_of(people.ana, "/board/")


def card_of(page: Page, deal: Deal, stage: Stage) -> Locator:
    return page.locator(f'ul[data-stage="{stage}"] > #d{deal.pk}:not(.waiting)')


def drag(page: Page, deal: Deal, stage: Stage) -> None:
    """By the mouse alone, as a hand does it: the card must hover over the column to be taken."""
    column = page.locator(f'ul[data-stage="{stage}"]')
    box = column.bounding_box()
    assert box
    page.locator(f"#d{deal.pk}").hover()
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50, steps=5)
    expect(column.locator(".sortable-ghost")).to_be_visible()
    page.mouse.up()


def stage_of(deal: Deal) -> Stage:
    deal.refresh_from_db()
    return Stage(deal.stage)


def test_it_moves_a_card_by_drag(board: Page, deal: Deal):
    drag(board, deal, Stage.NEEDS_ANALYSIS)
    expect(card_of(board, deal, Stage.NEEDS_ANALYSIS)).to_be_visible()
    expect(board.locator("#live")).to_contain_text("Moved to Needs analysis")
    assert stage_of(deal) == Stage.NEEDS_ANALYSIS


def test_it_moves_a_card_by_keyboard(board: Page, deal: Deal):
    board.locator(f"#d{deal.pk}").focus()
    board.keyboard.press("Shift+ArrowRight")
    expect(board.locator("#live")).to_contain_text("Needs analysis")
    board.keyboard.press("Enter")
    expect(card_of(board, deal, Stage.NEEDS_ANALYSIS)).to_be_focused()
    assert stage_of(deal) == Stage.NEEDS_ANALYSIS
    board.keyboard.press("]")
    check_budget("move a deal on", 1)
    expect(card_of(board, deal, Stage.PROPOSAL)).to_be_focused()
    assert stage_of(deal) == Stage.PROPOSAL


def test_nobody_is_in_his_or_her_own_way(board: Page, deal: Deal):
    """What is pressed before the board shows what was done says the version that came of that."""
    moves, shown = Held(board, "**/advance/"), Held(board, BOARD)
    sheet = board.locator("#sheet > *")
    board.locator(f"#d{deal.pk}").focus()
    with board.expect_request("**/advance/"):
        board.keyboard.press("]")
        board.keyboard.press("]")
    with board.expect_request(BOARD):
        moves.release()
    with board.expect_response("**/advance/") as moved:
        board.keyboard.press("]")
    assert moved.value.status == 200
    assert len(moves.routes) == 1
    with board.expect_response("**/edit/close/**"):
        board.keyboard.press("t")
    sheet.locator("[name=expected_close_on]").fill("2026-12-24")
    with board.expect_response("**/edit/close/") as answer:
        board.keyboard.press("Control+Enter")
    assert answer.value.status == 200
    shown.release()

    expect(sheet).to_have_count(0)
    expect(card_of(board, deal, Stage.PROPOSAL)).to_be_visible()
    assert stage_of(deal) == Stage.PROPOSAL
    assert deal.expected_close_on == dt.date(2026, 12, 24)


def test_it_puts_a_lifted_card_back_on_escape(board: Page, deal: Deal):
    board.locator(f"#d{deal.pk}").focus()
    for key in ("Shift+ArrowRight", "ArrowRight", "Escape"):
        board.keyboard.press(key)
    expect(card_of(board, deal, Stage.QUALIFICATION)).to_be_focused()
    assert stage_of(deal) == Stage.QUALIFICATION


def test_it_asks_for_the_reason_of_a_jump_and_of_a_step_back(board: Page, deal: Deal):
    board.get_by_role("link", name="Move Norte SA").click()
    board.get_by_role("menuitemradio", name="Proposal").click()
    sheet = board.get_by_role("dialog")
    expect(sheet).to_be_visible()
    assert stage_of(deal) == Stage.QUALIFICATION
    sheet.get_by_label("reason").fill("A repeat order")
    board.keyboard.press("Control+Enter")
    expect(card_of(board, deal, Stage.PROPOSAL)).to_be_visible()
    expect(sheet).to_be_hidden()
    visit = StageVisit.objects.get(deal=deal, left_how=None)
    assert (visit.stage, visit.reason) == (Stage.PROPOSAL, "A repeat order")

    board.locator(f"#d{deal.pk}").focus()
    board.keyboard.press("[")
    expect(sheet).to_be_visible()
    board.keyboard.press("Escape")
    expect(card_of(board, deal, Stage.PROPOSAL)).to_be_visible()
    assert stage_of(deal) == Stage.PROPOSAL


def test_it_stops_a_deal_in_three_actions(board: Page, deal: Deal):
    board.locator(f"#d{deal.pk}").focus()
    board.keyboard.press("x")
    board.get_by_role("dialog").get_by_role("radio", name="No response").first.click()
    board.keyboard.press("Control+Enter")
    check_budget("stop a deal", 3)
    expect(board.locator(f"#d{deal.pk}")).to_have_count(0)
    expect(board.get_by_role("link", name="Stopped 1")).to_be_visible()
    deal.refresh_from_db()
    assert (deal.outcome, deal.initiator, deal.stage) == (
        Outcome.STOPPED,
        Initiator.CUSTOMER,
        Stage.QUALIFICATION,
    )


def test_it_offers_to_stop_from_the_menu(board: Page, deal: Deal):
    board.get_by_role("link", name="Move Norte SA").click()
    board.keyboard.press("End")
    board.keyboard.press("Enter")
    expect(board.get_by_role("dialog", name="Stop this deal")).to_be_visible()
    board.keyboard.press("Escape")
    expect(board.locator(f"#d{deal.pk}")).to_be_focused()


def test_it_wins_a_deal_from_its_card(board: Page, deal: Deal, people: Cast):
    move_commands.move(
        deal, to=Stage.CLOSING, by=people.ana, at=timezone.now(), reason="Repeat order"
    )
    board.reload()
    board.get_by_role("link", name="Move Norte SA").click()
    board.get_by_role("menuitem", name="Won…").click()
    expect(board.get_by_label("Won for")).to_be_focused()
    board.keyboard.press("Control+Enter")
    expect(board.locator(f"#d{deal.pk}")).to_have_count(0)
    expect(board.get_by_role("link", name="Won 1")).to_be_visible()
    deal.refresh_from_db()
    assert deal.outcome == Outcome.WON


def test_it_shows_both_versions_when_somebody_else_was_faster(
    board: Page, deal: Deal, people: Cast
):
    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, by=people.mona, at=timezone.now())
    drag(board, deal, Stage.NEEDS_ANALYSIS)
    sheet = board.get_by_role("dialog")
    expect(sheet).to_contain_text("Mona Reyes")
    expect(card_of(board, deal, Stage.QUALIFICATION)).to_be_visible()
    board.keyboard.press("Escape")
    # Closing it shows how things stand.
    expect(card_of(board, deal, Stage.NEEDS_ANALYSIS)).to_be_visible()
    assert StageVisit.objects.filter(deal=deal).count() == 2


def test_it_shows_what_another_browser_did(board: Page, deal: Deal, people: Cast):
    move_commands.advance(deal, to=Stage.NEEDS_ANALYSIS, by=people.mona, at=timezone.now())
    # A page in the background of a test machine would wait ten seconds for its turn.
    board.evaluate("htmx.trigger('#board', 'board-poll')")
    expect(card_of(board, deal, Stage.NEEDS_ANALYSIS)).to_be_visible()
    with board.expect_response(lambda answer: "/board/?" in answer.url) as answer:
        board.evaluate("htmx.trigger('#board', 'board-poll')")
    assert answer.value.status == 204


# A clock that was put into a context stays there.
@pytest.mark.own_context
def test_it_polls_by_itself(context, page_of, people: Cast, deal: Deal):
    context.clock.install()
    page = page_of(people.ana, "/board/")
    with page.expect_response(lambda answer: "/board/?" in answer.url) as answer:
        context.clock.run_for(10_500)
    assert answer.value.status == 204


def test_it_says_when_a_move_failed_and_puts_the_card_back(board: Page, deal: Deal):
    board.route("**/advance/", lambda route: route.abort())
    board.locator(f"#d{deal.pk}").focus()
    board.keyboard.press("]")
    expect(board.locator("#toasts")).to_contain_text("not known whether that arrived")
    expect(card_of(board, deal, Stage.QUALIFICATION)).to_be_focused()
    board.unroute("**/advance/")
    board.keyboard.press("]")
    expect(card_of(board, deal, Stage.NEEDS_ANALYSIS)).to_be_visible()


def test_it_bears_a_failing_poll_in_silence(board: Page, deal: Deal):
    board.route("**/board/?*", lambda route: route.fulfill(status=502))
    with board.expect_response("**/board/?*"):
        board.evaluate("htmx.trigger('#board', 'board-poll')")
    board.wait_for_function("!document.documentElement.hasAttribute('aria-busy')")
    assert board.locator("#toasts").inner_text() == ""
    expect(card_of(board, deal, Stage.QUALIFICATION)).to_be_visible()


def test_it_filters_in_place_and_in_the_address(board: Page, deal: Deal, people: Cast):
    other = make_deal(by=people.ana, name="Kiln retrofit", stage=Stage.QUALIFICATION)
    board.get_by_role("searchbox", name="Find on the board").fill("kiln")
    expect(board.locator(f"#d{other.pk}")).to_be_visible()
    expect(board.locator(f"#d{deal.pk}")).to_have_count(0)
    expect(board).to_have_url(f"{board.url.partition('/board/')[0]}/board/?q=kiln")
    board.reload()
    expect(board.locator(f"#d{deal.pk}")).to_have_count(0)
    board.get_by_role("link", name="Clear").click()
    expect(board.locator(f"#d{deal.pk}")).to_be_visible()


def test_it_shows_one_stage_at_a_time_on_a_phone(page_of, people: Cast, deal: Deal):
    page = page_of(people.ana, "/board/")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("link", name="5 Proposal 0").click()
    expect(page.locator(f"#d{deal.pk}")).to_be_hidden()
    page.get_by_role("link", name="3 Qualification 1").click()
    expect(page.locator(f"#d{deal.pk}")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe.findings(page) == []


@pytest.mark.parametrize("width", [1280, 1440, 1920])
def test_it_shows_all_seven_columns_side_by_side(board: Page, width: int):
    board.set_viewport_size({"width": width, "height": 800})
    assert board.evaluate("document.documentElement.scrollWidth") <= width
    box = board.locator('ul[data-stage="7"]').bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= width


def test_it_can_be_used_by_everybody(page_of, people: Cast, deal: Deal):
    plan_call(deal, by=people.ana, due_at=timezone.now() - dt.timedelta(days=2))
    for stage in Stage:
        make_deal(by=people.ana, stage=stage, amount=9_000)
    make_deal(by=people.mona, team=people.north)
    page = page_of(people.ana, "/board/?closed=won")
    assert axe.findings_in_both_themes(page) == []
    page.get_by_role("link", name="Move Norte SA").click()
    expect(page.get_by_role("menu")).to_be_visible()
    assert axe.findings_in_both_themes(page, within="[role=menu]") == []


def test_it_reads_and_filters_without_a_script(
    new_context, live_server, enter, people: Cast, deal: Deal
):
    context = new_context(java_script_enabled=False)
    enter(context, people.ana)
    page = context.new_page()
    page.goto(f"{live_server.url}/board/")
    page.get_by_role("combobox", name="What’s next").select_option("Overdue")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(f"#d{deal.pk}")).to_have_count(0)
    page.get_by_role("link", name="Clear").click()
    page.get_by_role("link", name="Move Norte SA").click()
    page.get_by_label("Needs analysis").check()
    page.get_by_role("button", name="Move").click()
    assert stage_of(deal) == Stage.NEEDS_ANALYSIS


def test_it_shows_the_usual_days_of_those_whose_deals_it_shows(
    page_of: Callable[..., Page], people: Cast
):
    now = timezone.now()
    for count in range(10):
        one = ready_deal(by=people.ana, name=f"Line {count}", at=now - dt.timedelta(days=20))
        move_commands.advance(
            one, to=Stage.PROSPECTING, by=people.ana, at=now - dt.timedelta(days=8)
        )
    page = page_of(people.mona, "/board/")
    head = page.locator("#median-1")
    expect(head).to_have_text("12 d / 5")
    expect(head).to_have_class(re.compile(r"\bslow\b"))
    expect(head.locator("svg")).to_be_visible()

    page.locator("select[name=person]").select_option(label="Ben Okoro")
    expect(page.locator(".deal")).to_have_count(0)
    expect(head).to_have_text("norm 5 d")

    page.locator("select[name=person]").select_option(label="Ana Ruiz")
    expect(page.locator(".deal")).to_have_count(10)
    expect(head).to_have_text("12 d / 5")
    # Drawn anew, the columns keep what they were told.
    make_deal(by=people.ana, name="Another", at=now)
    page.evaluate("htmx.trigger('#board', 'board-poll')")
    expect(page.locator(".deal")).to_have_count(11)
    expect(head).to_have_text("12 d / 5")
