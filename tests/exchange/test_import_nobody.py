"""What is no number and no address identifies nobody; what is several becomes several."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from crm.models import Company, Contact, ContactPoint, Deal
from exchange.imports import cells, points
from tests.conftest import Cast
from tests.exchange.uploads import (
    browser,
    by_command,
    checked,
    loaded,
    page,
    uploaded,
    worked,
)

NOTHING = [
    "",
    "-",
    "--",
    "—",
    ".",
    "?",
    "n/a",
    "N/A",
    "N.A.",
    "#N/A",
    "#NV",
    "null",
    "NULL",
    "(none)",
]
NO_VALUE = ["none", "unknown", "Unbekannt", "keine Angabe", "TBD", "0000-00-00", "00.00.0000"]


@pytest.mark.parametrize("text", NOTHING)
def test_some_words_say_nothing_anywhere(text: str):
    assert cells.cell_value(text, {}) == cells.cell_value(text, {}, any_text=True) == ""


@pytest.mark.parametrize("text", NO_VALUE)
def test_some_words_are_no_value(text: str):
    assert cells.cell_value(text, {}) == ""


@pytest.mark.parametrize("text", ["Unknown Pleasures", "None Such Ltd", "0", "1-2", "Nanna", "-5"])
def test_other_words_are_what_they_say(text: str):
    assert cells.cell_value(text, {}) == text


def test_a_word_that_the_mapping_knows_is_what_it_says():
    assert cells.cell_value("-", {"-": "Website"}) == "Website"


@pytest.mark.parametrize(
    ("text", "found", "others"),
    [
        ("ada@a.example, ada2@a.example", ["ada@a.example", "ada2@a.example"], []),
        ("Ben@a.example;ben2@a.example", ["ben@a.example", "ben2@a.example"], []),
        ("Dee <dee@a.example>", ["dee@a.example"], []),
        ('"Lovelace, Ada" <ada@a.example>; Bo <bo@a.example>', ["ada@a.example", "bo@a.example"], []),
        ("mailto:cid@a.example", ["cid@a.example"], []),
        ("a@a.example b@a.example", ["a@a.example", "b@a.example"], []),
        ("not-an-email", [], ["not-an-email"]),
        ("ask at the desk", [], ["ask at the desk"]),
        ("a@a.example, -", ["a@a.example"], []),
    ],
)  # fmt: skip
def test_it_finds_the_addresses_of_a_cell(text: str, found: list[str], others: list[str]):
    said = points.emails(text)
    assert ([value for value, _typed in said.found], said.others) == (found, others)


@pytest.mark.parametrize(
    ("text", "found", "others"),
    [
        ("0660 1234567", ["+436601234567"], []),
        ("01 23456-78 ext. 9", ["+4312345678"], []),
        ("0660 1234567; +49 30 123456", ["+436601234567", "+4930123456"], []),
        ("0660 1234567 / 0664 7654321", ["+436601234567", "+436647654321"], []),
        ("01/2345678", ["+4312345678"], []),
        ("ask at the desk", [], ["ask at the desk"]),
        ("12", [], ["12"]),
        ("0660 1234567, after five", ["+436601234567"], ["after five"]),
    ],
)
def test_it_finds_the_numbers_of_a_cell(text: str, found: list[str], others: list[str]):
    said = points.phones(text, country="AT")
    assert ([value for value, _typed in said.found], said.others) == (found, others)


FIRST = "name;company;phone\nAnna Huber;Eins;{0}\nJan Novak;Drei;{0}\n"
SECOND = "name;company;phone\nAnna Huber;Neu;{0}\nJan Novak;Neu 2;{0}\n"
THIRD = "Deal;Company;Phone\nRope;Neu 9;{0}\n"
PERSON = {"name": "name", "company": "company", "phone": "phone"}
DEAL = {"name": "Deal", "company": "Company", "phone": "Phone"}


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["-", "n/a", "none", "unknown", ".", "ask Maria", "007"])
@pytest.mark.parametrize("way", ["page", "command"])
def test_a_placeholder_for_a_number_puts_no_stranger_anywhere(
    cast: Cast, tmp_path: Path, text: str, way: str
):
    def bring_in(content: str, named: dict[str, Any], kind: str) -> None:
        content = content.format(text)
        if way == "command":
            by_command(tmp_path / kind, content, named, kind=kind)
        else:
            loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, content, kind=kind), **named))

    bring_in(FIRST, PERSON, "contacts")
    bring_in(SECOND, PERSON, "contacts")
    bring_in(THIRD, DEAL, "deals")
    assert Contact.objects.count() == 4
    assert Deal.objects.get().contacts.count() == 0
    # A text that says something is kept where it was said.
    kept = set(ContactPoint.objects.values_list("typed", flat=True))
    assert kept == ({text} if text in ("ask Maria", "007") else set())


@pytest.mark.django_db
def test_what_comes_in_without_something_says_so(cast: Cast, tmp_path: Path):
    text = "Name,Email,Phone\nEve,not-an-email,\nFay,n/a,ask\nGus,g@x.example,0660 1234567\n"
    job = uploaded(cast.ana, text, kind="contacts")
    job = checked(cast.ana, job, name="Name", email="Email", phone="Phone")
    assert (job.counts["new"], job.counts["refused"]) == (3, 0)
    html = page(cast.ana, job)
    assert "2 rows of which something stays out" in html
    assert "This is no e-mail address. The row comes in without it." in html
    loaded(cast.ana, job)
    assert Contact.objects.count() == 3
    assert [fault.line for fault in job.faults.order_by("line")] == [2, 3]
    named = {"name": "Name", "email": "Email", "phone": "Phone"}
    result = by_command(tmp_path / "in", text, named, kind="contacts")
    assert (result.refused, [fault.line for fault in result.faults]) == (0, [2, 3])


@pytest.mark.django_db
def test_first_and_last_name_make_one_name(cast: Cast):
    text = "First name,Last name,Company,Email\nEva,Gruber,Tel,eva@x.example\nBo,-,Tel,\n,,Tel,x@x.example\n"
    job = uploaded(cast.ana, text, kind="contacts")
    html = page(cast.ana, job)
    for field, place in {"name": 0, "name-2": 1, "company": 2, "email": 3}.items():
        select = html.split(f'name="{field}"')[1].split("</select>")[0]
        assert f'value="{place}" selected' in select, field
    named = {"name": "First name", "name_2": "Last name", "company": "Company", "email": "Email"}
    job = loaded(cast.ana, checked(cast.ana, job, **named))
    assert set(Contact.objects.values_list("name", flat=True)) == {"Eva Gruber", "Bo"}
    assert [fault.reason for fault in job.faults.all()] == ["This cannot be empty."]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Herr Dr. Max Muster", "Dr. Max Muster"),
        ("Mrs. Ada Lovelace", "Ada Lovelace"),
        ("Frau", "Frau"),
        ("Sraida Mell", "Sraida Mell"),
        ("Mr. T", "Mr. T"),
    ],
)
def test_a_salutation_is_no_part_of_a_name(text: str, name: str):
    assert cells.person_name(text) == name


@pytest.mark.django_db
def test_a_cell_of_several_lines_has_several_numbers(cast: Cast, tmp_path: Path):
    text = 'Name,Last,Phone,Email\nFrau Eva,Gruber,"0660 1234567\n0664 7654321","a@x.example\nb@x.example"\n'
    named = {"name": ["Name", "Last"], "phone": "Phone", "email": "Email"}
    result = by_command(tmp_path / "in", text, named, kind="contacts")
    assert result.faults == []
    assert Contact.objects.get().name == "Eva Gruber"
    assert set(ContactPoint.objects.values_list("typed", flat=True)) == {
        "0660 1234567",
        "0664 7654321",
        "a@x.example",
        "b@x.example",
    }


@pytest.mark.django_db
def test_a_company_that_is_none_is_made_by_nobody(cast: Cast, tmp_path: Path):
    text = "Deal,Company\nRope,n/a\nBelt,unknown\nPump,Unknown Pleasures\n"
    by_command(tmp_path / "in", text, {"name": "Deal", "company": "Company"})
    assert [company.name for company in Company.objects.all()] == ["Unknown Pleasures"]


# What was taken back leaves nothing ----------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("changed", [False, True])
def test_companies_go_after_the_deals_that_made_customers_of_them(
    cast: Cast, clock: Any, changed: bool
):
    def undo(job: Any) -> None:
        clock.shift(60)
        browser(cast.ana).post(f"/imports/{job.pk}/undo/")
        worked(job)

    text = "Id,Name\n1,Firm One\n2,Firm Two\n"
    job = uploaded(cast.ana, text, kind="companies")
    firms = loaded(cast.ana, checked(cast.ana, job, id="Id", name="Name"))
    clock.shift(60)
    text = "Id,What,Firm,Phase,Closed\n1,D1,Firm One,Won,2026-01-05\n2,D2,Firm Two,Open,\n"
    named = {"id": "Id", "name": "What", "company": "Firm", "stage": "Phase", "closed_on": "Closed"}
    deals = loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, text), **named))
    assert Company.objects.get(name="Firm One").relationship == "customer"
    if changed:
        clock.shift(60)
        at = timezone.now()
        Company.objects.filter(name="Firm One").update(industry="Steel", changed_at=at)
    undo(deals)
    undo(firms)
    assert not Deal.objects.exists()
    assert Company.objects.count() == (1 if changed else 0)
