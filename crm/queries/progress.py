"""How far deals are in their stages: of the steps that are expected there, how many are settled."""

import json
from collections.abc import Iterable
from typing import NamedTuple

from crm.queries.facts import facts_each
from crm.queries.gates import named_versions
from pipeline.gates import Facts
from pipeline.playbook import Playbook
from pipeline.queries.process import CURRENT, of_versions
from pipeline.stages import Stage

# The stage, the versions that the stay there names and those that the deal was told to keep; what
# is current for its team is looked up for the few that name none.
_ALSO = f"""
    (
        SELECT json_build_array(
            deal.stage, stay.version_ids, deal.kept_version_ids,
            CASE
                WHEN jsonb_array_length(stay.version_ids) > 0
                    OR jsonb_array_length(deal.kept_version_ids) > 0 THEN '[]'
                ELSE to_json(ARRAY({CURRENT.format(team="deal.team_id")}))
            END
        )
        FROM crm_deal deal CROSS JOIN LATERAL (
            SELECT visit.version_ids FROM crm_stagevisit visit
            WHERE visit.deal_id = deal.id ORDER BY visit.sequence DESC LIMIT 1
        ) stay
        WHERE deal.id = facts.id
    )
"""  # noqa: S608  # nothing but its own words


class Progress(NamedTuple):
    """`settled` of `expected` steps, as on the page of the deal; one's own never count."""

    settled: int
    expected: int


def progress_of(deal_ids: Iterable[int]) -> dict[int, Progress]:
    """By the published process that each deal works by, where it asks for anything in the stage.

    One query for all, once their versions are known.
    """
    found = {}
    for pk, (facts, (said,)) in facts_each(deal_ids, _ALSO).items():
        if said is None:  # a deal without a stay
            continue
        stage, stay, kept, current = json.loads(said) if isinstance(said, str) else said
        book = of_versions(named_versions(stay, kept) or current)
        progress = _progress(book, Stage(stage), facts)
        if progress.expected:
            found[pk] = progress
    return found


def _progress(book: Playbook, stage: Stage, facts: Facts) -> Progress:
    existing = facts.existing_customer
    asked = [
        step
        for step in book.steps(stage)
        if step.counts and step.is_for(existing_customer=existing)
    ]
    return Progress(settled=sum(map(facts.has, asked)), expected=len(asked))
