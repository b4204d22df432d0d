"""Every page that can be asked for: readable in both themes, on a phone, within the policy.

The addresses are those of the URL configuration, so a page that is added is looked at without a
word here. Each is opened once; only what the theme can change is looked at a second time.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urljoin

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect

from crm.commands import (
    activity,
    closing_attempt,
    concern,
    deal_line,
    lead_rule,
    need,
    offer,
    process_note,
    saved_view,
    verdict,
)
from crm.commands.lead_rule import LeadRuleInput
from crm.commands.writers.activity import About, Next
from crm.commands.writers.concern import ConcernInput, DispositionInput
from crm.commands.writers.need import NeedInput
from crm.commands.writers.offer import OfferInput, OfferLineInput
from crm.commands.writers.verdict import VerdictInput
from crm.models import (
    ActivityKind,
    ConcernCategory,
    Confidence,
    Deal,
    Disposition,
    ListKind,
    NoteKind,
    OfferKind,
    Product,
    Reply,
    Ruling,
)
from day.commands import outside_time
from day.models import OutsideKind
from pipeline.models import User
from pipeline.process import commands as process
from pipeline.process.stages import Stage
from reports.commands import day_notes, report_mail, saved_report
from reports.pages import PAGES
from reports.rhythm import Rhythm
from tests.browser import axe
from tests.conftest import Cast
from tests.factories import make_company, make_contact, make_deal, stopped_deal, won_deal

pytestmark = pytest.mark.browser

# What an address needs to be told before it has a page.
ASKED = {
    "profile/download/": "?file=/lists/leads.csv",
    "views/save/": "?list=deals&query=stage%3D3",
    "search/": "?q=nor",
    "reports/saved/save/": "?page=ask&query=metric%3Dwon",
    "process/": "?step=ask-the-price-range",
    "process/<whose:of>/": "?do=add",
    "deals/bulk/<slug:verb>/": "?deals={deal}",
    "companies/<int:pk>/merge/": "?other={other}",
}
# Pages of their own kind that several addresses share, and one that ends the visit.
WITHOUT = re.compile(r"^(accounts/(login|logout|signup|inactive|password/reset)|healthz|readyz)")
# Of these there is none: what is asked for is not found. A file is no page anyway.
UNKNOWN = {"kind": "none", "token": "none", "file": 0, "task": "none"}
UNKNOWN |= {"provider_id": "none", "organization_slug": "none", "session": 0}
# The rows of any number are one page.
UNKNOWN |= {"slug": "open_deals", "panel": "none"}
# What addresses name whose first word says too little, by how they begin.
BEGINNINGS = (
    *("reports/saved", "reports/notes", "reports/deals"),
    *("people/teams", "leads/rules", "day/later"),
)
PHONE: ViewportSize = {"width": 390, "height": 844}
LAPTOP: ViewportSize = {"width": 1280, "height": 800}
DESK: ViewportSize = {"width": 1440, "height": 900}
# The widest that the page gets, whatever menu is open.
WIDTH = """(() => {
    const width = () => document.documentElement.scrollWidth;
    const menus = document.querySelectorAll('details.menu');
    let widest = width();
    for (const menu of menus) {
        menu.open = true;
        widest = Math.max(widest, width());
        menu.open = false;
    }
    return widest;
})()"""


def make_records(people: Cast) -> dict[str, Any]:
    """One of everything that an address can name, owned by a salesperson of the reader's."""
    at, ana = timezone.now(), people.ana
    company = make_company(by=ana, name="Norte SA")
    person = make_contact(by=ana, name="Jordi Pla", company=company)
    deal = make_deal(by=ana, company=company, stage=Stage.QUALIFICATION, amount=48_000, at=at)
    product = Product.objects.create(name="Line sensor")
    line = deal_line.add(deal, product=product, quantity=Decimal(2), unit_price=None, by=ana, at=at)
    plan = Next(kind=ActivityKind.CALL, due_at=at, subject="Call Jordi about the needs session")
    planned = activity.plan(About(deal=deal), next=plan, by=ana, at=at)
    touch = activity.plan(About(company=company, contact=person), next=plan, by=ana, at=at)
    deals, mona = ListKind.DEALS, people.mona
    view = saved_view.save(kind=deals, name="Mine", query="stage=3", by=mona, at=at)
    won = won_deal(by=ana, name="Spare parts", company=make_company(by=ana, name="Vega AG"))
    stopped_deal(by=ana, name="Second line")
    own = activity.plan(About(deal=make_deal(by=mona, at=at)), next=plan, by=mona, at=at)
    outside_time.log(kind=OutsideKind.SERVICE, minutes=30, on=at.date(), by=mona, at=at)
    return {
        "companies": company.pk,
        "contacts": person.pk,
        "deals": deal.pk,
        "activities": planned.pk,
        "touches": touch.pk,
        "views": view.pk,
        "reports/saved": make_report(people, at=at),
        "reports/notes": make_note(people, at=at),
        "reports/deals": deal.pk,
        "people": ana.pk,
        "people/teams": people.north.pk,
        "team": people.north.pk,
        "leads": make_deal(by=mona, name="New lead", at=at).pk,
        "leads/rules": make_rule(people, at=at),
        "customers": won.company_id,
        "day/later": own.pk,
        "contact": person.pk,
        "line": line.pk,
        "number": Stage.QUALIFICATION.value,
        "field": "value",
        "verb": "park",
        "hand-off": won.pk,
        **make_sale(deal, by=ana, at=at),
        **make_process(people, at=at),
        "process": deal.pk,
    }


