"""A newcomer brings in what the big products write out, file by file, by pages alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crm.models import Activity, Company, Contact, Deal, DealContact, DealLine, Product
from exchange.models import ImportJob, ImportKind
from pipeline.models import User
from tests.browser import axe
from tests.conftest import Cast
from tests.exchange.conftest import media
from tests.exchange.presets import PRESETS
from tests.exchange.test_import_presets import brought_in
from tests.exchange.uploads import worked

__all__ = ["media"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("media")]

# What is in it, its name, its text, and how many rows stay out.
HUBSPOT: list[tuple[str, str, str, int]] = [
    ("People and teams", "users.csv", "Name,Email\nEva Souza,eva@seven.test\n", 0),
    (
        "Companies",
        "companies.csv",
        '\ufeff"Record ID","Company name","Company owner","Phone Number","Street Address","City",'
        '"Country/Region","Industry","Number of Employees","Company Domain Name","Tags"\n'
        '"9001","Norte SA","Eva Souza","+43 1 555","Main Road 1","Wien","Austria","Tools","250",'
        '"norte.example","vip"\n'
        '"9002","Sur SA","Eva Souza","","","","","","","",""\n',
        0,
    ),
    (
        "Contacts",
        "contacts.csv",
        '\ufeff"Record ID","First Name","Last Name","Email","Phone Number","Contact owner",'
        '"Associated Company","Associated Company IDs","Job Title"\n'
        '"8001","Ada","Vogt","ada@norte.example","+43 1 5551234","Eva Souza",'
        '"Norte SA (norte.example)","9001","CTO"\n'
        '"8002","Ben","Ko","ben@norte.example","","Eva Souza","Norte SA (norte.example)","9001",""\n',
        0,
    ),
    (
        "Deals",
        "deals.csv",
        '\ufeff"Record ID","Deal Name","Deal Stage","Pipeline","Amount","Currency","Close Date",'
        '"Create Date","Deal owner","Associated Company","Associated Company IDs",'
        '"Associated Contact","Associated Contact IDs","Deal Description",'
        '"Date entered ""Appointment Scheduled (Sales Pipeline)""",'
        '"Date entered ""Contract Sent (Sales Pipeline)"""\n'
        '"7001","Rollout","Contract Sent (Sales Pipeline)","Sales Pipeline","12500.50","EUR",'
        '"2027-03-31 17:00","2026-01-15 09:12","Eva Souza","Norte SA (norte.example)","9001",'
        '"Ada Vogt (ada@norte.example);Ben Ko (ben@norte.example)","8001;8002","Three lines",'
        '"2026-01-20 09:00","2026-02-10 10:00"\n'
        '"7002","Renewal","Closed Won (Sales Pipeline)","Sales Pipeline","9000","EUR",'
        '"2026-02-20 12:30","2026-02-01 08:00","Eva Souza","Sur SA","9002","","","","",""\n',
        0,
    ),
    (
        "People on deals, with their roles",
        "deals.csv",
        '"Record ID","Deal Name","Associated Contact IDs"\n"7001","Rollout","8001;8002"\n',
        0,
    ),
    (
        "Products and prices",
        "products.csv",
        '"Record ID","Name","SKU","Unit price"\n"5001","Pump","P-1","1200.50"\n',
        0,
    ),
    (
        "Products on deals",
        "line-items.csv",
        '"Record ID","Name","Product ID","Quantity","Unit price","Associated Deal IDs"\n'
        '"6001","Pump","5001","2","1100","7001"\n"6002","Pump","5001","1","1200.50","7001"\n',
        0,
    ),
    (
        "Activities and notes",
        "notes.csv",
        '\ufeff"Record ID","Note body","Activity date","Activity assigned to","Associated Deal IDs",'
        '"Associated Contact IDs"\n'
        '"n1","<p>They agree</p>","2026-02-03 14:30","Eva Souza","7001","8001"\n'
        '"n2","Of nobody","2026-02-04 10:00","Eva Souza","",""\n',
        1,
    ),
    (
        "Activities and notes",
        "tasks.csv",
        '"Record ID","Task Title","Task Status","Task Type","Due date","Assigned to",'
        '"Associated Deal IDs"\n'
        '"t1","Send the contract","Not started","To-do","2026-03-20 09:00","Eva Souza","7001"\n',
        0,
    ),
]
PIPEDRIVE: list[tuple[str, str, str, int]] = [
    (
        "Companies",
        "organizations.csv",
        '"Organization - Name","Organization - ID","Organization - Address"\n'
        '"Norte SA","1","Main Road 1, 1010 Wien"\n',
        0,
    ),
    (
        "Contacts",
        "people.csv",
        '"Person - Name","Person - ID","Person - Organization","Person - Email - Work",'
        '"Person - Phone - Work"\n"Ada Vogt","11","Norte SA","ada@norte.example","+43 1 5551234"\n',
        0,
    ),
    (
        "Deals",
        "deals.csv",
        '"Deal - Title","Deal - ID","Deal - Organization","Deal - Contact person","Deal - Stage",'
        '"Deal - Status","Deal - Value","Deal - Currency of Value","Deal - Deal created",'
        '"Deal - Deal closed on","Deal - Lost reason","Deal - Expected close date",'
        '"Deal - Label"\n'
        '"Rollout","21","Norte SA","Ada Vogt","Proposal Made","Open","12500","EUR",'
        '"2026-01-15 09:12:00","","","2026-05-31","hot"\n'
        '"Renewal","22","Norte SA","Ada Vogt","Negotiations Started","Won","9000","EUR",'
        '"2026-01-15 09:12:00","2026-02-20 10:00:00","","",""\n',
        0,
    ),
    (
        "Activities and notes",
        "activities.csv",
        '"Activity - Subject","Activity - Type","Activity - Done","Activity - Due date",'
        '"Activity - Due time","Activity - Note","Deal - Title","Person - Name",'
        '"Organization - Name"\n'
        '"Demo","Meeting","To do","2026-03-18","14:00","","Rollout","Ada Vogt","Norte SA"\n'
        '"Rang","Call","Done","2026-02-04","","<b>Nice</b> talk","Rollout","Ada Vogt","Norte SA"\n',
        0,
    ),
]


