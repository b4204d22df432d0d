"""Whether the process is followed, and what comes of it (METRICS K20)."""

import datetime as dt

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    Subquery,
    When,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, GreaterThanOrEqual
from django.utils.translation import gettext_lazy as _

from crm.models import Judgement, Offer, StageVisit, StepResult, StepState
from pipeline.process.gates import Reason
from pipeline.process.moves import EnteredHow, LeftHow
from pipeline.process.stages import Stage
from reports.figures import MIN_ROWS, Definition, Goal
from reports.flow_populations import FORWARD
from reports.gone_past import AskedFor, gone_past_by, gone_past_in, went_past
from reports.lifted import only_where
from reports.measures import Counted, FigureMeasure, Share, Unfolded
from reports.metric import metric
from reports.metrics.outcomes import LOST, WON
from reports.populations import CLOSED, EXITS
from reports.question import Question
from reports.work_populations import JUDGEMENTS, STEPS

_OF_EXITS = _("by the day on which the visit ended; owner and team at entry")
_DATED = _("visits whose day of leaving is known")

_missed = gone_past_in()


def _without(key: str) -> Share:
    """The forward exits of a stage that went without what its gate asks for there."""
    asked_for = AskedFor.of(key)
    left = FORWARD & Q(stage=asked_for.stage)
    return Share(part=only_where(left, went_past(asked_for)), among=left)


@metric(
    Definition(
        key="K20",
        goal=Goal.CONSISTENT,
        name=_("Gates kept"),
        text=_(
            "Of the visits that ended forwards in the period, the share in which nothing was missing "
            "that the gates ask for. Where something was, the reason is on record."
        ),
        basis=_OF_EXITS,
        formula=_("forward with nothing missing ÷ forward"),
        covers=_DATED,
    ),
    over=EXITS,
)
def gates_kept() -> FigureMeasure:
    """Forward exits with all gates satisfied (METRICS K20, gate adherence)."""
    return Share(part=~Q(Exists(_missed)), among=FORWARD)


@metric(
    Definition(
        key="K20",
        goal=Goal.CONSISTENT,
        name=_("Moved on without it"),
        text=_(
            "Of the visits that ended forwards in the period, the share that left the stage although "
            "something was missing; along what was asked for, of the visits to its stage. If nearly "
            "everybody does without it, ask the process before the people."
        ),
        basis=_OF_EXITS,
        formula=_("forward without it ÷ forward"),
        covers=_DATED,
    ),
    over=EXITS,
)
def gone_past_rate() -> FigureMeasure:
    """Forward exits with something missing, by what it was (METRICS K20, override rate)."""
    return Unfolded(
        whole=Share(part=Q(Exists(_missed)), among=FORWARD),
        of=_without,
        axis="asked_for",
        values=lambda question: [each.key for each in gone_past_by(question).most],
    )


@metric(
    Definition(
        key="K20",
        goal=Goal.CONSISTENT,
        name=_("Moved on without it, from needs analysis on"),
        text=_(
            "The same of the visits to needs analysis and beyond, along what was missing ten times or "
            "more: it could be asked for a stage before."
        ),
        basis=_OF_EXITS,
        formula=_("forward without it ÷ forward"),
        covers=_DATED,
    ),
    over=EXITS,
)
def gone_past_late_rate() -> FigureMeasure:
    """The override rate of the stages from 4 on, by what was missing (METRICS K20; CHECKLIST C23)."""

    def values(question: Question) -> list[str]:
        late = gone_past_by(question).most_from(Stage.NEEDS_ANALYSIS, at_least=MIN_ROWS)
        return [each.key for each in late]

    return Unfolded(
        whole=Share(part=Q(Exists(_missed)), among=FORWARD & Q(stage__gte=Stage.NEEDS_ANALYSIS)),
        of=_without,
        axis="asked_for",
        values=values,
    )


@metric(
    Definition(
        key="K20",
        goal=Goal.CONSISTENT,
        name=_("Moved back"),
        text=_(
            "Of the visits that ended in the period, the share that went back to a stage before."
        ),
        basis=_OF_EXITS,
        formula=_("moved back ÷ ended"),
        covers=_DATED,
    ),
    over=EXITS,
)
def backward_rate() -> FigureMeasure:
    """Back exits among exits (METRICS K20, backward rate)."""
    return Share(part=Q(left_how=LeftHow.BACK))


@metric(
    Definition(
        key="K20",
        goal=Goal.CONSISTENT,
        name=_("Gone past"),
        text=_(
            "How often somebody went ahead although a gate asked for more, by the reason given."
        ),
        basis=_("by the moment at which it was gone past; present owner and team of the deal"),
        covers=_("all that was recorded; imported history is not judged"),
    ),
    over=JUDGEMENTS,
)
def gone_past() -> FigureMeasure:
    """Overrides, by reason (METRICS K20, override rate)."""
    return Counted()


# Steps -----------------------------------------------------------------------------------------------

_AT_A_TIME = dt.timedelta(seconds=60)
_together = (
    StepResult.objects.filter(
        deal=OuterRef("deal"),
        by=OuterRef("by"),
        private_to=None,
        at__gte=OuterRef("at") - _AT_A_TIME,
        at__lte=OuterRef("at") + _AT_A_TIME,
    )
    .order_by()
    .values("deal")
    .annotate(n=Count("pk"))
    .values("n")
)


# So many steps of one deal within a minute are caught up on, not done.
BURST = 3
# What is recorded later than this after the event was not recorded when it was done.
LATE = dt.timedelta(hours=24)
_RECORDED = _("by the moment at which it was recorded; present owner and team of the deal")


