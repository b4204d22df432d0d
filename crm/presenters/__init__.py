"""What pages show of a deal: everything is text before the templates loop over it."""

from crm.presenters.facts import FactPresenter, roles
from crm.presenters.plans import ICONS, Plan
from crm.presenters.records import RecordPresenter
from crm.presenters.stages import StagePresenter, VisitLine
from crm.presenters.steps import StepPresenter
from crm.presenters.timeline import TimelinePresenter

__all__ = ["ICONS", "DealPresenter", "Plan", "VisitLine", "roles"]


class DealPresenter(
    StagePresenter, StepPresenter, TimelinePresenter, FactPresenter, RecordPresenter
):
    """One deal, for one person."""
