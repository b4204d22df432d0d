"""A later file of the same system: what it says otherwise of records that came in with an earlier one.

Three states of a field are compared: what a file last wrote (the ledger's digest of it), what stands here
now, and what this file says. Where the file says what it said before, nothing happens. Where what
stands here is still what a file wrote, it is changed. Else somebody changed it here, and that stays,
unless the person who imports says that the file goes before. An empty cell changes nothing.
"""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from crm.commands import search
from crm.models import SearchKind
from exchange.imports import moved, ways
from exchange.imports.judging import Judge
from exchange.imports.kinds import ACTIVITIES, COMPANIES, CONTACTS, DEALS, PRODUCTS
from exchange.imports.ledger import TABLES
from exchange.imports.mapping import LEAVE
from exchange.imports.staging import CHANGES, execute, select
from exchange.imports.updatable import (
    FIELDS,
    NOTE,
    NOTED_BY,
    POINTS,
    TOLD_BEFORE,
    UpdatableField,
    digest,
    said_of,
    updatable_in,
)
from pipeline.models import User

_REOPEN = "UPDATE {s} SET state = NULL WHERE state = 'differs'"
_OWNED = "t.owner_id IS NOT NULL AND t.owner_id = ANY(%(seen)s::bigint[])"
_EDITABLE = {
    COMPANIES.name: f"t.owner_id IS NULL OR {_OWNED}",
    CONTACTS.name: f"t.owner_id IS NULL OR {_OWNED}",
    DEALS.name: f"{_OWNED} OR t.owner_id IS NULL AND t.team_id = ANY(%(led)s::bigint[])",
}
_OUT_OF_REACH = """
    UPDATE {s} AS s SET state = 'known', record_id = s.before_id, before_entry = NULL
    FROM {table} AS t
    WHERE s.state IS NULL AND t.id = s.before_id AND NOT (%(everything)s OR {editable})
"""
_EDITABLE |= {
    PRODUCTS.name: "false",  # admins only, who may everything
    # What somebody has done is changed by who did it, or by the file of who brought it in.
    ACTIVITIES.name: (
        "(t.holder_id = ANY(%(seen)s::bigint[])"
        " OR t.holder_id IS NULL AND t.holder_team_id = ANY(%(led)s::bigint[]))"
        " AND (t.done_at IS NULL OR t.owner_id = %(owner)s"
        " OR t.batch_id IS NOT NULL AND t.created_by_id = %(owner)s)"
    ),
}
_NAMES = {ACTIVITIES.name: "coalesce(nullif(t.subject, ''), left(t.body, 80))"}
_CHANGED_SINCE = "t.changed_at > (SELECT b.at FROM pipeline_batch AS b WHERE b.id = s.before_batch)"
# Whether people changed the product `t`: it says when only in its history.
PRODUCT_CHANGED = """
    EXISTS (
        SELECT FROM crm_settingchange AS h
        WHERE h.setting = 'product' AND h.record_id = t.id AND h.kind <> 'added'
          AND NOT coalesce(h.kept ? 'batch', false)
    )
"""
_TOUCHED_SINCE = {PRODUCTS.name: PRODUCT_CHANGED}
_STAMP_KEPT = {PRODUCTS.name: "'[]'::jsonb"}
_STAMPED = {PRODUCTS.name: ""}
_LOCK = """
    SELECT FROM {table} WHERE id = ANY(ARRAY(SELECT before_id FROM {s} WHERE state IS NULL))
    ORDER BY id FOR NO KEY UPDATE
"""
# Of what nobody wrote down what a file had said: on a record that was here before, it is people's; else
# the day says whether somebody was at the record.
_COMPARE = """
    INSERT INTO {changes}
    SELECT %(of)s, s.file, s.line, s.no, t.id, {called}, %(field)s, {was}, {now}, theirs.is_ours,
        {changeable} AND {allowed} AND
            CASE %(say)s WHEN 'leave' THEN false WHEN 'overwrite' THEN true ELSE NOT theirs.is_ours END,
        {mark}, coalesce(s.before_said ->> %(field)s, ''), {stamp}
    FROM {s} AS s JOIN {table} AS t ON t.id = s.before_id
    CROSS JOIN LATERAL (SELECT CASE
        WHEN s.before_said ? %(field)s THEN s.before_said ->> %(field)s IS DISTINCT FROM {present}
        WHEN {ours} IS NULL THEN false
        WHEN {people_s} THEN true
        WHEN NOT s.before_created THEN true
        ELSE coalesce({touched_since}, false)
    END AS is_ours) AS theirs
    WHERE s.state IS NULL AND {theirs} IS NOT NULL AND {theirs} IS DISTINCT FROM {ours}
      AND {says} AND {mark} IS DISTINCT FROM s.before_said ->> %(field)s
"""
_CLOSED = """
    s.state IS NULL AND {mark} IS DISTINCT FROM s.before_said ->> 'amount' AND EXISTS (
        SELECT FROM crm_deal AS t WHERE t.id = s.before_id AND NOT {changeable}
          AND {theirs} IS NOT NULL AND {theirs} IS DISTINCT FROM {ours}
    )
"""
_ADDED_POINTS = """
    INSERT INTO {changes}
    SELECT %(of)s, s.file, s.line, s.no, t.id, t.name, %(field)s,
        (SELECT jsonb_agg(p.typed ORDER BY p.id) FROM crm_contactpoint AS p
         WHERE p.contact_id = t.id AND p.kind = %(field)s),
        more.typed, false, %(say)s <> 'leave', '', '', jsonb_build_array(t.changed_at, t.changed_by_id)
    FROM {s} AS s JOIN crm_contact AS t ON t.id = s.before_id
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(point.typed) AS typed
        FROM unnest(s.{field}_key, s.{field}) AS point (value, typed)
        WHERE NOT EXISTS (
            SELECT FROM crm_contactpoint AS p
            WHERE p.contact_id = t.id AND p.kind = %(field)s AND p.value = point.value
        )
    ) AS more
    WHERE s.state IS NULL AND more.typed IS NOT NULL
"""
# What a column says that no note on the very record says yet: once, of how many rows it may be.
_ADDED_NOTES = """
    INSERT INTO {changes}
    WITH lines AS (
        SELECT s.no, s.before_id, said.line, said.place, sum((EXISTS (
            SELECT FROM unnest(%(headings)s::text[]) AS of (heading)
            WHERE starts_with(said.line, of.heading || ':')
        ))::int) OVER (PARTITION BY s.no ORDER BY said.place) AS part
        FROM {s} AS s
        CROSS JOIN LATERAL string_to_table(s.more, E'\n') WITH ORDINALITY AS said (line, place)
        WHERE s.state IS NULL AND {mark} IS DISTINCT FROM s.before_said ->> %(field)s
    ), parts AS (
        SELECT no, before_id, part, string_agg(line, E'\n' ORDER BY place) AS words
        FROM lines GROUP BY 1, 2, 3
    ), told AS (
        SELECT *, rank() OVER (PARTITION BY before_id, words ORDER BY no) AS again FROM parts
    ), added AS (
        SELECT p.no, nullif(btrim(string_agg(p.words, E'\n' ORDER BY p.part), E'\n'), '') AS words
        FROM told AS p WHERE p.again = 1 AND NOT EXISTS (
            SELECT FROM crm_activity AS a WHERE a.kind = 'note' AND a.{noted_by} = p.before_id {only}
              AND strpos(E'\n' || a.body || E'\n', E'\n' || p.words || E'\n') > 0
        )
        GROUP BY 1
    )
    SELECT %(of)s, s.file, s.line, s.no, t.id, t.name, %(field)s, NULL, to_jsonb(added.words), false,
        %(say)s <> 'leave', {mark}, coalesce(s.before_said ->> %(field)s, ''),
        jsonb_build_array(t.changed_at, t.changed_by_id)
    FROM added JOIN {s} AS s ON s.no = added.no JOIN {table} AS t ON t.id = s.before_id
    WHERE added.words IS NOT NULL
"""
# What is on a deal or a person is on its company, too.
_ONLY_NOTES = {
    COMPANIES.name: "AND a.deal_id IS NULL AND a.contact_id IS NULL",
    CONTACTS.name: "AND a.deal_id IS NULL",
}
_DECIDE = """
    UPDATE {s} AS s SET record_id = s.before_id, state = CASE WHEN EXISTS (
        SELECT FROM {changes} AS c WHERE c.no = s.no AND c.applied
    ) THEN 'changed' ELSE 'known' END
    WHERE s.state IS NULL
"""
# Once this file has written, the day says nothing any more of what people wrote before it. An empty
# mark is what no file says.
_MARK_OURS = """
    UPDATE crm_importedrow AS l
    SET said = jsonb_strip_nulls(jsonb_build_object({marks})) || l.said
    FROM {s} AS s JOIN {table} AS t ON t.id = s.before_id
    WHERE l.id = s.before_entry AND s.state = 'changed' AND (
        NOT s.before_created OR {touched_since}
    )
"""
_WRITE = """
    UPDATE {table} AS t SET {sets}
    FROM {s} AS s JOIN {changes} AS c ON c.no = s.no
    WHERE t.id = s.before_id AND c.kind = %(of)s AND c.field = %(field)s AND c.applied
"""
_WRITE_POINTS = """
    INSERT INTO crm_contactpoint (contact_id, kind, value, typed)
    SELECT DISTINCT ON (s.before_id, point.value) s.before_id, %(field)s, point.value, point.typed
    FROM {s} AS s JOIN {changes} AS c ON c.no = s.no
    CROSS JOIN LATERAL unnest(s.{field}_key, s.{field}) AS point (value, typed)
    WHERE c.kind = %(of)s AND c.field = %(field)s AND c.applied
    ON CONFLICT DO NOTHING
"""
_STAMP = """
    UPDATE {table} AS t SET version = t.version + 1 {stamped}
    FROM {s} AS s WHERE s.state = 'changed' AND t.id = s.before_id AND EXISTS (
        SELECT FROM {changes} AS c WHERE c.no = s.no AND c.applied AND c.field <> 'more'
    )
"""
_HISTORY = """
    INSERT INTO crm_dealchange (deal_id, kind, data, at, by_id, reason)
    SELECT c.record_id, c.field, jsonb_strip_nulls(jsonb_build_object('old', {old}, 'new', {new})),
        %(now)s, %(by)s, ''
    FROM {changes} AS c WHERE c.kind = 'deals' AND c.applied {more} ORDER BY c.record_id, c.field
"""
_HISTORY_OF_PARTY = """
    INSERT INTO crm_partychange ({party}_id, kind, data, at, by_id, reason)
    SELECT c.record_id, 'owner', jsonb_strip_nulls(jsonb_build_object('old', {old}, 'new', {new})),
        %(now)s, %(by)s, ''
    FROM {changes} AS c WHERE c.kind = %(of)s AND c.field = 'owner' AND c.applied {more}
    ORDER BY c.record_id
"""
# A file's change is none of people's: it says of which batch it is.
_HISTORY_OF_PRODUCT = """
    INSERT INTO crm_settingchange (setting, record_id, name, kind, data, kept, at, by_id)
    SELECT 'product', c.record_id, left(c.name, 120),
        CASE WHEN c.field <> 'active' THEN c.field
            WHEN ({new} ->> 'active')::boolean THEN 'brought_back' ELSE 'retired' END,
        CASE WHEN c.field = 'active' THEN '{{}}'::jsonb
            ELSE jsonb_strip_nulls(jsonb_build_object('old', {old}, 'new', {new})) END,
        jsonb_build_object('batch', %(batch)s), %(now)s, %(by)s
    FROM {changes} AS c WHERE c.kind = 'products' AND c.applied AND %(by)s IS NOT NULL {more}
    ORDER BY c.record_id, c.field
"""
# Of what had been done already, as by hand (crm.commands.activity_correct).
_HISTORY_OF_DONE = """
    INSERT INTO crm_{of}change ({whose}, kind, data, at, by_id, reason)
    SELECT {who}, 'talk_' || c.field, jsonb_strip_nulls(jsonb_build_object(
            'old', CASE c.field WHEN 'result' THEN nullif({old} ->> 'result', '') ELSE {old} #>> '{{}}' END,
            'new', CASE c.field WHEN 'result' THEN nullif({new} ->> 'result', '') ELSE {new} #>> '{{}}' END,
            'entry', jsonb_build_object('kind', t.kind, 'at', t.done_at)
        )), %(now)s, %(by)s, ''
    FROM {changes} AS c JOIN crm_activity AS t ON t.id = c.record_id
    WHERE c.kind = 'activities' AND c.applied AND c.field IN ('body', 'result') AND t.done_at IS NOT NULL
      AND (c.field = 'body' OR c.was ->> 'done' IS NOT NULL) AND (t.deal_id IS NOT NULL) = ('{of}' = 'deal') {more}
    ORDER BY c.record_id, c.field
"""
_WHOSE_HISTORY = {
    "deal": ("deal_id", "t.deal_id"),
    "party": (
        "company_id, contact_id",
        "CASE WHEN t.contact_id IS NULL THEN t.company_id END, t.contact_id",
    ),
}
_PARTIES = {COMPANIES.name: "company", CONTACTS.name: "contact"}
# What was left as it is, is compared with the next file again, whatever that says.
_REMEMBER = """
    UPDATE crm_importedrow AS l SET
        changed_batch_id = CASE WHEN s.state = 'changed' THEN %(batch)s ELSE l.changed_batch_id END,
        said = l.said || ({said} - coalesce((
            SELECT array_agg(left_out.name)
            FROM {changes} AS c CROSS JOIN unnest(ARRAY[
                c.field, c.field || '_typed', CASE c.field WHEN 'visits' THEN 'stage' ELSE c.field END
            ]) AS left_out (name)
            WHERE c.no = s.no AND NOT c.applied
        ), '{{}}')),
        digest = CASE WHEN EXISTS (SELECT FROM {changes} AS c WHERE c.no = s.no AND NOT c.applied)
            THEN '' ELSE s.digest END
    FROM {s} AS s WHERE l.id = s.before_entry AND s.state IN ('changed', 'known') AND s.before_digest <> s.digest
"""
_TOUCHED = "import_touched"
_NOTE_TOUCHED = "CREATE TEMP TABLE {touched} (id bigint) ON COMMIT DROP"
_TO_TAKE_BACK = (
    "{present} = c.mark AND {untouched} AND {changeable} AND {fits} AND {restorable}"
    " AND (%(everything)s OR {editable})"
)
_TAKE_BACK = """
    WITH back AS (
        UPDATE {table} AS t SET {back} FROM {changes} AS c
        WHERE c.job_id = %(job)s AND c.kind = %(of)s AND c.field = %(field)s AND c.applied
          AND t.id = c.record_id AND {to_take_back}
        RETURNING t.id
    )
    INSERT INTO {touched} SELECT id FROM back
"""
# Of what is out of reach by now, no more is told than what the file had to do with.
_LEFT = """
    SELECT c.record_id, CASE WHEN near.is_so THEN {called} ELSE c.name END,
        CASE WHEN NOT near.is_so THEN 'reach' WHEN NOT {changeable} THEN 'closed'
        WHEN NOT {fits} THEN 'shut' WHEN NOT {restorable} THEN 'gone' ELSE 'changed' END
    FROM {changes} AS c JOIN {table} AS t ON t.id = c.record_id
    CROSS JOIN LATERAL (SELECT %(everything)s OR {editable} AS is_so) AS near
    WHERE c.job_id = %(job)s AND c.kind = %(of)s AND c.field = %(field)s AND c.applied
      AND ({to_take_back}) IS NOT TRUE ORDER BY c.record_id
"""
# Whoever edits a contact writes all of its addresses and numbers anew.
_POINTS_TO_TAKE_BACK = "t.changed_at = %(came_at)s AND (%(everything)s OR {editable})"
_TAKE_POINTS_BACK = """
    WITH back AS (
        DELETE FROM crm_contactpoint AS p USING {changes} AS c, crm_contact AS t
        WHERE c.job_id = %(job)s AND c.kind = %(of)s AND c.field = %(field)s AND c.applied
          AND p.contact_id = c.record_id AND p.kind = %(field)s AND c.now ? p.typed
          AND t.id = c.record_id AND {to_take_back}
        RETURNING t.id
    )
    INSERT INTO {touched} SELECT id FROM back
"""
# Who changed nothing else since has changed nothing: an earlier file may be taken back, too.
_STAMP_BACK = """
    UPDATE {table} AS t SET version = t.version + 1 {stamped}
    FROM (
        SELECT DISTINCT ON (record_id) record_id, (stamp ->> 0)::timestamptz AS at,
            (stamp ->> 1)::bigint AS by
        FROM {changes} WHERE job_id = %(job)s AND kind = %(of)s AND applied ORDER BY record_id, id
    ) AS c
    WHERE t.id = c.record_id AND t.id IN (SELECT id FROM {touched})
"""
_STAMPED_BACK = """,
        changed_at = CASE WHEN t.changed_at = %(came_at)s THEN c.at ELSE %(now)s END,
        changed_by_id = CASE WHEN t.changed_at = %(came_at)s THEN c.by ELSE %(by)s END
"""
_FORGET = """
    UPDATE crm_importedrow AS l SET changed_batch_id = NULL, digest = '', said = (
        SELECT l.said - coalesce(
            array_agg(CASE c.field WHEN 'visits' THEN 'stage' ELSE c.field::text END), '{{}}'
        ) - coalesce(array_agg(c.field::text), '{{}}') || coalesce(
            jsonb_object_agg(c.field, c.base) FILTER (WHERE c.base <> ''), '{{}}'
        ) || CASE WHEN bool_or(c.kind = 'contacts' AND c.field = 'company')
            THEN jsonb_build_object('company_typed', '') ELSE '{{}}' END
        FROM (
            SELECT DISTINCT ON (field) * FROM {changes}
            WHERE job_id = %(job)s AND kind = l.kind AND record_id = l.record_id AND applied ORDER BY field, id
        ) AS c
    )
    WHERE l.changed_batch_id = %(batch)s
"""
_SEARCHED = {
    COMPANIES.name: SearchKind.COMPANY,
    CONTACTS.name: SearchKind.CONTACT,
    DEALS.name: SearchKind.DEAL,
}
_STORED = "exchange_importchange"