@metric(
    Definition(
        key="K20",
        goal=Goal.USEFUL,
        name=_("Caught up on"),
        text=_(
            "Of the steps recorded in the period, the share of which three or more of one deal came "
            "within a minute, or more than a day after the talk that proves it: recorded afterwards "
            "rather than done. It says more about the process than about people."
        ),
        basis=_RECORDED,
        formula=_("(steps in bursts or a day late) ÷ steps recorded"),
        covers=_("steps that were recorded at all"),
    ),
    over=STEPS,
)
def backfilled() -> FigureMeasure:
    """Steps recorded in bursts, or late (METRICS K20, backfill rate)."""
    burst = Coalesce(Subquery(_together, output_field=IntegerField()), 0)
    is_late = Q(activity__done_at__lt=F("at") - LATE)
    return Share(part=Q(GreaterThanOrEqual(burst, BURST)) | is_late)


@metric(
    Definition(
        key="K20",
        goal=Goal.USEFUL,
        name=_("Steps set aside"),
        text=_("Of the steps recorded in the period, the share that was set aside with a reason."),
        basis=_RECORDED,
        formula=_("set aside ÷ (done + set aside)"),
        covers=_("steps that were recorded at all"),
    ),
    over=STEPS,
)
def steps_set_aside() -> FigureMeasure:
    """Steps that were overridden (METRICS K20)."""
    return Share(part=Q(state=StepState.OVERRIDDEN))


# The path -------------------------------------------------------------------------------------------

_in_order = (
    StageVisit.objects.filter(deal=OuterRef("pk"))
    .order_by()
    .values("deal")
    .annotate(
        missing=Max("stage") - Min("stage") + 1 - Count("stage", distinct=True),
        returns=Count("pk", filter=Q(entered_how__in=[EnteredHow.BACK, EnteredHow.REOPENED])),
    )
    .annotate(in_order=Case(When(missing=0, returns=0, then=True), default=False))
    .values("in_order")
)
_IN_ORDER = Q(Exact(Subquery(_in_order, output_field=BooleanField()), True))
# A visit's judgement is one of its deal.
_missed_by_deal = Judgement.objects.filter(deal=OuterRef("pk"), visit__isnull=False).exclude(
    reason=Reason.IMPORTED
)


@metric(
    Definition(
        key="K20",
        goal=Goal.CONSISTENT,
        name=_("Followed the process"),
        text=_(
            "Of the deals closed in the period, the share that went through the stages in their order, "
            "with none left out or gone back to, and past no gate that asked for more. A figure of the "
            "process as much as of people: what nearly nobody follows is to be changed."
        ),
        basis=_("by the day of closing; present owner and team"),
        formula=_("in order and with every gate kept ÷ closed"),
        covers=_("closed deals whose day of closing is known"),
        source="KPI Depot",
    ),
    over=CLOSED,
)
def followed_process() -> FigureMeasure:
    """Deals that followed the process, whole (METRICS K20, deal level)."""
    return Share(part=_IN_ORDER & ~Q(Exists(_missed_by_deal)))


@metric(
    Definition(
        key="K20",
        goal=Goal.CONSISTENT,
        name=_("Kept to the path"),
        text=_(
            "Of the deals closed in the period, the share that went through the stages in their order: "
            "none left out, none gone back to."
        ),
        basis=_("by the day of closing; present owner and team"),
        formula=_("in order ÷ closed"),
        covers=_("closed deals whose day of closing is known"),
    ),
    over=CLOSED,
)
def kept_to_path() -> FigureMeasure:
    """Closed deals whose recorded path is the defined one (METRICS K20; CHECKLIST D13)."""
    return Share(part=_IN_ORDER)


_next_stage = StageVisit.objects.filter(
    deal=OuterRef("deal"), sequence=OuterRef("sequence") + 1
).values("stage")


@metric(
    Definition(
        key="K20",
        goal=Goal.CONSISTENT,
        name=_("Moved in order"),
        text=_(
            "Of the visits from which a deal moved forward in the period, the share that went to the very "
            "next stage, with none left out between. If it falls, the defined process and the lived one "
            "part: ask which of them is right."
        ),
        basis=_OF_EXITS,
        formula=_("to the next stage ÷ moved forward"),
        covers=_DATED,
    ),
    over=EXITS,
)
def moved_in_order() -> FigureMeasure:
    """Moves of the recorded path that are those of the defined one (METRICS K20; CHECKLIST D13)."""
    following = Subquery(_next_stage, output_field=IntegerField())
    advanced = Q(left_how=LeftHow.ADVANCED)
    return Share(part=only_where(advanced, Q(Exact(following, F("stage") + 1))), among=advanced)


# What an offer made too early costs -------------------------------------------------------------------

_PREMATURE = Q(Exists(Offer.objects.filter(deal=OuterRef("pk"), premature=True)))
_OFFERED = Q(Exists(Offer.objects.filter(deal=OuterRef("pk"))))
_EARLY_OFFERS = Definition(
    key="K20",
    goal=Goal.BEST,
    name=_("Won after an early offer"),
    text=_(
        "The win rate of deals in which an offer was made before problem and decision path were known, "
        "beside that of the other deals with an offer."
    ),
    basis=_("by the day of closing; present owner and team"),
    covers=_("closed deals whose day of closing is known"),
)


@metric(_EARLY_OFFERS, over=CLOSED)
def won_after_early_offer() -> FigureMeasure:
    """The win rate of deals with a premature offer (METHOD, G5)."""
    return Share(part=WON, among=(WON | LOST) & _PREMATURE)


@metric(_EARLY_OFFERS, over=CLOSED)
def won_after_timely_offer() -> FigureMeasure:
    """The win rate of the other deals with an offer."""
    return Share(part=WON, among=(WON | LOST) & _OFFERED & ~_PREMATURE)
