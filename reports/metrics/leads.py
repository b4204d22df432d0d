"""What becomes of leads, by where they come from and how they were engaged (METRICS K17, K18, K26)."""

import datetime as dt
from typing import TYPE_CHECKING

from django.db.models import (
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Value,
)
from django.utils.translation import gettext_lazy as _

from crm.models import Activity, Concern, Offer, StageVisit
from crm.models.activity import TOUCHES
from pipeline.process.stages import Outcome, Stage
from reports.figures import Definition, Goal, Unit
from reports.flow_populations import CONVERSATION, LEADS
from reports.measures import Counted, FigureMeasure, Middle, Share, Summed, Unfolded
from reports.metric import metric
from reports.metrics.outcomes import LOST, WON
from reports.populations import BEGUN, CLOSED
from reports.work_populations import DONE

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_OF_BEGUN = _("by the day on which the deal began; present owner and team")
_KNOWN = _("deals whose first day is known")


def _ladder(name: "StrOrPromise", text: "StrOrPromise") -> Definition:
    return Definition(
        key="K18", goal=Goal.BEST, name=name, text=text, basis=_OF_BEGUN, covers=_KNOWN
    )


TALKED = Q(
    Exists(Activity.objects.filter(CONVERSATION, deal=OuterRef("pk"), done_at__isnull=False))
)
# It left qualification forwards, by whatever way.
QUALIFIED = Q(
    Exists(StageVisit.objects.filter(deal=OuterRef("pk"), stage__gte=Stage.NEEDS_ANALYSIS))
)
OFFERED = Q(Exists(Offer.objects.filter(deal=OuterRef("pk"))))


@metric(_ladder(_("Leads"), _("Deals that began in the period.")), over=BEGUN)
def leads() -> FigureMeasure:
    """Deals begun (METRICS K18)."""
    return Counted()


@metric(
    _ladder(
        _("Young leads"),
        _("Of the deals that began in the period, those that are open: they may still move on."),
    ),
    over=BEGUN,
)
def open_leads() -> FigureMeasure:
    """Deals begun that are open."""
    return Counted(where=Q(outcome=Outcome.OPEN))


@metric(
    _ladder(
        _("Came to a conversation"),
        _("Of the deals that began in the period, those in which both sides spoke."),
    ),
    over=BEGUN,
)
def talked() -> FigureMeasure:
    """Deals begun in which a conversation was held (METRICS K18)."""
    return Share(part=TALKED)


@metric(
    _ladder(
        _("Were qualified"),
        _("Of the deals that began in the period, those that came past qualification."),
    ),
    over=BEGUN,
)
def qualified() -> FigureMeasure:
    """Deals begun that reached needs analysis or beyond (METRICS K18)."""
    return Share(part=QUALIFIED)


@metric(
    _ladder(
        _("Got a proposal"),
        _("Of the deals that began in the period, those to which an offer was made."),
    ),
    over=BEGUN,
)
def offered() -> FigureMeasure:
    """Deals begun to which an offer was made (METRICS K18)."""
    return Share(part=OFFERED)


@metric(
    _ladder(
        _("Proposed value"),
        _("The value of the deals that began in the period and got an offer."),
    ),
    over=BEGUN,
)
def offered_value() -> FigureMeasure:
    """What the deals with an offer are worth (METRICS K18)."""
    return Summed(where=OFFERED)


@metric(
    _ladder(
        _("Won of what began"),
        _("Of the deals that began in the period, those won by now; open ones may still be."),
    ),
    over=BEGUN,
)
def won_of_leads() -> FigureMeasure:
    """Deals begun that are won (METRICS K18)."""
    return Share(part=WON)


@metric(
    _ladder(_("Value won of what began"), _("The value of the deals that began and are won.")),
    over=BEGUN,
)
def won_of_leads_value() -> FigureMeasure:
    """What the deals begun and won are worth (METRICS K18)."""
    return Summed(where=WON)


# By which method conversations are won --------------------------------------------------------------

_ATTEMPT = Q(kind__in=TOUCHES, stage__lte=Stage.PROSPECTING)


@metric(
    Definition(
        key="K18",
        goal=Goal.BEST,
        name=_("Attempts that became a conversation"),
        text=_(
            "Of the calls, mails and meetings of the first two stages, by the method that was used, "
            "the share in which both sides spoke."
        ),
        basis=_("by the moment at which it was done; who did it"),
        formula=_("conversations ÷ attempts"),
        covers=_("all that was recorded; what was not recorded is not known"),
    ),
    over=DONE,
)
def talks_of_attempts() -> FigureMeasure:
    """Attempts of stages 1 and 2 in which a conversation was held (METRICS K18, CHECKLIST C12)."""
    return Share(part=CONVERSATION, among=_ATTEMPT)


# How soon a lead is answered ------------------------------------------------------------------------

_BY_CLOCK = _(
    "From the moment at which a lead came in to the first call, mail or meeting with it, by the clock. "
    "Within an hour is about seven times as likely to qualify as an hour later (Harvard Business "
    "Review, 2011)."
)
_BY_WORK = _(
    "The same in the organisation’s working hours: who writes in the night is answered in time in the "
    "first hour of the next working day. Holidays are not known."
)
_SOON = dt.timedelta(hours=1)
# A measure of time gives days; of 24 times as much, hours.
_HOURS = 24


