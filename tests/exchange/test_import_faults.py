"""A row that stays out says all that is wrong with it, with the cells as they stand in the file."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from crm.models import Activity, Contact, Product
from exchange import queries
from exchange.imports import error_file
from exchange.models import ImportJob
from pipeline.models import User
from tests.conftest import Cast
from tests.exchange.uploads import (
    answer,
    browser,
    by_command,
    checked,
    columns,
    loaded,
    page,
    uploaded,
    worked,
)
from tests.factories import make_deal

pytestmark = pytest.mark.django_db

TEXT = (
    "No,Deal,Value,Since,Owner,Source,Mail\n"
    '1,Pump,"ca.  8-9 TEUR",31/31/2026,Nobody  Known,Radio,x@y.test\n'
    "2,Belt,5,2026-02-03,,,no address\n"
    "3,Scale,6,2026-02-03,Nobody Known,,\n"
    "3,Truck,7,2026-02-03,,,\n"
)
NAMED = {
    "id": "No",
    "name": "Deal",
    "amount": "Value",
    "entered_on": "Since",
    "owner": "Owner",
    "source": "Source",
    "email": "Mail",
}


def faults_of(job: ImportJob) -> list[tuple[int, str, str, bool]]:
    rows = job.faults.order_by("line", "column")
    return list(rows.values_list("line", "column", "cell", "comes_in"))


def test_a_row_says_all_that_is_wrong_with_it_as_it_stands_in_the_file(cast: Cast, tmp_path: Path):
    job = checked(cast.adele, uploaded(cast.adele, TEXT), **NAMED)
    assert faults_of(job) == [
        (2, "Owner", "Nobody  Known", False),
        (2, "Since", "31/31/2026", False),
        (2, "Source", "Radio", False),
        (2, "Value", "ca.  8-9 TEUR", False),
        (3, "Mail", "no address", True),
        (4, "Owner", "Nobody Known", False),
        (5, "No", "3", False),
    ]
    assert (job.counts["new"], job.counts["refused"]) == (1, 3)
    html = page(cast.adele, job)
    assert "3 rows stay out, and why" in html
    assert "<q>ca.  8-9 TEUR</q>" in html
    # In the file of rows each stands once, with all reasons.
    rows = list(error_file.rows(job))
    assert [row[0] for row in rows[1:]] == ["1", "3", "3"]
    assert all(word in rows[1][-1] for word in ("Nobody Known", "Radio", "date"))
    assert queries.left_out_rows(job).count() == 3
    # By command the same.
    columns = {field: [column] for field, column in NAMED.items()}
    result = by_command(tmp_path / "in", TEXT, columns)
    told = [(fault.line, fault.column) for fault in result.faults if not fault.comes_in]
    assert told == [
        (line, column) for line, column, _cell, comes_in in faults_of(job) if not comes_in
    ]
    assert result.refused == 3


def test_reasons_name_nothing_of_ours_that_people_do_not_know(cast: Cast):
    job = uploaded(cast.adele, "Deal,Value,Product\na,5 CHF,Pumpe\n")
    job = checked(cast.adele, job, name="Deal", amount="Value", product="Product")
    said = [f"{fault.column} {fault.reason}" for fault in job.faults.all()]
    assert len(said) == 2
    assert not any(sign in each for each in said for sign in "[]_")
    assert {each.split()[0] for each in said} == {"Value", "Product"}


def test_what_cannot_be_read_is_left_empty_with_one_press_and_kept_as_a_note(
    cast: Cast, tmp_path: Path
):
    text = (
        "Deal,Value,Since,Closed,Stage\n"
        "a,ca. 8 TEUR,2026-02-03,,New\n"
        "b,soon,2026-02-03,,New\n"
        "c,5,2026-02-03,2026-02-01,Won\n"
        "d,5,2026-02-03,2026-02-04,Won\n"
    )
    named = {
        "name": "Deal",
        "amount": "Value",
        "entered_on": "Since",
        "closed_on": "Closed",
        "stage": "Stage",
    }
    job = checked(cast.adele, uploaded(cast.adele, text), **named)
    assert (job.counts["new"], job.counts["refused"]) == (1, 3)
    assert "Leave it empty in these 2 rows" in page(cast.adele, job)
    answer(cast.adele, job, leave_empty="Value")
    assert worked(job).counts["refused"] == 1
    answer(cast.adele, job, leave_empty="Closed")
    assert worked(job).counts["refused"] == 0
    html = page(cast.adele, job)
    assert "Where “Value” cannot be read, it is left empty." in html
    assert "the text is kept as a note" in html
    # It can be taken back, and is said of this file alone.
    answer(cast.adele, job, not_empty="Closed")
    assert worked(job).counts["refused"] == 1
    again = uploaded(cast.adele, text)
    columns(cast.adele, again, **named)
    assert worked(again).counts["refused"] == 3
    loaded(cast.adele, job)
    notes = dict(Activity.objects.values_list("deal__name", "body"))
    assert notes == {"a": "Value: ca. 8 TEUR", "b": "Value: soon"}
    # By command the same.
    Activity.objects.all().delete()
    stages = {word: dict(meaning) for word, meaning in job.answers["stages"].items()}
    in_file = {field: [column] for field, column in named.items()}
    more: dict[str, Any] = {"leave_empty": ["amount", "closed_on"]}
    result = by_command(tmp_path / "in", text, in_file, stages=stages, **more)
    assert result.refused == 0
    told = dict(Activity.objects.values_list("deal__name", "body"))
    assert told == notes | {"c": "Closed: 2026-02-01"}


def test_the_words_of_a_reason_are_answered_where_it_is_told(cast: Cast):
    text = "Deal,Source\n" + "".join(f"d{n},Radio {n}\n" for n in range(3)) + "m,Messe Wels\n"
    job = checked(cast.adele, uploaded(cast.adele, text), name="Deal", source="Source")
    told = page(cast.adele, job).split('class="reasons bare"')[1].split("</ul>")[0]
    assert "Put these 3 on the list" in told
    assert "Leave these 3 empty" in told
    assert "Take what is suggested for 1 word" in told
    assert told.count('form="answers"') == 3


@pytest.mark.parametrize(
    ("kind", "text", "named", "shown"),
    [
        (
            "deals",
            "Deal,Firm,Person,Value,Stage,Due,Owner\nPump,Alfa,Ada,1200,Proposal,2027-01-31,Gone\n",
            {
                "name": "Deal",
                "company": "Firm",
                "contact": "Person",
                "amount": "Value",
                "stage": "Stage",
                "expected_close_on": "Due",
                "owner": "Owner",
            },
            ["Pump", "Alfa · Ada", "€1,200", "Expected to close on", "Gone has left"],
        ),
        (
            "companies",
            "Name,Branch,Land,Over\nAlfa,Steel,AT,Holding\nHolding,,,\n",
            {"name": "Name", "industry": "Branch", "country": "Land", "parent": "Over"},
            ["Alfa", "Steel · AT · Holding"],
        ),
        (
            "contacts",
            "Name,Job,Firm,Mail\nAda,Buyer,Alfa,ada@alfa.test\n",
            {"name": "Name", "job_title": "Job", "company": "Firm", "email": "Mail"},
            ["Ada", "Buyer · Alfa · ada@alfa.test"],
        ),
        (
            "activities",
            "Subject,Deal,On\nAsked for a price,On record,2026-02-03\n",
            {"subject": "Subject", "deal": "Deal", "happened_on": "On", "otherwise": "call"},
            ["Asked for a price", "On record", "Call · 3 Feb"],
        ),
        ("products", "Name,Series,Price\nPump,P,5\n", {"name": "Name", "series": "Series", "price": "Price"}, ["Pump", "€5"]),
        ("rates", "Code,Day,Value\nSEK,2026-02-03,0.09\n", {"currency": "Code", "day": "Day", "value": "Value"}, ["SEK", "0.09"]),
        ("lines", "Deal,Product,Price\nOn record,Belt,7\n", {"deal": "Deal", "product": "Product", "price": "Price"}, ["Belt", "On record", "€7"]),
        ("roles", "Deal,People\nOn record,Bea\n", {"deal": "Deal", "people": "People"}, ["On record", "Bea"]),
        ("people", "Name,Office\nLena,Linz\n", {"name": "Name", "office": "Office"}, ["Lena", "Linz"]),
    ],
)  # fmt: skip
def test_the_first_records_are_shown_as_they_would_look(
    cast: Cast, kind: str, text: str, named: dict[str, str], shown: list[str]
):
    User.objects.create_user(name="Gone", team=cast.adele.team, is_active=False)
    make_deal(by=cast.adele, name="On record")
    Product.objects.create(name="Belt", currency="EUR")
    Contact.objects.create(name="Bea", created_at=timezone.now(), changed_at=timezone.now())
    job = uploaded(cast.adele, text, kind=kind)
    otherwise = {"otherwise": named.pop("otherwise")} if "otherwise" in named else {}
    places = {name: str(job.columns.index(column)) for name, column in named.items()}
    said = {"system": "old", "encoding": job.encoding, **places, **otherwise}
    assert browser(cast.adele).post(f"/imports/{job.pk}/columns/", said).status_code == 302
    if worked(job).state == "asking":
        answer(cast.adele, job)
        worked(job)
    assert (job.counts["new"], job.counts["refused"]) == (text.count("\n") - 1, 0)
    cards = page(cast.adele, job).split('aria-labelledby="first"')[1].split("</section>")[0]
    for each in shown:
        assert each in cards
    assert not job.faults.exists()
    # Nothing of them is kept once the file is gone.
    browser(cast.adele).post(f"/imports/{job.pk}/discard/")
    job.refresh_from_db()
    assert "first" not in job.counts


def test_more_of_the_first_records_are_looked_through(cast: Cast):
    text = "Deal\n" + "".join(f"Deal {n}\n" for n in range(1, 9))
    job = checked(cast.adele, uploaded(cast.adele, text), name="Deal")
    first, second = page(cast.adele, job), page(cast.adele, job, "?cards=3")
    assert "Deal 3<" in first
    assert "Deal 4<" not in first
    assert "Deal 4<" in second
    assert "?cards=6#first" in second
