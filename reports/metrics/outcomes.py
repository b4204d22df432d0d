"""What was won and lost, and why (METRICS K4, K24, K25 and K27)."""

from typing import TYPE_CHECKING

from django.db.models import (
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    OuterRef,
    Q,
    Subquery,
)
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from crm.models import CauseKind, ClosingAttempt, Deal, Offer, Reply, SourceKind, StageVisit
from pipeline.process.moves import EnteredHow, LeftHow
from pipeline.process.stages import Initiator, Outcome
from reports.figures import Definition, Goal, Unit
from reports.lifted import only_where
from reports.measures import Counted, FigureMeasure, Middle, Share, Summed, averaged
from reports.metric import metric
from reports.populations import BEGUN, CLOSED, CLOSED_OR_DUE, EXITS
from reports.work_populations import ATTEMPTS

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WON = Q(outcome=Outcome.WON)
# Stopped by the customer: a disqualification is no loss.
LOST = Q(outcome=Outcome.STOPPED, initiator=Initiator.CUSTOMER)
STOPPED_BY_US = Q(outcome=Outcome.STOPPED, initiator=Initiator.US)
# Stopped by us for another reason than that it was no business of ours.
DERAILED = STOPPED_BY_US & ~Q(cause__kind=CauseKind.OURS)
TO_SOMEONE = LOST & Q(cause__kind=CauseKind.TO_SOMEONE)

_BY_CLOSING = _("by the day of closing, the closing in force; present owner and team")
_DATED = _("closed deals whose day of closing is known")


def _closed_deals(name: "StrOrPromise", text: "StrOrPromise") -> Definition:
    return Definition(
        key="K4", goal=Goal.BEST, name=name, text=text, basis=_BY_CLOSING, covers=_DATED
    )


@metric(_closed_deals(_("Won"), _("Deals that were won in the period.")), over=CLOSED)
def won() -> FigureMeasure:
    """Deals won (METRICS K4)."""
    return Counted(where=WON)


@metric(
    _closed_deals(
        _("Stopped by the customer"),
        _("Deals that the customer stopped in the period: the losses of every win rate."),
    ),
    over=CLOSED,
)
def lost() -> FigureMeasure:
    """Deals lost (METRICS, *Lost*)."""
    return Counted(where=LOST)


@metric(
    _closed_deals(
        _("Stopped by us"),
        _("Deals that we stopped in the period. They are no losses and in no win rate."),
    ),
    over=CLOSED,
)
def stopped_by_us() -> FigureMeasure:
    """Deals disqualified or stopped by us (METRICS, *Lost*)."""
    return Counted(where=STOPPED_BY_US)


@metric(
    Definition(
        key="K4",
        goal=Goal.BEST,
        name=_("Win rate, closed"),
        text=_(
            "Of the deals that were won or lost in the period, the share that was won. What we "
            "stopped ourselves is in no win rate. It is too high where losses are not recorded."
        ),
        basis=_BY_CLOSING,
        formula=_("won ÷ (won + lost)"),
        covers=_DATED,
        source=_("the standard of the trade"),
    ),
    over=CLOSED,
)
def closed_win_rate() -> FigureMeasure:
    """Won among what was won or lost (METRICS K4, closed)."""
    return Share(part=WON, among=WON | LOST)


@metric(
    Definition(
        key="K4",
        goal=Goal.BEST,
        name=_("Win rate, against somebody"),
        text=_("Of the deals won or lost to somebody, the share that was won."),
        basis=_BY_CLOSING,
        formula=_("won ÷ (won + lost to someone)"),
        covers=_DATED,
        source="Kellblog",
    ),
    over=CLOSED,
)
def narrow_win_rate() -> FigureMeasure:
    """Won among what was won or lost to someone (METRICS K4, narrow)."""
    return Share(part=WON, among=WON | TO_SOMEONE)


@metric(
    Definition(
        key="K4",
        goal=Goal.BEST,
        name=_("Win rate, broad"),
        text=_(
            "Of the deals won, lost, or stopped by us although they were our business, the share that "
            "was won. Disqualified deals are in no win rate."
        ),
        basis=_BY_CLOSING,
        formula=_("won ÷ (won + lost + derailed)"),
        covers=_DATED,
        source="Kellblog",
    ),
    over=CLOSED,
)
def broad_win_rate() -> FigureMeasure:
    """Won among what was won, lost or derailed (METRICS K4, broad)."""
    return Share(part=WON, among=WON | LOST | DERAILED)


@metric(
    Definition(
        key="K4",
        goal=Goal.BEST,
        name=_("Win rate, of those begun"),
        text=_(
            "Of the deals that began in the period, the share that is won by now; open ones are "
            "in it, so that a recent period looks low until its deals are decided."
        ),
        basis=_("by the day on which the deal began; present owner and team"),
        formula=_("won ÷ begun"),
        covers=_("deals whose first day is known"),
        source="Varicent",
    ),
    over=BEGUN,
)
def created_win_rate() -> FigureMeasure:
    """Won among what began in the period (METRICS K4, cohort)."""
    return Share(part=WON)


