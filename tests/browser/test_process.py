"""The process in a real browser: a step on its way from an admin's draft to a salesperson's list."""

from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect

from crm.commands import process_note
from crm.models import NoteKind
from pipeline.models import Step, Version
from pipeline.process import commands as process
from pipeline.process.playbook import Importance, StepKind
from pipeline.process.stages import Stage
from tests.browser import axe
from tests.conftest import Cast
from tests.factories import make_deal

pytestmark = pytest.mark.browser

LEADS = Stage.LEAD_GENERATION
SIZES: list[ViewportSize] = [{"width": 390, "height": 844}, {"width": 768, "height": 1024}]


def add_steps(cast: Cast, *labels: str) -> None:
    at, mona = timezone.now(), cast.mona
    layer = process.layer_of(cast.north, by=mona, at=at)
    for label in labels:
        said: process.StepWording = {
            "label": label,
            "gives_you": "no surprise",
            "gives_managers": "n",
        }
        process.add_step(layer, stage=LEADS, said=said, by=mona, at=at)


def steps_of(page: Page) -> list[str]:
    keys: list[str] = page.locator("tr[data-step]").evaluate_all(
        "rows => rows.map(r => r.dataset.step)"
    )
    return keys


def test_it_takes_a_step_from_an_admin_to_a_salesperson(page_of: Callable[..., Page], people: Cast):
    framework = process.layer_of(people.root, by=people.adele, at=timezone.now())
    hint: process.StepWording = {
        "label": "Mind the season",
        "kind": StepKind.HINT,
        "importance": Importance.HINT,
    }
    process.add_step(
        framework, stage=LEADS, said=hint, by=people.adele, at=timezone.now(), key="season"
    )
    process.publish(framework, note="", by=people.adele, at=timezone.now())
    deal = make_deal(by=people.ana, name="Line 3 retrofit", at=timezone.now())

    page = page_of(people.adele, f"/process/{people.north.pk}/")
    page.get_by_role("link", name="Add a step to North").click()
    page.get_by_label("Step", exact=True).fill("Ask the price range")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#id_gives_you_error")).to_be_visible()
    expect(page.get_by_label("Step", exact=True)).to_have_value("Ask the price range")
    page.get_by_label("Gives you").fill("No surprise at stage 6")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#step-ask-the-price-range")).to_be_visible()
    page.get_by_role("link", name="Publish 1 change").click()
    page.get_by_text("They move to it now").click()
    page.get_by_label("Note to the team").fill("Ask early")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("North v1 is in force.")).to_be_visible()
    assert Version.objects.filter(layer__team=people.north).count() == 1

    page = page_of(people.ana, f"/process/deals/{deal.pk}/")
    expect(page.get_by_text("Ask the price range")).to_be_visible()
    expect(page.get_by_text("Mind the season")).to_be_visible()
    page.goto(page.url.replace(f"deals/{deal.pk}/", "mine/?stage=1&step=season"))
    page.get_by_role("link", name="Hide", exact=True).click()
    page.get_by_role("button", name="Hide", exact=True).click()
    expect(page.locator("tr.gone #step-season")).to_be_visible()
    assert Step.objects.get(layer__user=people.ana).hidden
    page.goto(page.url.partition("/process/")[0] + f"/process/deals/{deal.pk}/")
    expect(page.get_by_text("Ask the price range")).to_be_visible()
    expect(page.get_by_text("Mind the season")).to_have_count(0)
    page.goto(page.url.replace("/process/deals/", "/deals/"))
    expect(page.get_by_text("Process North v1 since today")).to_be_visible()
    expect(page.locator("#deal-stage")).to_contain_text("Ask the price range")
    expect(page.locator("#deal-stage")).not_to_contain_text("Mind the season")


def test_it_orders_steps_by_buttons_keys_and_dragging(page_of: Callable[..., Page], people: Cast):
    add_steps(people, "One", "Two", "Three")
    page = page_of(people.mona, f"/process/{people.north.pk}/")
    first = steps_of(page)[:-3]
    assert steps_of(page) == [*first, "one", "two", "three"]

    page.get_by_role("button", name="Move “Three” up").click()
    expect(page.locator("tr[data-step]").nth(-2)).to_have_attribute("data-step", "three")
    page.locator("#step-three").focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("tr[data-step]").nth(-3)).to_have_attribute("data-step", "three")
    expect(page.locator("#step-three")).to_be_focused()
    # What comes beneath the steps a moment later makes the page longer, and may move it.
    expect(page.locator("#stage-figures")).to_be_visible()
    page.locator("tr[data-step=two]").drag_to(page.locator("tr[data-step=three]"))
    expect(page.locator("tr[data-step]").nth(-3)).to_have_attribute("data-step", "two")
    assert steps_of(page) == [*first, "two", "three", "one"]
    page.reload()
    assert steps_of(page) == [*first, "two", "three", "one"]


def test_it_keeps_what_is_open_in_the_address(page_of: Callable[..., Page], people: Cast):
    add_steps(people, "One")
    page = page_of(people.mona, f"/process/{people.north.pk}/")
    page.locator("#step-one").click()
    expect(page.locator("#panel")).to_contain_text("Mona Reyes")
    page.locator("#stage-4").click()
    expect(page.locator("#stage-title")).to_have_text("Needs analysis")
    page.go_back()
    expect(page.locator("#panel")).to_contain_text("Mona Reyes")
    page.keyboard.press("n")
    expect(page.get_by_label("Step", exact=True)).to_be_focused()


@pytest.mark.slow
def test_it_can_be_read_by_everybody(page_of: Callable[..., Page], people: Cast):
    at, mona = timezone.now(), people.mona
    add_steps(people, "One")
    process.publish(process.layer_of(people.north, by=mona, at=at), note="First", by=mona, at=at)
    add_steps(people, "Two")
    process_note.file(kind=NoteKind.IDEA, words="Photos first", by=people.ana, at=at)
    north = f"/process/{people.north.pk}/"
    addresses = [
        f"{north}?step=one&do=edit",
        f"{north}?stage=4",
        f"{north}publish/",
        f"{north}history/",
        f"{north}affected/",
        "/process/mine/?stage=2&do=stage",
        "/process/compare/?all=on",
        "/process/preview/?draft=on",
        "/process/collisions/",
        "/process/use/",
        "/process/deals/",
        "/process/notes/",
        "/process/notes/new/?place=stage",
        "/process/begin/",
    ]
    found = []
    page = page_of(people.mona, addresses[0])
    for address in addresses:
        page.goto(urljoin(page.url, address), wait_until="domcontentloaded")
        around = () if address == addresses[0] else axe.FRAME
        found += [f"{address} {finding}" for finding in axe.findings_anew(page, without=around)]
        for size in SIZES:
            page.set_viewport_size(size)
            if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
                found.append(f"{address} is too wide for {size['width']}")
        page.set_viewport_size({"width": 1440, "height": 900})
    assert found == []


def test_it_begins_with_a_deal_that_was_made(page_of: Callable[..., Page], people: Cast):
    page = page_of(people.ana, "/process/begin/")
    page.get_by_label("What you did, line by line").first.fill("called them\nsent plant pictures")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("called them")).to_have_value("2")
    page.get_by_label("sent plant pictures").select_option("4")
    assert axe.findings(page) == []
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("You follow 2 of the seven stages already.")).to_be_visible()
    assert axe.findings(page) == []
    page.get_by_role("button", name="Add the chosen ones as my own steps").click()
    expect(page.get_by_text("was added.").or_(page.get_by_text("were added."))).to_be_visible()
    assert Step.objects.filter(layer__user=people.ana, label="sent plant pictures").exists()
