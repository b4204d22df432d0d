"""What stands between a deal and an act, before anybody tries it; and the process that judges."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache

from crm.models import Company, Deal, Relationship, StageVisit
from crm.queries.facts import facts
from pipeline.process.gates import Act, Facts, Finding, Verb, blocking_findings, judge
from pipeline.process.playbook import Fact, Playbook
from pipeline.process.queries import in_force as process
from pipeline.process.stages import Stage


def named_versions(visit: Sequence[int] | None, kept: Sequence[int] | None) -> tuple[int, ...]:
    """The versions that a deal works by in a visit: those that the visit names, else those that the
    deal was told to keep. Empty means: what is current for its team.

    Stays of old and of imported deals name none. Everything that asks by which process a deal goes
    asks here.
    """
    return tuple(visit or ()) or tuple(kept or ())


@lru_cache(maxsize=1024)
def ids_of(text: str | None) -> tuple[int, ...]:
    """The versions that a visit or a deal names, from JSON as a cursor gives it: as it is written."""
    return tuple(json.loads(text) or ()) if text else ()


def versions_in_force(deal: Deal) -> tuple[int, ...]:
    """The published versions that the deal's next visit is entered under. One query at most."""
    return named_versions(None, deal.kept_version_ids) or process.current_version_ids(deal.team_id)


def versions_of_visit(deal: Deal, visit: StageVisit | None) -> tuple[int, ...]:
    """The versions that the deal works by while it stays where it is. One query at most."""
    named = named_versions(visit.version_ids if visit else None, deal.kept_version_ids)
    return named or process.current_version_ids(deal.team_id)


def playbook_of(deal: Deal) -> Playbook:
    """The published process that the deal works by now. Two queries at most."""
    return process.of_versions(versions_of_visit(deal, deal.visits.order_by("sequence").last()))


def missing(deal: Deal, act: Act) -> tuple[Finding, ...]:
    """What would have to be supplied, or gone past with a reason, if the act were tried now."""
    playbook = playbook_of(deal)
    return blocking_findings(judge(facts(deal), playbook, act), playbook)


def missing_of_sale(
    playbook: Playbook, *, known: Iterable[Fact], company: Company | None
) -> tuple[Finding, ...]:
    """The same of a deal that is no record yet, if it were sold at once to `company`. No query."""
    facts = Facts(
        known=frozenset(known),
        existing_customer=company is not None and company.relationship == Relationship.CUSTOMER,
    )
    act = Act(verb=Verb.WIN, from_stage=Stage.LEAD_GENERATION, to=Stage.CLOSING)
    return blocking_findings(judge(facts, playbook, act), playbook)
