"""How far deals came that began in a period, and by what way (METRICS K2 and K3)."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pipeline.process.stages import Outcome, Stage
from reports.figures import Definition, Goal
from reports.flow_populations import PATHS
from reports.measures import Counted, FigureMeasure, Share, Unfolded
from reports.metric import metric


def _reached(stage: int) -> Q:
    return Q(path__regex=f"[{stage}-7]")


def _visited(stage: int) -> Q:
    return Q(path__contains=str(stage))


def _began_beyond(stage: int) -> Q:
    return Q(path__regex=f"^[{stage + 1}-9]")


def _skipped(stage: int) -> Q:
    return _reached(stage) & ~_visited(stage) & ~_began_beyond(stage)


def _in_order(stage: int) -> Q:
    """It went through every stage up to this one, each after the one before."""
    return Q(path__regex=".*".join(str(number) for number in range(1, stage + 1)))


def _next(stage: int, reached: Any) -> Q:
    """What comes after a stage: the one that follows, after the last the win."""
    last = max(Stage)
    found: Q = Q(outcome=Outcome.WON) & reached(last) if stage == last else reached(stage + 1)
    return found


def _any(condition: Any) -> Q:
    found = Q()
    for stage in Stage:
        found |= condition(stage.value)
    return found


def _path(name: object, text: object, formula: object = "") -> Definition:
    return Definition(
        key="K2",
        goal=Goal.STUCK,
        name=name,  # type: ignore[arg-type]
        text=text,  # type: ignore[arg-type]
        basis=_("by the day on which the deal began; present owner and team"),
        formula=formula,  # type: ignore[arg-type]
        covers=_("deals whose first day is known"),
    )


@metric(
    _path(
        _("Reached"),
        _("Of the deals that began in the period, the share that came to the stage or beyond it."),
        _("reached ÷ begun (cumulative)"),
    ),
    over=PATHS,
)
def reached() -> FigureMeasure:
    """How many of all came as far as a stage: the cumulative share (METRICS K2 and K3)."""
    return Unfolded(
        whole=Share(part=_reached(max(Stage))),
        of=lambda stage: Share(part=_reached(stage)),
        axis="reached",
    )


@metric(
    _path(
        _("Reached the next stage"),
        _(
            "Of the deals that reached the stage, the share that reached the next one; after the last "
            "stage, the share that was won."
        ),
        _("reached the next stage ÷ reached this one"),
    ),
    over=PATHS,
)
def reached_next() -> FigureMeasure:
    """How many went from one stage to the next (METRICS K2 and K3)."""
    return Unfolded(
        whole=Share(part=_reached(Stage.PROSPECTING)),
        of=lambda stage: Share(part=_next(stage, _reached), among=_reached(stage)),
        axis="reached",
    )


@metric(
    _path(_("Visited"), _("Deals that began in the period and stayed in the stage at least once.")),
    over=PATHS,
)
def visited() -> FigureMeasure:
    """Deals with a visit to the stage (METRICS K2)."""
    return Unfolded(
        whole=Counted(), of=lambda stage: Counted(where=_visited(stage)), axis="reached"
    )


@metric(
    _path(
        _("Skipped"),
        _(
            "Of the deals that reached the stage and had begun before it, the share that never stayed "
            "in it. As a whole: those that skipped any stage."
        ),
        _("skipped ÷ (reached − entered late)"),
    ),
    over=PATHS,
)
def skipped() -> FigureMeasure:
    """The skip rate of a stage (METRICS K2)."""
    return Unfolded(
        whole=Share(part=_any(_skipped)),
        of=lambda stage: Share(part=_skipped(stage), among=_reached(stage) & ~_began_beyond(stage)),
        axis="reached",
    )


@metric(
    _path(
        _("Entered late"),
        _(
            "Of the deals that reached the stage, the share whose first visit was to a later one: they "
            "were entered when they had come further. As a whole: those that began beyond the first."
        ),
        _("began beyond the stage ÷ reached"),
    ),
    over=PATHS,
)
def entered_late() -> FigureMeasure:
    """Deals created beyond a stage (METRICS K2, created late)."""
    return Unfolded(
        whole=Share(part=_began_beyond(1)),
        of=lambda stage: Share(part=_began_beyond(stage), among=_reached(stage)),
        axis="reached",
    )


@metric(
    _path(
        _("Returned"),
        _(
            "Of the deals that stayed in the stage, the share that came to it again: moved back, or "
            "opened again. As a whole: those that came twice to any stage."
        ),
        _("came again ÷ visited"),
    ),
    over=PATHS,
)
def returned() -> FigureMeasure:
    """Deals that came to a stage more than once (METRICS K2)."""
    return Unfolded(
        whole=Share(part=Q(path__regex=r"(.).*\1")),
        of=lambda stage: Share(part=Q(path__regex=f"{stage}.*{stage}"), among=_visited(stage)),
        axis="reached",
    )


@metric(
    Definition(
        key="K3",
        goal=Goal.STUCK,
        name=_("Every stage in order (strict)"),
        text=_(
            "Of the deals that began in the period and went through every stage up to this one in "
            "order, the share that went on to the next one likewise; after the last, that was won. "
            "Whoever skipped a stage or began late is in none of them."
        ),
        basis=_("by the day on which the deal began; present owner and team"),
        formula=_("every stage up to the next ÷ every stage up to this one"),
        covers=_("deals whose first day is known"),
        source=_("HubSpot, all stages"),
    ),
    over=PATHS,
)
def strict_conversion() -> FigureMeasure:
    """What kept to the path from stage to stage (METRICS K3c)."""
    return Unfolded(
        whole=Share(part=_in_order(max(Stage))),
        of=lambda stage: Share(part=_next(stage, _in_order), among=_in_order(stage)),
        axis="reached",
    )
