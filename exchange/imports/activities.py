"""Imports activities: what was done with whom, what is planned, and notes."""

from typing import Any

from django.utils.translation import gettext as _

from crm.models import Activity, Company, Contact, Deal
from crm.models.activity import TOUCHES
from exchange.imports import bulk, updates, ways
from exchange.imports.belonging import (
    deal_by_name,
    refuse_beyond_reach,
    resolve_company,
    resolve_contact,
    resolve_deal,
)
from exchange.imports.judging import Judge
from exchange.imports.kinds import COMPANIES, CONTACTS, DEALS, RecordKind
from exchange.imports.parties import assign_importer, later, resolve_owner
from exchange.imports.staging import CHANGES, execute, select
from exchange.imports.stood import STOOD
from pipeline.models import Team, User
from pipeline.process.stages import Stage

# What a row belongs to, of whatever kind it is: said in one column.
_TAKE = """
    UPDATE {s} SET {into} = coalesce({into}, about_id), about = NULL, about_id = NULL
    WHERE state IS NULL AND about_id > 0
"""
_LEAD = "UPDATE {s} SET contact = NULL WHERE state IS NULL AND deal_id > 0"
_DEALS_OWNER = """
    UPDATE {s} AS s SET owner_id = coalesce(
        (SELECT d.owner_id FROM crm_deal AS d WHERE d.id = s.deal_id),
        (SELECT c.owner_id FROM crm_contact AS c WHERE c.id = s.contact_id),
        (SELECT c.owner_id FROM crm_company AS c WHERE c.id = s.company_id)
    )
    WHERE s.state IS NULL AND s.owner_id IS NULL
"""
_PLANNED = "s.done_moment IS NULL AND s.cancelled_moment IS NULL"
_PLANNERS = """
    SELECT DISTINCT s.owner_id, s.deal_id FROM {s} AS s JOIN crm_deal AS d ON d.id = s.deal_id
    WHERE s.state IS NULL AND s.done_moment IS NULL AND s.cancelled_moment IS NULL
      AND s.owner_id IS DISTINCT FROM d.owner_id AND s.owner_id IS DISTINCT FROM %(owner)s
    ORDER BY 1, 2
"""
_DEALS = "SELECT DISTINCT deal_id FROM {s} WHERE state = 'new' AND deal_id IS NOT NULL ORDER BY 1"
_CHANGING = """
    SELECT DISTINCT a.deal_id FROM {s} AS s JOIN crm_activity AS a ON a.id = s.before_id
    WHERE s.state = 'differs' AND a.deal_id IS NOT NULL ORDER BY 1
"""
_DONE = """
    SELECT DISTINCT a.deal_id FROM {changes} AS c JOIN crm_activity AS a ON a.id = c.record_id
    WHERE c.kind = 'activities' AND c.field = 'result' AND c.applied AND a.deal_id IS NOT NULL {of_job}
    ORDER BY 1
"""
# Before what is written asks for a weaker lock on them.
_LOCK = "SELECT FROM crm_deal WHERE id = ANY(%(deals)s) ORDER BY id FOR NO KEY UPDATE"
_DUE_BY = """
    coalesce(s.due_moment, (s.due_day + time '23:59') AT TIME ZONE coalesce(
        nullif((SELECT u.time_zone FROM pipeline_user AS u WHERE u.id = s.owner_id), ''), %(zone)s
    ))
"""
# The stage for which it counts, as crm.queries.activity has it.
_STAGE = """
    CASE
    WHEN s.done_moment IS NULL THEN NULL
    WHEN s.deal_id IS NULL THEN {first}
    ELSE coalesce({stood}, CASE WHEN s.act = ANY(%(touches)s) THEN {first} END)
    END
"""
# What is next, and when the other side was last spoken to, as commands keep it.
_REFRESH = """
    UPDATE crm_deal AS d
    SET next_on = now.due_on, next_at = now.due_at, next_kind = now.kind, attention_at = now.attention_at,
        touched_at = now.touched_at
    FROM (
        SELECT was.id, next.due_on, next.due_at, coalesce(next.kind, '') AS kind,
            CASE
            WHEN was.outcome = 'open' AND next.due_by IS NOT NULL THEN next.due_by
            WHEN was.parked_until IS NOT NULL THEN was.parked_until::timestamp AT TIME ZONE %(zone)s
            END AS attention_at,
            {touched} AS touched_at
        FROM crm_deal AS was
        LEFT JOIN LATERAL (
            SELECT a.due_on, a.due_at, a.due_by, a.kind FROM crm_activity AS a
            WHERE a.deal_id = was.id AND a.done_at IS NULL AND a.cancelled_at IS NULL
            ORDER BY a.due_by, a.id LIMIT 1
        ) AS next ON true
        {last}
        WHERE was.id = ANY(%(deals)s::bigint[])
    ) AS now
    WHERE d.id = now.id
      AND (d.next_on, d.next_at, d.next_kind, d.attention_at, d.touched_at) IS DISTINCT FROM
        (now.due_on, now.due_at, now.kind, now.attention_at, now.touched_at)
"""
_LAST_OF_ALL = """
    LEFT JOIN LATERAL (
        SELECT max(a.done_at) AS at FROM crm_activity AS a
        WHERE a.deal_id = was.id AND a.done_at IS NOT NULL AND a.kind = ANY(%(touches)s)
          AND a.result <> 'no_answer'
    ) AS last ON true
"""
# What comes in can only be later than what there is: the rest of a deal's activities is not read again.
_LAST_OF_NEW = """
    LEFT JOIN (
        SELECT s.deal_id, max(s.done_moment) AS at FROM {s} AS s
        WHERE s.state = 'new' AND s.done_moment IS NOT NULL AND s.act = ANY(%(touches)s)
          AND s.came_of_it <> 'no_answer'
        GROUP BY s.deal_id
    ) AS last ON last.deal_id = was.id
"""


