"""How deals move through the stages (METRICS K1 and K3)."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pipeline.process.moves import LeftHow
from pipeline.process.stages import Stage
from reports.figures import Definition
from reports.metric import Counted, FigureMeasure, Share, metric
from reports.populations import ENTRIES, EXITS, STOOD

FORWARD = Q(left_how__in=[LeftHow.ADVANCED, LeftHow.WON])

_ENTRIES = Definition(
    key="K1",
    name=_("Deals that entered"),
    text=_(
        "Visits to the stage that began in the period. They add up: advanced, moved back, stopped, "
        "won and still there. Visits whose date is unknown cannot be placed and lower the coverage."
    ),
    basis=_("by the day of entry; owner and team at entry"),
    formula=_("entered = advanced + moved back + stopped + won + still there"),
    covers=_("visits whose day of entry is known"),
)


@metric(_ENTRIES, over=ENTRIES)
def entered() -> FigureMeasure:
    """Visits that began in the period (METRICS K1)."""
    return Counted()


@metric(_ENTRIES, over=ENTRIES)
def advanced() -> FigureMeasure:
    """Of them, those that went on to a later stage."""
    return Counted(where=Q(left_how=LeftHow.ADVANCED))


@metric(_ENTRIES, over=ENTRIES)
def moved_back() -> FigureMeasure:
    """Of them, those that went back to an earlier stage."""
    return Counted(where=Q(left_how=LeftHow.BACK))


@metric(_ENTRIES, over=ENTRIES)
def stopped_there() -> FigureMeasure:
    """Of them, those in which the deal was stopped."""
    return Counted(where=Q(left_how=LeftHow.STOPPED))


@metric(_ENTRIES, over=ENTRIES)
def won_there() -> FigureMeasure:
    """Of them, those in which the deal was won."""
    return Counted(where=Q(left_how=LeftHow.WON))


@metric(_ENTRIES, over=ENTRIES)
def still_there() -> FigureMeasure:
    """Of them, those that go on."""
    return Counted(where=Q(left_how=None))


# The ways on from an entry: they add up to `entered`.
WAYS = (advanced, moved_back, stopped_there, won_there, still_there)


@metric(
    Definition(
        key="K3",
        name=_("Went on (flow)"),
        text=_(
            "Of the visits that ended in the period, the share that went on to a later stage or were "
            "won. Good for the week; a deal that comes back counts each time."
        ),
        basis=_("by the day on which the visit ended; owner and team at entry"),
        formula=_("(advanced + won) ÷ ended"),
        covers=_("visits whose day of leaving is known"),
    ),
    over=EXITS,
)
def flow_conversion() -> FigureMeasure:
    """Which share of the visits that ended went forward (METRICS K3b)."""
    return Share(part=FORWARD)


@metric(
    Definition(
        key="K1",
        name=_("In the stage"),
        text=_("Visits that went on at the end of the day asked for: the height of a band."),
        basis=_("at the end of the day asked for; owner and team at entry"),
    ),
    over=STOOD,
)
def stood() -> FigureMeasure:
    """The stock of a stage at the end of a day (METRICS, *still* there)."""
    return Counted()


@metric(
    Definition(
        key="K1",
        name=_("Newly qualified"),
        text=_("Visits to stage 3 that began in the period."),
        basis=_("by the day of entry; owner and team at entry"),
        covers=_("visits whose day of entry is known"),
    ),
    over=ENTRIES,
)
def newly_qualified() -> FigureMeasure:
    """Entries to qualification (METRICS K1)."""
    return Counted(where=Q(stage=Stage.QUALIFICATION))
