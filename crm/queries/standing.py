"""Where a deal stands, as what is proposed to come next asks (`crm.proposal`)."""

from crm.models import Deal
from crm.proposal import DealStanding
from crm.queries.facts import facts
from crm.queries.steps import book_of
from pipeline.models import User
from pipeline.process.stages import Stage


def standing_of(deal: Deal, user: User) -> DealStanding | None:
    """None for a closed deal, on which nothing comes next. Three queries."""
    if not deal.is_open:
        return None
    stage = Stage(deal.stage)
    playbook, _versions = book_of(deal, stage, user)
    return DealStanding(stage=stage, playbook=playbook, facts=facts(deal))
