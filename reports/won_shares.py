"""The share of deals won after they entered a stage, found by the database: of a year there are too many
entries to be fetched one by one for the end of a curve."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest

from pipeline.process.stages import Outcome
from reports.flow_populations import DaysBetween
from reports.populations import ENTRIES, flag, of_deals_in_reach
from reports.question import Question

# The estimator of Aalen and Johansen, as `statistics.cumulative_incidence` has it: the height of its
# curve at the end. `left_over` is which share had not ended before a time, by the logarithms of what
# was left at each; at the last one nothing may be left, and nothing comes after it.
_SQL = """
    WITH first(stage, days, over, won) AS MATERIALIZED ({first}),
    times AS (
        SELECT stage, count(*) AS n, count(*) FILTER (WHERE over) AS ended,
               count(*) FILTER (WHERE over AND won) AS won,
               (sum(count(*)) OVER (PARTITION BY stage ORDER BY days DESC))::float8 AS at_risk, days
        FROM first GROUP BY stage, days
    ),
    steps AS (
        SELECT stage, n, won / at_risk AS came,
               exp(coalesce(sum(CASE WHEN ended < at_risk THEN ln(1 - ended / at_risk) END) OVER (
                   PARTITION BY stage ORDER BY days ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               ), 0)) AS left_over
        FROM times
    )
    SELECT stage, sum(n), sum(left_over * came) FROM steps GROUP BY stage
"""


@dataclass(frozen=True, kw_only=True)
class WonShare:
    """The share of deals won after they entered a stage, of how many entries; None of none."""

    share: Decimal | None
    n: int


def won_shares(question: Question, *, now: dt.datetime) -> Mapping[int, WonShare]:
    """By stage, over the first entry of each deal in the period, followed until `now`; one query."""
    closed = Q(deal__closed_at__lt=now) & ~Q(deal__outcome=Outcome.OPEN)
    until = Case(When(closed, then=F("deal__closed_at")), default=Value(now))
    firsts = (
        ENTRIES.find(question)
        .filter(of_deals_in_reach(question))
        .annotate(
            days=Greatest(DaysBetween(until, F("entered_at")), 0.0),
            over=flag(closed),
            won=flag(Q(deal__outcome=Outcome.WON)),
        )
        .order_by("deal_id", "stage", "entered_at")
        .distinct("deal_id", "stage")
        .values_list("stage", "days", "over", "won")
    )
    try:
        first, params = firsts.query.sql_with_params()
    except EmptyResultSet:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SQL.replace("{first}", first), params)
        return {
            stage: WonShare(share=Decimal(str(round(share, 12))), n=int(n))
            for stage, n, share in cursor.fetchall()
        }
