"""Open deals of whose record something is missing, with what of it is."""

from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet

from reports.judged import JUDGED
from reports.kept_sql import found_rows
from reports.question import Question

# So many stand on a page; the rest is behind a link.
SHOWN = 12


class DealToRepair(NamedTuple):
    id: int
    name: str
    company: str | None
    owner_id: int | None
    owner: str | None
    stage: int
    true_stage: bool
    has_next: bool
    is_touched: bool
    has_dates: bool


def deals_to_repair(question: Question, *, whole: Q) -> list[DealToRepair]:
    """Those without what makes a record `whole`: the furthest first, then those of highest value.
    One query."""

    def write(asked: Question) -> QuerySet[Any]:
        rows = JUDGED.find(asked).filter(~whole)
        rows = rows.order_by("-stage_then", F("amount_then").desc(nulls_last=True), "pk")
        return rows.values(
            "pk",
            "name",
            "company__name",
            "owner_then_id",
            "owner_then_name",
            "stage_then",
            "true_stage",
            "has_next",
            "is_touched",
            "has_dates",
        )[:SHOWN]

    key = ("to repair", repr(whole))
    return [DealToRepair(*row.values()) for row in found_rows(question, key, write, valued=False)]
