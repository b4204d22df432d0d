"""The rows that figures are made of, and that stand behind their numbers.

Each count has a measure, a condition on one base of rows; the list behind the number is that base
with the same condition, so a number can never differ from its rows.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, DecimalField, F, Func, OuterRef, Q, QuerySet, Subquery

from crm.models import Deal, StageVisit
from crm.worth import Rates, Worth, sums
from pipeline.process.moves import LeftHow
from pipeline.process.stages import Initiator, Outcome, Stage
from reports.question import Question

# Ways out of a visit; with "still" they add up to the entries (K1's accounting identity).
VISIT_MEASURES: dict[str, Q] = {
    "entries": Q(),
    "advanced": Q(left_how=LeftHow.ADVANCED),
    "back": Q(left_how=LeftHow.BACK),
    "stopped": Q(left_how=LeftHow.STOPPED),
    "won": Q(left_how=LeftHow.WON),
    "still": Q(left_how=None),
}

CLOSED_MEASURES: dict[str, Q] = {
    "won": Q(outcome=Outcome.WON),
    "lost": Q(outcome=Outcome.STOPPED, initiator=Initiator.CUSTOMER),
    "stopped_by_us": Q(outcome=Outcome.STOPPED, initiator=Initiator.US),
}


def entered_visits(question: Question) -> QuerySet[StageVisit]:
    """The dated visits that began in the period: the base of VISIT_MEASURES (K1)."""
    period = question.period
    return StageVisit.objects.visible_to(question.reader).filter(
        question.of_visits(), entered_at__gte=period.starts_at, entered_at__lt=period.ends_at
    )


def ended_visits(question: Question) -> QuerySet[StageVisit]:
    """The visits that ended in the period and took time: the base of K5."""
    period = question.period
    return StageVisit.objects.visible_to(question.reader).filter(
        question.of_visits(),
        left_at__gte=period.starts_at,
        left_at__lt=period.ends_at,
        left_at__gt=F("entered_at"),
    )


def closed_deals(question: Question) -> QuerySet[Deal]:
    """The deals whose closing, the one in force, lies in the period: the base of K4."""
    period = question.period
    return Deal.objects.visible_to(question.reader).filter(
        question.of_deals(), closed_at__gte=period.starts_at, closed_at__lt=period.ends_at
    )


def open_deals(question: Question) -> QuerySet[Deal]:
    """The deals that are open now: the base of K8."""
    return Deal.objects.visible_to(question.reader).open().filter(question.of_deals())


def counted_visits(question: Question, *, way: str, stage: Stage) -> QuerySet[StageVisit]:
    """The visits behind one number of K1: `way` is a key of VISIT_MEASURES."""
    return entered_visits(question).filter(VISIT_MEASURES[way], stage=stage)


def timed_visits(question: Question, *, stage: Stage) -> QuerySet[StageVisit]:
    """The visits behind the median and the 75th percentile of a stage (K5)."""
    return ended_visits(question).filter(stage=stage)


def counted_deals(question: Question, *, outcome: str) -> QuerySet[Deal]:
    """The deals behind one number of K4: `outcome` is a key of CLOSED_MEASURES."""
    return closed_deals(question).filter(CLOSED_MEASURES[outcome])


def held_deals(question: Question, *, stage: Stage) -> QuerySet[Deal]:
    """The deals behind the number and the value of what is open in a stage (K8)."""
    return open_deals(question).filter(stage=stage)


@dataclass(frozen=True, kw_only=True)
class Together:
    """How many rows stand behind a number, of how many deals, and what these are worth in the
    organisation's currency; of `valued` deals that is known. A deal counts once, however often it
    was there."""

    rows: int
    deals: int
    valued: int
    worth: Worth


def together(rows: QuerySet[Any], *, rates: Rates, of_visits: bool) -> Together:
    """What the rows behind a number are worth: deals, or visits (`of_visits`). Two queries at most."""
    deals: Any = Deal.objects.filter(pk__in=rows.values("deal")) if of_visits else rows
    found = deals.with_value(rates).aggregate(deals=Count("pk"), valued=Count("value"), **sums())
    return Together(
        rows=rows.count() if of_visits else found["deals"],
        deals=found["deals"],
        valued=found["valued"],
        worth=Worth.read(*(found[name] for name in sums())),
    )


def with_value(rows: QuerySet[Any], *, rates: Rates, of_visits: bool) -> QuerySet[Any]:
    """The rows, each with its `value` in the organisation's currency; of a visit, its deal's."""
    deals: Any = Deal.objects.filter(pk=OuterRef("deal")) if of_visits else rows
    valued: QuerySet[Any] = deals.with_value(rates)
    return rows.annotate(value=Subquery(valued.values("value")[:1])) if of_visits else valued


class Length(Func):
    """How long a visit that is over took, in seconds."""

    template = "extract(epoch FROM %(expressions)s)"
    arg_joiner = " - "
    output_field = DecimalField()
