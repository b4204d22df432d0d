"""What is set for everybody: what each setting is read by, and that money is never lost with one."""

import datetime as dt
from decimal import Decimal

import pytest

from crm.commands import rate as rate_commands
from crm.commands.organisation import change_currency
from crm.models import Rate, SettingChange
from pipeline.models import Team
from pipeline.people.commands import organisation as commands
from reports.forms import Span, span_of
from salesprocess.lib.refused import Refused
from tests.conftest import Cast
from tests.factories import NOW, ago, make_deal

WORTH = {"USD": Decimal("0.9"), "CHF": Decimal("1.05"), "JPY": Decimal("0.0061")}


def enter_rates(*, days_ago: int = 30, **worth: Decimal) -> None:
    for currency, value in (worth or WORTH).items():
        rate_commands.set_rate(currency=currency, on=ago(days=days_ago).date(), value=value)


def worth_on(day: dt.date) -> dict[str, Decimal]:
    """What one unit of each currency is worth in the organisation's own on a day."""
    found = {rate.currency: rate.value for rate in Rate.objects.filter(on__lte=day).order_by("on")}
    return found | {Team.objects.root().currency: Decimal(1)}


def test_another_currency_counts_every_deal_as_before(cast: Cast):
    enter_rates()
    enter_rates(days_ago=5, USD=Decimal("0.8"))
    enter_rates(days_ago=3, CHF=Decimal("1.1"))
    make_deal(by=cast.ana, at=ago(days=10))
    days = [ago(days=n).date() for n in (10, 4, 0)]
    before = [worth_on(day) for day in days]
    change_currency("chf", by=cast.adele, at=NOW)
    for old, new in zip(before, map(worth_on, days), strict=True):
        assert set(new) == set(old)
        for currency in old:
            assert new[currency] * old["CHF"] == pytest.approx(old[currency], rel=Decimal("1e-5"))
    assert not Rate.objects.filter(currency="CHF").exists()


def test_it_is_refused_where_a_deal_could_not_be_counted_any_more(cast: Cast):
    make_deal(by=cast.ana, at=ago(days=10))
    with pytest.raises(Refused, match="CHF was worth in EUR on 1 Mar 2026"):
        change_currency("CHF", by=cast.adele, at=NOW)
    enter_rates(days_ago=9)
    with pytest.raises(Refused):
        change_currency("CHF", by=cast.adele, at=NOW)
    assert Team.objects.root().currency == "EUR"
    assert Rate.objects.count() == 3


def test_nothing_stands_in_its_way_before_the_first_deal(cast: Cast):
    change_currency("CHF", by=cast.adele, at=NOW)
    assert Team.objects.root().currency == "CHF"


def test_it_keeps_what_the_rates_were(cast: Cast):
    enter_rates()
    change_currency("CHF", by=cast.adele, at=NOW)
    kept = SettingChange.objects.get(kind="rates_rebased").kept or {}
    assert {row[0] for row in kept["rates"]} == set(WORTH)


@pytest.mark.parametrize("currency", ["", "EU", "XXQ", "EURO"])
def test_it_is_one_of_the_worlds_currencies(cast: Cast, currency: str):
    with pytest.raises(Refused):
        change_currency(currency, by=cast.adele, at=NOW)


def test_only_an_admin_sets_what_counts_for_everybody(cast: Cast):
    with pytest.raises(Refused):
        change_currency("CHF", by=cast.rosa, at=NOW)
    with pytest.raises(Refused):
        commands.change(by=cast.rosa, at=NOW, name="Mine")
    assert Team.objects.root().name == "Austral GmbH"


@pytest.mark.parametrize(
    ("today", "first_month", "this", "last"),
    [
        ("2026-03-11", 1, "2026-01-01", ("2025-10-01", "2025-12-31")),
        ("2026-03-31", 4, "2026-01-01", ("2025-10-01", "2025-12-31")),
        ("2026-03-11", 2, "2026-02-01", ("2025-11-01", "2026-01-31")),
        ("2026-01-31", 2, "2025-11-01", ("2025-08-01", "2025-10-31")),
        ("2026-02-01", 12, "2025-12-01", ("2025-09-01", "2025-11-30")),
        ("2024-02-29", 3, "2023-12-01", ("2023-09-01", "2023-11-30")),
    ],
)
def test_quarters_are_those_of_the_organisations_year(
    today: str, first_month: int, this: str, last: tuple[str, str]
):
    day = dt.date.fromisoformat(today)
    start, end = span_of(Span.QUARTER, day, first_month=first_month)
    assert (start.isoformat(), end) == (this, day)
    found = span_of(Span.LAST_QUARTER, day, first_month=first_month)
    assert tuple(one.isoformat() for one in found) == last