@metric(
    Definition(
        key="K4",
        goal=Goal.BEST,
        name=_("Win rate, overdue ones counted"),
        text=_(
            "Of the deals that were won or lost in the period, or are open although their closing date "
            "has passed, the share that was won. Leaving lost deals open does not raise it."
        ),
        basis=_("by the day of closing, else by the closing date; present owner and team"),
        formula=_("won ÷ (won + lost + open and overdue)"),
        covers=_DATED,
        source="Zoho Motivator",
    ),
    over=CLOSED_OR_DUE,
)
def careful_win_rate() -> FigureMeasure:
    """Won among what was decided or should have been (METRICS K4, hygiene variant)."""
    return Share(part=WON, among=WON | LOST | Q(outcome=Outcome.OPEN))


@metric(
    Definition(
        key="K27",
        goal=Goal.EFFECTIVE,
        name=_("Won value"),
        text=_(
            "What the deals won in the period come to, in the organisation's currency at the rate "
            "of the period's last day or the latest before it. Without an amount or a rate it is "
            "unknown, and the coverage falls."
        ),
        basis=_BY_CLOSING,
        covers=_("won deals whose value is known"),
    ),
    over=CLOSED,
)
def won_value() -> FigureMeasure:
    """What was won (METRICS K27)."""
    return Summed(where=WON)


_AVERAGE = Definition(
    key="K27",
    goal=Goal.EFFECTIVE,
    name=_("Average won value"),
    text=_("The mean, and the median, of the deals won in the period; their value as above."),
    basis=_BY_CLOSING,
    covers=_("won deals whose value is known"),
)


@metric(_AVERAGE, over=CLOSED)
def average_won_value() -> FigureMeasure:
    """The mean value of the deals won (METRICS K27)."""
    return averaged(where=WON)


@metric(_AVERAGE, over=CLOSED)
def median_won_value() -> FigureMeasure:
    """The value that half of the deals won do not exceed (METRICS K27)."""
    return Middle(of="value", where=WON, unit=Unit.MONEY)


# Why deals stop -------------------------------------------------------------------------------------

_LOSSES = Definition(
    key="K24",
    goal=Goal.BEST,
    name=_("Stopped deals"),
    text=_(
        "Deals that were stopped in the period, by cause and by the stage in which they were: count "
        "and value. A disqualification stands among them and is no loss."
    ),
    basis=_BY_CLOSING,
    covers=_("stopped deals whose value is known"),
)
STOPPED = Q(outcome=Outcome.STOPPED)


@metric(_LOSSES, over=CLOSED)
def stopped_deals() -> FigureMeasure:
    """How many deals were stopped, by whomever (METRICS K24)."""
    return Counted(where=STOPPED)


@metric(_LOSSES, over=CLOSED)
def stopped_value() -> FigureMeasure:
    """What the stopped deals would have been worth (METRICS K24)."""
    return Summed(where=STOPPED)


_again = Exists(
    StageVisit.objects.filter(
        deal=OuterRef("deal"), sequence=OuterRef("sequence") + 1, entered_how=EnteredHow.REOPENED
    )
)


def _opened_again(name: object, text: object, formula: object) -> Definition:
    return Definition(
        key="K25",
        goal=Goal.FIT,
        name=name,  # type: ignore[arg-type]
        text=text,  # type: ignore[arg-type]
        basis=_("by the day on which it was stopped; owner and team at entry"),
        formula=formula,  # type: ignore[arg-type]
        covers=_("stops whose day is known"),
    )


@metric(
    _opened_again(
        _("Opened again"),
        _("Of the deals stopped in the period, the share that was opened again since."),
        _("opened again ÷ stopped"),
    ),
    over=EXITS,
)
def reopen_rate() -> FigureMeasure:
    """Stops after which the deal was opened again (METRICS K25)."""
    return Share(part=Q(_again), among=Q(left_how=LeftHow.STOPPED))


@metric(
    _opened_again(
        _("Won after it was opened again"),
        _("Of the deals stopped in the period and opened again, the share that is won by now."),
        _("won ÷ opened again"),
    ),
    over=EXITS,
)
def reopen_win_rate() -> FigureMeasure:
    """Won among what was stopped and opened again (METRICS K25)."""
    return Share(part=Q(deal__outcome=Outcome.WON), among=Q(left_how=LeftHow.STOPPED) & Q(_again))


_attempts = (
    ClosingAttempt.objects.filter(deal=OuterRef("pk"))
    .order_by()
    .values("deal")
    .annotate(n=Count("pk"))
    .values("n")
)


@metric(
    Definition(
        key="K4",
        goal=Goal.EFFECTIVE,
        name=_("Attempts per win"),
        text=_(
            "How often we asked for the agreement, on average, in the deals won in the period. "
            "Closing is an attempt; several are usual."
        ),
        basis=_BY_CLOSING,
        covers=_("won deals in which an attempt was recorded"),
    ),
    over=CLOSED,
)
def attempts_per_win() -> FigureMeasure:
    """Closing attempts of the deals won (CHECKLIST C18)."""
    return averaged(Cast(Subquery(_attempts), FloatField()), where=WON, unit=Unit.COUNT)