def apply(judge: Judge, *, resolve: Callable[[Judge], None] | None = None) -> None:
    """Decide the rows that came in before and say something else now, and change what is to be changed;
    all other rows are decided. `resolve` finds the records that a row names.

    A trial changes nothing.
    """
    if not judge.execute(_REOPEN):
        return
    table = TABLES[judge.kind.name]
    _leave_out_of_reach(judge, table)
    if resolve is not None:
        resolve(judge)
    if not judge.run.is_trial:
        judge.execute(_LOCK, table=table)
    _compare(judge, table)
    moves = judge.kind is DEALS and "stage" in judge.mapped.columns
    if moves:
        moved.look(judge)
    judge.execute(_DECIDE, changes=CHANGES)
    if not judge.run.is_trial:
        _write(judge, table)
        if moves:
            moved.write(judge)
    elif moves:
        moved.set_aside(judge)
    ways.drop_table()


def _compare(judge: Judge, table: str) -> None:
    _say_what_is_closed(judge)
    for field in updatable_in(judge.mapped):
        changeable = field.changeable
        _about(
            judge,
            field.name,
            _COMPARE,
            table=table,
            changeable=changeable,
            allowed=field.allowed,
            says=field.says,
            people_s=field.people_s,
            called=_NAMES.get(judge.kind.name, "t.name"),
            stamp=_STAMP_KEPT.get(
                judge.kind.name, "jsonb_build_array(t.changed_at, t.changed_by_id)"
            ),
            touched_since=_TOUCHED_SINCE.get(judge.kind.name, _CHANGED_SINCE),
            **_parts(field),
        )
    for name in _points(judge):
        _about(judge, name, _ADDED_POINTS, field=name)
    if noted_by := NOTED_BY.get(judge.kind.name):
        mark = digest(f"s.{NOTE}")
        headings = [each for columns in judge.mapped.columns.values() for each in columns]
        only = _ONLY_NOTES.get(judge.kind.name, "")
        names: dict[str, Any] = {"table": table, "noted_by": noted_by, "mark": mark, "only": only}
        _about(judge, NOTE, _ADDED_NOTES, more={"headings": headings}, **names)
    judge.execute("ANALYZE {changes} (no, field)", changes=CHANGES)


