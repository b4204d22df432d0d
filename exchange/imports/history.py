"""Imports the history of stages: which stage a deal came to, when, and by whom.

It becomes visits of deals that files of the same system, or of another, have brought in. The deal stays
where it is: a history says how it came there. What people moved here meanwhile stays as it is.
"""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from exchange.imports import bulk, ways
from exchange.imports.belonging import refuse_beyond_reach, resolve_deal
from exchange.imports.judging import NOT_IN, Judge
from exchange.imports.kinds import PEOPLE
from exchange.imports.parties import OWNER_BY_ADDRESS
from exchange.imports.replay import DealPlace, ForeignMove, Unfit, passed
from exchange.imports.staging import CHANGES, STANDING, select
from pipeline.models import User
from pipeline.process.stages import Outcome, Stage

_CAME_BEFORE = "UPDATE {s} SET deal_id = record_id WHERE state = 'known'"
_OURS = f"""
    SELECT t.id FROM crm_deal AS t
    WHERE t.id IN (SELECT deal_id FROM {{s}} WHERE state IS NULL) AND {ways.MOVED_HERE}
"""  # noqa: S608  # constants
_ROWS = """
    SELECT d.id, y.stage, y.left_how, y.entered_at, y.left_at, d.created_at, d.owner_id, d.team_id,
        d.amount, s.moved_at, s.came_stage, s.came_outcome, s.left_stage, s.owner_id
    FROM {s} AS s JOIN crm_deal AS d ON d.id = s.deal_id
    JOIN (SELECT DISTINCT ON (deal_id) * FROM {standing} ORDER BY deal_id, sequence DESC) AS y
      ON y.deal_id = d.id
    WHERE s.state IS NULL OR s.state = 'known' AND s.deal_id IN (
        SELECT deal_id FROM {s} WHERE state IS NULL
    )
    ORDER BY d.id, s.no
"""
# Of a row that says the same as one that comes in, nothing is lost.
_PARTLY_OUT = """
    WITH out AS MATERIALIZED (
        SELECT x.deal_id, seven_fold(x.deal) AS deal, coalesce(x.company, '') AS company FROM {s} AS x
        WHERE x.state IN ('refused', 'unread') AND NOT EXISTS (
            SELECT FROM {s} AS y WHERE y.external_id = x.external_id AND y.digest = x.digest
              AND (y.state IS NULL OR y.state = 'known')
        )
    )
    SELECT DISTINCT deal_id FROM {s} WHERE state IS NULL AND (
        deal_id IN (SELECT deal_id FROM out)
        OR (seven_fold(deal), coalesce(company, '')) IN (
            SELECT deal, company FROM out WHERE deal_id IS NULL AND deal IS NOT NULL
        )
    )
"""
_ROWS_MISSING = """
    SELECT DISTINCT l.record_id FROM crm_importedrow AS l
    LEFT JOIN {s} AS k ON l.system = %(system)s AND k.external_id = l.external_id
      AND k.deal_id = l.record_id AND (k.state IS NULL OR k.state = 'known')
    WHERE l.kind = 'history' AND k.no IS NULL
      AND l.record_id IN (SELECT deal_id FROM {s} WHERE state IS NULL)
"""
# Stages that other files told, in which the deal was before the first row. A bare day has no hour.
_STAGES_MISSING = """
    SELECT DISTINCT v.deal_id
    FROM (
        SELECT deal_id, min(moved_at) AS at FROM {s} WHERE state IS NULL OR state = 'known' GROUP BY 1
    ) AS told
    JOIN {ways} AS y ON y.deal_id = told.deal_id AND y.sequence = 1
    JOIN {standing} AS v ON v.deal_id = told.deal_id
    JOIN {standing} AS after ON after.deal_id = v.deal_id AND after.sequence = v.sequence + 1
    WHERE CASE WHEN v.stage = y.stage
        THEN v.entered_at < coalesce(y.entered_at, told.at) - interval '1 day'
        ELSE coalesce(v.entered_at, v.left_at) < told.at - interval '1 day' END
"""
_LOCK = """
    SELECT FROM crm_deal WHERE id IN (SELECT deal_id FROM {s} WHERE state IS NULL)
    ORDER BY id FOR NO KEY UPDATE
"""
# Who closes says a bare day, which has no hour.
_AFTER_CLOSING = (
    f"s.state IS NULL AND s.moved_at > {ways.closed_at_of('s.deal_id')} + interval '1 day'"
)
_UNDECIDED = "SELECT file, line, no, deal_id FROM {s} WHERE state IS NULL"
_STAMP = """
    UPDATE crm_deal AS t SET version = version + 1, changed_at = %(now)s, changed_by_id = %(by)s
    FROM {changes} AS c WHERE t.id = c.record_id AND c.field = 'visits'
"""
_DECIDE = "UPDATE {s} SET state = 'new', record_id = deal_id WHERE state IS NULL"


