"""Cells become values in the one way that a column can be read, or not at all."""

import datetime as dt
import zoneinfo
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.imports import values
from exchange.imports.faults import BadValue
from exchange.imports.scanning import Reading
from exchange.imports.values import COMMA, POINT

VIENNA = zoneinfo.ZoneInfo("Europe/Vienna")


def reading(*texts: str, dates: bool) -> Reading:
    found = Reading(dates=dates)
    for line, text in enumerate(texts, start=2):
        found.see(text, line)
    return found


@pytest.mark.parametrize(
    ("texts", "way"),
    [
        (["2026-03-04"], "%Y-%m-%d"),
        (["03/04/2026", "13/04/2026"], "%d/%m/%Y"),
        (["03/04/2026", "04/13/2026"], "%m/%d/%Y"),
        (["4.3.2026", "31.3.2026"], "%d.%m.%Y"),
        (["2026-03-04 10:30", "2026-03-05"], "%Y-%m-%d"),
        (["2026-03-04T10:30:00+02:00"], "%Y-%m-%d"),
        (["03/03/2026"], "%d/%m/%Y"),
        (["n/a", "2026-03-04"], "%Y-%m-%d"),
    ],
)
def test_it_reads_dates_in_the_only_way_that_fits_all(texts: list[str], way: str):
    found = reading(*texts, dates=True)
    assert found.witness is None
    assert found.odd_one is None
    assert found.way == way


@pytest.mark.parametrize(
    "texts", [["03/04/2026"], ["03/03/2026", "03/04/2026"], ["4.3.2026"], ["03/04/26", "05/06/26"]]
)
def test_it_never_guesses_an_ambiguous_date(texts: list[str]):
    assert reading(*texts, dates=True).witness is not None


def test_it_notices_a_column_that_is_written_in_two_ways():
    found = reading("2026-03-04", "31.03.2026", dates=True)
    assert found.odd_one == (3, "31.03.2026")


@pytest.mark.parametrize(
    ("texts", "way"),
    [
        (["12", "1054"], POINT),
        (["1,234.50"], POINT),
        (["1.234", "1234.5"], POINT),
        (["1.234", "12,5"], COMMA),
        (["1.234.567"], COMMA),
    ],
)
def test_it_reads_numbers_in_the_only_way_that_fits_all(texts: list[str], way: str):
    found = reading(*texts, dates=False)
    assert found.witness is None
    assert found.way == way


@pytest.mark.parametrize("text", ["1.234", "1,234", "1.234k", "€ 1,234 Mio"])
def test_it_never_guesses_an_ambiguous_number(text: str):
    assert reading("7", text, dates=False).witness == (3, text)


@pytest.mark.parametrize(
    ("text", "sign", "amount"),
    [
        ("1,234.56", POINT, "1234.56"),
        ("1.234,56", COMMA, "1234.56"),
        ("1 234,56", COMMA, "1234.56"),
        ("1\N{NARROW NO-BREAK SPACE}234,5", COMMA, "1234.5"),
        ("1'234.50", POINT, "1234.50"),
        ("0", POINT, "0"),
        ("€ 1.234,56", COMMA, "1234.56"),
        ("1,234.50 USD", POINT, "1234.50"),
        ("$1,234.50", POINT, "1234.50"),
        ("CHF 1'234.–", POINT, "1234"),
        ("1.234,-", COMMA, "1234"),
        ("12,34,567.50", POINT, "1234567.50"),
        ("12k", POINT, "12000"),
        ("€1.5M", POINT, "1500000"),
        ("2,5 Mio. €", COMMA, "2500000"),
        ("12 TEUR", COMMA, "12000"),
        ("12,5 Tsd. EUR", COMMA, "12500"),
        ("$ 3.2m", POINT, "3200000"),
    ],
)
def test_it_reads_money(text: str, sign: str, amount: str):
    assert values.money(text, sign) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-1", "cannot be negative"),
        ("1.234", "more than two decimals"),
        ("1,5", "no number with “.”"),
        ("5 apples", "no number"),
        ("5 mm", "no number"),
        ("5 k apples", "no number"),
        ("(5)", "cannot be negative"),
        ("1e5", "no number"),
        ("1" * 13, "more than a value can hold"),
    ],
)
def test_it_says_why_something_is_no_money(text: str, words: str):
    with pytest.raises(BadValue, match=words):
        values.money(text, POINT)


def test_it_reads_whole_numbers_only():
    assert values.whole("2,822", POINT) == 2822
    for text in ("1.5", "-3", "3000000000", "many"):
        with pytest.raises(BadValue):
            values.whole(text, POINT)


@given(st.decimals(min_value=0, max_value=10**11, places=2), st.sampled_from([POINT, COMMA]))
def test_it_reads_back_every_amount_that_it_could_have_written(amount: Decimal, sign: str):
    written = f"{amount:,.2f}"
    if sign == COMMA:
        written = written.translate(str.maketrans(",.", ".,"))
    assert values.money(written, sign) == amount


@given(
    st.dates(min_value=dt.date(1970, 1, 1), max_value=dt.date(2100, 1, 1)),
    st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y"]),
)
def test_it_reads_back_every_date_on_the_same_day(day: dt.date, way: str):
    assert values.day(day.strftime(way), way, VIENNA) == day
