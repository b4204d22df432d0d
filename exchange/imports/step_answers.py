"""Imports what steps of the process ask: answers, ticks, and links that prove something.

An answer moves no deal, and is of the process by which its deal is worked there. A later file changes
what a file has answered; what people answered, or took back, stays unless one says that the file goes
before. What was answered before stays on record as replaced, as by hand.
"""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from crm.models import StepResult, StepState
from exchange.imports import bulk, runs
from exchange.imports.belonging import refuse_beyond_reach, resolve_company, resolve_deal
from exchange.imports.judging import NEXT, Judge
from exchange.imports.staging import ANSWERS, CHANGES, execute, select
from exchange.imports.step_cells import TICKED
from exchange.imports.steps import type_of
from exchange.imports.updatable import digest
from pipeline.models import Batch, User
from pipeline.process.playbook import StepKind
from pipeline.process.queries.in_force import current_versions_of_teams, of_versions
from pipeline.process.stages import Stage

# As long as it can be; of one that is longer its digest.
_KEY = """
    UPDATE {s} SET external_id = CASE WHEN length(named) <= 200 THEN named
        ELSE encode(sha256(convert_to(named, 'UTF8')), 'hex') END
    FROM (SELECT no AS of, concat_ws(' · ', deal, company) AS named FROM {s}) AS key WHERE no = key.of
"""
_REOPEN = "UPDATE {s} SET state = NULL, deal_id = before_id WHERE state = 'differs'"
_SAME_DEAL = """
    FROM (
        SELECT no, row_number() OVER w AS place, first_value(line) OVER w AS first FROM {s}
        WHERE state IS NULL WINDOW w AS (PARTITION BY deal_id ORDER BY file, line)
    ) AS same
"""
_LOCK = """
    SELECT FROM crm_deal WHERE id IN (SELECT deal_id FROM {s} WHERE state IS NULL)
    ORDER BY id FOR NO KEY UPDATE
"""
# By which process: as crm.queries.deal_process.named_versions has it.
_BOOK = """
    UPDATE {answers} AS a SET book = jsonb_build_array(d.team_id, coalesce(
        (SELECT nullif(v.version_ids, '[]') FROM crm_stagevisit AS v
         WHERE v.deal_id = d.id AND v.stage = a.stage ORDER BY v.sequence DESC LIMIT 1),
        nullif(nullif(d.kept_version_ids, '[]'), 'null'), '[]'
    ))::text
    FROM {s} AS s JOIN crm_deal AS d ON d.id = s.deal_id WHERE s.no = a.no AND s.state IS NULL
"""
_PLACES = "SELECT DISTINCT place, stage, key, cell_type, book FROM {answers} WHERE book IS NOT NULL"
_NAME = """
    UPDATE {answers} AS a SET label = step.label, answer = step.answer, version_ids = step.versions
    FROM unnest(%(places)s::text[], %(books)s::text[], %(labels)s::text[], %(answers)s::text[],
        %(versions)s::jsonb[]) AS step (place, book, label, answer, versions)
    WHERE a.place = step.place AND a.book = step.book
"""
_OF_ROW = "EXISTS (SELECT FROM {answers} AS a WHERE a.no = s.no AND {condition})"
_FIRST = "(SELECT a.{column} FROM {answers} AS a WHERE a.no = s.no AND {condition} LIMIT 1)"
# Braces that are left when names are put in.
_SAID_OF = "r.value #>> '{{}}'"
# What is answered now: in words, as the reader of cells gives it.
_NOW = f"""
    CASE WHEN r.state = '{StepState.OVERRIDDEN.value}' THEN ''
    WHEN a.is_number AND {_SAID_OF} ~ '^-?\\d+(\\.\\d+)?$' THEN trim_scale(({_SAID_OF})::numeric)::text
    ELSE coalesce({_SAID_OF}, nullif(r.link, ''), '{TICKED}') END
"""
_CURRENT = "r.replaced_at IS NULL AND r.private_to_id IS NULL"
# By the index, from each answer: of how many there are the planner knows nothing true.
_LOOK = f"""
    UPDATE {{answers}} AS a SET result_id = found.id, ours = found.ours
    FROM (
        SELECT a.no, a.place, now.* FROM {{answers}} AS a JOIN {{s}} AS s ON s.no = a.no
        CROSS JOIN LATERAL (
            SELECT r.id, {_NOW} AS ours FROM crm_stepresult AS r
            WHERE r.deal_id = s.deal_id AND r.stage = a.stage AND r.key = a.key AND {_CURRENT} LIMIT 1
        ) AS now
        WHERE s.state IS NULL
    ) AS found
    WHERE a.no = found.no AND a.place = found.place
"""  # noqa: S608  # constants
_COMPARE = f"""
    UPDATE {{answers}} AS a SET mark = {digest("a.said")}, base = s.before_said ->> a.place,
        is_ours = CASE WHEN a.result_id IS NULL THEN s.before_said ? a.place
            ELSE {digest("a.ours")} IS DISTINCT FROM s.before_said ->> a.place END
    FROM {{s}} AS s WHERE s.no = a.no AND s.state IS NULL
"""  # noqa: S608  # constants
# What it says already, or what the file said before, is nothing new.
_DECIDE = """
    UPDATE {answers} AS a SET way = CASE
        WHEN a.ours = a.said THEN 'same'
        WHEN a.mark = a.base THEN 'said'
        WHEN a.result_id IS NULL AND NOT coalesce(a.is_ours, false) THEN 'put'
        WHEN %(say)s::jsonb ->> a.place = 'overwrite' THEN 'put'
        WHEN %(say)s::jsonb ->> a.place = 'leave' OR a.is_ours THEN 'stays'
        ELSE 'put' END
    FROM {s} AS s WHERE s.no = a.no AND s.state IS NULL
"""
_SHOWN = "CASE WHEN {value} = '{ticked}' THEN jsonb_build_object('name', %(done)s::text) ELSE to_jsonb({value}) END"
_NOTE = """
    INSERT INTO {changes}
    SELECT 'answers', s.file, s.line, s.no, d.id, d.name, a.place,
        CASE WHEN a.ours <> '' THEN {was} END, {now}, coalesce(a.is_ours, false), a.way = 'put', a.mark,
        coalesce(a.base, ''), jsonb_build_array(d.changed_at, d.changed_by_id)
    FROM {answers} AS a JOIN {s} AS s ON s.no = a.no AND s.state IS NULL
    JOIN crm_deal AS d ON d.id = s.deal_id
    WHERE a.way IN ('put', 'stays') AND (a.result_id IS NOT NULL OR s.before_id IS NOT NULL)
"""
_SETTLE = """
    UPDATE {s} AS s SET record_id = s.deal_id, state = CASE
        WHEN EXISTS (SELECT FROM {answers} AS a WHERE a.no = s.no AND a.way = 'put')
        THEN CASE WHEN s.before_id IS NULL THEN 'new' ELSE 'changed' END
        ELSE CASE WHEN s.before_id IS NULL THEN 'matched' ELSE 'known' END END
    WHERE s.state IS NULL
"""
_NUMBER = "UPDATE {answers} SET new_id = {next} WHERE way = 'put'"
_REPLACE = """
    UPDATE crm_stepresult AS r SET replaced_at = %(now)s, replaced_by_id = %(by)s
    FROM {answers} AS a WHERE r.id = a.result_id AND a.way = 'put' RETURNING r.id
"""
_TELL = """
    INSERT INTO crm_dealchange (deal_id, kind, data, at, by_id, reason)
    SELECT s.deal_id, 'step', jsonb_build_object('answer', a.answer, 'step', a.label,
        'said', CASE WHEN a.said = '{ticked}' THEN '' ELSE a.said END), %(now)s, %(by)s, ''
    FROM {answers} AS a JOIN {s} AS s ON s.no = a.no WHERE a.way = 'put' ORDER BY a.new_id
"""
# What was left as it is, is compared with the next file again, whatever that says.
_REMEMBER = """
    UPDATE crm_importedrow AS l SET said = l.said || said.marks,
        digest = CASE WHEN said.stays THEN '' ELSE s.digest END,
        changed_batch_id = CASE WHEN s.state = 'changed' THEN %(batch)s ELSE l.changed_batch_id END
    FROM {s} AS s CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_object_agg(a.place, a.mark) FILTER (WHERE a.way <> 'stays'), '{{}}') AS marks,
            coalesce(bool_or(a.way = 'stays'), false) AS stays
        FROM {answers} AS a WHERE a.no = s.no
    ) AS said
    WHERE {which}
"""
_ENTERED = """
    s.state IN ('new', 'matched') AND l.kind = 'answers' AND l.system = %(system)s
    AND l.external_id = s.external_id AND l.batch_id = %(batch)s
"""
_CAME_BEFORE = (
    "s.state IN ('changed', 'known') AND l.id = s.before_entry AND s.before_digest <> s.digest"
)

