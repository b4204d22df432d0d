"""How long things take (METRICS K5)."""

from django.db.models import DurationField, ExpressionWrapper, F, Q
from django.utils.translation import gettext_lazy as _

from reports.figures import Definition
from reports.metric import FigureMeasure, Middle, metric
from reports.populations import EXITS

LENGTH = ExpressionWrapper(F("left_at") - F("entered_at"), output_field=DurationField())
# A one-call sale passes through stages in no time: such visits stand aside (METRICS K5).
TOOK_TIME = Q(left_at__gt=F("entered_at"))

_TIME = Definition(
    key="K5",
    name=_("Time in stage"),
    text=_(
        "Median and 75th percentile of the days of visits that ended in the period; visits that "
        "took no time (a one-call sale) stand aside. Those still there are not in it: the curve "
        "beside it counts them."
    ),
    basis=_("by the day on which the visit ended; owner and team at entry"),
    covers=_("ended visits of which both days are known"),
)


@metric(_TIME, over=EXITS)
def median_days() -> FigureMeasure:
    """The days within which half of the visits that ended were over (METRICS K5)."""
    return Middle(of=LENGTH, where=TOOK_TIME)


@metric(_TIME, over=EXITS)
def p75_days() -> FigureMeasure:
    """The days within which three of four visits that ended were over (METRICS K5)."""
    return Middle(of=LENGTH, share="0.75", where=TOOK_TIME)


@metric(_TIME, over=EXITS)
def p90_days() -> FigureMeasure:
    """The days within which nine in ten visits that ended were over (METRICS K5)."""
    return Middle(of=LENGTH, share="0.9", where=TOOK_TIME)
