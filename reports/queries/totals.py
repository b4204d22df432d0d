"""What the rows behind a number come to."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from crm.models import Deal
from crm.worth import Rates, Worth, sums


@dataclass(frozen=True, kw_only=True)
class RowsTotal:
    """How many rows there are, of how many deals, and what these are worth in the organisation's
    currency; of `valued` deals that is known. A deal counts once, however often it is there."""

    rows: int
    deals: int
    valued: int
    worth: Worth


def total_of(rows: QuerySet[Any], *, deal: str, rates: Rates) -> RowsTotal:
    """`deal` is the path from a row to the id of its deal. Two queries."""
    deals = Deal.objects.filter(pk__in=rows.order_by().values(deal))
    found = deals.with_value(rates).aggregate(deals=Count("pk"), valued=Count("value"), **sums())
    return RowsTotal(
        rows=rows.count(),
        deals=found["deals"],
        valued=found["valued"],
        worth=Worth.read(*(found[name] for name in sums())),
    )


def worth_of(rows: QuerySet[Any]) -> Worth:
    """What rows with their `value` come to, and what of it has no rate. One query."""
    found = rows.order_by().aggregate(**sums())
    return Worth.read(*(found[name] for name in sums()))
