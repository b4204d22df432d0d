"""What stands between a deal and an act, before anybody tries it."""

from collections.abc import Iterable

from crm.models import Company, Deal, Relationship
from crm.queries.deal_process import playbook_of
from crm.queries.facts import facts
from pipeline.process.gates import Act, Facts, Finding, Verb, blocking_findings, judge
from pipeline.process.playbook import Fact, Playbook
from pipeline.process.stages import Stage


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
