"""Imports deals with their visits, contacts and products."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from crm.commands import search
from crm.models import (
    Contact,
    Deal,
    DealContact,
    DealLine,
    Method,
    Product,
    SearchKind,
    Source,
    StageVisit,
    StopCause,
)
from crm.shipped import METHODS, SOURCES, spellings
from exchange.imports import bulk, gaps, owners, parts, pool, updates
from exchange.imports.judging import NEXT, NOT_IN, Judge
from exchange.imports.kinds import COMPANIES, CONTACTS, PRODUCTS
from exchange.imports.ledger import record_of
from exchange.imports.parties import (
    CONTACT_BY_POINT,
    KNOWN_BY,
    enter_key,
    make_companies,
    provenance,
    refuse_currencies,
    refuse_unknown_key,
    resolve_company,
    resolve_other_owner,
    resolve_owner,
    write_points,
)
from exchange.imports.staging import CHANGES, VISITS, execute, inform_planner, select
from pipeline.models import Team

_OWN_WITHOUT_TEAM = """
    UPDATE {s} SET owner_id = %(owner)s
    WHERE state IS NULL AND owner_id IS NULL AND team_id IS NULL
"""
_TEAM = """
    UPDATE {s} AS s SET team_id = coalesce(
        (SELECT u.team_id FROM pipeline_user AS u WHERE u.id = s.owner_id), %(root)s
    )
    WHERE s.state IS NULL AND s.team_id IS NULL
"""
# Of the numbers, those that are some come first.
_PHONE_TYPED = "CASE WHEN s.phone_key[1] LIKE '+%%' THEN s.phone[1] END"
_PHONE_KEY = "CASE WHEN s.phone_key[1] LIKE '+%%' THEN s.phone_key[1] END"
_CONTACT_NAME = f"coalesce(s.contact, s.email[1], {_PHONE_TYPED})"
_NAMES_CONTACT = f"{_CONTACT_NAME} IS NOT NULL"
_CONTACT_OF_COMPANY = """
    UPDATE {s} AS s SET contact_id = found.id
    FROM (
        SELECT r.no, (
            SELECT min(c.id) FROM crm_contact AS c
            WHERE c.company_id = r.company_id AND seven_fold(c.name) = seven_fold(r.contact)
            GROUP BY c.company_id
        ) AS id
        FROM {s} AS r
        WHERE r.state IS NULL AND r.contact_id IS NULL AND r.email IS NULL
          AND (r.phone_key[1] LIKE '+%%') IS NOT TRUE
    ) AS found
    WHERE s.no = found.no AND found.id IS NOT NULL
"""
_CONTACT_BY_ID = """
    UPDATE {s} AS s SET contact_id = found.id
    FROM (
        SELECT r.no, {record} AS id
        FROM {s} AS r WHERE r.state IS NULL AND r.contact_id IS NULL AND r.{column} IS NOT NULL
    ) AS found
    WHERE s.no = found.no AND found.id IS NOT NULL
"""
# Where people and companies are rows of one table, the customer of a deal may be a person.
_CUSTOMER_IS_PERSON = """
    UPDATE {s} AS s SET contact_id = c.id, company_id = c.company_id, company = NULL, company_key = NULL,
        contact = coalesce(s.contact, c.name)
    FROM (
        SELECT r.no, {record} AS id FROM {s} AS r
        WHERE r.state IS NULL AND r.contact_id IS NULL AND r.company_key IS NOT NULL
          AND {company} IS NULL
    ) AS found
    JOIN crm_contact AS c ON c.id = found.id
    WHERE s.no = found.no
"""
# The same person in several rows becomes one contact: by address or number, else by the company.
_NUMBER_CONTACTS = """
    WITH wanted AS MATERIALIZED (
        SELECT s.no, seven_fold(coalesce(s.contact, '')) || '|'
            || coalesce(lower(s.contact_key), s.email_key[1], {phone_key}, s.company_id::text, s.no::text)
            AS key
        FROM {s} AS s WHERE s.state IS NULL AND s.contact_id IS NULL AND {names_contact}
    ), made AS MATERIALIZED (
        SELECT key, {next} AS id FROM (SELECT DISTINCT key FROM wanted) AS once
    )
    UPDATE {s} AS s SET contact_id = made.id, contact_made = true
    FROM wanted JOIN made ON made.key = wanted.key WHERE s.no = wanted.no
"""
_MADE_CONTACTS = """
    (
        SELECT DISTINCT ON (contact_id) * FROM {s}
        WHERE state IS NULL AND contact_made ORDER BY contact_id, no
    ) AS s
