"""What was won and lost (METRICS K4 and K27)."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import CauseKind
from pipeline.process.stages import Initiator, Outcome
from reports.figures import Definition, Unit
from reports.metric import Counted, FigureMeasure, Middle, Share, Summed, averaged, metric
from reports.populations import BEGUN, CLOSED

WON = Q(outcome=Outcome.WON)
# Stopped by the customer: a disqualification is no loss.
LOST = Q(outcome=Outcome.STOPPED, initiator=Initiator.CUSTOMER)
STOPPED_BY_US = Q(outcome=Outcome.STOPPED, initiator=Initiator.US)
TO_SOMEONE = LOST & Q(cause__kind=CauseKind.TO_SOMEONE)

_BY_CLOSING = _("by the day of closing, the closing in force; present owner and team")
_DATED = _("closed deals whose day of closing is known")


def _closed_deals(name: object, text: object) -> Definition:
    return Definition(key="K4", name=name, text=text, basis=_BY_CLOSING, covers=_DATED)  # type: ignore[arg-type]


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
        key="K27",
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
