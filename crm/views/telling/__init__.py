"""How a deal is told on its page: everything is text before the templates loop over it."""

from crm.views.telling.facts import FactTeller, roles
from crm.views.telling.plans import ICONS, Plan
from crm.views.telling.records import RecordTeller
from crm.views.telling.stages import StageTeller, Stay
from crm.views.telling.steps import StepTeller
from crm.views.telling.timeline import TimelineTeller

__all__ = ["ICONS", "Plan", "Stay", "Teller", "roles"]


class Teller(StageTeller, StepTeller, TimelineTeller, FactTeller, RecordTeller):
    """Tells one deal to one person."""
