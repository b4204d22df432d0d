"""Writes other visits of deals than an import made first, and takes that back.

Only of deals whose visits are still those that files gave them. What is closed is frozen: these visits
are removed as an undo removes them, and written anew.
"""

from collections.abc import Sequence
from typing import Any

from crm.models import StageVisit
from exchange.imports.kinds import DEALS
from exchange.imports.staging import STANDING, execute
from exchange.imports.stood import STOOD
from exchange.imports.updatable import FIELDS, digest
from pipeline.process.moves import Visit

WAYS = "import_ways"
# The columns of a row of WAYS that `visit_row` gives, in its order.
VISIT_COLUMNS = (
    *("deal_id", "sequence", "stage", "entered_at", "entered_how", "entered_by_id", "reason"),
    *("entry_owner_id", "entry_team_id", "entry_amount", "version_ids", "playbook"),
    *("left_at", "left_how", "left_by_id", "exit_owner_id", "exit_team_id", "exit_amount"),
)
_NAMES = [
    f'"{field.column}"' for field in StageVisit._meta.concrete_fields if not field.primary_key
]
_COLUMNS = ", ".join(_NAMES)
_STATE = """
    SELECT string_agg(concat_ws(' ', v.sequence, v.stage, v.entered_how, extract(epoch FROM v.entered_at),
        '-', v.left_how, extract(epoch FROM v.left_at)), '|' ORDER BY v.sequence)
    FROM crm_stagevisit AS v WHERE v.deal_id = t.id
"""
# What tells the visits of the deal `t` from others.
PRESENT = digest(f"({_STATE})")
# Of a deal `t`, all that is needed to write its visits again.
_TOLD = """
    (SELECT jsonb_build_object(
        'visits', jsonb_agg(to_jsonb(v) - 'id' ORDER BY v.sequence),
        'initiator', t.initiator, 'cause', t.cause_id
     ) FROM crm_stagevisit AS v WHERE v.deal_id = t.id)
"""
# What a file wrote last. The ledger has no index by record: it is read once for all deals.
_NOTE_SAID = """
    CREATE TEMP TABLE import_said (deal_id bigint PRIMARY KEY, visits text) ON COMMIT DROP;
    INSERT INTO import_said
    SELECT l.record_id, max(l.said ->> 'visits') FROM crm_importedrow AS l
    WHERE l.kind = 'deals' AND l.said ? 'visits' AND l.record_id IN ({deals}) GROUP BY 1;
    ANALYZE import_said
"""
_SAID = "(SELECT l.visits FROM import_said AS l WHERE l.deal_id = t.id)"
# Whether people have moved the deal `t` since a file did, or ever; of deals that `note_said` got.
MOVED_HERE = f"""
    coalesce({_SAID} <> {PRESENT}, EXISTS (
        SELECT FROM crm_stagevisit AS v WHERE v.deal_id = t.id
          AND (v.playbook <> '' OR v.entered_by_id IS NOT NULL OR v.left_by_id IS NOT NULL)
    ))
"""  # constants
# Whether people have something before them on the deal `t`, which a closed one cannot have.
GOES_ON = """
    (t.next_kind <> '' OR t.parked_until IS NOT NULL OR EXISTS (
        SELECT FROM crm_offer AS o WHERE o.deal_id = t.id AND o.outcome = 'open'
    ))
"""
# Whether the visits before the change `c` would close a deal with which people go on.
_HELD = f"(c.was #>> '{{{{visits,-1,left_how}}}}' IN ('won', 'stopped') AND {GOES_ON})"
# A change of each deal in WAYS, by the first of its `rows`.
_CHANGE = f"""
    INSERT INTO {{changes}}
    SELECT 'deals', s.file, s.line, s.no, t.id, t.name, 'visits', {_TOLD},
        jsonb_build_object('visits', y.visits), false, %(applied)s, '', coalesce({_SAID}, ''),
        jsonb_build_array(t.changed_at, t.changed_by_id)
    FROM (SELECT DISTINCT ON (r.deal_id) * FROM ({{rows}}) AS r ORDER BY r.deal_id, r.no) AS s
    JOIN crm_deal AS t ON t.id = s.deal_id
    JOIN (
        SELECT w.deal_id, jsonb_agg(jsonb_build_object(
            'stage', w.stage, 'entered_at', w.entered_at, 'left_how', w.left_how, 'left_at', w.left_at
        ) ORDER BY w.sequence) AS visits
        FROM {{ways}} AS w GROUP BY 1
    ) AS y ON y.deal_id = t.id
"""  # noqa: S608
_MARK = f"""
    UPDATE {{changes}} AS c SET mark = {PRESENT} FROM crm_deal AS t
    WHERE t.id = c.record_id AND c.field = 'visits' AND c.applied
"""  # noqa: S608
# As exchange.imports.updates has it: once this file has written, the day says nothing any more of what
# people wrote before it. An empty mark is what no file says.
_MARK_OURS = """
    UPDATE crm_importedrow AS l
    SET said = jsonb_strip_nulls(jsonb_build_object({marks})) || l.said
    FROM {changes} AS c JOIN crm_deal AS t ON t.id = c.record_id
    WHERE l.kind = 'deals' AND l.record_id = c.record_id AND c.field = 'visits' AND c.applied AND (
        NOT l.created OR (c.stamp ->> 0)::timestamptz > (
            SELECT b.at FROM pipeline_batch AS b WHERE b.id = coalesce(l.changed_batch_id, l.batch_id)
        )
    )
"""
_REMEMBER = """
    UPDATE crm_importedrow AS l SET said = l.said || jsonb_build_object('visits', c.mark),
        changed_batch_id = %(batch)s
    FROM {changes} AS c
    WHERE l.kind = 'deals' AND l.record_id = c.record_id AND c.field = 'visits' AND c.applied
"""
# Of a check, too, which moves nothing: what comes after the deals is judged by where their file leaves them.
_MAKE_STANDING = """
    CREATE TEMP TABLE IF NOT EXISTS {standing} (
        deal_id bigint, sequence smallint, stage smallint, entered_at timestamptz, left_how text,
        left_at timestamptz, PRIMARY KEY (deal_id, sequence)
    ) ON COMMIT DROP
"""
_SET_ASIDE = """
    INSERT INTO {standing}
    SELECT deal_id, sequence, stage, entered_at, left_how, left_at FROM {ways}
"""
_STAND = """
    INSERT INTO {standing}
    SELECT v.deal_id, v.sequence, v.stage, v.entered_at, v.left_how, v.left_at FROM crm_stagevisit AS v
    WHERE v.deal_id IN ({deals}) AND NOT EXISTS (SELECT FROM {standing} AS y WHERE y.deal_id = v.deal_id);
    ANALYZE {standing} (deal_id, sequence)
"""
_LAST = f"""
    (SELECT {{of}} FROM {STANDING} AS y WHERE y.deal_id = {{deal}} ORDER BY y.sequence DESC LIMIT 1)
"""  # noqa: S608  # constants
_IS_CLOSED = "y.left_how IN ('won', 'stopped')"
_MAKE = """
    CREATE TEMP TABLE {ways} ON COMMIT DROP AS
    SELECT {columns}, NULL::text AS initiator, NULL::bigint AS cause_id FROM crm_stagevisit WHERE false
"""
_JUDGED = """
    CREATE TEMP TABLE import_judged ON COMMIT DROP AS
    SELECT j.* FROM crm_judgement AS j JOIN crm_stagevisit AS v ON v.id = j.visit_id
    WHERE v.deal_id IN (SELECT deal_id FROM {ways})
"""
_TAKE_OUT = """
    DELETE FROM {table} WHERE {column} IN (
        SELECT id FROM crm_stagevisit WHERE deal_id IN (SELECT deal_id FROM {ways})
    )
"""
_PUT = (
    "INSERT INTO crm_stagevisit ({columns}) SELECT {columns} FROM {ways} ORDER BY deal_id, sequence"
)
_JUDGE_AGAIN = """
    UPDATE import_judged AS j SET visit_id = v.id
    FROM crm_stagevisit AS v WHERE v.deal_id = j.deal_id AND v.sequence = 1
"""
# As the latest visit says.
_REPEAT = """
    UPDATE crm_deal AS d SET stage = y.stage, stage_entered_at = y.entered_at,
        closed_at = CASE WHEN y.left_how IN ('won', 'stopped') THEN y.left_at END,
        outcome = CASE WHEN y.left_how IN ('won', 'stopped') THEN y.left_how ELSE 'open' END,
        initiator = CASE WHEN y.left_how = 'stopped' THEN coalesce(y.initiator, d.initiator) ELSE '' END,
        cause_id = CASE WHEN y.left_how = 'stopped' THEN coalesce(y.cause_id, d.cause_id) END
    FROM (SELECT DISTINCT ON (deal_id) * FROM {ways} ORDER BY deal_id, sequence DESC) AS y
    WHERE d.id = y.deal_id
"""
# What came in by files counts for the stage in which it was done.
_COUNT_ANEW = f"""
    UPDATE crm_activity AS a SET stage = coalesce({STOOD.format(at="a.done_at")}, a.stage)
    FROM crm_deal AS d
    WHERE d.id = a.deal_id AND a.stage IS NOT NULL AND a.done_at IS NOT NULL AND a.batch_id IS NOT NULL
      AND d.id IN (SELECT deal_id FROM {{ways}})
"""  # noqa: S608  # constants
# What a job changed of each deal. By command it may have two files that do: of the deals, and their history.
_OF_JOB = """
    (SELECT record_id, (array_agg(name ORDER BY id))[1] AS name, (array_agg(was ORDER BY id))[1] AS was,
        (array_agg(mark ORDER BY id DESC))[1] AS mark
     FROM {changes} WHERE job_id = %(job)s AND kind = 'deals' AND field = 'visits' AND applied
     GROUP BY record_id)
"""
_RESTORED = f"""
    INSERT INTO {{ways}}
    SELECT {{columns}}, nullif(c.was ->> 'initiator', ''), (c.was ->> 'cause')::bigint FROM {_OF_JOB} AS c
    JOIN crm_deal AS t ON t.id = c.record_id
    CROSS JOIN LATERAL jsonb_populate_recordset(NULL::crm_stagevisit, c.was -> 'visits') AS was
    WHERE {{present}} = c.mark AND (%(everything)s OR {{editable}}) AND NOT {_HELD}
"""  # noqa: S608  # constants
_FORGET = "DELETE FROM crm_importedrow WHERE kind = 'history' AND batch_id = %(batch)s"