"""
_NAME = """
    left(coalesce(
        s.name,
        nullif(concat_ws(
            ' · ',
            (SELECT c.name FROM crm_company AS c WHERE c.id = s.company_id),
            (SELECT p.name FROM crm_product AS p WHERE p.id = s.product_id)
        ), ''),
        (SELECT c.name FROM crm_contact AS c WHERE c.id = s.contact_id)
    ), 200)
"""
_AS_KEPT = """
    UPDATE {s} AS s SET {field} = known.name
    FROM unnest(%(typed)s::text[], %(names)s::text[]) AS known(typed, name)
    WHERE {open} AND lower(s.{field}) = known.typed
      AND NOT EXISTS (SELECT FROM crm_{field} AS own WHERE lower(own.name) = known.typed)
"""
# What a column says of the cause goes before what the stage says.
_CAUSE = """
    UPDATE {s} AS s SET cause = c.key, initiator = coalesce(nullif(c.initiator, ''), s.initiator)
    FROM unnest(%(typed)s::text[], %(names)s::text[]) AS known(typed, name)
    JOIN crm_stopcause AS c ON c.name = known.name
    WHERE s.state IS NULL AND s.outcome = 'stopped' AND lower(s.stop_cause) = known.typed
"""
# Deals that the file has won, and those that it has open again.
_WON = """
    SELECT s.record_id FROM {s} AS s
    WHERE s.outcome = 'won' AND (s.state = 'new' OR s.state = 'changed' AND s.no IN (
        SELECT h.no FROM {changes} AS h WHERE h.field = 'visits' AND h.applied
    ))
"""
_WON_NO_MORE = """
    SELECT s.record_id FROM {s} AS s JOIN {changes} AS h ON h.no = s.no
    WHERE h.field = 'visits' AND h.applied AND h.was #>> '{{visits,-1,left_how}}' = 'won'
"""
_OTHER_WINS = """(
    SELECT count(*) FROM crm_deal AS w
    WHERE w.company_id = c.id AND w.outcome = 'won' AND w.id NOT IN ({won})
)"""
_CUSTOMERS = """
    SELECT c.id, c.relationship, c.batch_id IS NOT DISTINCT FROM %(batch)s, c.changed_at, c.changed_by_id,
        {wins}, {after}
    FROM crm_company AS c WHERE {changes_if} AND c.id = ANY(ARRAY(
        SELECT DISTINCT o.id FROM crm_deal AS d JOIN crm_company AS o ON o.id = d.company_id
        WHERE d.id IN ({deals}) AND {counts}
    )) ORDER BY c.id FOR NO KEY UPDATE
"""
# Who was a customer once bought once: of those, only what they bought since it was said counts.
_COUNTS = "(o.relationship = 'never_bought' OR d.closed_at > o.changed_at)"
_FOLLOW = """
    UPDATE crm_company SET {sets}, changed_at = %(now)s, changed_by_id = %(by)s
    WHERE id = ANY(%(ids)s)
