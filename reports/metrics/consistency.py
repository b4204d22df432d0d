"""How far the record can be trusted (METRICS K21)."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reports.figures import Definition
from reports.metric import Counted, FigureMeasure, Share, metric
from reports.populations import JUDGED

RULES = {
    "true_stage": Q(true_stage=True),
    "has_next": Q(has_next=True),
    "is_touched": Q(is_touched=True),
    "has_dates": Q(has_dates=True),
}


def _rule(name: object, text: object) -> Definition:
    return Definition(
        key="K21",
        name=name,  # type: ignore[arg-type]
        text=text,  # type: ignore[arg-type]
        basis=_("of the deals that are open now; present owner and team"),
        covers=_("every open deal can be judged"),
        source=_("the nine in ten of the method"),
    )


@metric(
    _rule(
        _("Consistency"),
        _(
            "The share of open deals whose record is whole today: a true stage, a next step, a recent "
            "touch, and from the proposal on a value and a closing date that has not passed. Below "
            "nine in ten a report is to be read with care."
        ),
    ),
    over=JUDGED,
)
def consistency() -> FigureMeasure:
    """Open deals that keep all four rules (METRICS K21)."""
    whole = Q()
    for rule in RULES.values():
        whole &= rule
    return Share(part=whole)


@metric(
    _rule(
        _("True stage"),
        _("The deal entered its stage, or was worked on, within the usual days of that stage."),
    ),
    over=JUDGED,
)
def rule_true_stage() -> FigureMeasure:
    """Moved or confirmed within the norm of its stage (METRICS K21, i)."""
    return Share(part=RULES["true_stage"])


@metric(
    _rule(_("What’s next"), _("Something is planned from today on, or the deal is parked.")),
    over=JUDGED,
)
def rule_next() -> FigureMeasure:
    """A next step that lies ahead (METRICS K21, ii; K16)."""
    return Share(part=RULES["has_next"])


@metric(
    _rule(
        _("Recent touch"),
        _("The other side was spoken to, written to or met within the usual days of the stage."),
    ),
    over=JUDGED,
)
def rule_touch() -> FigureMeasure:
    """The last touch within the norm of its stage (METRICS K21, iii)."""
    return Share(part=RULES["is_touched"])


@metric(
    _rule(
        _("Value and date"),
        _("From the proposal on, the deal has a value and a closing date that has not passed."),
    ),
    over=JUDGED,
)
def rule_dates() -> FigureMeasure:
    """Amount and close date from stage 5 on (METRICS K21, iv)."""
    return Share(part=RULES["has_dates"])


# What is missing, rule by rule, as the rest of each: for lists of what to repair.
_MISSING = Definition(
    key="K21",
    name=_("To repair"),
    text=_("The open deals that do not keep a rule of consistency: what is missing, deal by deal."),
    basis=_("of the deals that are open now; present owner and team"),
)


@metric(_MISSING, over=JUDGED)
def to_repair() -> FigureMeasure:
    """Open deals that break any rule (METRICS K21)."""
    whole = Q()
    for rule in RULES.values():
        whole &= rule
    return Counted(where=~whole)


@metric(_MISSING, over=JUDGED)
def stage_to_confirm() -> FigureMeasure:
    """Open deals whose stage nobody confirmed within its norm."""
    return Counted(where=~RULES["true_stage"])


@metric(_MISSING, over=JUDGED)
def nothing_planned() -> FigureMeasure:
    """Open deals without a next step."""
    return Counted(where=~RULES["has_next"])


@metric(_MISSING, over=JUDGED)
def no_recent_touch() -> FigureMeasure:
    """Open deals that heard nothing from us within the norm of their stage."""
    return Counted(where=~RULES["is_touched"])


@metric(_MISSING, over=JUDGED)
def date_passed() -> FigureMeasure:
    """Open deals from the proposal on without a value, or whose closing date has passed."""
    return Counted(where=~RULES["has_dates"])
