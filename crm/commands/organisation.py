"""The currency in which an organisation counts."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from crm.commands.rate import check_currency, rates_locked
from crm.events import RatesRebased
from crm.models import Rate, Setting, SettingChange
from crm.queries.rate import first_deal_on
from pipeline.models import User
from pipeline.people.commands.locked_people import people_locked
from pipeline.people.commands.organisation import set_facts
from salesprocess.lib.events import event_columns
from salesprocess.lib.format import full_day
from salesprocess.lib.refused import Refused

_FINEST = Decimal("0.00000001")


def change_currency(currency: str, *, by: User, at: dt.datetime, seen: int | None = None) -> None:
    """Count in another currency (ISO 4217). Deals and prices keep theirs; each rate becomes what it
    is in the new currency, on every day on which it or the new currency's own changed.

    Raises Refused for a currency that is none, and where some deal could not be counted any more:
    without a rate of the new currency since the first deal; for whoever is no admin; Stale
    as for other settings.
    """
    currency = check_currency(currency, field="currency")
    with people_locked(), rates_locked():
        root = set_facts({}, by=by, at=at, seen=seen)
        own = root.currency
        if currency == own:
            return
        rates = list(Rate.objects.order_by("on", "currency"))
        first = first_deal_on(root.zone)
        if first is not None:
            _check_known(rates, currency, own=own, since=first)
        _replace(rates, list(_rebased(rates, own=own, new=currency)), by=by, at=at)
        set_facts({"currency": currency}, by=by, at=at)


def _check_known(rates: Iterable[Rate], currency: str, *, own: str, since: dt.date) -> None:
    if any(rate.currency == currency and rate.on <= since for rate in rates):
        return
    raise Refused(
        _(
            "First enter what one %(new)s was worth in %(own)s on %(day)s, the day of the first deal, "
            "or before: otherwise deals could not be counted any more."
        )
        % {"new": currency, "own": own, "day": full_day(since)},
        field="currency",
    )


def _rebased(rates: Sequence[Rate], *, own: str, new: str) -> Iterator[Rate]:
    """What `own` and all others are worth in `new`, on each day on which one of the two changed.

    Days before the first rate of `new` have none: nothing is known of them.
    """
    values = {(rate.currency, rate.on): rate.value for rate in rates}
    for currency in sorted({own, *(rate.currency for rate in rates)} - {new}):
        worth = Decimal(1) if currency == own else None
        base = None
        for day in sorted({on for code, on in values if code in (currency, new)}):
            worth = values.get((currency, day), worth)
            base = values.get((new, day), base)
            if base is not None and worth is not None:
                value = max((worth / base).quantize(_FINEST), _FINEST)
                yield Rate(currency=currency, on=day, value=value)


def _replace(rates: Sequence[Rate], rebased: Sequence[Rate], *, by: User, at: dt.datetime) -> None:
    """Replace all rates, with one row of history for all of them."""
    if not rates:
        return
    Rate.objects.all().delete()
    Rate.objects.bulk_create(rebased)
    SettingChange.objects.create(
        setting=Setting.RATE,
        kept={"rates": [[rate.currency, rate.on.isoformat(), str(rate.value)] for rate in rates]},
        by=by,
        at=at,
        **event_columns(RatesRebased(old=len(rates), new=len(rebased))),
    )