"""


def import_deals(judge: Judge) -> dict[str, list[Any]]:
    """Judge and write the staged deals; of the companies on record that are customers now, or none any
    more, by id: the relationship before, when and by whom they were changed, the wins that are not of
    this file, and the relationship now (for the undo)."""
    judge.identify()
    _resolve(judge)
    _resolve_parties(judge)
    _resolve_cause(judge)
    _refuse_the_rest(judge)
    _make_parties(judge)
    judge.number(Deal)
    dealt = pool.deal_out(judge)
    _write(judge)
    parts.link_people(judge)
    pool.note(judge, dealt)
    updates.apply(judge, resolve=_resolve_changed)
    owners.give_plans(judge)
    return _follow_wins(judge)


def _resolve(judge: Judge) -> None:
    resolve_owner(judge)
    unknown_product = _("The product “{value}” is not on the list of products.")
    if judge.run.reach is None:
        otherwise = _("If it has another name there, say so under [deals.values.product].")
        unknown_product = f"{unknown_product} {otherwise}"
    judge.resolve("product", "product_id", of=PRODUCTS, model=Product, missing=unknown_product)
    unknown_team = _("There is no team “{value}”.")
    judge.resolve("team", "team_id", of=None, model=Team, missing=unknown_team)
    _resolve_lists(judge)
    if judge.run.reach is not None:
        _keep_in_reach(judge)
    judge.execute(_TEAM)


def _resolve_lists(judge: Judge) -> None:
    _say_as_kept(judge, "source", [name for name, _kind in SOURCES])
    unknown_source = _("The source “{value}” is not on the list of sources.")
    judge.resolve("source", "source_id", of=None, model=Source, missing=unknown_source)
    _say_as_kept(judge, "method", METHODS)
    unknown_method = _("The method “{value}” is not on the list of methods.")
    judge.resolve("method", "method_id", of=None, model=Method, missing=unknown_method)


def _say_as_kept(judge: Judge, field: str, shipped: Sequence[str]) -> None:
    """Translate entries of a list that a file names in any language to their stored names; own names
    come first."""
    if field not in judge.mapped.columns:
        return
    said = [(typed, name) for name in shipped for typed in spellings(name)]
    typed, names = zip(*said, strict=True)
    arguments = {**judge.arguments, "typed": list(typed), "names": list(names)}
    execute(_AS_KEPT, arguments, s=judge.table, field=field, open=NOT_IN)


def _keep_in_reach(judge: Judge) -> None:
    """As for typed deals: an owner brings his or her team, a team alone means its pool."""
    judge.refuse(
        "s.owner_id IS NULL AND NOT s.team_id = ANY(%(pools)s::bigint[])",
        _("You cannot put deals into the pool of “{value}”."),
        field="team",
    )
    judge.refuse(
        "s.team_id <> u.team_id AND s.owner_id = u.id",
        _("“{value}” is not the team of the owner."),
        field="team",
        source="FROM pipeline_user AS u",
    )
    judge.execute(_OWN_WITHOUT_TEAM)


def _resolve_parties(judge: Judge) -> None:
    if "company_key" in judge.mapped.columns:
        judge.execute(
            _CUSTOMER_IS_PERSON,
            record=record_of(CONTACTS, "r.company_key"),
            company=record_of(COMPANIES, "r.company_key"),
        )
    resolve_company(judge)
    for column in ("contact_key", "contact"):
        if column in judge.mapped.columns:
            record = record_of(CONTACTS, f"r.{column}")
            judge.execute(_CONTACT_BY_ID, record=record, column=column)
    for field in ("email", "phone"):
        if field in judge.mapped.columns:
            judge.execute(CONTACT_BY_POINT, field=field, known_by=KNOWN_BY[field])
    if "contact" in judge.mapped.columns:
        judge.execute(_CONTACT_OF_COMPANY)
    if "contact" not in judge.mapped.make:
        judge.refuse(
            f"s.contact_id IS NULL AND {_NAMES_CONTACT}",
            _("The person “{value}” is neither on record nor comes in with these files."),
            field="contact",
            value=_CONTACT_NAME,
        )
    refuse_unknown_key(judge, "contact", _("The person “{value}” is not on record."))


def _resolve_cause(judge: Judge) -> None:
    """The cause of a stop by its name in any language, or by its key; who decided, if the cause is
    only one side's."""
    if "stop_cause" not in judge.mapped.columns:
        return
    said = [
        (typed, name)
        for name, key in StopCause.objects.values_list("name", "key")
        for typed in {*spellings(name), key}
    ]
    typed, names = zip(*said, strict=True) if said else ((), ())
    arguments = {**judge.arguments, "typed": list(typed), "names": list(names)}
    execute(_CAUSE, arguments, s=judge.table)
    judge.refuse(
        "s.outcome = 'stopped' AND s.stop_cause IS NOT NULL"
        " AND NOT lower(s.stop_cause) = ANY(%(causes)s::text[])",
        _("The cause “{value}” is not on the list of causes."),
        field="stop_cause",
        causes=list(typed),
        among=NOT_IN,
    )


def _refuse_the_rest(judge: Judge) -> None:
    judge.refuse(
        f"coalesce(s.name, s.company, s.product) IS NULL AND NOT {_NAMES_CONTACT}",
        _("Nothing names the deal: no name, company, product or person."),
    )
    refuse_currencies(judge)
    judge.refuse(
        "s.outcome = 'stopped' AND NOT EXISTS ("
        " SELECT FROM crm_stopcause AS c WHERE c.key = s.cause"
        " AND c.initiator IN ('', s.initiator))",
        _("There is no cause “{value}” that this side could have."),
        value="s.cause",
    )


def _resolve_changed(judge: Judge) -> None:
    resolve_other_owner(judge)
    _resolve_lists(judge)
    _resolve_cause(judge)
    refuse_currencies(judge)


def _make_parties(judge: Judge) -> None:
    """Create the companies and contacts that rows name and that are not on record, each once."""
    if "company" in judge.mapped.make:
        make_companies(judge)
    if "contact" in judge.mapped.make:
        _make_contacts(judge)
    enter_key(judge, CONTACTS, "contact")
    if judge.mapped.make:
        inform_planner()


def _make_contacts(judge: Judge) -> None:
    next_id = NEXT.format(table="crm_contact")
    judge.execute(
        _NUMBER_CONTACTS, names_contact=_NAMES_CONTACT, phone_key=_PHONE_KEY, next=next_id
    )
    bulk.insert_select(
        Contact,
        {
            "id": "s.contact_id",
            "name": _CONTACT_NAME,
            "job_title": "coalesce(s.job_title, '')",
            "company_id": "s.company_id",
            "owner_id": "s.owner_id",
            **provenance(),
        },
        _MADE_CONTACTS.format(s=judge.table),
        judge.arguments,
    )
    write_points(judge, "s.contact_id", "s.state IS NULL AND s.contact_made")


