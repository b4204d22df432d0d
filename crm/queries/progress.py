"""How far deals are in their stages: of the steps that are expected there, how many are settled; and
what is missing before the next stage."""

from collections.abc import Hashable, Iterable
from typing import NamedTuple

from crm.queries.deal_process import ids_of, named_versions
from crm.queries.facts import facts_each
from pipeline.process.gates import Act, Facts, Verb, blocking_findings, judge
from pipeline.process.playbook import Playbook, PlaybookStep
from pipeline.process.queries.in_force import CURRENT, of_versions
from pipeline.process.stages import Stage

# The stage, the versions that the visit there names and those that the deal was told to keep; what
# is current for its team is looked up for the few that name none.
_ALSO = f"""
    deal.stage, stay.version_ids, deal.kept_version_ids,
    CASE
        WHEN stay.version_ids <> '[]' OR deal.kept_version_ids NOT IN ('[]', 'null') THEN NULL
        ELSE ARRAY({CURRENT.format(team="deal.team_id")})
    END
"""
_JOINED = """
    JOIN crm_deal deal ON deal.id = facts.id
    CROSS JOIN LATERAL (
        SELECT visit.version_ids FROM crm_stagevisit visit
        WHERE visit.deal_id = deal.id ORDER BY visit.sequence DESC LIMIT 1
    ) stay
"""


class Progress(NamedTuple):
    """`settled` of `expected` steps, as on the page of the deal; one's own never count."""

    settled: int
    expected: int


def progress_of(deal_ids: Iterable[int]) -> dict[int, Progress]:
    """By the published process that each deal works by, where it asks for anything in the stage.

    One query for all, once their versions are known.
    """
    found = {}
    # Most deals of a column are asked for the same.
    asked: dict[Hashable, list[PlaybookStep]] = {}
    for pk, (facts, (stage, visit, kept, current)) in facts_each(deal_ids, _ALSO, _JOINED).items():
        named = named_versions(ids_of(visit), ids_of(kept)) or tuple(current)
        place = named, stage, facts.existing_customer
        if place not in asked:
            asked[place] = _asked(named, Stage(stage), existing=facts.existing_customer)
        steps = asked[place]
        if steps:
            found[pk] = Progress(settled=sum(map(facts.has, steps)), expected=len(steps))
    return found


def _asked(versions: tuple[int, ...], stage: Stage, *, existing: bool) -> list[PlaybookStep]:
    steps = of_versions(versions).steps(stage)
    return [step for step in steps if step.counts and step.is_for(existing_customer=existing)]


def missing_of(deal_ids: Iterable[int]) -> dict[int, list[str]]:
    """What each deal still misses before it can move to the next stage, in words, by its published
    process; those in the last stage are left out. One query for all, once their versions are known.
    """
    found = {}
    for pk, (facts, (stage, visit, kept, current)) in facts_each(deal_ids, _ALSO, _JOINED).items():
        if stage < Stage.CLOSING:
            named = named_versions(ids_of(visit), ids_of(kept)) or tuple(current)
            found[pk] = _missing(facts, of_versions(named), Stage(stage))
    return found


def _missing(facts: Facts, playbook: Playbook, stage: Stage) -> list[str]:
    act = Act(verb=Verb.MOVE, from_stage=stage, to=Stage(stage + 1))
    return [str(one.label) for one in blocking_findings(judge(facts, playbook, act), playbook)]
