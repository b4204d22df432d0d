"""A row that stays out says all that is wrong with it, with the cells as they stand in the file."""

from pathlib import Path

import pytest

from exchange import queries
from exchange.imports import error_file
from exchange.models import ImportJob
from tests.conftest import Cast
from tests.exchange.uploads import by_command, checked, page, uploaded

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
    assert "“ca.  8-9 TEUR”" in html
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
