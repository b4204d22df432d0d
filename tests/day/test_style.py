"""The style of somebody sets the lists to work through, the customers of a day and the hours kept free
(CHECKLIST E15 to E17)."""

import datetime as dt
import re

import pytest
from django.test import Client

from crm.models import Company
from day.models import ProtectedTime
from day.style import day_style, proposed_hours
from pipeline.models import SellingStyle, User
from salesprocess.lib.working_hours import WorkingHours
from tests.conftest import Cast
from tests.factories import NOW, ago, make_company

ACCOUNT, NEW, MIXED = (
    SellingStyle.ACCOUNT_MANAGEMENT,
    SellingStyle.NEW_BUSINESS,
    SellingStyle.MIXED,
)


@pytest.fixture
def ana(cast: Cast, client: Client) -> Client:
    for n in range(9):
        make_company(by=cast.ana, name=f"Old customer {n}", owner=cast.ana)
    Company.objects.update(relationship="customer", created_at=ago(days=800))
    client.force_login(cast.ana)
    return client


def styled(client: Client, style: str, address: str = "/day/") -> str:
    User.objects.filter(name="Ana Ruiz").update(style=style)
    return client.get(address).content.decode()


@pytest.mark.parametrize(
    ("style", "touches", "lists"),
    [
        (ACCOUNT, 8, ["/customers/?show=due", "/customers/?show=dormant", "/customers/?show=no-plan"]),
        (MIXED, 5, ["/leads/", "/deals/?stage=2&amp;person=me", "/customers/?show=due"]),
        (NEW, 3, ["/leads/", "/deals/?stage=2&amp;person=me"]),
    ],
)  # fmt: skip
def test_the_day_has_the_lists_and_as_many_customers_as_the_style(
    ana: Client, style: str, touches: int, lists: list[str]
) -> None:
    page = styled(ana, style)
    assert len(re.findall(r'data-row="company-', page)) == touches
    box = page.split('id="lists-title"')[1].split("</nav>")[0]
    assert re.findall(r'href="(/(?!static)[^"]+)"', box) == lists
    for address in lists:
        assert ana.get(address.replace("&amp;", "&")).status_code == 200


def test_who_looks_after_accounts_begins_with_customers_that_are_due(ana: Client) -> None:
    def chosen(page: str) -> str:
        return str(re.findall(r'show=([\w-]+)"[^>]*aria-(?:current|pressed)="true"', page)[0])

    assert chosen(styled(ana, ACCOUNT, "/customers/")) == "due"
    assert chosen(styled(ana, ACCOUNT, "/customers/?whose=all")) == "all"
    assert chosen(styled(ana, NEW, "/customers/")) == "all"


def test_hours_for_prospecting_are_proposed_and_kept_by_one_press(ana: Client) -> None:
    assert "Keep free for prospecting" not in styled(ana, ACCOUNT)
    assert "Keep free for prospecting: Mon, Tue, Wed, Thu, and Fri 09:00–10:00?" in styled(ana, NEW)
    assert "Tue and Thu 09:00–11:00?" in styled(ana, MIXED)
    ana.post("/day/protected/", {"as": "proposed"})
    kept = ProtectedTime.objects.order_by("weekday")
    two = [(2, dt.time(9), dt.time(11)), (4, dt.time(9), dt.time(11))]
    assert list(kept.values_list("weekday", "starts", "ends")) == two
    assert "Keep free for prospecting:" not in styled(ana, MIXED)
    assert NOW.tzinfo is dt.UTC


def test_hours_are_those_of_the_organisation() -> None:
    short = WorkingHours(days=frozenset({1, 6}), opens=7 * 60 + 30, closes=8 * 60)
    assert proposed_hours(NEW, short) == [
        (1, dt.time(7, 30), dt.time(8)),
        (6, dt.time(7, 30), dt.time(8)),
    ]
    assert {style: bool(day_style(style).lists) for style in SellingStyle} == dict.fromkeys(
        SellingStyle, True
    )
