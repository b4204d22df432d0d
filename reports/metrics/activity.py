"""What was done, by whom (METRICS K19)."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reports.figures import Definition, Goal
from reports.flow_populations import CONVERSATION
from reports.measures import Counted, FigureMeasure, Share
from reports.metric import metric
from reports.work_populations import DONE

_EFFORT = Definition(
    key="K19",
    goal=Goal.EFFECTIVE,
    name=_("Activities"),
    text=_(
        "What was done in the period, by kind and by the stage for which it counted, of whoever did "
        "it. There is no score: volume stands beside what came of it."
    ),
    basis=_("by the moment at which it was done; who did it"),
    covers=_("all that was recorded; what was not recorded is not known"),
)


@metric(_EFFORT, over=DONE)
def activities() -> FigureMeasure:
    """What was done (METRICS K19)."""
    return Counted()


@metric(_EFFORT, over=DONE)
def conversations() -> FigureMeasure:
    """Of it, the conversations that were held: both sides spoke (METHOD, G2)."""
    return Counted(where=CONVERSATION)


OUTSIDE = Q(stage=None)


@metric(
    Definition(
        key="K19",
        goal=Goal.EFFECTIVE,
        name=_("Outside the two phases"),
        text=_(
            "Of what was done, the share that counted for no stage: service, the own house, and "
            "everything else that neither qualifies nor closes. It is no fault; it is time."
        ),
        basis=_("by the moment at which it was done; who did it"),
        formula=_("without a stage ÷ all that was done"),
        covers=_("all that was recorded; what was not recorded is not known"),
    ),
    over=DONE,
)
def outside_share() -> FigureMeasure:
    """Which share of what was done is neither qualifying nor closing (CHECKLIST B11)."""
    return Share(part=OUTSIDE)


@metric(
    Definition(
        key="K19",
        goal=Goal.EFFECTIVE,
        name=_("Went on within two weeks"),
        text=_(
            "Of what was done on deals, the share after which the deal went on to a later stage or "
            "was won within 14 days. What was done in the last 14 days is too young and not in it. "
            "Several activities before one step count each: it says how work and effect go "
            "together, not which of them did it."
        ),
        basis=_("by the moment at which it was done; who did it"),
        formula=_("followed by an advance within 14 days ÷ activities on deals"),
        covers=_("all that was recorded; what was not recorded is not known"),
    ),
    over=DONE,
)
def activity_yield() -> FigureMeasure:
    """Advances within 14 days after an activity ÷ activities (METRICS K19)."""
    return Share(part=Q(led_on=True), among=Q(is_grown=True))
