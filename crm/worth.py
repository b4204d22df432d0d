"""What amounts in several currencies come to in the organisation's. Nothing else decides it.

An amount counts at the rate in force on a day: the latest one of that day or before. Where none is,
nobody knows what it is worth: it is no part of a sum, and the sum says so (METRICS, currency).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Aggregate, Case, CharField, Count, DecimalField, F, Q, Sum, Value, When
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from salesprocess.lib.format import full_day, join_list, money, money_short, number


class RateInForce(NamedTuple):
    """One unit of `currency` is worth `value` of the organisation's; said first for the day `on`."""

    currency: str
    value: Decimal
    on: dt.date


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What is in force on `day`; `own` is the organisation's currency, which needs no rate."""

    day: dt.date
    own: str
    foreign: tuple[RateInForce, ...] = ()

    @cached_property
    def _by_currency(self) -> dict[str, RateInForce]:
        return {rate.currency: rate for rate in self.foreign}

    def __contains__(self, currency: str) -> bool:
        return currency == self.own or currency in self._by_currency

    def value_of(self, amount: Decimal | None, currency: str) -> Decimal | None:
        """An amount in the organisation's currency; None where nobody knows it."""
        if amount is None or currency == self.own:
            return amount
        rate = self._by_currency.get(currency)
        return None if rate is None else amount * rate.value

    def converted(self, amount: str = "amount", currency: str = "currency") -> Case:
        """SQL for a column's amount in the organisation's currency; null where nobody knows it."""
        whens = [
            When(**{currency: rate.currency}, then=F(amount) * Value(rate.value))
            for rate in self.foreign
        ]
        own = When(**{currency: self.own}, then=F(amount))
        return Case(own, *whens, output_field=DecimalField(max_digits=30, decimal_places=10))

    def foreign_currency(self, amount: str = "amount", currency: str = "currency") -> Case:
        """SQL for the currency of an amount that has to be converted; null for every other row."""
        is_foreign = Q(**{f"{amount}__isnull": False}) & ~Q(**{currency: self.own})
        return Case(When(is_foreign, then=F(currency)), output_field=CharField())

    def earlier(self, currencies: Sequence[str]) -> str:
        """Which of them count at a rate of an earlier day: `JPY at the rate of 1 Oct 2025`."""
        found = [self._by_currency[code] for code in currencies if code in self._by_currency]
        return join_list(
            _("%(currency)s at the rate of %(day)s")
            % {"currency": rate.currency, "day": full_day(rate.on)}
            for rate in found
            if rate.on < self.day
        )


@dataclass(frozen=True, kw_only=True)
class Worth:
    """A sum in the organisation's currency, and what is no part of it.

    `value` is None where no amount is known; `unrated` counts the deals whose amount has no rate;
    `foreign` are the currencies that had, or would have had, to be converted.
    """

    value: Decimal | None = None
    unrated: int = 0
    foreign: tuple[str, ...] = ()

    @classmethod
    def read(cls, value: Decimal | None, unrated: int, foreign: Sequence[str] | None) -> "Worth":
        """From the three aggregates of `SUMS`."""
        return cls(value=value, unrated=unrated, foreign=tuple(foreign or ()))

    @classmethod
    def of(cls, currency: str | None, *, count: int, value: Decimal | None, valued: int) -> "Worth":
        """Of `count` amounts that had to be converted from a currency, or from none: `value` is what
        the `valued` ones come to."""
        if currency is None:
            return cls(value=value)
        return cls(value=value, unrated=count - valued, foreign=(currency,))

    def __add__(self, other: "Worth") -> "Worth":
        values = [one.value for one in (self, other) if one.value is not None]
        return Worth(
            value=sum(values, Decimal(0)) if values else None,
            unrated=self.unrated + other.unrated,
            foreign=tuple(sorted({*self.foreign, *other.foreign})),
        )

    def without_rate(self, rates: Rates) -> str:
        """`2 deals in JPY without a rate`; nothing where every amount counts."""
        if not self.unrated:
            return ""
        words = ngettext(
            "%(n)s deal in %(currencies)s without a rate",
            "%(n)s deals in %(currencies)s without a rate",
            self.unrated,
        )
        unknown = join_list(code for code in self.foreign if code not in rates)
        return words % {"n": number(self.unrated), "currencies": unknown}

    def as_text(self, rates: Rates, *, short: bool = False) -> str:
        """`€418k and 2 deals in JPY without a rate`; nothing where there is nothing to add up."""
        write = money_short if short else money
        value = write(self.value, rates.own) if self.value else ""
        unknown = self.without_rate(rates)
        if value and unknown:
            return _("%(value)s and %(deals)s") % {"value": value, "deals": unknown}
        return value or unknown


NOTHING = Worth()


def sums(condition: Q | None = None) -> dict[str, Aggregate]:
    """The aggregates of a `Worth` over rows annotated by `DealQuerySet.with_value`, in its order."""
    counted = Q() if condition is None else condition
    converted = counted & Q(foreign__isnull=False)
    options: dict[str, Any] = {} if condition is None else {"filter": condition}
    return {
        "worth": Sum("value", **options),
        "unrated": Count("pk", filter=converted & Q(value=None)),
        "currencies": ArrayAgg("foreign", distinct=True, filter=converted),
    }