_NEAR = """
    (%(everything)s OR coalesce(d.owner_id = ANY(%(seen)s::bigint[]), false)
     OR d.owner_id IS NULL AND d.team_id = ANY(%(led)s::bigint[]))
"""
# Those that nobody has answered anew or taken back, with what they replaced.
_GOING = f"""
    CREATE TEMP TABLE {{going}} ON COMMIT DROP AS
    SELECT r.id, (
        SELECT max(q.id) FROM crm_stepresult AS q
        WHERE q.deal_id = r.deal_id AND q.stage = r.stage AND q.key = r.key AND q.private_to_id IS NULL
          AND q.id = ANY(%(replaced)s::bigint[]) AND q.replaced_at = %(came_at)s
    ) AS before_id
    FROM crm_stepresult AS r JOIN crm_deal AS d ON d.id = r.deal_id
    WHERE r.id = ANY(%(put)s::bigint[]) AND {_CURRENT} AND {_NEAR}
"""  # noqa: S608  # constants
_TELL_BACK = """
    INSERT INTO crm_dealchange (deal_id, kind, data, at, by_id, reason)
    SELECT r.deal_id, CASE WHEN q.id IS NULL THEN 'step_undone' ELSE 'step' END,
        CASE WHEN q.id IS NULL THEN jsonb_build_object('step', r.label) ELSE jsonb_build_object(
            'answer', coalesce((
                SELECT c.data ->> 'answer' FROM crm_dealchange AS c
                WHERE c.deal_id = r.deal_id AND c.kind = 'step' AND c.at = %(came_at)s
                  AND c.data ->> 'step' = r.label ORDER BY c.id LIMIT 1
            ), 'text'), 'step', q.label, 'said', coalesce(q.value #>> '{{}}', q.link)
        ) END, %(now)s, %(by)s, ''
    FROM {going} AS g JOIN crm_stepresult AS r ON r.id = g.id
    LEFT JOIN crm_stepresult AS q ON q.id = g.before_id ORDER BY r.id
"""
_DELETE = "DELETE FROM crm_stepresult WHERE id IN (SELECT id FROM {going})"
_GIVE_BACK = """
    UPDATE crm_stepresult SET replaced_at = NULL, replaced_by_id = NULL
    WHERE id IN (SELECT before_id FROM {going})
"""
_FORGET = "DELETE FROM crm_importedrow WHERE kind = 'answers' AND batch_id = %(batch)s"
_LEFT = """
    SELECT r.id, CASE WHEN near.is_so THEN d.name || ' · ' || r.label ELSE r.label END, near.is_so
    FROM crm_stepresult AS r JOIN crm_deal AS d ON d.id = r.deal_id
    CROSS JOIN LATERAL (SELECT {near} AS is_so) AS near
    WHERE r.id = ANY(%(put)s::bigint[]) ORDER BY r.id
"""
_TAKEN = "going_answers"


