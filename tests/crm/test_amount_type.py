"""An amount means what it says in the language of the page."""

from decimal import Decimal

import pytest
from django import forms
from django.utils import translation

from crm.forms.fields import AmountField
from salesprocess.lib.format import money


@pytest.mark.parametrize(
    ("language", "typed", "meant"),
    [
        ("en", "48 000", "48000"),
        ("en", "48,000", "48000"),
        ("en", "€1,048,000.50", "1048000.50"),
        ("en", "48.5", "48.5"),
        ("de", "48 000", "48000"),
        ("de", "48.000", "48000"),
        ("de", "1.048.000,50 €", "1048000.50"),
        ("de", "48,5", "48.5"),
        ("de", "48.50", "48.50"),
    ],
)
def test_it_is_read(language: str, typed: str, meant: str):
    with translation.override(language):
        assert AmountField().clean(typed) == Decimal(meant)


@pytest.mark.parametrize(
    ("language", "typed"),
    [("en", "48.000"), ("en", "1,2"), ("en", "1.048.000"), ("de", "48,000"), ("de", "1,048,000")],
)
def test_it_is_refused_rather_than_guessed(language: str, typed: str):
    with translation.override(language), pytest.raises(forms.ValidationError):
        AmountField().clean(typed)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("amount", ["0", "48000", "1234.5", "1234567.89"])
def test_it_is_read_back_as_it_was_written(language: str, amount: str):
    with translation.override(language):
        field = AmountField()
        assert field.clean(str(field.prepare_value(Decimal(amount)))) == Decimal(amount)
        assert field.clean(money(Decimal(amount), "EUR")) == Decimal(amount)
