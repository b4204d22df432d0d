import datetime as dt
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Max, Min

from crm.commands.rate import set_rate
from crm.models import Deal, Rate
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import make_deal

DAY = dt.date(2026, 3, 1)


def test_it_uses_the_latest_rate_of_the_day(cast: Cast) -> None:
    set_rate(currency="usd", on=DAY, value=Decimal("0.90"))
    set_rate(currency="USD", on=dt.date(2026, 3, 9), value=Decimal("0.80"))
    set_rate(currency="USD", on=dt.date(2026, 4, 1), value=Decimal("0.70"))
    assert Rate.objects.on(dt.date(2026, 3, 11)).foreign == (
        ("USD", Decimal("0.80"), dt.date(2026, 3, 9)),
    )


def test_it_replaces_a_rate_of_the_same_day(cast: Cast) -> None:
    set_rate(currency="USD", on=DAY, value=Decimal("0.90"))
    set_rate(currency="USD", on=DAY, value=Decimal("0.95"))
    assert Rate.objects.on(DAY).foreign == (("USD", Decimal("0.95"), DAY),)


def test_it_converts_the_value_of_deals(cast: Cast) -> None:
    set_rate(currency="USD", on=DAY, value=Decimal("0.50"))
    make_deal(by=cast.ana, amount=100)
    make_deal(by=cast.ana, amount=100, currency="USD")
    deals = Deal.objects.with_value(Rate.objects.on(DAY))
    found = deals.aggregate(low=Min("value"), high=Max("value"))
    assert found == {"low": Decimal(50), "high": Decimal(100)}


def test_it_refuses_the_own_currency(cast: Cast) -> None:
    with pytest.raises(Refused):
        set_rate(currency="EUR", on=DAY, value=Decimal(1))


@pytest.mark.parametrize("arguments", [("USD", "0"), ("USD", "-1"), ("US", "1"), ("USD", "x")])
def test_it_says_what_is_wrong_with_a_rate(cast: Cast, arguments: tuple[str, str]) -> None:
    with pytest.raises(CommandError):
        call_command("set_rate", arguments[0], "--on", "2026-03-01", "--", arguments[1])
    assert not Rate.objects.exists()
