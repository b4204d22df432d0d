"""What is missing before a move costs one key each."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm.models import Activity, Deal, StepResult
from pipeline.process.playbook import Importance, StepKind
from pipeline.process.stages import Stage
from tests.browser.budget import check_budget
from tests.browser.test_board_move import card_of, stage_of
from tests.conftest import Cast
from tests.factories import make_company, make_contact, make_deal
from tests.pipeline.process import in_force, row

pytestmark = pytest.mark.browser


def test_with_two_things_missing_a_move_takes_three_keys(
    page_of: Callable[..., Page], people: Cast
) -> None:
    seen = row(
        "seen",
        stage=Stage.QUALIFICATION,
        kind=StepKind.CHECK,
        importance=Importance.GATE,
        label="The plant was seen",
    )
    written: Any = {"stage": Stage.LEAD_GENERATION, "importance": Importance.GATE}
    why = row("why", kind=StepKind.QUESTION, label="Why them?", position=1.0, **written)
    called = row("called", kind=StepKind.ACTIVITY, label="Called once", position=2.0, **written)
    who = row("who", kind=StepKind.QUESTION, label="Who sent them?", position=3.0, **written)
    in_force(people.root, seen, why, called, who)
    company = make_company(by=people.ana, name="Norte SA")
    deal = make_deal(by=people.ana, company=company, stage=Stage.QUALIFICATION, amount=48_000)
    board = page_of(people.ana, "/board/")
    board.locator(f"#d{deal.pk}").focus()
    keys = iter(pressed := ["]", "Enter", "Enter"])

    board.keyboard.press(next(keys))
    sheet = board.get_by_role("dialog")
    expect(sheet.locator("[data-left]")).to_contain_text("2 things missing")
    expect(sheet.locator(".ask input:focus")).to_have_count(1)
    board.keyboard.press(next(keys))
    # One is answered, the other has the focus, and nothing is done before it is answered, too.
    expect(sheet.locator("[data-left]")).to_contain_text("1 thing missing")
    expect(sheet.locator(".ask:not(.filled) input:focus")).to_have_count(1)
    assert stage_of(deal) == Stage.QUALIFICATION
    board.keyboard.press(next(keys))

    check_budget("move a deal on with two things missing", len(pressed))
    expect(card_of(board, deal, Stage.NEEDS_ANALYSIS)).to_be_visible()
    assert stage_of(deal) == Stage.NEEDS_ANALYSIS

    # What has to be written costs its words besides, and a day on which something was done only Enter.
    contact = make_contact(by=people.ana, company=company)
    lead = make_deal(by=people.ana, company=company, contact=contact, name="Este")
    board.reload()
    board.locator(f"#d{lead.pk}").focus()
    words = iter(("A new plant", "", "Vega"))
    board.keyboard.press("]")
    pressed = ["]"]
    for left in (3, 2, 1):
        thing = "thing" if left == 1 else "things"
        expect(sheet.locator("[data-left]")).to_contain_text(f"{left} {thing} missing")
        expect(sheet.locator(".ask:not(.filled) input:focus")).to_have_count(1)
        board.keyboard.type(next(words))
        board.keyboard.press("Enter")
        pressed.append("Enter")
    check_budget(
        "move a deal on with three things missing, two of them to be written", len(pressed)
    )
    expect(card_of(board, lead, Stage.PROSPECTING)).to_be_visible()
    assert set(StepResult.objects.filter(deal=lead).values_list("key", "value")) == {
        ("why", "A new plant"),
        ("called", None),
        ("who", "Vega"),
    }
    today = timezone.localdate(timezone=people.ana.zone)
    assert days_of_calls(lead, people) == [today]

    # A day that is the last is seen before the move: the first Enter fills it in, the second goes on.
    seen_day = make_deal(by=people.ana, company=company, contact=contact, name="Sur")
    unsaid = make_deal(by=people.ana, company=company, contact=contact, name="Oeste")
    sent: list[str] = []
    board.on("request", lambda one: sent.append(one.method))
    for deal in (seen_day, unsaid):
        board.reload()
        board.locator(f"#d{deal.pk}").focus()
        board.keyboard.press("]")
        day = sheet.get_by_label("Done on")
        expect(day).to_have_accessible_description("Enter: today")
        if deal == seen_day:
            for answer in sheet.get_by_label("Answer").all():
                answer.fill("Told")
            sent.clear()
            day.press("Enter")
            expect(day).to_have_value(today.isoformat())
            expect(sheet.locator("[data-left]")).to_contain_text("Move to")
            assert sent == []
        else:
            # Who goes ahead without it has not said that it was done.
            sheet.get_by_text("Go ahead anyway").click()
            sheet.get_by_role("radio", name="The customer insisted").check()
        day.press("Enter")
        expect(card_of(board, deal, Stage.PROSPECTING)).to_be_visible()
    assert (days_of_calls(seen_day, people), days_of_calls(unsaid, people)) == ([today], [])


def days_of_calls(deal: Deal, people: Cast) -> list[dt.date]:
    done = Activity.objects.done().filter(deal=deal)
    return [timezone.localdate(one.done_at, people.ana.zone) for one in done]