# The deals (id, name, why) whose visits stay as a file made them.
LEFT = f"""
    SELECT c.record_id, CASE WHEN near.is_so THEN t.name ELSE c.name END,
        CASE WHEN NOT near.is_so THEN 'reach' WHEN {{present}} = c.mark THEN 'goes_on' ELSE 'changed' END
    FROM {_OF_JOB} AS c JOIN crm_deal AS t ON t.id = c.record_id
    CROSS JOIN LATERAL (SELECT %(everything)s OR {{editable}} AS is_so) AS near
    WHERE {{present}} IS DISTINCT FROM c.mark OR NOT near.is_so OR {_HELD} ORDER BY c.record_id
"""  # noqa: S608  # constants


def make_table() -> None:
    execute(_MAKE, ways=WAYS, columns=_COLUMNS)


def make_standing() -> None:
    """For what `outcome_of` and `closed_at_of` ask."""
    execute(_MAKE_STANDING, standing=STANDING)


def set_aside() -> None:
    """Keep what stands in WAYS, which a check does not write, for the kinds that follow."""
    make_standing()
    execute(_SET_ASIDE, standing=STANDING, ways=WAYS)


def stand(deals: str) -> None:
    """Have all visits of the `deals`, a subquery for their ids, in STANDING."""
    make_standing()
    execute(_STAND, standing=STANDING, deals=deals)


