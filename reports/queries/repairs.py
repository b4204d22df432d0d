"""Open deals of whose record something is missing, with what of it is."""

from typing import NamedTuple

from django.db.models import F, Q

from reports.judged import JUDGED
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
    rows = (
        JUDGED.find(question)
        .filter(~whole)
        .order_by("-stage_then", F("amount_then").desc(nulls_last=True), "pk")
        .values_list(
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
        )
    )
    return [DealToRepair(*row) for row in rows[:SHOWN]]
