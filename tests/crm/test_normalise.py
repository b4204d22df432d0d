"""Making addresses, numbers and names comparable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import normalise


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [
        ("01 234 5678", "AT", "+4312345678"),
        ("(01) 234-5678", "AT", "+4312345678"),
        ("+43 1 2345678", "US", "+4312345678"),
        ("0043 1 2345678", "AT", "+4312345678"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("00436641234567", "US", "+436641234567"),
        # Not numbers of any network: their digits still compare.
        ("12", "AT", "12"),
        ("ext. 12", "AT", "12"),
        ("switchboard", "AT", "switchboard"),
    ],
)
def test_it_reads_numbers_as_the_country_dials_them(typed, country, number):
    assert normalise.phone(typed, country=country) == number


def test_it_reads_a_number_without_a_country_by_its_digits():
    assert normalise.phone("01 234 5678", country="") == "012345678"
    assert normalise.phone("+43 1 2345678", country="") == "+4312345678"
    assert normalise.phone("0043 1 2345678", country="") == "+4312345678"


def test_it_compares_addresses_without_case_and_margins():
    assert normalise.email(" Jordi@Norte.TEST ") == "jordi@norte.test"


@given(st.text(max_size=40))
def test_it_makes_something_of_any_text_and_no_more_the_second_time(typed):
    number = normalise.phone(typed, country="AT")
    assert normalise.phone(number, country="AT") == number or number.isdigit()
