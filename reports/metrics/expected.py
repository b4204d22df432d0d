"""What the open deals may come to, and whether that is enough (METRICS K7, the weighted K8 and K9).

Most are worked out of other figures; their rows are those of the deals that they multiply.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pipeline.process.stages import Stage
from reports.axes import STAGE
from reports.axis import Axis
from reports.figures import Definition, Goal, Unit
from reports.measures import Counted, FigureMeasure, Share, Summed
from reports.metric import WHOLE, Derived, figures, metric
from reports.metrics import outcomes, pipeline
from reports.populations import CLOSED
from reports.question import Question, months_before
from reports.stock_populations import DUE, OPEN
from reports.won_shares import WonShare, won_shares

# What is learnt from: the entries of so many days, followed until now.
LEARNT_DAYS = 365
# Of what was closed in the period: one query, with the value won.
CLOSINGS = (
    outcomes.won_value,
    outcomes.closed_win_rate,
    outcomes.average_won_value,
    outcomes.average_cycle,
)

WEIGHTED = Definition(
    key="K8",
    goal=Goal.PIPELINE,
    name=_("Weighted value"),
    text=_(
        "What is open from stage 3 on, each stage by the share of deals that were won after they "
        "entered it, among those that entered it in the last 12 months; open ones are counted for as "
        "long as they were followed. No guess, and unknown where too few entered."
    ),
    basis=_("open value of the day asked for; entries of the last 12 months"),
    formula=_("sum of value × share won after entering the stage"),
    source=_("win rates are curves"),
)
VELOCITY = Definition(
    key="K7",
    goal=Goal.PIPELINE,
    name=_("Velocity"),
    text=_(
        "What the open deals from stage 3 on bring a day: their number × the average won value × the "
        "win rate ÷ the average cycle, all of the period."
    ),
    basis=_("open deals of the day asked for; closings of the period"),
    formula=_("open qualified deals × average won value × win rate ÷ average cycle in days"),
    source="Close",
)


def won_after_entering(question: Question) -> Mapping[int, WonShare]:
    """By stage, over the entries of the last 12 months; one query."""
    return question.once("won_after_entering", lambda: _curves(question))


def _curves(question: Question) -> Mapping[int, WonShare]:
    last = question.last_day
    year = replace(question.period, start_on=last - dt.timedelta(days=LEARNT_DAYS - 1), end_on=last)
    found = won_shares(question.about(year), now=question.changed_until)
    return {stage.value: found.get(stage.value, WonShare(share=None, n=0)) for stage in Stage}


def _weighted(question: Question, axes: Sequence[Axis]) -> Mapping[Any, Decimal | None]:
    by_stage = pipeline.qualified_value.measure(question, STAGE)
    shares = won_after_entering(question)
    parts = {
        stage: Decimal(figure.value or 0) * share
        for stage, figure in by_stage.items()
        if figure.n and (share := shares[stage].share) is not None
    }
    if axes:
        return parts
    is_unknown = any(figure.n for figure in by_stage.values()) and not parts
    return {WHOLE: None if is_unknown else sum(parts.values(), Decimal(0))}


@metric(WEIGHTED, over=OPEN, axes=("stage",))
def weighted_value() -> Derived:
    """What is open from stage 3 on, weighted (METRICS K8)."""
    return Derived(of=pipeline.qualified_value, values=_weighted, unit=Unit.MONEY)


def _a_day(question: Question, axes: Sequence[Axis]) -> Mapping[Any, Decimal | None]:
    closings = figures(question, CLOSINGS, *axes)
    found = {}
    for key, deals in pipeline.qualified_deals.measure(question, *axes).items():
        rate, average, cycle = (
            figure.value if (figure := closings[each.slug].get(key)) else None
            for each in (
                outcomes.closed_win_rate,
                outcomes.average_won_value,
                outcomes.average_cycle,
            )
        )
        if rate is not None and average is not None and cycle:
            found[key] = Decimal(deals.n) * Decimal(average) * Decimal(rate) / Decimal(cycle)
    return found


# What both open and closed deals are broken down by; a stage is another thing of each.
_OF_BOTH = [key for key in OPEN.axes if key in CLOSED.axes and key != "stage"]


@metric(VELOCITY, over=OPEN, axes=_OF_BOTH)
def velocity() -> Derived:
    """Money a day (METRICS K7)."""
    return Derived(of=pipeline.qualified_deals, values=_a_day, unit=Unit.MONEY_A_DAY)


# Whether there is enough (METRICS K9) ----------------------------------------------------------------

_DUE = Definition(
    key="K9",
    goal=Goal.PIPELINE,
    name=_("Due this quarter"),
    text=_(
        "What is open from stage 3 on and is to close in the organisation’s quarter of the day asked "
        "for."
    ),
    basis=_(
        "by the closing date at the end of the day asked for; owner, stage and value of that day"
    ),
    covers=_("deals whose value is known"),
)


@metric(_DUE, over=DUE)
def due_deals() -> FigureMeasure:
    """How many deals are to close in the quarter (METRICS K9)."""
    return Counted()


@metric(_DUE, over=DUE)
def due_value() -> FigureMeasure:
    """What the deals that are to close in the quarter are worth (METRICS K9)."""
    return Summed()


def quarters(question: Question) -> tuple[Question, Question]:
    """The quarter so far and the whole one before, at the rates of what is asked."""
    first, _last = question.quarter
    so_far = replace(question.period, start_on=first, end_on=question.last_day)
    day = dt.timedelta(days=1)
    before = replace(question.period, start_on=months_before(first, 3), end_on=first - day)
    return question.beside(so_far), question.beside(before)


def still_missing(question: Question, axes: Sequence[Axis] = ()) -> Mapping[Any, Decimal]:
    """What of the quarter's mark is not won yet; the mark is what was won in the quarter before, as
    long as no goals are set."""
    now, then = (outcomes.won_value.measure(each, *axes) for each in quarters(question))
    return {
        key: Decimal(mark.value) - Decimal((figure.value if (figure := now.get(key)) else 0) or 0)
        for key, mark in then.items()
        if mark.value is not None
    }


def _cover(question: Question, axes: Sequence[Axis]) -> Mapping[Any, Decimal | None]:
    due = due_value.measure(question, *axes)
    return {
        key: Decimal(due[key].value or 0) / gap
        for key, gap in still_missing(question, axes).items()
        if gap > 0 and key in due
    }


@metric(
    Definition(
        key="K9",
        goal=Goal.PIPELINE,
        name=_("Cover"),
        text=_(
            "How often what is open from stage 3 on and due this quarter goes into what of the mark is "
            "not won yet. The mark is what was won in the quarter before, as long as no goals are set; "
            "where it is reached, nothing is to be covered."
        ),
        basis=_("by the closing date; owner, stage and value of the day asked for"),
        formula=_("due this quarter ÷ (won in the quarter before − won so far)"),
        covers=_("deals whose value is known"),
        source="Winsabove",
    ),
    over=DUE,
    axes=_OF_BOTH,
)
def cover() -> Derived:
    """Pipeline that is due against what is missing (METRICS K9)."""
    return Derived(of=due_value, values=_cover, unit=Unit.TIMES)


@metric(
    Definition(
        key="K9",
        goal=Goal.PIPELINE,
        name=_("Win rate from stage 3 on"),
        text=_(
            "Of the deals won or lost in the period in stage 3 or beyond, the share that was won."
        ),
        basis=_("by the day of closing, the closing in force; present owner and team"),
        formula=_("won ÷ (won + lost from stage 3 on)"),
        covers=_("closed deals whose day of closing is known"),
    ),
    over=CLOSED,
)
def qualified_win_rate() -> FigureMeasure:
    """The win rate of the same deals as the cover (METRICS K9)."""
    late = Q(stage__gte=Stage.QUALIFICATION)
    return Share(part=outcomes.WON, among=(outcomes.WON | outcomes.LOST) & late)


def _needed(question: Question, axes: Sequence[Axis]) -> Mapping[Any, Decimal | None]:
    rates = qualified_win_rate.measure(question, *axes)
    return {key: 1 / Decimal(rate.value) for key, rate in rates.items() if rate.value}


@metric(
    Definition(
        key="K9",
        goal=Goal.PIPELINE,
        name=_("Cover that is needed"),
        text=_(
            "How much must be due for each that is to be won, by the win rate of the same deals: a third "
            "won asks for three times."
        ),
        basis=_("by the day of closing, the closing in force; present owner and team"),
        formula=_("1 ÷ win rate from stage 3 on"),
        covers=_("closed deals whose day of closing is known"),
    ),
    over=CLOSED,
)
def cover_needed() -> Derived:
    """The cover that the own win rate asks for (METRICS K9)."""
    return Derived(of=qualified_win_rate, values=_needed, unit=Unit.TIMES)
