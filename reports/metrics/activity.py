"""What was done, by whom (METRICS K19)."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.activity import HELD
from reports.figures import Definition
from reports.metric import Counted, FigureMeasure, metric
from reports.populations import DONE

CONVERSATION = Q()
for _kind, _results in HELD.items():
    CONVERSATION |= Q(kind=_kind, result__in=_results)

_EFFORT = Definition(
    key="K19",
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
