"""New leads of a file that nobody owns: given to people by the rules of their team's pool, as typed
ones are."""

from collections import defaultdict

from crm.commands import lead_dealing
from crm.commands.lead_dealing import Dealt, LeadFacts, PoolDealer
from exchange.imports.judging import Judge
from exchange.imports.staging import execute, select

_IN_POOL = """
    SELECT s.team_id, s.no, s.record_id, s.source_id, coalesce(c.country, '')
    FROM {s} AS s LEFT JOIN crm_company AS c ON c.id = coalesce(
        s.company_id, (SELECT p.company_id FROM crm_contact AS p WHERE p.id = s.contact_id)
    )
    WHERE s.state = 'new' AND s.owner_id IS NULL AND s.outcome = 'open' AND s.deal_stage = 1
      AND s.team_id IN (SELECT team_id FROM crm_leadrule WHERE is_on)
    ORDER BY s.team_id, s.no
"""
_GIVE = """
    UPDATE {s} AS s SET owner_id = given.owner, team_id = given.team
    FROM unnest(%(rows)s::bigint[], %(owners)s::bigint[], %(teams)s::bigint[])
        AS given (no, owner, team)
    WHERE s.no = given.no
"""


def deal_out(judge: Judge) -> list[tuple[int, Dealt]]:
    """Give them their owners before they are written; what became of each, by the id that it has.

    A check does not: the turns of people are locked until the end, and nobody is to wait for that.
    """
    if judge.run.is_trial:
        return []
    by_team = defaultdict(list)
    for team, *lead in select(_IN_POOL, judge.arguments, s=judge.table):
        by_team[team].append(lead)
    found: list[tuple[int, Dealt]] = []
    given: list[tuple[int, int, int]] = []
    for team, leads in sorted(by_team.items()):
        dealer = PoolDealer.of(team)
        for no, pk, source, region in leads:
            dealt = dealer.deal(LeadFacts(source_id=source, region=region))
            if dealt is None:
                continue
            found.append((pk, dealt))
            if dealt.to is not None:
                given.append((no, dealt.to.pk, dealt.to.team_id or team))
        dealer.finish()
    if given:
        rows, owners, teams = (list(column) for column in zip(*given, strict=True))
        execute(_GIVE, {"rows": rows, "owners": owners, "teams": teams}, s=judge.table)
    return found


def note(judge: Judge, dealt: list[tuple[int, Dealt]]) -> None:
    """Write the log of what was dealt, once the deals are there."""
    lead_dealing.note(dealt, at=judge.run.now)
