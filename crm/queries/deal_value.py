"""What a deal is worth stands in three places: its value, its products, and its current offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from crm.queries.deal import DealRecord
from crm.queries.deal_parts import DealLineRecord
from crm.queries.offer import total
from crm.queries.records import OfferRecord


class ValuePlace(StrEnum):
    """Where it stands; the deal's own value can be taken over from each of the others."""

    DEAL = "deal"
    LINES = "lines"
    OFFER = "offer"


@dataclass(frozen=True, kw_only=True)
class ValueSaid:
    place: ValuePlace
    amount: Decimal
    currency: str
    # Of the offer: its number, and why it is not what its lines come to.
    revision: int = 0
    why: str = ""


def value_sources(
    deal: DealRecord, lines: Sequence[DealLineRecord], current: OfferRecord | None
) -> list[ValueSaid]:
    """Those of the three that say something; a product without a price says nothing.

    `current` is the offer that counts.
    """
    found = []
    if deal.amount is not None:
        found.append(ValueSaid(place=ValuePlace.DEAL, amount=deal.amount, currency=deal.currency))
    if (sum_of_lines := total(lines)) is not None:
        found.append(ValueSaid(place=ValuePlace.LINES, amount=sum_of_lines, currency=deal.currency))
    if current is not None and current.value is not None:
        found.append(
            ValueSaid(
                place=ValuePlace.OFFER,
                amount=current.value,
                currency=current.currency,
                revision=current.revision,
                why=current.value_why,
            )
        )
    return found


def values_differ(said: Sequence[ValueSaid]) -> bool:
    return len({(one.amount, one.currency) for one in said}) > 1