@dataclass(frozen=True, kw_only=True)
class _StepInForce:
    """A step of one process: how it is called there, and the versions that it comes from."""

    place: str
    book: str
    label: str
    answer: str
    choices: tuple[str, ...]
    versions: str


def import_answers(judge: Judge) -> None:
    """Judge the staged rows, and write what they answer."""
    judge.identify(key=_KEY, field="deal")
    judge.execute(_REOPEN)
    resolve_company(judge)
    resolve_deal(judge)
    refuse_beyond_reach(judge)
    judge.refuse(
        "same.no = s.no AND same.place > 1",
        _("The same record stands above already: {value}."),
        field="deal",
        value="same.first",
        source=_SAME_DEAL,
    )
    # Who is just answering a step of a deal is waited for, and that answer counts.
    if not judge.run.is_trial:
        judge.execute(_LOCK)
        # Somebody else may have it by now.
        refuse_beyond_reach(judge)
    _find_steps(judge)
    judge.execute(_LOOK, answers=ANSWERS)
    judge.execute(_COMPARE, answers=ANSWERS)
    say = {"say": json.dumps(judge.mapped.update)}
    execute(_DECIDE, say, s=judge.table, answers=ANSWERS)
    _note(judge)
    judge.execute(_SETTLE, answers=ANSWERS)
    judge.enter()
    if not judge.run.is_trial:
        _write(judge)


