"""My Day by keys and by mouse: how many actions it takes, and where the keyboard is after each."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm.models import Activity, ActivityResult
from day.models import Snooze
from tests.browser.budget import check_budget
from tests.conftest import Cast
from tests.factories import make_deal, plan_call

pytestmark = pytest.mark.browser


class Counted:
    """Counts what a person does: a key, with or without Ctrl, or a press of the mouse; and how long
    that takes by the keystroke-level model, with a thought before each."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions, self.seconds = page, 0, 0.0

    def key(self, key: str) -> None:
        self.actions += 1
        self.seconds += 1.35 + 0.28
        self.page.keyboard.press(key)

    def press(self, selector: str) -> None:
        self.actions += 1
        self.seconds += 1.35 + 1.1 + 0.2
        self.page.locator(selector).first.click()


@pytest.fixture
def plans(people: Cast) -> list[Activity]:
    """Three calls that were promised, the oldest first."""
    today = timezone.localdate(timezone=people.ana.zone)
    return [
        plan_call(
            make_deal(by=people.ana, name=f"Deal {n}"),
            by=people.ana,
            due_on=today - dt.timedelta(days=9 - n),
        )
        for n in range(3)
    ]


def test_the_budget_of_actions_holds(
    page_of: Callable[..., Page], people: Cast, plans: list[Activity]
) -> None:
    page = page_of(people.ana, "/day/")
    rows = page.locator(".day-row[data-row]")
    expect(rows).to_have_count(3)

    by_keys = Counted(page)
    by_keys.key("d")
    expect(page.locator("[data-outcome='1'] input")).to_be_focused()
    by_keys.key("2")
    expect(page.locator("[data-note]")).to_be_focused()
    by_keys.key("Enter")
    # The next one is open, and its outcomes have the focus.
    expect(page.locator(".justdone")).to_be_visible()
    expect(page.locator(f"[data-row='act-{plans[1].pk}'] [data-outcome='1'] input")).to_be_focused()
    check_budget("log from My Day, with outcome and what's next", by_keys.actions)
    assert by_keys.seconds <= 6
    plans[0].refresh_from_db()
    assert plans[0].result == ActivityResult.NO_ANSWER
    assert Activity.objects.planned().filter(deal=plans[0].deal).exists()

    page.keyboard.press("Escape")
    expect(page.locator("[data-day-open]")).to_have_count(0)
    by_mouse = Counted(page)
    by_mouse.press("[data-done]")
    expect(page.locator("[data-day-open]")).to_have_count(1)
    by_mouse.key("Enter")
    expect(page.locator(f"[data-row='act-{plans[1].pk}']")).to_have_count(0)
    check_budget("complete what was planned and set the next", by_mouse.actions)
    plans[1].refresh_from_db()
    assert plans[1].done_at is not None
    assert Activity.objects.planned().filter(deal=plans[1].deal).exists()

    # Taken back while the next one is open.
    expect(page.locator(f"[data-row='act-{plans[2].pk}'] [data-outcome='1'] input")).to_be_focused()
    page.keyboard.press("z")
    expect(page.locator(f"[data-row='act-{plans[1].pk}']")).to_have_count(1)


def test_rows_are_put_in_another_place_and_laid_aside_by_keys(
    page_of: Callable[..., Page], people: Cast, plans: list[Activity]
) -> None:
    page = page_of(people.ana, "/day/")
    rows = page.locator(".day-row[data-row]")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Alt+ArrowUp")
    expect(rows.first).to_have_attribute("data-row", f"act-{plans[1].pk}")
    expect(rows.first.locator("[data-done]")).to_be_focused()
    expect(rows.first).to_contain_text("moved up by you")

    page.keyboard.press("h")
    expect(page.locator("[data-later-menu]")).to_be_visible()
    page.keyboard.press("5")
    expect(rows).to_have_count(2)
    assert Snooze.objects.get().subject == f"act-{plans[1].pk}"

    rows.nth(1).drag_to(rows.first)
    expect(rows.first).to_have_attribute("data-row", f"act-{plans[2].pk}")