def _write(judge: Judge, table: str) -> None:
    marks = [
        f"'{f.name}', CASE WHEN {f.ours} IS NOT NULL THEN '' END" for f in FIELDS[judge.kind.name]
    ]
    since = _TOUCHED_SINCE.get(judge.kind.name, _CHANGED_SINCE)
    judge.execute(_MARK_OURS, table=table, marks=", ".join(marks), touched_since=since)
    if judge.kind is ACTIVITIES:
        _note_done(judge.arguments, changes=CHANGES, old="c.was", new="c.now", more="")
    for field in updatable_in(judge.mapped):
        _about(judge, field.name, _WRITE, table=table, sets=field.sets)
    for name in _points(judge):
        _about(judge, name, _WRITE_POINTS, field=name)
    stamped = _STAMPED.get(judge.kind.name, ", changed_at = %(now)s, changed_by_id = %(by)s")
    judge.execute(_STAMP, table=table, changes=CHANGES, stamped=stamped)
    if judge.kind is DEALS:
        judge.execute(
            _HISTORY,
            changes=CHANGES,
            old=TOLD_BEFORE,
            new="c.now",
            more="AND c.field NOT IN ('visits', 'more')",
        )
    elif judge.kind is PRODUCTS:
        judge.execute(_HISTORY_OF_PRODUCT, changes=CHANGES, old="c.was", new="c.now", more="")
    elif party := _PARTIES.get(judge.kind.name):
        judge.execute(
            _HISTORY_OF_PARTY, party=party, changes=CHANGES, old=TOLD_BEFORE, new="c.now", more=""
        )
    said = said_of(judge.mapped)
    if judge.mapped.update.get("company") == LEAVE:
        said = f"({said} - 'company_typed')"
    judge.execute(_REMEMBER, changes=CHANGES, said=said)
    changed = f"SELECT before_id FROM {judge.table} WHERE state = 'changed'"  # noqa: S608  # a constant
    _let_be_found(judge.kind.name, changed)


