"""What is typed survives whatever happens between the first letter and the server's answer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect
from psycopg import errors

from crm.models import Activity, Deal
from tests.browser import closing
from tests.conftest import Cast
from tests.factories import make_deal

pytestmark = pytest.mark.browser

WORDS = "They want it in May, before the new line starts."


@pytest.fixture
def deal(people: Cast) -> Deal:
    return make_deal(by=people.ana, name="Line 3", amount=48_000)


@pytest.fixture
def page(page_of: Callable[..., Page], people: Cast, deal: Deal) -> Page:
    return page_of(people.ana, f"/deals/{deal.pk}/")


def note_of(page: Page) -> Locator:
    return page.get_by_label("What was said")


def log(page: Page) -> None:
    page.locator("#composer").get_by_role("button", name="Log").click()


def type_note(page: Page) -> None:
    page.locator("#composer [value=note]").check()
    note_of(page).fill(WORDS)


# What is logged is kept and sent by itself (test_without_line); what is planned waits in its form.
def type_plan(page: Page) -> None:
    plan_of(page).fill(WORDS)


def plan_of(page: Page) -> Locator:
    return page.locator("#deal-next [name=next_subject]")


def send_plan(page: Page) -> None:
    page.locator("#deal-next [value=tomorrow]").click()


def planned(deal: Deal) -> list[str]:
    return list(Activity.objects.planned().filter(deal=deal).values_list("subject", flat=True))


def sign_in(page: Page, email: str = "ana@seven.test") -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("right horse")
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_in_elsewhere(context: BrowserContext, address: str, email: str) -> None:
    """In another tab of the same browser, after the session has ended."""
    context.clear_cookies(name="seven_session")
    other = context.new_page()
    other.goto(f"{address}/accounts/login/")
    sign_in(other, email)
    expect(other.locator("nav.rail")).to_be_visible()
    closing.close(other)


def logged(deal: Deal) -> list[str]:
    return list(Activity.objects.done().filter(deal=deal).values_list("body", flat=True))


def test_a_session_that_ended_brings_it_back_into_its_form(
    page: Page, context: BrowserContext, deal: Deal
) -> None:
    type_note(page)
    context.clear_cookies(name="seven_session")
    log(page)
    sign_in(page)

    expect(note_of(page)).to_have_value(WORDS)
    expect(page.locator("#composer [value=note]")).to_be_checked()
    expect(page.locator("#composer")).to_contain_text("is not sent yet")
    expect(page.locator(".unsent")).to_be_hidden()
    log(page)
    expect(page.locator("#deal-timeline")).to_contain_text(WORDS)
    assert logged(deal) == [WORDS]
    page.reload()
    expect(note_of(page)).to_have_value("")
    expect(page.locator(".unsent, .draft-note")).to_have_count(0)


def test_a_session_that_ended_opens_the_form_at_the_side_again(
    page: Page, context: BrowserContext
) -> None:
    page.keyboard.press("x")
    page.locator("#sheet textarea").first.fill(WORDS)
    context.clear_cookies(name="seven_session")
    page.locator("#sheet [type=submit]").click()
    sign_in(page)

    expect(page.locator("#sheet textarea").first).to_have_value(WORDS)


def test_a_sign_in_elsewhere_is_not_noticed(
    page: Page, context: BrowserContext, live_server: Any, deal: Deal
) -> None:
    type_note(page)
    sign_in_elsewhere(context, live_server.url, "ana@seven.test")
    log(page)

    expect(page.locator("#deal-timeline")).to_contain_text(WORDS)
    expect(note_of(page)).to_have_value("")
    assert logged(deal) == [WORDS]

    # Nor by what says which version it has seen: it is no second press, but the same once more.
    page.get_by_role("button", name="Change €").click()
    value = page.get_by_role("textbox", name="Value")
    value.fill("51000")
    sign_in_elsewhere(context, live_server.url, "ana@seven.test")
    value.press("Enter")
    expect(page.locator("a#edit-amount")).to_contain_text("€51,000")


def test_somebody_else_who_signs_in_neither_sends_nor_sees_it(
    page: Page, context: BrowserContext, live_server: Any, deal: Deal
) -> None:
    type_note(page)
    sign_in_elsewhere(context, live_server.url, "mona@seven.test")
    log(page)
    expect(page.locator("#toasts")).to_contain_text("Mona Reyes is signed in here now")
    expect(note_of(page)).to_have_value(WORDS)
    assert logged(deal) == []

    page.reload()
    expect(page.get_by_label("Account of Mona Reyes")).to_be_visible()
    expect(note_of(page)).to_have_value("")

    sign_in_elsewhere(context, live_server.url, "ana@seven.test")
    page.reload()
    expect(note_of(page)).to_have_value(WORDS)


def test_without_a_line_it_stays_and_comes_back_after_a_reload(
    page: Page, context: BrowserContext, deal: Deal
) -> None:
    type_plan(page)
    context.set_offline(True)
    send_plan(page)
    expect(page.locator("#toasts")).to_contain_text("what you typed is kept here")
    expect(plan_of(page)).to_have_value(WORDS)

    context.set_offline(False)
    page.reload()
    expect(plan_of(page)).to_have_value(WORDS)
    expect(page.locator("#deal-next")).to_contain_text("got no answer")
    send_plan(page)
    expect(page.locator("#deal-next .plans")).to_contain_text(WORDS)
    assert planned(deal) == [WORDS]


@pytest.mark.parametrize("reloads", [False, True])
def test_what_was_done_unheard_is_done_once_when_it_is_sent_again(
    page: Page, deal: Deal, reloads: bool
) -> None:
    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    type_plan(page)
    page.route("**/plan/", lose_the_answer)
    send_plan(page)
    expect(page.locator("#toasts")).to_contain_text("It is not known whether that arrived")
    assert planned(deal) == [WORDS]
    page.unroute("**/plan/")
    if reloads:
        # The deal has something planned by now; its form is a page of its own.
        page.goto(f"{page.url}plan/")
        expect(page.locator("#deal-next")).to_contain_text("it counts once, even if it arrived")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        send_plan(page)
    assert planned(deal) == [WORDS]


@pytest.mark.parametrize("status", [500, 403])
def test_an_error_keeps_it_on_the_page_and_after_a_reload(page: Page, status: int) -> None:
    def fail(route: Route) -> None:
        route.fulfill(status=status, body="")

    type_note(page)
    page.route("**/log/", fail)
    log(page)
    expect(page.locator("#toasts .bad")).to_be_visible()
    expect(note_of(page)).to_have_value(WORDS)

    page.reload()
    expect(note_of(page)).to_have_value(WORDS)


def test_what_the_database_cannot_do_now_is_said_in_words_and_what_was_typed_stays(
    page: Page, deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_args: Any, **_said: Any) -> None:
        raise OperationalError from errors.LockNotAvailable()

    type_note(page)
    with monkeypatch.context() as held:
        held.setattr("crm.views.activity.log_or_close", locked)
        log(page)
        expect(page.locator("#toasts .bad")).to_contain_text(
            "Somebody else is just saving here. Nothing was changed."
        )
        expect(note_of(page)).to_have_value(WORDS)
    log(page)
    expect(page.locator("#deal-timeline")).to_contain_text(WORDS)
    assert logged(deal) == [WORDS]


def test_a_form_of_a_page_is_given_back_until_the_server_has_taken_it(
    page_of: Callable[..., Page], people: Cast
) -> None:
    page = page_of(people.ana, "/process/notes/new/")
    field = page.locator("main form textarea").first
    field.fill(WORDS)
    page.reload()
    expect(field).to_have_value(WORDS)

    address = page.url
    with page.expect_navigation(url=lambda url: url != address):
        page.locator("main form [type=submit]").last.click()
    page.goto(address)
    expect(field).to_have_value("")


def test_cancel_gives_it_up_and_what_changed_meanwhile_is_not_written_over(
    page: Page, deal: Deal
) -> None:
    page.get_by_role("button", name="Change €").click()
    page.get_by_role("textbox", name="Value").fill("50000")
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Change €").click()
    expect(page.get_by_role("textbox", name="Value")).to_have_value("48000")

    page.get_by_role("textbox", name="Value").fill("51000")
    Deal.objects.filter(pk=deal.pk).update(amount=60_000)
    page.reload()
    page.get_by_role("button", name="Change €").click()
    expect(page.get_by_role("textbox", name="Value")).to_have_value("60000")
    page.get_by_role("button", name="Show mine").click()
    expect(page.get_by_role("textbox", name="Value")).to_have_value("51000")
