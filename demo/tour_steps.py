"""What there is to do on the tour, stage by stage, and how far somebody is: computed from the deal."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm.models import Deal
from pipeline.process.stages import Outcome, Stage

DONE, NOW, AHEAD = "done", "now", "ahead"


@dataclass(frozen=True, kw_only=True)
class TourStep:
    """`stage` is 0 after the last one; `state` is done, now or ahead."""

    stage: int
    name: str
    what: str
    do: str
    state: str
    href: str


def tour_steps(deal: Deal | None) -> list[TourStep]:
    """The seven stages and the hand-off; nothing is done without a deal."""
    return [
        *(_of_stage(stage, words, deal) for stage, words in _todo().items()),
        _hand_off(deal),
    ]


def _of_stage(stage: Stage, do: str, deal: Deal | None) -> TourStep:
    state = AHEAD
    if deal is not None:
        is_behind = deal.stage > stage or deal.outcome == Outcome.WON
        state = DONE if is_behind else NOW if deal.stage == stage and deal.is_open else AHEAD
    return TourStep(
        stage=stage.value,
        name=str(stage.label),
        what=str(stage.about.what),
        do=do,
        state=state,
        href=deal.get_absolute_url() if deal is not None else "",
    )


def _hand_off(deal: Deal | None) -> TourStep:
    is_won = deal is not None and deal.outcome == Outcome.WON
    is_told = is_won and hasattr(deal, "hand_off")
    return TourStep(
        stage=0,
        name=_("Hand-off"),
        what=_(
            "Delivering is outside the sales process. What was promised is told to who delivers."
        ),
        do=_("On the deal, write who delivers."),
        state=DONE if is_told else NOW if is_won else AHEAD,
        href=deal.get_absolute_url() if deal is not None else "",
    )


def _todo() -> dict[Stage, str]:
    return {
        Stage.LEAD_GENERATION: _(
            "Open the deal and press Move (]). It asks only for what is missing: with whom it is."
            " Write any name."
        ),
        Stage.PROSPECTING: _(
            "Log a call as “No answer”, and see that an attempt is no progress. Then move on: it asks"
            " what was said and what they agreed to."
        ),
        Stage.QUALIFICATION: _(
            "Move on: say whether you and they trust each other to fulfil your roles."
        ),
        Stage.NEEDS_ANALYSIS: _(
            "Move on: write what they need in their words, who decides, and how."
        ),
        Stage.PROPOSAL: _("Move on: say how the offer was made; one by word of mouth is enough."),
        Stage.OBJECTIONS: _(
            "Record a concern of theirs and settle it, then move on. Nothing stays unanswered."
        ),
        Stage.CLOSING: _("Press Won and say for how much."),
    }