def _note_done(arguments: dict[str, Any], **names: str) -> None:
    """Before it is written: what goes without a trace is what was planned."""
    for of, (whose, who) in _WHOSE_HISTORY.items():
        execute(_HISTORY_OF_DONE, arguments, of=of, whose=whose, who=who, **names)


def _leave_out_of_reach(judge: Judge, table: str) -> None:
    """Whoever brought a record in may not change it once it is somebody else's."""
    before = "s.state IS NULL AND NOT EXISTS (SELECT FROM {table} AS t WHERE t.id = s.before_id AND"
    editable = _EDITABLE[judge.kind.name]
    judge.remark(
        f"{before.format(table=table)} (%(everything)s OR {editable}))",
        _(
            "The row says something else now, but the record is not yours to change. It stays as it is."
        ),
    )
    judge.execute(_OUT_OF_REACH, table=table, editable=editable)


def _say_what_is_closed(judge: Judge) -> None:
    for field in updatable_in(judge.mapped):
        if field.changeable != "true" and judge.mapped.update.get(field.name) != LEAVE:
            judge.remark(
                _CLOSED.format(changeable=field.changeable, **_parts(field)),
                _("The deal is closed: open it again to change its value."),
                field=field.name,
                value=field.theirs,
            )


def _points(judge: Judge) -> list[str]:
    if judge.kind is not CONTACTS:
        return []
    return [name for name in POINTS if name in judge.mapped.columns]


