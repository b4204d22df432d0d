"""Currencies: which are in use, and what they are worth."""

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Min, Q

from crm.models import Deal, Rate
from crm.queries.reference import NO_USE, YEAR, RowUse
from crm.worth import Rates
from pipeline.models import User
from pipeline.process.stages import Outcome


@dataclass(frozen=True, kw_only=True)
class Currency:
    """A foreign currency with its rates, latest first, and its use in deals. `rate` is today's;
    None if all rates lie ahead or there is none."""

    code: str
    rates: Sequence[Rate]
    rate: Rate | None
    use: RowUse
    today: dt.date

    @property
    def days_old(self) -> int:
        return (self.today - self.rate.on).days if self.rate else 0

    @property
    def is_missing(self) -> bool:
        return self.rate is None and (self.use.now > 0 or self.use.year > 0)


def currencies_in_use(user: User, *, at: dt.datetime) -> list[Currency]:
    """All but the organisation's own that have a rate or are on a deal; two queries."""
    own, today = user.organisation.currency, at.astimezone(user.organisation.zone).date()
    uses = _uses(own, at=at)
    rates: dict[str, list[Rate]] = {}
    for rate in Rate.objects.exclude(currency=own).order_by("currency", "-on"):
        rates.setdefault(rate.currency, []).append(rate)
    return [
        Currency(
            code=code,
            rates=rates.get(code, []),
            rate=next((rate for rate in rates.get(code, []) if rate.on <= today), None),
            use=uses.get(code, NO_USE),
            today=today,
        )
        for code in sorted({*rates, *uses})
    ]


def _uses(own: str, *, at: dt.datetime) -> dict[str, RowUse]:
    deals = Deal.objects.exclude(currency=own).order_by().values_list("currency")
    counted = deals.annotate(
        now=Count("pk", filter=Q(outcome=Outcome.OPEN)),
        year=Count("pk", filter=Q(created_at__gte=at - YEAR)),
    )
    return {code: RowUse(now, year) for code, now, year in counted}


def is_in_use(currency: str) -> bool:
    return Deal.objects.filter(currency=currency).exists()


def first_deal_on(zone: zoneinfo.ZoneInfo) -> dt.date | None:
    """The day of the first deal on record; None while there is none."""
    first: dt.datetime | None = Deal.objects.aggregate(first=Min("created_at"))["first"]
    return first.astimezone(zone).date() if first else None


def rates_on(day: dt.date) -> Rates:
    """The rates that hold on a day, to convert by."""
    return Rate.objects.on(day)


def rate_to_change(user: User, pk: int) -> Rate:
    """Raises Rate.DoesNotExist."""
    found: Rate = Rate.objects.editable_by(user).get(pk=pk)
    return found


def currencies(day: dt.date) -> list[str]:
    """The organisation's currency and those with a rate on a day, so that sums can be made."""
    rates = Rate.objects.on(day)
    return [rates.own, *(rate.currency for rate in rates.foreign)]
