"""A later file says another stage of a deal, or that it was won or stopped: the deal moves, on the day
that the file says.

What people moved here meanwhile stays, as does a deal that the file closes while people go on with it
(something is planned, an offer is open, it is parked): those rows say so.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from crm.models import StageVisit
from exchange.imports import bulk, ways
from exchange.imports.judging import Judge
from exchange.imports.mapping import LEAVE
from exchange.imports.replay import ForeignMove, after
from exchange.imports.staging import CHANGES, execute, select
from exchange.imports.updatable import STAGE
from pipeline.process.stages import Outcome, Stage

# What a deal is worth, and whose it is, is what the same row makes it.
_ASKED = f"""
    SELECT s.no, t.id, s.deal_stage, s.outcome, CASE s.outcome WHEN 'open' THEN s.stage_at ELSE s.ended_at END,
        s.initiator, c.id, coalesce(held.id, t.owner_id), coalesce(held.team_id, t.team_id),
        coalesce((worth.now ->> 'amount')::numeric, t.amount),
        {ways.MOVED_HERE} OR s.outcome <> 'open' AND {ways.GOES_ON}
    FROM {{s}} AS s JOIN crm_deal AS t ON t.id = s.before_id
    LEFT JOIN crm_stopcause AS c ON c.key = s.cause
    LEFT JOIN {{changes}} AS worth ON worth.no = s.no AND worth.kind = 'deals' AND worth.field = 'amount'
      AND worth.applied
    LEFT JOIN {{changes}} AS given ON given.no = s.no AND given.kind = 'deals' AND given.field = 'owner'
      AND given.applied
    LEFT JOIN pipeline_user AS held ON held.id = (given.now ->> 'id')::bigint
    WHERE s.state IS NULL AND s.before_said ->> 'stage' IS DISTINCT FROM {STAGE}
      AND (t.outcome <> s.outcome OR s.outcome = 'open' AND t.stage <> s.deal_stage)
    ORDER BY t.id
"""  # noqa: S608  # constants
_EARLIER = """
    INSERT INTO {ways} SELECT {columns} FROM crm_stagevisit AS was
    JOIN (SELECT deal_id, min(sequence) AS sequence FROM {ways} GROUP BY 1) AS y
      ON y.deal_id = was.deal_id AND was.sequence < y.sequence
"""
_ROWS = "SELECT file, line, no, before_id AS deal_id FROM {s} WHERE state IS NULL"


def look(judge: Judge) -> None:
    """Note the moves that a file tells of, as changes; what cannot move is said."""
    ways.note_said(f"SELECT before_id FROM {judge.table} WHERE state IS NULL")  # noqa: S608  # a constant
    asked = select(_ASKED, s=judge.table, changes=CHANGES)
    pks = [row[1] for row in asked if not row[-1]]
    latest = StageVisit.objects.filter(deal_id__in=pks).order_by("deal_id", "-sequence")
    last = {visit.deal_id: visit for visit in latest.distinct("deal_id")}
    ways.make_table()
    stays = [row[0] for row in asked if row[-1]]
    for some in bulk.chunks(_visits(judge, asked, last, stays), bulk.CHUNK):
        bulk.copy(ways.WAYS, (*ways.VISIT_COLUMNS, "initiator", "cause_id"), some)
    judge.remark(
        "s.no = ANY(%(stays)s::bigint[])",
        _("The deal has another stage or outcome in the file now. Move it on its page."),
        field="stage",
        value="s.stage",
        stays=stays,
    )
    ways.inform_planner()
    execute(_EARLIER, ways=ways.WAYS, columns=ways.columns_of("was"))
    ways.note(
        judge.arguments, rows=_ROWS.format(s=judge.table), changes=CHANGES, applied=_applies(judge)
    )


def write(judge: Judge) -> None:
    """Move what is to be moved."""
    if not _applies(judge):
        return
    ways.put()
    ways.remember(judge.arguments, changes=CHANGES)


def set_aside(judge: Judge) -> None:
    """Of a check: what follows is judged by where this file would leave the deals."""
    if judge.run.is_trial and _applies(judge):
        ways.set_aside()


def _applies(judge: Judge) -> bool:
    return judge.mapped.update.get("stage") != LEAVE


def _visits(
    judge: Judge, asked: list[Any], last: dict[int, StageVisit], stays: list[int]
) -> Iterator[tuple[Any, ...]]:
    """The latest visit of each deal as it ends, and those that follow; `stays` gets the rows of others."""
    for no, pk, stage, outcome, at, initiator, cause_id, *held, is_ours in asked:
        if is_ours:
            continue
        visit, moment = last[pk], at or judge.run.now
        since = visit.left_at or visit.entered_at
        if (since and moment < since) or (outcome == Outcome.STOPPED and cause_id is None):
            stays.append(no)
            continue
        step = ForeignMove(at=moment, stage=Stage(stage), outcome=Outcome(outcome))
        first, *others = after(visit.visit, step)
        begun = (visit.entry_owner_id, visit.entry_team_id, visit.entry_amount)
        playbook = (json.dumps(visit.version_ids), visit.playbook)
        ended = held if visit.left_how is None else _ended(visit)
        latest = ways.visit_row(
            pk,
            first,
            people=(visit.entered_by_id, visit.left_by_id),
            begun=begun,
            ended=ended,
            playbook=playbook,
        )
        yield (*latest, initiator, cause_id)
        for each in others:
            row = ways.visit_row(pk, each, people=(None, None), begun=held, ended=held)
            yield (*row, initiator, cause_id)


def _ended(visit: StageVisit) -> list[Any]:
    return [visit.exit_owner_id, visit.exit_team_id, visit.exit_amount]
