"""What is open (METRICS K8)."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pipeline.process.stages import Stage
from reports.figures import Definition, Goal
from reports.measures import Counted, FigureMeasure, Summed
from reports.metric import metric
from reports.stock_populations import OPEN

QUALIFIED = Q(stage_then__gte=Stage.QUALIFICATION)

_OPEN = Definition(
    key="K8",
    goal=Goal.PIPELINE,
    name=_("Open pipeline"),
    text=_(
        "Number and value of the deals that are open, now or at the end of the day asked for, in the "
        "organisation's currency: at the rates of the period's last day, else at the latest before "
        "it. Amounts without a rate are unknown and lower the coverage."
    ),
    basis=_("at the end of the day asked for; owner, stage and value of that day"),
    covers=_("open deals whose value is known"),
)


@metric(_OPEN, over=OPEN)
def open_deals() -> FigureMeasure:
    """How many deals are open (METRICS K8)."""
    return Counted()


@metric(_OPEN, over=OPEN)
def open_value() -> FigureMeasure:
    """What the open deals are worth (METRICS K8)."""
    return Summed()


@metric(_OPEN, over=OPEN)
def qualified_deals() -> FigureMeasure:
    """How many deals are open from stage 3 on."""
    return Counted(where=QUALIFIED)


@metric(_OPEN, over=OPEN)
def qualified_value() -> FigureMeasure:
    """What the open deals from stage 3 on are worth."""
    return Summed(where=QUALIFIED)