def _parts(field: UpdatableField) -> dict[str, Any]:
    compared = {"theirs": field.theirs, "ours": field.ours, "was": field.was, "now": field.now}
    return {**compared, "mark": field.mark, "present": field.present}


def _about(
    judge: Judge, name: str, statement: str, *, more: dict[str, Any] | None = None, **parts: str
) -> None:
    arguments = {
        **judge.arguments,
        **(more or {}),
        "field": name,
        "say": judge.mapped.update.get(name, ""),
    }
    execute(statement, arguments, s=judge.table, changes=CHANGES, **parts)


def _let_be_found(kind: str, ids: str) -> None:
    if kind in _SEARCHED:
        search.index_selected(_SEARCHED[kind], ids)
    if kind == COMPANIES.name:
        search.index_of_companies_selected(ids)


def take_back(
    job_id: int, *, batch_id: int, came_at: Any, by: User | None, at: Any
) -> tuple[int, list[tuple[str, int, str, str]]]:
    """Give fields that a file changed the values that they had: how many records that were, and of which
    (kind, id, name, why) a field stays: it was changed again since, the record went out of the reach
    of `by` (None is the command, which reaches all), its deal was closed, or it would be while people
    go on with it.

    Part of the undo of a batch, in its transaction.
    """
    arguments = {
        "job": job_id,
        "batch": batch_id,
        "came_at": came_at,
        "by": by.pk if by else None,
        "owner": by.pk if by else None,
        "now": at,
        "everything": by is None or by.scope.everything,
        "seen": sorted(by.scope.owner_ids) if by else [],
        "led": sorted(by.scope.managed_team_ids) if by else [],
    }
    why = {
        "changed": _("a field was changed again since"),
        "reach": _("out of your reach by now"),
        "closed": _("the deal is closed by now"),
        "shut": _("the deal is closed or parked by now"),
        "gone": _("whose it was has left, or the team is gone"),
        "goes_on": _("people go on with the deal: it is not closed again"),
    }
    left: dict[tuple[str, int], tuple[str, str]] = {}
    count = 0
    for kind in FIELDS:
        said = {**arguments, "of": kind}
        execute(_NOTE_TOUCHED, touched=_TOUCHED)
        for pk, name, reason in _take_fields_back(kind, said):
            left[kind, pk] = name, why[reason]
        stamped = _STAMPED.get(kind, _STAMPED_BACK)
        names = {"table": TABLES[kind], "changes": _STORED, "touched": _TOUCHED}
        execute(_STAMP_BACK, said, **names, stamped=stamped)
        ids = f"SELECT DISTINCT id FROM {_TOUCHED}"  # noqa: S608  # a constant
        ((number,),) = select(f"SELECT count(*) FROM ({ids}) AS c")  # noqa: S608  # constants
        if number:
            count += number
            _let_be_found(kind, ids)
        execute("DROP TABLE {touched}", touched=_TOUCHED)
    execute(_FORGET, arguments, changes=_STORED)
    return count, [(kind, pk, name, reason) for (kind, pk), (name, reason) in left.items()]


