"""What the open deals may come to (METRICS K7 and the weighted K8).

Both are products of other figures; their rows are those of the deals that they multiply.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from pipeline.process.stages import Outcome, Stage
from reports.axes import STAGE
from reports.figures import Definition, Figure, Unit
from reports.metric import WHOLE, Metric, figures
from reports.metrics import outcomes, pipeline
from reports.populations import ENTRIES
from reports.question import Question
from reports.statistics import cumulative_incidence

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
    name=_("Velocity"),
    text=_(
        "What the open deals from stage 3 on bring a day: their number × the average won value × the "
        "win rate ÷ the average cycle, all of the period."
    ),
    basis=_("open deals of the day asked for; closings of the period"),
    formula=_("open qualified deals × average won value × win rate ÷ average cycle in days"),
    source="Close",
)


@dataclass(frozen=True, kw_only=True)
class WonShare:
    """The share of deals won after they entered a stage, of how many entries; None of none."""

    share: Decimal | None
    n: int


def won_after_entering(question: Question) -> Mapping[int, WonShare]:
    """By stage, over the entries of the last 12 months; one query."""
    return question.once("won_after_entering", lambda: _curves(question))


def _curves(question: Question) -> Mapping[int, WonShare]:
    last = question.last_day
    year = replace(question.period, start_on=last - dt.timedelta(days=LEARNT_DAYS - 1), end_on=last)
    entries = ENTRIES.find(question.about(year)).order_by("entered_at")
    first: dict[tuple[int, int], tuple[float, str | None]] = {}
    paths = ("deal_id", "stage", "entered_at", "deal__outcome", "deal__closed_at")
    now = question.changed_until
    for deal, stage, entered_at, outcome, closed_at in entries.values_list(*paths):
        is_over = outcome != Outcome.OPEN and closed_at is not None and closed_at < now
        until = max(closed_at if is_over else now, entered_at)
        days = (until - entered_at).total_seconds() / 86400
        first.setdefault((deal, stage), (days, outcome if is_over else None))
    found = {}
    for stage in Stage:
        ends = [end for (_deal, at), end in first.items() if at == stage]
        curve = cumulative_incidence(
            [days for days, _end in ends], [end for _days, end in ends], of=Outcome.WON
        )
        share = Decimal(str(curve.heights[-1] if curve.heights else 0)) if ends else None
        found[stage.value] = WonShare(share=share, n=len(ends))
    return found


def qualified(question: Question, metric: Metric) -> Figure:
    """The whole of a figure of open deals, out of those of its stages: no further query."""
    stages = metric.measure(question, STAGE).values()
    n, known = (sum(numbers) for numbers in zip(*_counts(stages), strict=True))
    values = [Decimal(figure.value) for figure in stages if figure.value is not None]
    return replace(
        metric.of_nothing(question),
        n=n,
        value=sum(values, Decimal(0)) if values or not n else None,
        coverage=question.coverage(known=known, population=n),
    )


def _counts(stages: Iterable[Figure]) -> list[tuple[int, int]]:
    return [(0, 0), *((figure.n, figure.coverage.known) for figure in stages)]


def weighted_value(question: Question) -> Figure:
    """What is open from stage 3 on, weighted (METRICS K8). Its rows are those of the open deals."""
    whole = qualified(question, pipeline.qualified_value)
    by_stage = pipeline.qualified_value.measure(question, STAGE)
    shares = won_after_entering(question)
    parts = [
        Decimal(figure.value or 0) * share
        for stage, figure in by_stage.items()
        if figure.n and (share := shares[stage].share) is not None
    ]
    value = sum(parts, Decimal(0)) if parts or not whole.n else None
    return replace(whole, value=value, definition=WEIGHTED)


def velocity(question: Question) -> Figure:
    """Money a day (METRICS K7). Its rows are the open deals from stage 3 on."""
    found = figures(question, CLOSINGS)
    rate, average, cycle = (found[each.slug][WHOLE].value for each in CLOSINGS[1:])
    open_deals = qualified(question, pipeline.qualified_deals)
    value = None
    if rate is not None and average is not None and cycle:
        value = Decimal(open_deals.n) * Decimal(average) * Decimal(rate) / Decimal(cycle)
    return replace(open_deals, value=value, definition=VELOCITY, unit=Unit.MONEY_A_DAY)
