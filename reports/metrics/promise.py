"""Whether deals close when they were to (METRICS K12)."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reports.figures import Definition, Goal
from reports.measures import FigureMeasure, Share, ValueShare
from reports.metric import metric
from reports.stock_populations import PROMISED

_SLIPPED = Definition(
    key="K12",
    goal=Goal.PIPELINE,
    name=_("Slipped"),
    text=_(
        "Of the deals that were open when the period began and were to close in it, by their "
        "date of that day, the share that was neither won nor stopped in it; of deals, or of their "
        "value of that day."
    ),
    basis=_("by the closing date as it stood when the period began; owner and team of that day"),
    formula=_("not closed in the period ÷ to close in the period"),
    source="Chief",
)


@metric(_SLIPPED, over=PROMISED)
def slipped() -> FigureMeasure:
    """Which share of what was promised for the period did not close in it (METRICS K12)."""
    return Share(part=Q(kept=False))


@metric(_SLIPPED, over=PROMISED)
def slipped_value() -> FigureMeasure:
    """Which share of the value that was promised for the period did not close in it (METRICS K12)."""
    return ValueShare(part=Q(kept=False))