def _write(judge: Judge) -> None:
    new = f"{judge.table} AS s"
    bulk.insert_select(
        Deal,
        {
            **provenance(),
            "id": "s.record_id",
            "name": _NAME,
            "company_id": "coalesce(s.company_id, ("
            " SELECT c.company_id FROM crm_contact AS c WHERE c.id = s.contact_id))",
            "owner_id": "s.owner_id",
            "team_id": "s.team_id",
            "stage": "s.deal_stage",
            "stage_entered_at": "s.stage_at",
            "amount": "s.amount",
            "currency": "coalesce(s.currency, %(currency)s)",
            "expected_close_on": "s.expected_close_on",
            "source_id": "s.source_id",
            "source_detail": "coalesce(s.source_detail, '')",
            "method_id": "s.method_id",
            "outcome": "s.outcome",
            "closed_at": "s.ended_at",
            "initiator": "s.initiator",
            "cause_id": "cause.id",
            "created_at": "coalesce(s.created_on, s.entered_on, s.closed_on, %(now)s)",
            "created_by_id": "%(by)s",
        },
        f"{new} LEFT JOIN crm_stopcause AS cause ON cause.key = s.cause WHERE s.state = 'new'",
        judge.arguments,
    )
    left = "CASE WHEN y.left_how IS NOT NULL THEN {} END".format
    bulk.insert_select(
        StageVisit,
        {
            "deal_id": "s.record_id",
            "sequence": "y.sequence",
            "stage": "y.stage",
            "entered_at": "y.entered_at",
            "entered_how": "y.entered_how",
            "reason": "y.reason",
            "entry_owner_id": "s.owner_id",
            "entry_team_id": "s.team_id",
            "entry_amount": "s.amount",
            "left_at": "y.left_at",
            "left_how": "y.left_how",
            "exit_owner_id": left("s.owner_id"),
            "exit_team_id": left("s.team_id"),
            "exit_amount": left("s.amount"),
        },
        f"{new} JOIN {VISITS} AS y ON y.no = s.no WHERE s.state = 'new'",
        {},
    )
    if not judge.run.is_trial:
        gaps.keep(judge.table, judge.arguments)
    bulk.insert_select(
        DealContact,
        {"deal_id": "s.record_id", "contact_id": "s.contact_id"},
        f"{new} WHERE s.state = 'new' AND s.contact_id IS NOT NULL",
        {},
    )
    if "product" in judge.mapped.columns:
        bulk.insert_select(
            DealLine,
            {"deal_id": "s.record_id", "product_id": "s.product_id", "unit_price": "s.amount"},
            f"{new} WHERE s.state = 'new' AND s.product_id IS NOT NULL",
            {},
        )


def _follow_wins(judge: Judge) -> dict[str, list[Any]]:
    """Companies that bought become customers, as after a typed win; those whose last win is none any
    more are again what they were."""
    if judge.run.is_trial:
        return {}
    names = {"s": judge.table, "changes": CHANGES}
    won, won_no_more = _WON.format(**names), _WON_NO_MORE.format(**names)
    wins = _OTHER_WINS.format(won=won)
    bought = _follow(
        judge,
        "relationship_before_win = relationship, relationship = 'customer'",
        wins=wins,
        after="'customer'",
        changes_if="c.relationship <> 'customer'",
        deals=won,
        counts=_COUNTS,
    )
    lost = _follow(
        judge,
        "relationship = relationship_before_win, relationship_before_win = NULL",
        wins=wins,
        after="c.relationship_before_win",
        changes_if="c.relationship = 'customer' AND c.relationship_before_win IS NOT NULL AND NOT EXISTS ("
        " SELECT FROM crm_deal AS w WHERE w.company_id = c.id AND w.outcome = 'won')",
        deals=won_no_more,
        counts="true",
    )
    return lost | bought


def _follow(judge: Judge, sets: str, **parts: str) -> dict[str, list[Any]]:
    before = select(_CUSTOMERS, judge.arguments, **parts)
    execute(_FOLLOW, {**judge.arguments, "ids": [row[0] for row in before]}, sets=sets)
    ours_before = {
        str(pk): [relationship, changed_at.isoformat(), changed_by, wins, after]
        for pk, relationship, ours, changed_at, changed_by, wins, after in before
        if not ours
    }
    search.index(SearchKind.COMPANY, [int(pk) for pk in ours_before])
    return ours_before
