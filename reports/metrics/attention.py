"""Which open deals ask for somebody, and how true it was when they did (METRICS K5, K14 to K16)."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reports.attention import ATTENDED, FOREWARNED, ONLY_NOW, any_warning, warns
from reports.figures import Definition, Goal
from reports.measures import Counted, FigureMeasure, Middle, Share, Unfolded
from reports.metric import metric

_OF_DAY = _("at the end of the day asked for; owner and stage of that day")
_STOPPED, _DECIDED = Q(came_to="stopped"), Q(came_to__isnull=False)


@metric(
    Definition(
        key="K16",
        goal=Goal.DEAL,
        name=_("Something is next"),
        text=_(
            "Of the open deals, the share of which something is planned that lies ahead. What is parked "
            "and has nothing planned is not in it: this counts plans, the rule of consistency excuses."
        ),
        basis=_OF_DAY,
        formula=_("open with something planned ahead ÷ open"),
        source="Pipedrive",
    ),
    over=ATTENDED,
)
def next_planned() -> FigureMeasure:
    """Open deals with a next activity that is not overdue (METRICS K16)."""
    return Share(part=Q(next_state__in=["today", "ahead"]))


@metric(
    Definition(
        key="K5",
        goal=Goal.DEAL,
        name=_("Age in stage"),
        text=_(
            "How long half of the open deals have been where they are, at most. It stands beside the "
            "time of finished visits, which leaves the slow ones out."
        ),
        basis=_OF_DAY,
        formula=_("day asked for − entered"),
        covers=_("open deals whose day of entry is known"),
    ),
    over=ATTENDED,
)
def age_days() -> FigureMeasure:
    """The median age of the open visits (METRICS K5, current age)."""
    return Middle(of="age", with_half=True)


@metric(
    Definition(
        key="K14",
        goal=Goal.DEAL,
        name=_("Stalled"),
        text=_(
            "Open deals in which no step was done, and which did not move, for longer than three of four "
            "finished visits to the stage took in the year before. What is parked is not in it."
        ),
        basis=_OF_DAY,
        source="Pipedrive",
    ),
    over=ATTENDED,
)
def stalled() -> FigureMeasure:
    """Open deals without a step or a move for longer than usual (METRICS K14)."""
    return Counted(where=warns("stalled"))


@metric(
    Definition(
        key="K15",
        goal=Goal.DEAL,
        name=_("Warned"),
        text=_(
            "Of the open deals, the share that warns of something: no word with the other side in the "
            "usual days of the stage; two tries or more since the last talk; the closing date has passed; from needs "
            "analysis on fewer than two people; from the proposal on nobody who decides, or no price; a "
            "concern open for longer than the stage usually takes; stalled."
        ),
        basis=_OF_DAY,
        formula=_("with the warning ÷ open"),
        source="Gong",
    ),
    over=ATTENDED,
)
def warned() -> FigureMeasure:
    """Open deals by what they warn of (METRICS K15)."""
    return Unfolded(
        whole=Share(part=any_warning()), of=lambda name: Share(part=warns(name)), axis="warning"
    )


_CAME_TRUE = Definition(
    key="K15",
    goal=Goal.DEAL,
    name=_("How true warnings were"),
    text=_(
        "Of the deals that were open when the period began and were closed in it, the share that was "
        "stopped: of those that warned of it then, beside those that did not. Of people and who decides "
        "nobody kept since when they are known: those warnings cannot be judged."
    ),
    basis=_("by what was so on the day before the period; owner and stage of that day"),
    formula=_("stopped ÷ closed in the period"),
)


# Judging the past is dear: it is broken down by what is asked of it.
_BY = ("stage", "person", "team", "style", "source")


def _known(name: str) -> Q:
    # No row came to nothing in words: an empty set would empty the answer of all warnings.
    return Q(came_to="") if name in ONLY_NOW else _DECIDED


@metric(_CAME_TRUE, over=FOREWARNED, axes=_BY)
def stopped_after_warning() -> FigureMeasure:
    """Which share was stopped of what was warned of and is decided (METRICS K15)."""
    return Unfolded(
        whole=Share(part=_STOPPED, among=_DECIDED & any_warning()),
        of=lambda name: Share(part=_STOPPED, among=_known(name) & warns(name)),
        axis="warning",
    )


@metric(_CAME_TRUE, over=FOREWARNED, axes=_BY)
def stopped_without_warning() -> FigureMeasure:
    """Which share was stopped of what was not warned of and is decided (METRICS K15)."""
    return Unfolded(
        whole=Share(part=_STOPPED, among=_DECIDED & ~any_warning()),
        of=lambda name: Share(part=_STOPPED, among=_known(name) & ~warns(name)),
        axis="warning",
    )
