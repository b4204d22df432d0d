from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from salesprocess.lib.format import clock, day, money, money_short, number, percent

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
        (Decimal(1000), "$1k"),
        (Decimal(9840), "$9.8k"),
        (Decimal(12400), "$12k"),
        (Decimal("745500.40"), "$746k"),
        (Decimal(999600), "$1M"),
        (Decimal(1250000), "$1.3M"),
        (Decimal(-12_340_000), "−$12.3M"),
        (Decimal(2_000_000_000), "$2B"),
        (Decimal(4_000_000_000_000), "$4,000B"),
    ],
)
def test_it_writes_the_size_of_an_amount(amount: Decimal | None, text: str):
    assert money_short(amount, "USD") == text


def test_it_writes_as_the_language_does_and_keeps_the_languages_apart():
    def written() -> list[str]:
        amount = Decimal("745500.5")
        return [
            money(amount, "EUR").replace("\u00a0", " "),
            money_short(amount, "EUR").replace("\u00a0", " "),
            money_short(amount * 2, "EUR").replace("\u00a0", " "),
            number(12400),
            number(Decimal("4.5")),
            number(-6),
            percent(Decimal("0.63151"), 1000),
            percent(0.5),
            day(date(2025, 12, 31), TODAY),
            day(TODAY, TODAY),
        ]

    english = [
        "€745,500.50",
        "€746k",
        "€1.5M",
        "12,400",
        "4.5",
        "\N{MINUS SIGN}6",
        "63.2%",
        "50%",
        "31 Dec 2025",
        "today",
    ]
    german = [
        "745.500,50 €",
        "746 Tsd. €",
        "1,5 Mio. €",
        "12.400",
        "4,5",
        "\N{MINUS SIGN}6",
        "63,2\u00a0%",
        "50\u00a0%",
        "31. Dez. 2025",
        "heute",
    ]
    for _again in range(2):
        assert written() == english
        with translation.override("de"):
            assert written() == german


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


@pytest.mark.parametrize(
    ("share", "n", "text"),
    [
        (Decimal(12) / 32, 32, "38%"),
        (Decimal(1) / 8, 8, "13%"),
        (Decimal(0), 5, "0%"),
        (Decimal(1), 5, "100%"),
        (Decimal(1), 5000, "100%"),
        # Short of the whole is not the whole.
        (Decimal(998) / 999, 999, "99%"),
        (Decimal(1234) / 4000, 4000, "30.9%"),
        (Decimal(9999) / 10000, 10000, "99.9%"),
    ],
)
def test_the_precision_of_a_rate_follows_its_n(share: Decimal, n: int, text: str):
    assert percent(share, n) == text