def _find_steps(judge: Judge) -> None:
    """Look each step up in the process of each deal, and refuse rows whose deal has no such step."""
    # Once they are all there; the planner knows nothing of a temporary table.
    execute("CREATE INDEX ON {answers} (no, place)", answers=ANSWERS)
    execute("ANALYZE {answers} (no, place)", answers=ANSWERS)
    judge.execute(_BOOK, answers=ANSWERS)
    current = current_versions_of_teams()
    found: list[_StepInForce] = []
    for place, stage, key, cell_type, book in select(_PLACES, answers=ANSWERS):
        team, named = json.loads(book)
        versions = tuple(named) or current.get(team, ())
        step = of_versions(versions).find(Stage(stage), key)
        about = {"place": place, "book": book}
        its_type = type_of(step)
        if step is None or its_type is None:
            _refuse(
                judge, _("The process of the deal’s team has no step that this answers."), about
            )
        elif its_type.name != cell_type:
            _refuse(judge, _("The process of the deal’s team asks for another answer here."), about)
        else:
            answer = step.answer if step.kind == StepKind.QUESTION else step.kind
            found.append(
                _StepInForce(
                    **about,
                    label=step.label,
                    answer=answer.value,
                    choices=step.choices if step.kind == StepKind.QUESTION else (),
                    versions=json.dumps(versions),
                )
            )
    for each in found:
        if each.choices:
            _refuse(
                judge,
                _("“{value}” is none of the answers to choose from."),
                {"place": each.place, "book": each.book, "choices": list(each.choices)},
                condition="AND NOT a.said = ANY(%(choices)s::text[])",
            )
    arguments = {
        "places": [each.place for each in found],
        "books": [each.book for each in found],
        "labels": [each.label for each in found],
        "answers": [each.answer for each in found],
        "versions": [each.versions for each in found],
    }
    execute(_NAME, arguments, answers=ANSWERS)


def _refuse(judge: Judge, reason: str, about: dict[str, Any], *, condition: str = "") -> None:
    of_it = f"a.place = %(place)s AND a.book = %(book)s {condition}"
    column = next(c for c, step in judge.mapped.steps.items() if step.name == about["place"])
    judge.refuse(
        _OF_ROW.format(answers=ANSWERS, condition=of_it),
        reason,
        heading=column,
        value=_FIRST.format(column="said", answers=ANSWERS, condition=of_it),
        **about,
    )