def import_activities(judge: Judge) -> None:
    """Judge and write the staged activities, and on their deals what is next."""
    judge.identify()
    _resolve(judge)
    if judge.run.reach is not None:
        assign_importer(judge)
    else:
        judge.execute(_DEALS_OWNER)
    _refuse_the_rest(judge)
    judge.number(Activity)
    # A check changes nothing, and locks nobody's deal until the end.
    if not judge.run.is_trial:
        _write(judge)
        # Deals before what is on them, as commands have it.
        changing = [deal for (deal,) in select(_CHANGING, s=judge.table)]
        execute(_LOCK, {"deals": changing})
    updates.apply(judge)
    if not judge.run.is_trial:
        done = select(_DONE, changes=CHANGES, of_job="")
        refresh_deals([deal for (deal,) in done], zone=judge.run.root.time_zone)


def _resolve(judge: Judge) -> None:
    resolve_owner(judge)
    resolve_company(judge)
    # A lead that came in as a deal is whom its calls and mails were with.
    judge.resolve("contact", "deal_id", of=DEALS, model=Deal, missing=None, by_name=False)
    if "contact" in judge.mapped.columns:
        judge.execute(_LEAD)
    resolve_contact(judge)
    resolve_deal(judge)
    if "about" in judge.mapped.columns:
        _resolve_about(judge)
    refuse_beyond_reach(judge)


def _resolve_about(judge: Judge) -> None:
    """Ids go before names: by an id it is this one, whatever else has such a name."""
    judge.resolve("about", "about_id", of=DEALS, model=Deal, missing=None, by_name=False)
    judge.execute(_TAKE, into="deal_id")
    kinds: tuple[tuple[RecordKind, type[Any], str], ...] = (
        (COMPANIES, Company, "company_id"),
        (CONTACTS, Contact, "contact_id"),
    )
    for kind, model, into in kinds:
        judge.resolve("about", "about_id", of=kind, model=model, missing=None, by_name=False)
        judge.execute(_TAKE, into=into)
    deal_by_name(judge, "about", resolved=", about = NULL")
    for _kind, model, into in kinds:
        judge.resolve("about", "about_id", of=None, model=model, missing=None)
        judge.execute(_TAKE, into=into)
    nothing = _("“{value}” is neither a deal, a company nor a person on record.")
    judge.refuse("s.about IS NOT NULL", f"{nothing} {later()}", field="about")