def import_history(judge: Judge) -> None:
    """Judge the staged rows, and write the visits of the deals that they tell of; a row whose deal cannot
    take its history stays out with all of that deal's."""
    judge.identify()
    judge.execute(_CAME_BEFORE)
    if "owner" in judge.mapped.columns:
        judge.execute(OWNER_BY_ADDRESS, open=NOT_IN)
    judge.resolve("owner", "owner_id", of=PEOPLE, model=User, missing=None)
    resolve_deal(judge)
    refuse_beyond_reach(judge)
    judge.refuse(
        "s.moved_at > %(now)s",
        _("This lies in the future, so it cannot have happened."),
        field="happened_on",
    )
    # Who is just moving a deal is waited for, and what was moved then counts.
    if not judge.run.is_trial:
        judge.execute(_LOCK)
    told_of = f"SELECT deal_id FROM {judge.table} WHERE state IS NULL"  # noqa: S608  # a constant
    ways.note_said(told_of)
    ways.stand(told_of)
    ours = [pk for (pk,) in select(_OURS, s=judge.table)]
    _refuse_deals(judge, ours, _("“{value}” was moved here since: its history stays as it is."))
    _refuse_parts(judge)
    _write(judge)
    judge.remark(
        _AFTER_CLOSING,
        _("The deal counts as closed on an earlier day, and that day stays."),
        field="to_stage",
        value="s.to_stage",
    )
    judge.execute(_DECIDE)
    judge.enter()


def _refuse_parts(judge: Judge) -> None:
    """The visits are made of the rows of one file: what it leaves out would be gone."""
    out = [pk for (pk,) in select(_PARTLY_OUT, s=judge.table)]
    _refuse_deals(
        judge,
        out,
        _("Another row of the history of “{value}” stays out, so all of it does."),
    )
    missing = [pk for (pk,) in select(_ROWS_MISSING, judge.arguments, s=judge.table)]
    _refuse_deals(judge, missing, _partial())


def _partial() -> str:
    return _(
        "The history of “{value}” on record begins earlier or has other rows, which this file would remove:"
        " bring in a file with its whole history."
    )


def _refuse_deals(judge: Judge, pks: list[int], reason: str) -> None:
    judge.refuse(
        "s.deal_id = ANY(%(pks)s::bigint[])",
        reason,
        field="deal",
        value="(SELECT d.name FROM crm_deal AS d WHERE d.id = s.deal_id)",
        pks=pks,
    )


def _write(judge: Judge) -> None:
    ways.make_table()
    unfit: list[int] = []
    # Nothing else can be asked of the database in the midst of a COPY.
    for some in bulk.chunks(_visits(judge, unfit), bulk.CHUNK):
        bulk.copy(ways.WAYS, ways.VISIT_COLUMNS, some)
    ways.inform_planner()
    _refuse_deals(
        judge,
        unfit,
        _(
            "The history of “{value}” does not end where the deal is: bring in its deal as it is now first."
        ),
    )
    missing = [
        pk for (pk,) in select(_STAGES_MISSING, s=judge.table, ways=ways.WAYS, standing=STANDING)
    ]
    ways.leave_out(missing)
    _refuse_deals(judge, missing, _partial())
    ways.note(judge.arguments, rows=_UNDECIDED.format(s=judge.table), changes=CHANGES)
    if judge.run.is_trial:
        ways.drop_table()
        return
    ways.put()
    ways.remember(judge.arguments, changes=CHANGES)
    judge.execute(_STAMP, changes=CHANGES)


def _visits(judge: Judge, unfit: list[int]) -> Iterator[tuple[Any, ...]]:
    """The visits of all deals, one deal after another; `unfit` gets the deals that have none."""
    with connection.chunked_cursor() as rows:
        rows.execute(_ROWS.format(s=judge.table, standing=STANDING))
        yield from _visits_of(rows, unfit)


def _visits_of(rows: Iterable[tuple[Any, ...]], unfit: list[int]) -> Iterator[tuple[Any, ...]]:
    for pk, of_deal in itertools.groupby(rows, key=lambda row: row[0]):
        told = list(of_deal)
        _pk, stage, left_how, entered_at, left_at, began_at, *held = told[0][:9]
        is_closed = left_how in (Outcome.WON, Outcome.STOPPED)
        standing = DealPlace(
            stage=Stage(stage),
            outcome=Outcome(left_how) if is_closed else Outcome.OPEN,
            entered_at=entered_at,
            closed_at=left_at if is_closed else None,
            began_at=began_at,
        )
        try:
            found = passed([_step(*row[9:]) for row in told], standing)
        except Unfit:
            unfit.append(pk)
            continue
        for each in found:
            people = (each.entered_by, each.left_by)
            yield ways.visit_row(pk, each.visit, people=people, begun=held, ended=held)


def _step(
    at: dt.datetime, stage: int, outcome: str, left: int | None, by_id: int | None
) -> ForeignMove:
    return ForeignMove(
        at=at,
        stage=Stage(stage),
        outcome=Outcome(outcome),
        left=Stage(left) if left else None,
        by_id=by_id,
    )