def make_rule(people: Cast, *, at: dt.datetime) -> int:
    said = LeadRuleInput(name="Whatever comes", people=(people.ana, people.ben))
    return lead_rule.add(people.north, said, by=people.mona, at=at).pk


def make_report(people: Cast, *, at: dt.datetime) -> int:
    """A question that is saved, shared, on the start, and mailed to two people."""
    mona, ana = people.mona, people.ana
    asked = {"page": "ask", "query": "by=source&metric=closed_win_rate&span=year"}
    report = saved_report.save(name="Win rate", **asked, team=people.north, by=mona, at=at)
    saved_report.pin(report, by=mona, at=at)
    for person in (mona, ana):
        report_mail.subscribe(
            report, person=person, rhythm=Rhythm.WEEKLY, weekday=0, hour=7, by=mona, at=at
        )
    return report.pk


def make_note(people: Cast, *, at: dt.datetime) -> int:
    """A note on a day, beside one that was removed."""
    said: dict[str, Any] = {"team": people.north, "on": at.date(), "by": people.mona, "at": at}
    day_notes.remove(day_notes.pin(words="Old prices", **said), by=people.mona, at=at)
    return day_notes.pin(words="New prices", **said).pk


def make_sale(deal: Deal, *, by: User, at: dt.datetime) -> dict[str, Any]:
    """One of everything that is recorded of a deal."""
    one = need.add(deal, NeedInput(words="Pallets warm up", worth=Decimal(41_000)), by=by, at=at)
    need.add(deal, NeedInput(words="Nobody hears the alarm"), by=by, at=at)
    lines = [OfferLineInput(what="Sensors", need=one), OfferLineInput(what="Coffee")]
    offered = OfferInput(value=Decimal(40_000), kind=OfferKind.VERBAL, lines=lines)
    offer.make(deal, offered, by=by, at=at)
    offered = replace(offered, value=Decimal(48_000), what_changed="6 depots")
    current = offer.make(deal, offered, by=by, at=at)
    said = partial(ConcernInput, category=ConcernCategory.TERMS, after_price=True)
    settled = concern.add(deal, said(words="Too dear"), by=by, at=at)
    concern.settle(
        settled,
        DispositionInput(disposition=Disposition.ANSWERED, response="Not in two years"),
        by=by,
        at=at,
    )
    raised = concern.add(deal, said(words="90 days is our rule"), by=by, at=at)
    closing_attempt.log(deal, reply=Reply.NOT_YET, why="In May", by=by, at=at)
    verdict.give(
        deal,
        VerdictInput(
            ruling=Ruling.QUALIFIED, ours=Confidence.YES, theirs=Confidence.YES, ours_why="So"
        ),
        by=by,
        at=at,
    )
    return {"need": one.pk, "offer": current.pk, "concern": raised.pk}


def make_process(people: Cast, *, at: dt.datetime) -> dict[str, Any]:
    """A team with a version, a draft after it, and a question that waits."""
    mona = people.mona
    layer = process.layer_of(people.north, by=mona, at=at)
    for label in ("Ask the price range", "Look at the plant"):
        said: process.StepWording = {
            "label": label,
            "gives_you": "no surprise",
            "gives_managers": "n",
        }
        process.add_step(layer, stage=Stage.LEAD_GENERATION, said=said, by=mona, at=at)
        if not layer.versions.exists():
            process.publish(layer, note="Ask early", by=mona, at=at)
    process_note.file(kind=NoteKind.IDEA, words="Ask for photos", by=people.ana, at=at)
    return {"of": people.north.pk, "key": "ask-the-price-range"}


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from routes(entry, route)