def _refuse_the_rest(judge: Judge) -> None:
    ways.make_standing()
    judge.refuse(
        "s.deal_id IS NULL AND s.company_id IS NULL AND s.contact_id IS NULL",
        _("It belongs to nobody: no deal, company or person is named."),
    )
    judge.refuse(
        "s.owner_id IS NULL",
        _("Nobody is named who did it or is to do it, and nobody has the record."),
        field="owner",
    )
    judge.refuse(
        f"{_PLANNED} AND d.id = s.deal_id AND {ways.outcome_of('d.id')} <> 'open'",
        _("The deal “{value}” is closed: nothing can be planned on it."),
        value="d.name",
        source="FROM crm_deal AS d",
    )
    judge.refuse(
        f"{_PLANNED} AND d.id = s.deal_id AND d.parked_until IS NOT NULL",
        _("The deal “{value}” is laid aside until a day: plan it on its page."),
        value="d.name",
        source="FROM crm_deal AS d",
    )
    judge.refuse(
        f"{_PLANNED} AND u.id = s.owner_id AND NOT u.is_active",
        _("“{value}” has left: nothing can be planned for this person."),
        value="u.name",
        source="FROM pipeline_user AS u",
    )
    _refuse_blind(judge)


def _refuse_blind(judge: Judge) -> None:
    """Nobody gets something to do on a deal that he or she cannot see, as on its page."""
    deals_of: dict[int, list[int]] = {}
    for person, deal in select(_PLANNERS, judge.arguments, s=judge.table):
        deals_of.setdefault(person, []).append(deal)
    blind = []
    for person in User.objects.filter(pk__in=deals_of):
        asked = deals_of[person.pk]
        seen = Deal.objects.visible_to(person).filter(pk__in=asked).values_list("pk", flat=True)
        blind += [(person.pk, deal) for deal in set(asked) - set(seen)]
    if not blind:
        return
    people, deals = (list(column) for column in zip(*blind, strict=True))
    judge.refuse(
        f"{_PLANNED} AND s.owner_id = blind.person AND s.deal_id = blind.deal",
        _("“{value}” cannot see the deal, nor what is planned on it."),
        value="(SELECT u.name FROM pipeline_user AS u WHERE u.id = s.owner_id)",
        source="FROM unnest(%(people)s::bigint[], %(deals)s::bigint[]) AS blind (person, deal)",
        people=people,
        deals=deals,
    )


def _write(judge: Judge) -> None:
    deals = [deal for (deal,) in select(_DEALS, s=judge.table)]
    arguments = {
        **judge.arguments,
        "zone": judge.run.root.time_zone,
        "touches": [str(kind) for kind in TOUCHES],
        "deals": deals,
    }
    execute(_LOCK, arguments)
    stood = STOOD.format(at="s.done_moment")
    bulk.insert_select(
        Activity,
        {
            "id": "s.record_id",
            "kind": "s.act",
            "subject": "s.title",
            "body": "s.words",
            "deal_id": "s.deal_id",
            "company_id": "coalesce(s.company_id, ("
            " SELECT c.company_id FROM crm_contact AS c WHERE c.id = s.contact_id), d.company_id)",
            "contact_id": "s.contact_id",
            "owner_id": "s.owner_id",
            "due_on": "s.due_day",
            "due_at": "s.due_moment",
            "due_by": _DUE_BY,
            "done_at": "s.done_moment",
            "cancelled_at": "s.cancelled_moment",
            "result": "s.came_of_it",
            "stage": _STAGE.format(first=Stage.LEAD_GENERATION.value, stood=stood),
            "created_at": "s.made_moment",
            "created_by_id": "%(by)s",
            "batch_id": "%(batch)s",
        },
        f"{judge.table} AS s LEFT JOIN crm_deal AS d ON d.id = s.deal_id WHERE s.state = 'new'",
        arguments,
    )
    touched = "greatest(was.touched_at, last.at)"
    execute(_REFRESH, arguments, touched=touched, last=_LAST_OF_NEW.format(s=judge.table))


def refresh_deals(deals: list[int], *, zone: str) -> None:
    """Set anew what is next on deals that activities were taken from, and when the other side was
    last spoken to."""
    if not deals:
        return
    arguments = {"deals": deals, "zone": zone, "touches": [str(kind) for kind in TOUCHES]}
    execute(_LOCK, arguments)
    execute(_REFRESH, arguments, touched="last.at", last=_LAST_OF_ALL)


def refresh_deals_of(job_id: int) -> None:
    """Part of an undo, once what a file has done is planned again, or came out as before."""
    of_job = "AND c.job_id = %(job)s"
    found = select(_DONE, {"job": job_id}, changes="exchange_importchange", of_job=of_job)
    refresh_deals([deal for (deal,) in found], zone=Team.objects.root().time_zone)
