"""Judgements of imported deals, by the same rules as for typed ones.

An import can be asked nothing, so every gate lets it through; what was missing is kept as one
judgement a deal with the reason "imported" (METHOD, G1). Judgements depend on little else than
stage and outcome, so they are computed once for each combination.
"""

import json
from typing import Any

from crm.commands.gate import as_json
from crm.models import Judgement
from exchange.imports import bulk
from pipeline.process.gates import Act, Facts, Finding, Reason, Verb, judge
from pipeline.process.merging import merge
from pipeline.process.playbook import Fact
from pipeline.process.stages import Outcome, Stage

_JUDGED = """
    {s} AS s
    JOIN crm_stagevisit AS visit ON visit.deal_id = s.record_id AND visit.sequence = 1
    JOIN unnest(%(verbs)s::text[], %(stages)s::int[], %(parties)s::bool[], %(findings)s::jsonb[])
        AS judged (verb, stage, party, findings)
        ON judged.verb = CASE s.outcome WHEN 'won' THEN 'win' ELSE 'open' END
        AND judged.stage = s.deal_stage
        AND judged.party = (s.contact_id IS NOT NULL)
    WHERE s.state = 'new'
"""


def findings(*, stage: Stage, outcome: Outcome, party: bool) -> tuple[Finding, ...]:
    """The findings for a deal imported into `stage`, or closed there."""
    verb = Verb.WIN if outcome == Outcome.WON else Verb.OPEN
    facts = Facts(known=frozenset({Fact.PARTY} if party else ()))
    return judge(facts, merge(()), Act(verb=verb, from_stage=None, to=stage))


def keep(table: str, arguments: dict[str, Any]) -> None:
    """Store the judgements of the staged deals of `table` that have just been written."""
    judged = [
        (verb, stage.value, party, json.dumps([as_json(one) for one in found]))
        for verb, outcome in ((Verb.WIN.value, Outcome.WON), (Verb.OPEN.value, Outcome.OPEN))
        for stage in Stage
        for party in (True, False)
        if (found := findings(stage=stage, outcome=outcome, party=party))
    ]
    verbs, stages, parties, texts = (list(column) for column in zip(*judged, strict=True))
    bulk.insert_select(
        Judgement,
        {
            "deal_id": "s.record_id",
            "visit_id": "visit.id",
            "verb": "judged.verb",
            "to": "s.deal_stage",
            "findings": "judged.findings",
            "reason": f"'{Reason.IMPORTED.value}'",
            "at": "%(now)s",
            "by_id": "%(by)s",
        },
        _JUDGED.format(s=table),
        {**arguments, "verbs": verbs, "stages": stages, "parties": parties, "findings": texts},
    )
