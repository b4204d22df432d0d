"""Offers of a deal."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from crm.models import Offer, OfferOutcome


class Priced(Protocol):
    """A line: of a deal or an offer, on record or just typed."""

    @property
    def quantity(self) -> Decimal: ...

    @property
    def unit_price(self) -> Decimal | None: ...


def current(deal: int) -> Offer | None:
    """The one that counts: the latest revision that was not withdrawn."""
    offers = Offer.objects.filter(deal=deal).exclude(outcome=OfferOutcome.WITHDRAWN)
    found: Offer | None = offers.order_by("-revision").first()
    return found


def total(lines: Sequence[Priced]) -> Decimal | None:
    """What lines come to, in their currency; None while a price is not known, or without lines."""
    prices = [line.unit_price for line in lines]
    if not lines or None in prices:
        return None
    each = (line.quantity * line.unit_price for line in lines if line.unit_price is not None)
    return sum(each, Decimal(0)).quantize(Decimal("0.01"))
