"""A manager at the reports: what is to be known of the pipeline is found from their start."""

import time
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm.models import Source
from tests.conftest import Cast
from tests.factories import make_deal
from tests.reports import worked
from tests.reports.test_overview import DAYS, QUESTIONS

pytestmark = pytest.mark.browser

# Seconds of the keystroke-level model: to make up one's mind, to point at something, to press.
MIND, POINT, PRESS = 1.35, 1.1, 0.2
# To read a row of numbers.
READ = 4.0


def test_a_manager_answers_the_five_questions_within_two_minutes(
    page_of: Callable[..., Page], people: Cast
) -> None:
    """Each number is opened and read through, too: it is answered by deals and not by a figure."""
    worked.tell_all(people)
    page = page_of(people.mona, "/board/")
    began, gestures, read = time.monotonic(), 1, 0
    page.goto(page.url.replace("/board/", f"/reports/?{DAYS}"))
    box = page.locator("#panel-questions")
    rows = box.locator("tbody tr")
    assert [text for text in rows.locator("th").all_inner_texts() if text] == list(QUESTIONS)
    for place in range(rows.count()):
        read += 1
        number = rows.nth(place).locator("a[href*='/rows/open_deals/']").first
        if not number.count():
            continue
        told = number.inner_text()
        number.click()
        expect(page.locator("#total")).to_have_text(told)
        page.go_back()
        gestures, read = gestures + 2, read + int(told)
    took = time.monotonic() - began
    assert gestures >= 7
    assert took + gestures * (MIND + POINT + PRESS) + read * READ <= 120


@pytest.mark.parametrize(("address", "key"), [("sources/", "sources"), ("", "questions")])
def test_every_number_is_in_its_box_on_a_phone_and_on_paper(
    page_of: Callable[..., Page], people: Cast, address: str, key: str
) -> None:
    """What is too wide for a phone stands below its name, each under the head of its column."""
    make_deal(by=people.ana, source=Source.objects.first(), at=timezone.now())
    page = page_of(people.mona, f"/reports/{address}")
    box = page.locator(f"#panel-{key} table:visible")
    for media, width in (("print", 703), ("screen", 390)):
        page.emulate_media(media=media)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 900})
        beyond = box.evaluate(
            """table => [...table.querySelectorAll('tbody :is(th, td)')].filter(cell =>
                cell.getBoundingClientRect().right > table.closest('.in').getBoundingClientRect().right
            ).map(cell => cell.textContent.trim())"""
        )
        assert beyond == [], media
    heads = (
        box.locator("tbody tr")
        .first.locator("td.num")
        .evaluate_all(
            "cells => cells.map(cell => getComputedStyle(cell, '::before').content.replaceAll('\"', ''))"
        )
    )
    assert heads == [text for text in box.locator("thead th.r").all_text_contents() if text.strip()]
