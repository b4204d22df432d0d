"""What stands between a deal and an act, before anybody tries it; and the process that judges."""

from crm.models import Deal, StageVisit
from crm.queries.facts import facts
from pipeline.gates import Act, Finding, judge, stands_in_the_way
from pipeline.playbook import Playbook
from pipeline.queries import process


def versions_in_force(deal: Deal) -> tuple[int, ...]:
    """The published versions that the deal's next stay is entered under: those that it was told to
    keep, else what is current for its team. One query at most.
    """
    if deal.kept_version_ids is not None:
        return tuple(deal.kept_version_ids)
    return process.current_version_ids(deal.team_id)


def versions_of_visit(deal: Deal, visit: StageVisit | None) -> tuple[int, ...]:
    """The versions that the deal works by while it stays where it is.

    Stays of old and of imported deals name none: they work by what is in force.
    """
    named = tuple(visit.version_ids) if visit is not None else ()
    return named or versions_in_force(deal)


def playbook_of(deal: Deal) -> Playbook:
    """The published process that the deal works by now. Two queries at most."""
    return process.of_versions(versions_of_visit(deal, deal.visits.order_by("sequence").last()))


def missing(deal: Deal, act: Act) -> tuple[Finding, ...]:
    """What would have to be supplied, or gone past with a reason, if the act were tried now."""
    playbook = playbook_of(deal)
    return stands_in_the_way(judge(facts(deal), playbook, act), playbook)
