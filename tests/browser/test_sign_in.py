import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe

pytestmark = pytest.mark.browser


def test_it_lets_a_person_in_and_out_again(page: Page, live_server, people):
    page.goto(live_server.url)
    page.get_by_label("Email").fill("ana@seven.test")
    page.get_by_label("Password").fill("wrong horse")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill("right horse")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("nav.rail")).to_be_visible()
    page.get_by_label("Account of Ana Ruiz").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{live_server.url}/board/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_it_can_be_used_by_everybody(page: Page, live_server, people):
    for address in ("/accounts/login/", "/accounts/password/reset/", "/nowhere/"):
        page.goto(live_server.url + address)
        assert axe.findings_in_both_themes(page) == []


def test_it_keeps_the_theme_that_was_chosen(page_of, people):
    page = page_of(people.ana, "/board/")
    page.get_by_label("Account of Ana Ruiz").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    # The server wrote it: there is no moment at which the page is light.
    assert 'data-bs-theme="dark"' in page.content()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 16, 18)"


def test_a_passkey_is_added_and_signs_in_alone(page: Page, live_server, people, page_of):
    """By the virtual authenticator of Chromium, which gives a finger whenever it is asked."""
    page = page_of(people.ana, "/profile/")
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    has = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    has |= {"hasUserVerification": True, "isUserVerified": True}
    added = devices.send("WebAuthn.addVirtualAuthenticator", {"options": has})
    page.get_by_role("link", name="Add a passkey").click()
    assert axe.findings_in_both_themes(page) == []
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="go on").click()
    expect(page.get_by_text("My laptop")).to_be_visible()
    assert axe.findings_in_both_themes(page) == []

    page.get_by_label("Account of Ana Ruiz").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("nav.rail")).to_be_visible()

    # The password alone does no longer: and without its device there is no way in by it.
    page.get_by_label("Account of Ana Ruiz").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    device = {"authenticatorId": added["authenticatorId"]}
    devices.send("WebAuthn.setUserVerified", {**device, "isUserVerified": False})
    page.get_by_label("Email").fill("ana@seven.test")
    page.get_by_label("Password").fill("right horse")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    assert axe.findings_in_both_themes(page) == []
    page.goto(f"{live_server.url}/board/")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
