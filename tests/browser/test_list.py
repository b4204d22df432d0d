"""The lists and the pages of companies, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from crm.commands import company as company_commands
from crm.commands import deal as deal_commands
from crm.models import Activity, Company, Deal, SavedView
from pipeline.process.stages import Outcome, Stage
from tests.browser import axe
from tests.conftest import Cast
from tests.factories import NOW, make_company, make_contact, make_deal, plan_call, stopped_deal

pytestmark = pytest.mark.browser

PageOf = Callable[..., Page]


@pytest.fixture
def deals(people: Cast) -> list[Deal]:
    company = make_company(by=people.ana, name="Norte SA")
    return [
        make_deal(
            by=people.ana,
            name=f"Line {n:02}",
            company=company if n % 2 else None,
            stage=Stage.QUALIFICATION,
            amount=1000 + n,
        )
        for n in range(55)
    ]


@pytest.fixture
def company(people: Cast) -> Company:
    company = make_company(by=people.ana, name="Norte SA", industry="Food")
    make_company(by=people.ana, name="NORTE S.A.")
    make_company(by=people.ana, name="Norte Sur", parent=company)
    contact = make_contact(by=people.ana, company=company, emails=["jordi@norte.test"])
    make_deal(by=people.ana, company=company, contact=contact, amount=48_000)
    stopped_deal(by=people.ana, name="Line 2", company=company)
    return company


def test_it_filters_sorts_and_pages_and_keeps_all_of_it_in_the_address(
    page_of: PageOf, people: Cast, deals: list[Deal]
):
    page = page_of(people.ana, "/opportunities/")
    page.locator("#filter-q").press_sequentially("norte")
    expect(page.locator("#list-total")).to_have_text("27 opportunities · €27,729")
    expect(page).to_have_url(re.compile(r"/opportunities/\?q=norte$"))
    expect(page.locator("#filter-q")).to_be_focused()
    page.locator("thead a", has_text="Value").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Value")
    expect(page.locator("tbody th").first).to_contain_text("Line 53")
    page.locator("#filter-q").fill("")
    expect(page.locator("#list-total")).to_contain_text("55 opportunities")
    # The order outlives a change of the filters.
    expect(page.locator("tbody th").first).to_contain_text("Line 54")
    page.locator("a[rel=next]").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(5)
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_it_stops_the_ticked_deals_and_shows_the_list_without_them(
    page_of: PageOf, people: Cast, deals: list[Deal]
):
    page = page_of(people.ana, "/opportunities/?sort=name")
    ticks = page.locator("tbody .tick input")
    ticks.nth(0).click()
    ticks.nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-ticked]")).to_have_text("3 ticked")
    page.locator("#bulk-stop").click()
    page.locator("#sheet label", has_text="Price").click()
    page.locator("#sheet [type=submit]").click()
    expect(page.locator("#toasts")).to_contain_text("3 deals stopped")
    expect(page.locator("#sheet .sheet")).to_have_count(0)
    expect(page.locator("#list-total")).to_contain_text("52 opportunities")
    assert Deal.objects.filter(outcome=Outcome.STOPPED).count() == 3
    page.keyboard.press("z")
    expect(page.locator("#list-total")).to_contain_text("55 opportunities")
    expect(page.locator("#toasts")).to_contain_text("Undone.")
    assert not Deal.objects.filter(outcome=Outcome.STOPPED).exists()


def test_it_takes_all_of_the_list_where_one_page_is_not_enough(
    page_of: PageOf, people: Cast, deals: list[Deal]
):
    page = page_of(people.mona, "/opportunities/")
    page.locator("[data-tick-all]").check()
    page.locator("[name=all]").check()
    page.locator("#bulk-hand-over").click()
    expect(page.locator("#sheet")).to_contain_text("55 deals")
    page.locator("#sheet select").select_option(str(people.ben.pk))
    page.locator("#sheet [type=submit]").click()
    expect(page.locator("#toasts")).to_contain_text("55 deals handed over")
    assert Deal.objects.filter(owner=people.ben).count() == 55


def test_it_goes_through_the_rows_by_key(page_of: PageOf, people: Cast, deals: list[Deal]):
    page = page_of(people.ana, "/opportunities/?sort=name")
    page.locator("body").press("j")
    page.keyboard.press("j")
    expect(page.locator("tbody tr").nth(1).locator("a")).to_be_focused()
    page.keyboard.press("m")
    expect(page.locator("[data-ticked]")).to_have_text("1 ticked")
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile("/companies/$"))


def test_it_saves_a_view_that_becomes_a_tab(page_of: PageOf, people: Cast, deals: list[Deal]):
    page = page_of(people.mona, "/opportunities/?min=1050")
    page.locator("#view-save").click()
    page.locator("#sheet [name=name]").fill("Big ones")
    page.locator("#sheet [name=team]").select_option(label="North")
    page.locator("#sheet [type=submit]").click()
    expect(page.locator(".listbar [aria-current=page]")).to_contain_text("Big ones")
    expect(page.locator("tbody tr")).to_have_count(5)
    assert SavedView.objects.get().team == people.north


def test_it_logs_a_touch_and_edits_facts_on_the_page_of_a_company(
    page_of: PageOf, people: Cast, company: Company
):
    page = page_of(people.ana, f"/companies/{company.pk}/")
    page.keyboard.press("l")
    page.keyboard.type("Asked how the line does")
    page.locator("#composer label", has_text="+3 d").click()
    page.locator("#log-body").press("Control+Enter")
    expect(page.locator("#party-timeline")).to_contain_text("Asked how the line does")
    expect(page.locator("#party-next")).to_contain_text("in 3 days")
    expect(page.locator("#log-body")).to_have_value("")
    page.locator("#log-body").fill("Half a sentence")
    page.locator("#edit-facts").click()
    page.locator("#fact-industry").fill("Steel")
    company_commands.edit(company, country="Spain", by=people.ben, at=NOW)
    page.locator("#fact-industry").press("Enter")
    expect(page.locator("#party-facts")).to_contain_text("Ben Okoro changed this")
    expect(page.locator("#fact-industry")).to_have_value("Steel")
    page.locator("#party-facts [type=submit]").click()
    expect(page.locator("#party-facts dl")).to_contain_text("Steel")
    expect(page.locator("#edit-facts")).to_be_focused()
    expect(page.locator("#log-body")).to_have_value("Half a sentence")
    page.locator("#party-next").get_by_role("link", name="Done").click()
    page.locator("#sheet").get_by_role("button", name="Done, nothing next").click()
    expect(page.locator("#party-next")).to_be_hidden()
    assert Activity.objects.done().count() == 2


# Somebody who types as soon as the form is there.
AT_ONCE = """() => new MutationObserver((_, watch) => {
  const field = document.getElementById('fact-industry');
  if (!field) return;
  watch.disconnect();
  field.focus();
}).observe(document.getElementById('party-facts'), {childList: true})"""


def test_it_leaves_the_focus_to_who_is_typing(page_of: PageOf, people: Cast, company: Company):
    page = page_of(people.ana, f"/companies/{company.pk}/")
    page.evaluate(AT_ONCE)
    page.locator("#edit-facts").click()
    expect(page.locator("#fact-industry")).to_be_visible()
    page.wait_for_function("!document.querySelector('.htmx-added, .htmx-settling')")
    expect(page.locator("#fact-industry")).to_be_focused()


def test_it_can_be_used_by_everybody(
    page_of: PageOf, people: Cast, deals: list[Deal], company: Company
):
    # So few that none lies half under the bar that comes up: to axe a row there is hard to hit.
    page = page_of(people.mona, "/opportunities/?q=40&sort=-value")
    page.locator("tbody .tick input").first.check()
    assert axe.findings_in_both_themes(page) == []
    page.locator("#bulk-hand-over").click()
    expect(page.locator("#sheet .sheet")).to_be_visible()
    assert axe.findings_in_both_themes(page, within="#sheet") == []
    page.goto(page.url.split("/opp")[0] + f"/companies/{company.pk}/")
    assert axe.findings_in_both_themes(page) == []
    page.locator("#edit-facts").click()
    expect(page.locator("#fact-industry")).to_be_visible()
    assert axe.findings_in_both_themes(page) == []


def test_it_can_be_used_on_a_phone(page_of: PageOf, people: Cast, deals: list[Deal]):
    page = page_of(people.ana, "/opportunities/")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe.findings(page) == []


LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk Gesellschaft mbH"


def test_no_name_is_so_long_that_a_column_is_cut(page_of: PageOf, people: Cast):
    company = make_company(by=people.ana, name=LONG, industry=LONG[:40])
    contact = make_contact(
        by=people.ana,
        name=LONG,
        company=company,
        job_title=LONG,
        emails=[f"{LONG[:50].lower().replace('ä', 'a')}@example.test"],
        phones=["+43 1 555 01 77"],
    )
    for stage in (Stage.PROSPECTING, Stage.PROPOSAL):
        deal = make_deal(
            by=people.ana,
            name=LONG,
            company=company,
            contact=contact,
            stage=stage,
            amount=9_999_999,
        )
        plan_call(deal, by=people.ana, due_on=NOW.date())
    page = page_of(people.ana, "/contacts/")
    page.set_viewport_size({"width": 1280, "height": 800})
    for name in ("contacts", "activities", "companies", "deals", "opportunities", "leads/list"):
        page.goto(page.url.replace(page.url.split("/")[3], name, 1))
        table, box = page.evaluate(
            "['.list', '.listbox'].map((at) => document.querySelector(at).getBoundingClientRect().right)"
        )
        assert table <= box, name


def test_a_row_is_acted_on_by_key_and_shown_at_the_side(
    page_of: PageOf, people: Cast, deals: list[Deal]
):
    """Counted: a move takes 1 key, a stop 3, a value 1, its digits and Enter."""
    page = page_of(people.ana, "/opportunities/?sort=name")
    first, second = deals[0], deals[1]
    page.locator("body").press("j")
    page.keyboard.press("a")
    field = page.locator("[data-cell] [name=amount]")
    expect(field).to_be_focused()
    deal_commands.edit(first, expected_close_on=NOW.date(), by=people.mona, at=NOW)
    page.keyboard.type("2500")
    page.keyboard.press("Enter")
    # Somebody was faster: what was typed stays, and a second Enter keeps it.
    expect(page.locator("[data-cell] [role=alert]")).to_be_attached()
    expect(field).to_have_value("2500")
    field.press("Enter")
    expect(page.locator("tbody tr").first).to_contain_text("€2,500")
    expect(page.locator(f"#deal-{first.pk}")).to_be_focused()
    page.keyboard.press("z")
    expect(page.locator("tbody tr").first).to_contain_text("€1,000")

    page.keyboard.press("Space")
    expect(page.locator("#peek-title")).to_have_text("Line 00")
    page.keyboard.press("j")
    expect(page.locator("#peek-title")).to_have_text("Line 01")
    expect(page).to_have_url(re.compile(rf"peek={second.pk}"))
    assert axe.findings_in_both_themes(page, within="#peek") == []
    page.keyboard.press("Escape")
    expect(page.locator("#peek-title")).to_have_count(0)
    expect(page.locator(f"#deal-{second.pk}")).to_be_focused()

    page.keyboard.press("x")
    page.locator("#sheet label", has_text="Price").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast-note", has_text="Stopped.")).to_be_visible()
    expect(page.locator(f"#deal-{second.pk}")).to_have_count(0)
    page.keyboard.press("z")
    expect(page.locator(f"#deal-{second.pk}")).to_be_visible()


def test_a_row_is_acted_on_by_its_menu_on_a_phone(page_of: PageOf, people: Cast, deals: list[Deal]):
    page = page_of(people.ana, "/opportunities/?sort=name")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="What to do with Line 00").click()
    assert axe.findings_in_both_themes(page, within="#row-menu") == []
    page.get_by_role("menuitem", name="Done…").click()
    expect(page.locator("#sheet")).to_contain_text("Nothing planned")
    page.locator("#sheet").get_by_role("button", name="Tomorrow").click()
    expect(page.locator("tbody tr").first).to_contain_text("Call")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