def outcome_of(deal: str) -> str:
    """The expression for the outcome of the deal `d` of that id as the files leave it, `d` being on record."""
    of = f"CASE WHEN {_IS_CLOSED} THEN y.left_how ELSE 'open' END"
    return f"coalesce({_LAST.format(of=of, deal=deal)}, d.outcome)"


def closed_at_of(deal: str) -> str:
    """The expression for when a deal in STANDING was closed."""
    return _LAST.format(of=f"CASE WHEN {_IS_CLOSED} THEN y.left_at END", deal=deal)


def note_said(deals: str) -> None:
    """What MOVED_HERE and `note` need of the `deals`, a subquery for their ids."""
    execute("DROP TABLE IF EXISTS import_said")
    execute(_NOTE_SAID, deals=deals)


def inform_planner() -> None:
    """Once visits stand in WAYS: of a table that is not known every pair is compared."""
    execute("CREATE INDEX ON {ways} (deal_id, sequence)", ways=WAYS)
    execute("ANALYZE {ways} (deal_id, sequence)", ways=WAYS)


def leave_out(deals: list[int]) -> None:
    """Their visits stay as they are."""
    execute("DELETE FROM {ways} WHERE deal_id = ANY(%(deals)s)", {"deals": deals}, ways=WAYS)


