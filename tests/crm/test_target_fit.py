"""Whom the organisation wants as customers: said once, computed for each company (CHECKLIST C11)."""

import re
from typing import Any

import pytest
from django.test import Client

from crm.models import Company
from crm.target_fit import Fit, Target
from pipeline.models import PeopleChange, Team
from tests.conftest import Cast
from tests.factories import make_company, make_deal

WANTED = {
    "target_industries": "Food, Getränke",
    "target_countries": "Austria",
    "target_employees_from": "50",
    "target_employees_to": "500",
}
COMPANIES: dict[str, tuple[dict[str, Any], Fit]] = {
    "All of it": ({"industry": "food", "country": "AUSTRIA", "employees": 50}, Fit.FITS),
    "As it is spelled": (
        {"industry": "getranke", "country": "Austria", "employees": 500},
        Fit.FITS,
    ),
    "Too large": ({"industry": "Food", "country": "Austria", "employees": 501}, Fit.PARTLY),
    "Not all known": ({"industry": "Food"}, Fit.PARTLY),
    "Another trade": ({"industry": "Steel"}, Fit.NOT),
    "No word of it": ({}, Fit.UNKNOWN),
}


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


@pytest.fixture
def wanted(cast: Cast, client: Client) -> None:
    client.force_login(cast.adele)
    page = read(client, "/settings/target-customer/")
    seen = re.findall(r'name="seen" value="(\d+)"', page)[0]
    assert client.post("/settings/target-customer/", WANTED | {"seen": seen}).status_code == 302


@pytest.mark.usefixtures("wanted")
def test_what_was_said_stands_in_the_history_and_is_no_range_backwards(
    cast: Cast, client: Client
) -> None:
    kinds = set(PeopleChange.objects.values_list("kind", flat=True))
    assert kinds >= set(WANTED)
    page = read(client, "/settings/target-customer/")
    seen = re.findall(r'name="seen" value="(\d+)"', page)[0]
    wrong = client.post(
        "/settings/target-customer/", WANTED | {"seen": seen, "target_employees_to": "49"}
    )
    assert wrong.status_code == 422
    assert Team.objects.root().target_employees_to == 500


@pytest.mark.usefixtures("wanted")
def test_each_company_says_whether_it_fits_and_the_list_finds_the_same(
    cast: Cast, client: Client
) -> None:
    made = {
        name: make_company(by=cast.ana, name=name, **facts)
        for name, (facts, _fit) in COMPANIES.items()
    }
    client.force_login(cast.ana)
    for fit in Fit:
        page = read(client, f"/companies/?fit={fit.value}")
        listed = re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', page, re.DOTALL)
        assert set(listed) == {name for name, (_facts, one) in COMPANIES.items() if one == fit}
    for name, (_facts, fit) in COMPANIES.items():
        assert str(fit.label) in read(client, f"/companies/{made[name].pk}/")
    assert 'name="fit"' in read(client, "/companies/")


@pytest.mark.usefixtures("wanted")
def test_a_lead_says_so_before_it_is_opened(cast: Cast, client: Client) -> None:
    good = make_company(by=cast.ana, name="Good", **COMPANIES["All of it"][0])
    bad = make_company(by=cast.ana, name="Bad", **COMPANIES["Another trade"][0])
    for company in (good, bad):
        make_deal(by=cast.ana, name=f"Asked {company.name}", company=company)
    client.force_login(cast.ana)
    page = " ".join(read(client, "/leads/").split())
    chips = re.findall(
        r'<bdi class="b clip">Asked (\w+)</bdi>.*?<span class="chip \w*">.*?</svg>([\w ]+)<', page
    )
    assert chips == [("Good", "fits"), ("Bad", "does not fit")]
    assert "Fits whom we want" in page


def test_where_nobody_has_said_whom_nothing_is_said_of_it(cast: Cast, client: Client) -> None:
    company = make_company(by=cast.ana, name="Norte", industry="Food")
    client.force_login(cast.ana)
    for address in ("/companies/", f"/companies/{company.pk}/"):
        page = read(client, address)
        assert 'name="fit"' not in page
        assert not any(str(fit.label) in page for fit in Fit)
    assert Target().fit_of(industry="Food", country="", employees=None) is None
    assert not Company.objects.filter(Target().where(Fit.FITS)[1]).exists()