def _note(judge: Judge) -> None:
    shown = {
        name: _SHOWN.format(value=f"a.{value}", ticked=TICKED)
        for name, value in (("was", "ours"), ("now", "said"))
    }
    arguments = {**judge.arguments, "done": _("Done")}
    execute(_NOTE, arguments, s=judge.table, answers=ANSWERS, changes=CHANGES, **shown)


def _write(judge: Judge) -> None:
    """What was done is kept with the batch, so that it can be taken back."""
    execute(_NUMBER, answers=ANSWERS, next=NEXT.format(table="crm_stepresult"))
    replaced = [pk for (pk,) in select(_REPLACE, judge.arguments, answers=ANSWERS)]
    bulk.insert_select(
        StepResult,
        {
            "id": "a.new_id",
            "deal_id": "s.deal_id",
            "stage": "a.stage",
            "key": "a.key",
            "label": "a.label",
            "state": f"'{StepState.DONE.value}'",
            "value": "CASE WHEN a.cell_type NOT IN ('FLAG', 'LINK') THEN to_jsonb(a.said) END",
            "link": "CASE WHEN a.cell_type = 'LINK' THEN a.said ELSE '' END",
            "version_ids": "a.version_ids",
            "at": "coalesce(s.answered_on, %(now)s)",
            "by_id": "%(by)s",
        },
        f"{ANSWERS} AS a JOIN {judge.table} AS s ON s.no = a.no WHERE a.way = 'put'",
        judge.arguments,
    )
    judge.execute(_TELL, answers=ANSWERS, ticked=TICKED)
    for which in (_ENTERED, _CAME_BEFORE):
        execute(
            _REMEMBER.replace("{which}", which), judge.arguments, s=judge.table, answers=ANSWERS
        )
    put = [pk for (pk,) in select("SELECT new_id FROM {a} WHERE way = 'put'", a=ANSWERS)]
    summary = judge.run.batch.summary
    summary["answers_put"] = runs.add(summary.get("answers_put", []), put)
    summary["answers_replaced"] = runs.add(summary.get("answers_replaced", []), replaced)


def take_back(
    batch_id: int,
    summary: dict[str, Any],
    *,
    came_at: dt.datetime,
    by: User | None,
    at: dt.datetime,
) -> tuple[int, list[tuple[int, str, bool]]]:
    """Take the answers of a batch away that nobody has changed since, and give back what they replaced:
    how many, and which (id, name, whether it is within reach) stay."""
    replaced = set(runs.ids_of(summary.get("answers_replaced", [])))
    # A file that was taken back before left its answer to the one that stood upon it.
    before = Batch.objects.filter(undone_at__isnull=False, summary__has_key="answers_put")
    for other in before.values_list("summary", flat=True):
        replaced.difference_update(runs.ids_of(other["answers_put"]))
    arguments = {
        "batch": batch_id,
        "came_at": came_at,
        "now": at,
        "by": by.pk if by else None,
        "everything": by is None or by.scope.everything,
        "seen": sorted(by.scope.owner_ids) if by else [],
        "led": sorted(by.scope.managed_team_ids) if by else [],
        "put": list(runs.ids_of(summary.get("answers_put", []))),
        "replaced": sorted(replaced),
    }
    if not arguments["put"]:
        execute(_FORGET, arguments)
        return 0, []
    execute(_GOING, arguments, going=_TAKEN)
    execute(_TELL_BACK, arguments, going=_TAKEN)
    gone = execute(_DELETE, going=_TAKEN)
    execute(_GIVE_BACK, going=_TAKEN)
    execute("DROP TABLE {going}", going=_TAKEN)
    execute(_FORGET, arguments)
    return gone, [(pk, name, near) for pk, name, near in select(_LEFT, arguments, near=_NEAR)]
