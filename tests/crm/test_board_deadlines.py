"""The board by when its deals ask for somebody."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.commands import deal as deal_commands
from crm.models import Deal
from crm.queries.deadlines import Deadline
from salesprocess.lib.working_hours import WorkingHours
from tests.conftest import Cast
from tests.factories import NOW, make_deal, plan_call

ADDRESS = "/board/?by=deadline"
TODAY = NOW.date()
SUNDAY = TODAY + dt.timedelta(days=6 - TODAY.weekday())


@pytest.fixture
def deals(cast: Cast) -> dict[str, Deadline]:
    """What is due around each border, by name, and the column that its own card names."""
    days = {
        "a week ago": (TODAY - dt.timedelta(days=7), Deadline.OVERDUE),
        "yesterday": (TODAY - dt.timedelta(days=1), Deadline.OVERDUE),
        "today": (TODAY, Deadline.TODAY),
        "tomorrow": (TODAY + dt.timedelta(days=1), Deadline.THIS_WEEK),
        "sunday": (SUNDAY, Deadline.THIS_WEEK),
        "monday": (SUNDAY + dt.timedelta(days=1), Deadline.NEXT_WEEK),
        "next sunday": (SUNDAY + dt.timedelta(days=7), Deadline.NEXT_WEEK),
        "monday after": (SUNDAY + dt.timedelta(days=8), Deadline.LATER),
    }
    for name, (day, _column) in days.items():
        plan_call(make_deal(by=cast.ana, name=name), by=cast.ana, due_on=day)
    plan_call(
        make_deal(by=cast.ana, name="an hour ago"), by=cast.ana, due_at=NOW - dt.timedelta(hours=1)
    )
    make_deal(by=cast.ana, name="nothing")
    parked = make_deal(by=cast.ana, name="parked")
    until = SUNDAY + dt.timedelta(days=2)
    deal_commands.park(parked, until=until, by=cast.ana, at=NOW)
    return {name: column for name, (_day, column) in days.items()} | {
        "an hour ago": Deadline.OVERDUE,
        "nothing": Deadline.NONE,
        "parked": Deadline.NEXT_WEEK,
    }


def columns(page: Any) -> dict[str, Deadline]:
    """In which column each deal stands, and that each column counts those that stand in it."""
    found: dict[str, Deadline] = {}
    for part in page.content.decode().split('<section class="col')[1:]:
        number = re.search(r'data-stage="(\d)"', part)
        assert number is not None
        names = re.findall(r'<a href="/deals/\d+/">(.*?)</a>', part)
        assert f'<span class="num t3">{len(names)}</span>' in part
        found |= {name: Deadline(int(number[1])) for name in names}
    return found


def test_each_deal_stands_where_its_card_says(
    cast: Cast, client: Client, deals: dict[str, Deadline]
) -> None:
    client.force_login(cast.ana)
    with CaptureQueriesContext(connection) as by_stage:
        client.get("/board/")
    with CaptureQueriesContext(connection) as by_day:
        page = client.get(ADDRESS)
    assert columns(page) == deals
    assert len(by_day) <= len(by_stage)
    client.force_login(cast.carl)
    assert columns(client.get(ADDRESS)) == {}


def test_a_card_that_is_put_on_a_day_is_planned_for_it(
    cast: Cast, client: Client, deals: dict[str, Deadline]
) -> None:
    client.force_login(cast.ana)
    for name in ("a week ago", "an hour ago", "nothing", "today"):
        deal = Deal.objects.get(name=name)
        said = {"to": str(Deadline.NEXT_WEEK.value), "version": str(deal.version)}
        assert client.post(f"/deals/{deal.pk}/due/", said).status_code == 302
        assert columns(client.get(ADDRESS))[name] == Deadline.NEXT_WEEK
        # Whoever has shown an older state is told, and changes nothing.
        again = client.post(
            f"/deals/{deal.pk}/due/", said | {"to": "6"}, headers={"hx-request": "true"}
        )
        assert again.status_code == 409
    held = Deal.objects.get(name="sunday")
    for column in (Deadline.OVERDUE, Deadline.NONE):
        said = {"to": str(column.value), "version": str(held.version)}
        assert client.post(f"/deals/{held.pk}/due/", said).status_code == 422


@pytest.mark.parametrize("weekday", range(7))
def test_a_column_means_a_working_day_of_its_week(weekday: int) -> None:
    today = dt.date(2026, 3, 9) + dt.timedelta(days=weekday)
    hours = WorkingHours()
    sunday = dt.date(2026, 3, 15)
    assert Deadline.TODAY.day(today, hours) == today
    this = Deadline.THIS_WEEK.day(today, hours)
    assert today <= this <= sunday
    assert this == today or this.isoweekday() in hours.days
    assert Deadline.NEXT_WEEK.day(today, hours) == dt.date(2026, 3, 16)
    assert Deadline.LATER.day(today, hours) == dt.date(2026, 3, 23)