def visit_row(
    deal_id: int,
    visit: Visit,
    *,
    people: tuple[int | None, int | None],
    begun: Sequence[Any],
    ended: Sequence[Any],
    playbook: tuple[str, str] = ("[]", ""),
) -> tuple[Any, ...]:
    """A visit as VISIT_COLUMNS have it. `people` are who began and who ended it, `begun` and `ended` the
    owner, the team and the value of the deal at these moments; `ended` is left out of one that goes on.
    """
    entered_by, left_by = people
    return (
        deal_id,
        visit.sequence,
        visit.stage.value,
        visit.entered_at,
        visit.entered_how.value,
        entered_by,
        visit.reason,
        *begun,
        *playbook,
        visit.left_at,
        visit.left_how.value if visit.left_how else None,
        left_by,
        *(ended if visit.left_how else (None, None, None)),
    )


def columns_of(of: str) -> str:
    """Those of a visit, of a table or row that is called so."""
    return ", ".join(f"{of}.{name}" for name in _NAMES)


def note(arguments: dict[str, Any], *, rows: str, changes: str, applied: bool = True) -> None:
    """Enter in `changes` what the visits in WAYS would change, by the first of the `rows` (file, line, no,
    deal_id) of each deal."""
    said = {**arguments, "applied": applied}
    execute(_CHANGE, said, rows=rows, changes=changes, ways=WAYS)
    execute("ANALYZE {changes} (record_id, field, applied)", changes=changes)


def remember(arguments: dict[str, Any], *, changes: str) -> None:
    """Once they are written: by which they are known again, and can be taken back."""
    marks = [
        f"'{each.name}', CASE WHEN {each.ours} IS NOT NULL THEN '' END"
        for each in FIELDS[DEALS.name]
    ]
    execute(_MARK, arguments, changes=changes)
    execute(_MARK_OURS, arguments, changes=changes, marks=", ".join(marks))
    execute(_REMEMBER, arguments, changes=changes)


def drop_table() -> None:
    execute("DROP TABLE IF EXISTS {ways}", ways=WAYS)


def put() -> None:
    """Write the visits that stand in WAYS in the place of those that their deals have, and what follows
    from them. The table is gone then."""
    execute(_JUDGED, ways=WAYS)
    execute("SET LOCAL seven.undo = 'batch'")
    execute(_TAKE_OUT, ways=WAYS, table="crm_judgement", column="visit_id")
    execute(_TAKE_OUT, ways=WAYS, table="crm_stagevisit", column="id")
    execute("SET LOCAL seven.undo = ''")
    execute(_PUT, ways=WAYS, columns=_COLUMNS)
    execute(_JUDGE_AGAIN)
    execute("INSERT INTO crm_judgement SELECT * FROM import_judged")
    execute(_REPEAT, ways=WAYS)
    execute(_COUNT_ANEW, ways=WAYS)
    execute("DROP TABLE import_judged")
    execute("DROP TABLE {ways}", ways=WAYS)


def take_back(arguments: dict[str, Any], *, changes: str, touched: str, editable: str) -> None:
    """Give deals the visits again that they had before a file changed them, where these were not changed
    since, and nothing stands before people that a closed deal cannot have; which deals that are is noted in `touched`."""
    make_table()
    execute(
        _RESTORED,
        arguments,
        ways=WAYS,
        columns=columns_of("was"),
        changes=changes,
        present=PRESENT,
        editable=editable,
    )
    execute("INSERT INTO {touched} SELECT DISTINCT deal_id FROM {ways}", touched=touched, ways=WAYS)
    put()
    execute(_FORGET, arguments)
