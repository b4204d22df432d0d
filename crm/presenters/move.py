"""What a move forward does, and what is proposed to come after it, as its sheet says it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import Deal
from crm.presenters.plans import Plan
from crm.presenters.proposals import ProposalLine, line_after_move
from crm.presenters.viewer import Viewer
from crm.proposal import DealStanding
from pipeline.process.stages import Stage


@dataclass(frozen=True, kw_only=True)
class MoveEffect:
    """`keep` is what is planned already and stays, if anything is."""

    does: Sequence[str]
    proposal: ProposalLine
    keep: str


def move_effect(
    viewer: Viewer, deal: Deal, to: Stage, *, standing: DealStanding, plans: Sequence[Plan]
) -> MoveEffect:
    """Of a move of an open deal forward to `to`; `standing` is where the deal is before it."""
    came, here = deal.stage_entered_at, Stage(deal.stage).label
    usual = viewer.norms.of(to, deal.team_id)
    # Of what was imported nobody may know since when it is there.
    ends = _("From %(stage)s.") % {"stage": here}
    if came is not None:
        days = (viewer.today - viewer.date_of(came)).days
        words = ngettext(
            "%(stage)s ends after %(n)s day.", "%(stage)s ends after %(n)s days.", days
        )
        ends = words % {"stage": here, "n": days}
    return MoveEffect(
        does=[
            ends,
            _("%(stage)s begins: %(what)s") % {"stage": to.label, "what": to.about.what},
            ngettext("It usually takes %(n)s day.", "It usually takes %(n)s days.", usual)
            % {"n": usual},
        ],
        proposal=line_after_move(viewer, replace(standing, stage=Stage(to - 1))),
        keep=f"{plans[0].title}, {plans[0].short}" if plans else "",
    )