def addresses(records: dict[str, Any]) -> Iterator[str]:
    for route in routes(get_resolver()):
        if "^" in route or WITHOUT.match(route):
            continue
        if route == "reports/<slug:key>/":
            yield from (f"/reports/{key}/" for key in PAGES)
            continue
        of = next((one for one in BEGINNINGS if route.startswith(f"{one}/")), route.split("/")[0])
        of = "hand-off" if route.endswith("/hand-off/") else of
        named = UNKNOWN | records | {"pk": records.get(of, 0)}
        named |= {"kind": "act"} if of == "day/later" else {}
        filled = re.sub(r"<\w+:(\w+)>", r"{\1}", route)
        yield f"/{filled}".format_map(named) + ASKED.get(route, "").format(
            deal=records["deals"], other=records["customers"]
        )


def pages(reader: User, records: dict[str, Any]) -> list[str]:
    """Those that answer with a whole page, each once: no fragments, files or moves elsewhere."""
    client = Client()
    client.force_login(reader)
    answers = {address: client.get(address) for address in addresses(records)}
    return [
        address
        for address, answer in answers.items()
        if answer.status_code == 200 and b"<!doctype html>" in getattr(answer, "content", b"")[:100]
    ]


def faults(page: Page, *, first: bool) -> Iterator[str]:
    """Of a page that was opened on a phone: to lay it out anew for each size takes a while."""
    for size in (PHONE, LAPTOP):
        page.set_viewport_size(size)
        if (width := page.evaluate(WIDTH)) > size["width"]:
            yield f"{width} px wide on {size['width']}"
    page.set_viewport_size(DESK)
    yield from axe.findings_anew(page, without=() if first else axe.FRAME)


def test_it_would_find_a_part_that_cannot_be_read_among_those_that_could(
    page_of: Callable[..., Page], people: Cast
):
    page = page_of(people.mona, "/companies/")
    assert axe.findings_anew(page, without=axe.FRAME) == []
    page.evaluate("document.querySelector('main h1').style.color = 'rgb(128 128 128 / 40%)'")
    found = axe.findings_anew(page, without=axe.FRAME)
    assert [one.partition(":")[0] for one in found] == ["color-contrast", "dark color-contrast"]


# A form of which nobody can tell what its page has shown.
UNVERSIONED = """([action, csrf]) => {
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', action });
    form.innerHTML = '<input name="name" value="Other"><input name="csrfmiddlewaretoken">';
    form.lastChild.value = csrf;
    document.body.append(form);
    form.submit();
}"""


def test_what_is_refused_for_want_of_a_version_can_be_read_at_the_side_and_as_a_page(
    page_of: Callable[..., Page], people: Cast
):
    deal = make_deal(by=people.ana, stage=Stage.QUALIFICATION)
    page = page_of(people.ana, f"/deals/{deal.pk}/")
    page.keyboard.press("x")
    typed = page.locator("#sheet textarea").first
    typed.fill("Too dear for us")
    page.evaluate("document.querySelector('#sheet [name=version]').remove()")
    page.locator("#sheet [type=submit]").click()
    expect(page.locator("#toasts .bad")).to_contain_text("Reload the page.")
    expect(typed).to_have_value("Too dear for us")
    assert list(faults(page, first=False)) == []

    csrf = page.evaluate("document.body.dataset.csrf")
    with page.expect_navigation():
        page.evaluate(UNVERSIONED, [f"/deals/{deal.pk}/edit/name/", csrf])
    expect(page.locator("main")).to_contain_text("Error 428")
    assert list(faults(page, first=True)) == []


@pytest.mark.slow
def test_it_can_be_read_in_both_themes_and_fits_a_phone(page_of: Callable[..., Page], people: Cast):
    records = make_records(people)
    found = pages(people.mona, records)
    page = page_of(people.mona, "/board/")
    seen = {}
    for address in found:
        page.set_viewport_size(PHONE)
        page.goto(urljoin(page.url, address), wait_until="domcontentloaded")
        if complaints := list(faults(page, first=address == found[0])):
            seen[address] = complaints

    assert len(found) > 40
    assert seen == {}