def _take_fields_back(kind: str, said: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Of which records (id, name, why) a field of a kind stays."""
    left: list[tuple[int, str, str]] = []
    editable = _EDITABLE[kind]
    names = {"table": TABLES[kind], "changes": _STORED, "touched": _TOUCHED, "editable": editable}
    names["called"] = _NAMES.get(kind, "t.name")
    # First, as the value of a deal that the file closed was changed while it was open.
    if kind == DEALS.name:
        left += _rows(ways.LEFT, said, {**names, "present": ways.PRESENT})
        ways.take_back(said, changes=_STORED, touched=_TOUCHED, editable=editable)
    for field in FIELDS[kind]:
        about = {**said, "field": field.name}
        names |= {
            "changeable": field.changeable,
            "fits": field.fits,
            "restorable": field.restorable,
            "to_take_back": _TO_TAKE_BACK.format(
                present=field.present,
                untouched=field.untouched,
                changeable=field.changeable,
                fits=field.fits,
                restorable=field.restorable,
                editable=editable,
            ),
        }
        left += _rows(_LEFT, about, names)
        more = (
            f"AND c.job_id = %(job)s AND c.field = %(field)s AND EXISTS (SELECT FROM {TABLES[kind]}"
            f" AS t WHERE t.id = c.record_id AND {names['to_take_back']})"
        )
        told = {"changes": _STORED, "old": "c.now", "new": TOLD_BEFORE, "more": more}
        if kind == DEALS.name:
            execute(_HISTORY, about, **told)
        elif kind == PRODUCTS.name:
            execute(_HISTORY_OF_PRODUCT, about, **told | {"old": "c.now", "new": "c.was"})
        elif kind == ACTIVITIES.name:
            _note_done(about, **told | {"old": "c.now", "new": "c.was"})
        elif field.name == "owner":
            execute(_HISTORY_OF_PARTY, about, party=_PARTIES[kind], **told)
        execute(_TAKE_BACK, about, back=field.back, **names)
    for point in POINTS if kind == CONTACTS.name else ():
        about = {**said, "field": point}
        names |= {
            "changeable": "true",
            "fits": "true",
            "restorable": "true",
            "to_take_back": _POINTS_TO_TAKE_BACK.format(editable=editable),
        }
        left += _rows(_LEFT, about, names)
        execute(_TAKE_POINTS_BACK, about, **names)
    return left


def _rows(
    statement: str, arguments: dict[str, Any], names: dict[str, str]
) -> list[tuple[int, str, str]]:
    return [(pk, name, why) for pk, name, why in select(statement, arguments, **names)]