_ASKED_ON = _("by the moment at which we asked; present owner and team of the deal")


@metric(
    Definition(
        key="K4",
        goal=Goal.EFFECTIVE,
        name=_("Agreed, of what we asked"),
        text=_(
            "Of the attempts to close in the period, the share to which they said yes. Each attempt is "
            "a row, with how we asked and what they said."
        ),
        basis=_ASKED_ON,
        formula=_("yes ÷ attempts"),
        covers=_("attempts that were recorded"),
    ),
    over=ATTEMPTS,
)
def agreed_attempts() -> FigureMeasure:
    """Closing attempts that were answered with yes, and all of them as rows (CHECKLIST C18)."""
    return Share(part=Q(reply=Reply.YES))


_offer_made = Offer.objects.filter(deal=OuterRef("pk"))
_asked = ClosingAttempt.objects.filter(deal=OuterRef("pk"))


@metric(
    Definition(
        key="K4",
        goal=Goal.EFFECTIVE,
        name=_("Lost without asking"),
        text=_(
            "Of the deals that the customer stopped in the period after an offer was made, the share in "
            "which nobody recorded that we asked for the agreement."
        ),
        basis=_BY_CLOSING,
        formula=_("lost after an offer without an attempt ÷ lost after an offer"),
        covers=_DATED,
    ),
    over=CLOSED,
)
def lost_without_asking() -> FigureMeasure:
    """Lost deals with an offer of which no closing attempt is on record (METHOD, stage 7: never asking)."""
    return Share(part=~Q(Exists(_asked)), among=LOST & Q(Exists(_offer_made)))


_began = StageVisit.objects.filter(deal=OuterRef("pk"), sequence=1).values("entered_at")[:1]


@metric(
    Definition(
        key="K6",
        goal=Goal.STUCK,
        name=_("Time to disqualify"),
        text=_(
            "The days from the beginning of a deal to our decision to stop it: half took no longer. "
            "Early is good: it is time for deals that can be won."
        ),
        basis=_BY_CLOSING,
        covers=_("deals stopped by us of which both days are known"),
    ),
    over=CLOSED,
)
def days_to_disqualify() -> FigureMeasure:
    """The median days until we stopped a deal (CHECKLIST F12)."""
    length = ExpressionWrapper(F("closed_at") - Subquery(_began), output_field=DurationField())
    return Middle(of=length, where=STOPPED_BY_US)


@metric(
    Definition(
        key="K6",
        goal=Goal.STUCK,
        name=_("Sales cycle, average"),
        text=_("The mean days from the first visit to the win, of the deals won in the period."),
        basis=_BY_CLOSING,
        covers=_("won deals whose first day is known"),
    ),
    over=CLOSED,
)
def average_cycle() -> FigureMeasure:
    """The mean days from the first day to the win (METRICS K6)."""
    return averaged(F("cycle"), where=WON, unit=Unit.DAYS)


# With whom it was won again --------------------------------------------------------------------------

# A file without days has the past of a customer: a win of which nobody knows when comes before the
# dated ones, and two of these before none of each other.
_won_before = Deal.objects.filter(
    Q(closed_at__lt=OuterRef("closed_at")) | Q(closed_at=None),
    outcome=Outcome.WON,
    company=OuterRef("company"),
)
_of_themselves = Q(source_company=None) | Q(source_company=F("company"))
_CUSTOMER_ALREADY = Q(Exists(_won_before), closed_at__isnull=False) | (
    Q(source__kind=SourceKind.EXISTING_CUSTOMER) & _of_themselves
)
_WON_WITH_SOMEBODY = WON & Q(company__isnull=False)
REPEATED = only_where(_WON_WITH_SOMEBODY, _CUSTOMER_ALREADY)


@metric(
    Definition(
        key="K4",
        goal=Goal.BEST,
        name=_("Repeat business"),
        text=_(
            "Of the deals that were won with a company in the period, the share whose company had bought "
            "before: an earlier deal with it was won, by anybody, or the source of the deal says “Existing "
            "customer”. A win of which the day is unknown counts as earlier."
        ),
        basis=_BY_CLOSING,
        formula=_("won with a company that had bought before ÷ won with a company"),
        covers=_("won deals with a company whose day of closing is known"),
    ),
    over=CLOSED,
)
def repeat_business() -> FigureMeasure:
    """Wins with existing customers ÷ wins with a company (CHECKLIST A17)."""
    return Share(part=REPEATED, among=_WON_WITH_SOMEBODY)


@metric(
    Definition(
        key="K27",
        goal=Goal.EFFECTIVE,
        name=_("Value of repeat business"),
        text=_(
            "What the deals come to that were won in the period with a company that had bought before, "
            "as repeat business counts them, in the organisation's currency at the rate of the period's "
            "last day or the latest before it."
        ),
        basis=_BY_CLOSING,
        covers=_("won deals whose value is known"),
    ),
    over=CLOSED,
)
def repeat_won_value() -> FigureMeasure:
    """What the wins with existing customers are worth (CHECKLIST A17)."""
    return Summed(where=REPEATED)
