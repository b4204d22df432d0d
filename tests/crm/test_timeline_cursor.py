"""Where a timeline goes on: what no page ever wrote is refused in words."""

import pytest
from django.test import Client

from tests.conftest import Cast
from tests.factories import make_company, make_contact, make_deal


@pytest.mark.parametrize("before", ["[null,5]", "[]", "[1,2]", "5"])
@pytest.mark.parametrize("show", ["", "changes"])
def test_it_refuses_what_is_no_place_in_it(cast: Cast, client: Client, before: str, show: str):
    company = make_company(by=cast.ana)
    deal = make_deal(by=cast.ana, company=company)
    person = make_contact(by=cast.ana, company=company)
    client.force_login(cast.ana)
    for at in (f"deals/{deal.pk}", f"companies/{company.pk}", f"contacts/{person.pk}"):
        said = {"before": before, "show": show}
        assert client.get(f"/{at}/timeline/", said).status_code == 400, at
