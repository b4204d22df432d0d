"""The people pages in a real browser: readable in both themes and on a phone, numbers filled in."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm.models import Deal
from pipeline.models import Invitation, OutboxRow, Team, User
from pipeline.people.commands import invitation
from pipeline.process.stages import Stage
from tests.browser import axe
from tests.conftest import Cast
from tests.factories import make_deal, make_user

pytestmark = pytest.mark.browser


@pytest.fixture
def busy(people: Cast) -> Cast:
    """The cast with something of everything that the pages tell."""
    for stage in (Stage.LEAD_GENERATION, Stage.PROPOSAL, Stage.CLOSING):
        make_deal(by=people.ana, name=f"Line {stage} retrofit", stage=stage)
    make_deal(by=people.ben, name="Spare parts")
    User.objects.filter(pk=people.ben.pk).update(is_active=False)
    Team.objects.filter(pk=people.south.pk).update(manager=None)
    ida = make_user(name="Ida Moor", team=people.south, password=None)
    make_user(name="Jan Ott", team=people.north, email=None, password=None)
    invitation.invite(ida, by=people.adele, at=timezone.now())
    OutboxRow.objects.update(dead_at=timezone.now(), attempts=8, error="OSError: no route to host")
    return people


PAGES = ["people", "person", "person_edit", "team_edit", "hand_over", "profile", "outbox"]


def address_of(name: str, cast: Cast) -> str:
    return {
        "people": "/people/",
        "person": f"/people/{cast.ana.pk}/",
        "person_edit": "/people/new/",
        "team_edit": f"/people/teams/{cast.north.pk}/edit/",
        "hand_over": f"/people/{cast.ana.pk}/hand-over/",
        "profile": "/profile/",
        "outbox": "/people/outbox/",
    }[name]


@pytest.mark.parametrize("name", PAGES)
def test_it_can_be_read_by_everybody_and_fits_a_phone(
    page_of: Callable[..., Page], busy: Cast, name: str
):
    page = page_of(busy.adele, address_of(name, busy))
    page.wait_for_load_state("networkidle")

    assert axe.findings_in_both_themes(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_fills_in_how_many_deals_each_person_carries(page_of: Callable[..., Page], busy: Cast):
    page = page_of(busy.adele, "/people/")

    expect(page.locator(f"#open-{busy.ana.pk}")).to_have_text("3 open")
    expect(page.locator("main")).to_contain_text("Ben Okoro is deactivated and owns 1 open deal.")


def test_it_hands_over_what_was_left_behind(page_of: Callable[..., Page], busy: Cast):
    page = page_of(busy.adele, "/people/")
    page.get_by_role("link", name="Hand over").click()
    page.get_by_label("Who takes over", exact=True).select_option("Ana Ruiz")
    page.get_by_role("button", name="Hand over").click()

    expect(page.get_by_role("heading", name="1 was handed over.")).to_be_visible()
    assert Deal.objects.get(name="Spare parts").owner == busy.ana


def test_it_goes_to_people_by_key(page_of: Callable[..., Page], busy: Cast):
    page = page_of(busy.ana, "/profile/")
    page.keyboard.press("g")
    page.keyboard.press("m")

    expect(page.get_by_role("heading", name="People", level=1)).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_joins_by_the_link(page: Page, live_server: object, busy: Cast, theme: str):
    url = live_server.url  # type: ignore[attr-defined]
    link = Invitation.objects.get().token()
    page.context.add_cookies([{"name": "seven_theme", "value": theme, "url": url}])
    page.goto(f"{url}/invitations/{link}/")
    assert link not in page.url
    assert axe.findings(page) == []

    page.get_by_label("Password", exact=True).fill("seven-horses-and-a-cart")
    page.get_by_label("Password again").fill("seven-horses-and-a-cart")
    page.get_by_role("button", name="Join").click()
    page.wait_for_url("**/day/")

    page.goto(f"{url}/invitations/{link}/")
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
    assert axe.findings(page) == []


def test_it_saves_a_theme_that_is_seen_at_once(page_of: Callable[..., Page], busy: Cast):
    page = page_of(busy.ana, "/profile/")
    page.get_by_role("radio", name="Dark").check()
    page.get_by_role("button", name="Save").click()

    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert User.objects.get(pk=busy.ana.pk).theme == "dark"
