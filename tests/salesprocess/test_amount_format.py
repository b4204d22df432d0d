from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from salesprocess.format import clock, day, money, money_short

TODAY = date(2026, 3, 12)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, ""),
        (Decimal(0), "$0"),
        (Decimal(1234), "$1,234"),
        (Decimal("1234.00"), "$1,234"),
        (Decimal("1234.5"), "$1,234.50"),
        (Decimal(-1234), "−$1,234"),
        (Decimal(10005534), "$10,005,534"),
    ],
)
def test_it_writes_an_amount_in_full(amount: Decimal | None, text: str):
    assert money(amount, "USD") == text


def test_it_knows_other_currencies():
    assert money(Decimal("1234.5"), "EUR") == "€1,234.50"
    assert money(Decimal(1234), "JPY") == "¥1,234"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, ""),
        (Decimal(950), "$950"),
        (Decimal(1000), "$1K"),
        (Decimal(12400), "$12.4K"),
        (Decimal(1250000), "$1.2M"),
    ],
)
def test_it_writes_the_size_of_an_amount(amount: Decimal | None, text: str):
    assert money_short(amount, "USD") == text


@pytest.mark.parametrize(
    ("on", "text"),
    [
        (None, ""),
        (date(2026, 3, 11), "yesterday"),
        (TODAY, "today"),
        (date(2026, 3, 13), "tomorrow"),
        (date(2026, 3, 1), "1 Mar"),
        (date(2025, 12, 31), "31 Dec 2025"),
    ],
)
def test_it_writes_a_day_as_people_say_it(on: date | None, text: str):
    assert day(on, TODAY) == text


def test_it_writes_the_time_of_day_of_the_reader():
    assert clock(datetime(2026, 7, 1, 22, 5, tzinfo=UTC), ZoneInfo("Europe/Berlin")) == "00:05"