def seen(page: Page, name: str, width: int) -> None:
    """Readable by everybody, and no wider than a phone."""
    assert axe.findings(page) == [], name
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    page.set_viewport_size({"width": width, "height": 900})


def walk(
    page: Page,
    files: list[tuple[str, str, str, int]],
    system: str,
    folder: Path,
    *,
    width: int = 1440,
) -> None:
    """Take what the pages suggest, and no more."""
    for number, (kind, name, text, out) in enumerate(files):
        path = folder / name
        path.write_text(text, encoding="utf-8")
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + "/imports/")
        page.get_by_label("What is in it").select_option(label=kind)
        page.get_by_label("File", exact=True).set_input_files(path)
        page.get_by_role("button", name="Continue").click()
        page.get_by_label("Where does the file come from?").fill(system)
        seen(page, f"{name}, columns", width)
        page.get_by_role("button", name="Check the file").click()
        expect(page.get_by_role("heading", name="The file is being checked")).to_be_visible()
        job = worked(ImportJob.objects.latest("pk"))
        if job.state == "asking":
            expect(page.get_by_role("heading", name="What only you can know")).to_be_visible()
            seen(page, f"{name}, questions", width)
            page.get_by_role("button", name="Check the file").click()
            expect(page.get_by_role("heading", name="The file is being checked")).to_be_visible()
            worked(job)
        bring_in = page.get_by_role("button", name="Bring in ")
        expect(bring_in).to_be_visible()
        job.refresh_from_db()
        if job.counts["refused"] > out:  # words of theirs, each with what it probably is
            seen(page, f"{name}, words", width)
            page.get_by_role("button", name="Check it again as changed").click()
            expect(page.get_by_role("heading", name="The file is being checked")).to_be_visible()
            worked(job)
        bring_in.click()
        expect(page.get_by_role("heading", name="The rows are being brought in")).to_be_visible()
        worked(job)
        expect(page.get_by_role("heading", name="Brought in", exact=True)).to_be_visible()
        seen(page, f"{name}, loaded", width)
        assert job.counts["refused"] == out, (number, [each.reason for each in job.faults.all()])


def test_from_hubspot(page_of: Callable[..., Page], people: Cast, tmp_path: Path):
    page = page_of(people.adele, "/imports/")
    walk(page, HUBSPOT, "HubSpot", tmp_path)
    eva = User.objects.get(name="Eva Souza")
    deal = Deal.objects.get(name="Rollout")
    assert (deal.owner, Company.objects.count(), Contact.objects.count()) == (eva, 2, 2)
    assert [visit.stage for visit in deal.visits.order_by("sequence")] == [2, 7]
    assert DealContact.objects.filter(deal=deal).count() == 2
    assert (DealLine.objects.filter(deal=deal).count(), Product.objects.count()) == (2, 1)
    notes = Activity.objects.filter(kind="note")
    assert "Deal Description: Three lines" in notes.get(deal=deal, contact=None).body
    address = notes.get(company__name="Norte SA", deal=None, contact=None).body
    assert "Street Address: Main Road 1" in address
    assert "Tags: vip" in address
    assert (deal.next_kind, notes.get(contact__name="Ada Vogt").body) == ("task", "They agree")


def test_from_pipedrive(page_of: Callable[..., Page], people: Cast, tmp_path: Path):
    page = page_of(people.adele, "/imports/")
    walk(page, PIPEDRIVE, "Pipedrive", tmp_path)
    deals = Deal.objects.order_by("name").values_list("name", "stage", "outcome", "company__name")
    assert list(deals) == [
        ("Renewal", 7, "won", "Norte SA"),
        ("Rollout", 5, "open", "Norte SA"),
    ]
    demo, rang = Activity.objects.exclude(kind="note").order_by("subject")
    assert (demo.kind, demo.deal and demo.deal.name, demo.done_at) == ("meeting", "Rollout", None)
    assert (rang.kind, rang.body, rang.stage) == ("call", "Nice talk", 5)


# What was done with a lead, whose file is not brought in here.
_OF_LEADS = {"Task.csv": 1}


@pytest.mark.parametrize("system", PRESETS)
def test_deals_and_what_was_done_on_a_phone(
    page_of: Callable[..., Page], people: Cast, tmp_path: Path, system: str
):
    """The other files come in by the same pages, without a browser (test_import_presets.py)."""
    first = {file.kind: file for file in reversed(PRESETS[system])}
    for kind in ("people", "companies", "contacts"):
        brought_in(people.adele, first[kind], system)
    files = [
        (
            str(ImportKind(file.kind).label),
            file.name,
            file.text,
            file.out + _OF_LEADS.get(file.name, 0),
        )
        for file in (first["deals"], first["activities"])
    ]
    page = page_of(people.adele, "/imports/")
    page.set_viewport_size({"width": 390, "height": 844})
    walk(page, files, system, tmp_path, width=390)
    rollout = Deal.objects.get(name="Rollout")
    assert (rollout.company and rollout.company.name, rollout.activities.exists()) == (
        "Norte SA",
        True,
    )
