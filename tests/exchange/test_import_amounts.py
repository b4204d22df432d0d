"""Amounts as the world writes them, and the currency that stands beside them; letters likewise."""

from pathlib import Path

import pytest

from crm.models import Company, Deal, Rate
from exchange.imports import currencies
from tests.conftest import Cast
from tests.exchange.uploads import (
    browser,
    by_command,
    checked,
    columns,
    loaded,
    page,
    uploaded,
    worked,
)
from tests.factories import ago


def make_rate(currency: str, rate: str) -> None:
    Rate.objects.create(currency=currency, on=ago(days=30).date(), value=rate)


VALUE = {"name": "Deal", "amount": "Value"}


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("€ 1.234,56", ("1.234,56", "€")),
        ("1.234,56€", ("1.234,56", "€")),
        ("EUR 12", ("12", "EUR")),
        ("12 eur", ("12", "EUR")),
        ("US$12", ("12", "US$")),
        ("kr. 500", ("500", "KR")),
        ("-€5", ("-5", "€")),
        ("(€5)", ("-5", "€")),
        ("12", ("12", "")),
        ("12 Mio", None),
        ("ca. 8", None),
        ("€5 USD", None),
        ("50 %", None),
    ],
)
def test_it_tells_a_number_from_its_currency(text: str, apart: tuple[str, str] | None):
    assert currencies.split(text) == apart


@pytest.mark.parametrize(
    ("heading", "sign"),
    [("Value (USD)", "USD"), ("Wert in €", "€"), ("Value", ""), ("All in", ""), ("EUR or USD", "")],
)
def test_it_reads_the_currency_of_a_heading(heading: str, sign: str):
    assert currencies.of_heading(heading) == sign


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["page", "command"])
def test_a_sign_says_the_currency_or_is_refused(cast: Cast, tmp_path: Path, way: str):
    make_rate("GBP", "1.2")
    text = "Deal;Value\na;€ 1.234,56\nb;£ 99,00\nc;99,5\nd;$ 5,00\ne;1 Mio\nf;1 lot\n"
    if way == "page":
        loaded(cast.ana, checked(cast.ana, uploaded(cast.ana, text), **VALUE))
    else:
        by_command(tmp_path / "in", text, VALUE)
    found = {name: (str(amount), code) for name, amount, code in _deals()}
    assert found == {
        "a": ("1234.56", "EUR"),
        "b": ("99.00", "GBP"),
        "c": ("99.50", "EUR"),
        "e": ("1000000.00", "EUR"),
    }


@pytest.mark.django_db
def test_a_dollar_is_the_only_one_that_there_are_rates_for(cast: Cast, tmp_path: Path):
    make_rate("CAD", "0.7")
    by_command(tmp_path / "in", "Deal;Value\nd;$ 5.00\n", VALUE)
    assert _deals() == [("d", Deal.objects.get().amount, "CAD")]


@pytest.mark.django_db
def test_a_heading_says_the_currency_of_bare_numbers(cast: Cast, tmp_path: Path):
    make_rate("USD", "0.9")
    text = "Deal;Value (USD)\na;5\nb;€ 6\n"
    by_command(tmp_path / "in", text, {"name": "Deal", "amount": "Value (USD)"})
    assert [(name, code) for name, _amount, code in _deals()] == [("a", "USD"), ("b", "EUR")]


def _deals() -> list[tuple[str, object, str]]:
    return list(Deal.objects.order_by("name").values_list("name", "amount", "currency"))


POLISH = "name;country\nŁódź;Polska\nGęś;Polska\n".encode("cp1250")


@pytest.mark.django_db
def test_letters_that_can_be_read_in_several_ways_are_asked_about(cast: Cast):
    job = uploaded(cast.ana, POLISH, kind="companies")
    html = page(cast.ana, job)
    assert "Windows-1250: Łódź Gęś" in html
    assert "checked" not in html.split("How are the letters")[1].split("</fieldset>")[0]
    assert columns(cast.ana, job, name="name").status_code == 422
    places = {"system": "old", "name": "0", "encoding": "cp1250"}
    assert browser(cast.ana).post(f"/imports/{job.pk}/columns/", places).status_code == 302
    loaded(cast.ana, worked(job))
    assert set(Company.objects.values_list("name", flat=True)) == {"Łódź", "Gęś"}


@pytest.mark.django_db
def test_letters_that_were_taken_for_likely_can_be_changed_with_their_headings(cast: Cast):
    text = "name;größe\nMüller;1\n".encode("cp1252")
    job = uploaded(cast.ana, text, kind="companies")
    html = page(cast.ana, job)
    assert 'value="cp1252" checked' in html
    assert "Windows-1252: größe Müller" in html
    encoding, words = job.letters["samples"][-1]
    places = {"system": "old", "name": "0", "employees": "1", "encoding": encoding}
    assert browser(cast.ana).post(f"/imports/{job.pk}/columns/", places).status_code == 302
    job.refresh_from_db()
    assert job.encoding == encoding != "cp1252"
    assert job.answers["columns"]["employees"] == [words.split()[0]]