def _answer(name: object, text: object, *, formula: object = "") -> Definition:
    return Definition(
        key="K17",
        goal=Goal.BEST,
        name=name,  # type: ignore[arg-type]
        text=text,  # type: ignore[arg-type]
        basis=_OF_BEGUN,
        formula=formula,  # type: ignore[arg-type]
        covers=_KNOWN if formula else _("leads that were answered at all"),
        source="Oldroyd, Harvard Business Review 2011",
    )


@metric(_answer(_("Response time"), _BY_CLOCK), over=LEADS)
def response_days() -> FigureMeasure:
    """The median time to the first touch of deals that began as leads, in days (METRICS K17)."""
    return Middle(of="answered_in")


@metric(
    _answer(_("Answered within an hour"), _BY_CLOCK, formula=_("answered within an hour ÷ leads")),
    over=LEADS,
)
def answered_within_an_hour() -> FigureMeasure:
    """Leads with a touch within an hour of their arrival (METRICS K17)."""
    return Share(part=Q(answered_in__lte=_SOON))


@metric(_answer(_("Response time in working hours"), _BY_WORK), over=LEADS)
def response_working_hours() -> FigureMeasure:
    """The median working time to the first touch, in hours (METRICS K17, working hours)."""
    worked = ExpressionWrapper(
        F("worked_until_answer") * Value(_HOURS), output_field=DurationField()
    )
    return Middle(of=worked, unit=Unit.HOURS)


@metric(
    _answer(
        _("Answered within a working hour"),
        _BY_WORK,
        formula=_("answered within a working hour ÷ leads"),
    ),
    over=LEADS,
)
def answered_within_a_working_hour() -> FigureMeasure:
    """Leads with a touch within an hour of work after their arrival (METRICS K17)."""
    return Share(part=Q(worked_until_answer__lte=_SOON))


# Objections -----------------------------------------------------------------------------------------

_RAISED = Q(Exists(Concern.objects.filter(deal=OuterRef("pk"))))
_proposal = StageVisit.objects.filter(
    deal=OuterRef("deal"), stage__gte=Stage.PROPOSAL, entered_at__lte=OuterRef("raised_at")
)
FRONT_LOADED = Q(
    Exists(
        Concern.objects.filter(deal=OuterRef("pk"), raised_by_us=True).exclude(Exists(_proposal))
    )
)


@metric(
    Definition(
        key="K26",
        goal=Goal.FIT,
        name=_("Met an objection"),
        text=_("Of the deals closed in the period, the share in which a concern was recorded."),
        basis=_("by the day of closing; present owner and team"),
        covers=_("closed deals whose day of closing is known"),
    ),
    over=CLOSED,
)
def objection_frequency() -> FigureMeasure:
    """Closed deals with a concern (METRICS K26)."""
    return Share(part=_RAISED)


@metric(
    Definition(
        key="K26",
        goal=Goal.FIT,
        name=_("Raised by us first"),
        text=_(
            "Of the closed deals in which a concern was recorded, the share in which we raised one "
            "ourselves before the proposal."
        ),
        basis=_("by the day of closing; present owner and team"),
        covers=_("closed deals whose day of closing is known"),
    ),
    over=CLOSED,
)
def front_load_rate() -> FigureMeasure:
    """Deals in which we raised a concern before stage 5 (METRICS K26)."""
    return Share(part=FRONT_LOADED, among=_RAISED)


_WITH_AND_WITHOUT = Definition(
    key="K26",
    goal=Goal.FIT,
    name=_("Won, with and without raising it first"),
    text=_(
        "The win rate of deals with a concern that we raised before the proposal, beside those in "
        "which it came from the other side only."
    ),
    basis=_("by the day of closing; present owner and team"),
    covers=_("closed deals whose day of closing is known"),
)


@metric(_WITH_AND_WITHOUT, over=CLOSED)
def won_front_loaded() -> FigureMeasure:
    """The win rate of deals with a concern raised by us before stage 5."""
    return Share(part=WON, among=(WON | LOST) & FRONT_LOADED)


@metric(_WITH_AND_WITHOUT, over=CLOSED)
def won_not_front_loaded() -> FigureMeasure:
    """The win rate of the other deals with a concern."""
    return Share(part=WON, among=(WON | LOST) & _RAISED & ~FRONT_LOADED)


def _objected_late(**kind: str) -> Q:
    """Of deals: those in which the other side raised a concern in the proposal or later."""
    concerns = Concern.objects.filter(deal=OuterRef("pk"), raised_by_us=False, **kind)
    return Q(Exists(concerns.filter(Exists(_proposal))))


@metric(
    Definition(
        key="K26",
        goal=Goal.FIT,
        name=_("Objected late"),
        text=_(
            "Of the deals closed in the period to which an offer was made, the share in which the other "
            "side raised a concern in the proposal or later; along its kinds, one of that kind. What comes "
            "up again and again can be asked before it does."
        ),
        basis=_("by the day of closing; present owner and team"),
        formula=_("with a concern of theirs from stage 5 on ÷ closed with an offer"),
        covers=_("closed deals whose day of closing is known"),
    ),
    over=CLOSED,
)
def objected_late() -> FigureMeasure:
    """Deals with a concern that came late, by its kind (METRICS K26; CHECKLIST C23)."""
    return Unfolded(
        whole=Share(part=_objected_late(), among=OFFERED),
        of=lambda kind: Share(part=_objected_late(category=kind), among=OFFERED),
        axis="concern",
    )
