"""A file comes in by the pages of a real browser: the whole way, readable at each step."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crm.models import Deal
from exchange.commands import work
from exchange.models import ImportJob
from tests.browser import axe
from tests.conftest import Cast
from tests.exchange.conftest import media
from tests.exchange.uploads import worked

__all__ = ["media"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("media")]

FILE = (
    "Deal,Account,Owner,Value,Phase,Close date\n"
    "Pump station,Norte SA,Ana Ruiz,48000,Proposal,03/04/2026\n"
    "Valves 2026,Sur SA,Ben Okoro,9200,Negotiation,05/06/2026\n"
    "Conveyor belt,Norte SA,Carl Meier,17500,New,07/08/2026\n"
    "Old line,Este SL,Ana Ruiz,12000,Lost,02/01/2026\n"
)


def seen(page: Page, name: str) -> None:
    """Readable by everybody in both themes, and no wider than a phone."""
    assert axe.findings_in_both_themes(page) == [], name
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    page.set_viewport_size({"width": 1440, "height": 900})


def test_it_comes_in_and_goes_out_again(
    page_of: Callable[..., Page],
    people: Cast,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(work, "PIECE", 2)
    path = tmp_path / "opportunities.csv"
    path.write_text(FILE)
    page = page_of(people.ana, "/deals/")
    page.get_by_role("link", name="Bring in", exact=True).click()
    expect(page.get_by_role("heading", name="Bring in data")).to_be_visible()
    seen(page, "list")

    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Company", exact=True)).to_have_value("1")
    seen(page, "columns")

    page.get_by_label("Where does the file come from?").fill("Old CRM")
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name="The file is being checked")).to_be_visible()
    seen(page, "working")
    job = worked(ImportJob.objects.get())

    expect(page.get_by_label("Stage of “Negotiation”")).to_have_value("objections")
    seen(page, "questions")
    page.get_by_label("03/04/2026 → 3 April 2026").check()
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name="The file is being checked")).to_be_visible()
    worked(job)

    load = page.get_by_role("button", name="Bring in 3 rows")
    expect(load).to_be_visible()
    expect(page.locator("main")).to_contain_text("You cannot give records to “Carl Meier”")
    seen(page, "checked")
    load.click()
    expect(page.get_by_text("0 of 4 rows")).to_be_visible()
    worked(job, most=1)
    expect(page.get_by_text("2 of 4 rows")).to_be_visible()
    worked(job)

    expect(page.get_by_role("heading", name="Brought in", exact=True)).to_be_visible()
    seen(page, "loaded")
    assert Deal.objects.count() == 3
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", name="It is being taken back")).to_be_visible()
    worked(job)
    expect(page.get_by_text("Nothing of it is left.")).to_be_visible()
    seen(page, "undone")
    assert not Deal.objects.exists()
    page.goto(page.url.rsplit("/", 2)[0] + "/")
    expect(page.get_by_text("Taken back", exact=True)).to_be_visible()
    seen(page, "list again")


def test_it_refuses_a_file_that_is_too_large_when_it_is_chosen(
    page_of: Callable[..., Page], people: Cast, tmp_path: Path, settings
):
    settings.IMPORT_MOST_BYTES = 1_000_000
    path = tmp_path / "large.csv"
    path.write_text("Deal\n" + "x\n" * 600_000)
    page = page_of(people.ana, "/imports/")
    page.get_by_label("File").set_input_files(path)

    expect(page.get_by_role("alert")).to_contain_text("larger than 1 MB")
    assert axe.findings(page) == []
