"""The first records that a file would make or change, as they would look: told by a check before what it
made is taken back. A check changes nothing on record, so of that the changes are told."""

from typing import Any

from exchange.imports.mapping import KindMapping
from exchange.imports.staging import CHANGES, select, table_of

MOST = 12
_CARD = """
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'line', s.line, 'is_update', s.state = 'changed', 'title', {title}, 'about', {about},
        'amount', ({amount})::text, 'currency', {currency}, 'stage', {stage}, 'outcome', {outcome},
        'kind', {kind}, 'day', {day}, 'owner', u.name, 'has_left', NOT u.is_active
    ))::text
    FROM (
        SELECT * FROM {s} WHERE state IN ('new', 'changed') ORDER BY file, line LIMIT {most}
    ) AS s
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(c.field, c.now) AS now FROM {changes} AS c
        WHERE c.no = s.no AND c.applied
    ) AS w ON s.state = 'changed'
    {joined} LEFT JOIN pipeline_user AS u ON u.id = {owner}
    ORDER BY s.file, s.line
"""
_NOTHING = "NULL::text"
_COMPANY_OF = "LEFT JOIN crm_company AS c ON c.id = {key}"
_CONTACT_OF = "LEFT JOIN crm_contact AS p ON p.id = {key}"
_DEAL_OF = "LEFT JOIN crm_deal AS d ON d.id = s.deal_id"
_OWNER = "coalesce((w.now #>> '{owner,id}')::bigint, t.owner_id)"
_LAST_VISIT = "(w.now #> '{visits,visits,-1}')"
_ON = "JOIN {table} AS t ON t.id = s.record_id"
# What an activity, a line or a place on a deal would be is staged alone: a check writes none.
_CARDS: dict[str, dict[str, str]] = {
    "deals": {
        "title": "coalesce(w.now ->> 'name', t.name)",
        "about": "concat_ws(' · ', c.name, p.name)",
        "amount": "coalesce((w.now #>> '{amount,amount}')::numeric, t.amount)",
        "currency": "coalesce(w.now #>> '{amount,currency}', t.currency)",
        "stage": f"coalesce(({_LAST_VISIT} ->> 'stage')::smallint, t.stage)",
        "outcome": f"CASE WHEN {_LAST_VISIT} IS NULL THEN t.outcome"
        f" WHEN {_LAST_VISIT} ->> 'left_how' IN ('won', 'stopped') THEN {_LAST_VISIT} ->> 'left_how'"
        " ELSE 'open' END",
        "day": "coalesce((w.now ->> 'expected_close_on')::date, t.expected_close_on)",
        "owner": _OWNER,
        "joined": " ".join(
            (
                _ON.format(table="crm_deal"),
                _COMPANY_OF.format(key="t.company_id"),
                _CONTACT_OF.format(
                    key="(SELECT min(q.contact_id) FROM crm_dealcontact AS q WHERE q.deal_id = t.id)"
                ),
            )
        ),
    },
    "companies": {
        "title": "coalesce(w.now ->> 'name', t.name)",
        "about": (
            "concat_ws(' · ', coalesce(w.now ->> 'industry', nullif(t.industry, '')),"
            " coalesce(w.now ->> 'country', nullif(t.country, '')), c.name)"
        ),
        "owner": _OWNER,
        "joined": f"{_ON.format(table='crm_company')} {_COMPANY_OF.format(key='t.parent_id')}",
    },
    "contacts": {
        "title": "coalesce(w.now ->> 'name', t.name)",
        "about": (
            "concat_ws(' · ', coalesce(w.now ->> 'job_title', nullif(t.job_title, '')),"
            " coalesce(w.now #>> '{company,name}', c.name), s.email[1], s.phone[1])"
        ),
        "owner": _OWNER,
        "joined": f"{_ON.format(table='crm_contact')} {_COMPANY_OF.format(key='t.company_id')}",
    },
    "activities": {
        "title": "coalesce(nullif(s.title, ''), left(s.words, 120))",
        "about": "concat_ws(' · ', d.name, c.name, p.name)",
        "kind": "s.act",
        "day": "coalesce(s.done_moment::date, s.due_moment::date, s.due_day)",
        "owner": "s.owner_id",
        "joined": " ".join(
            (
                _DEAL_OF,
                _COMPANY_OF.format(key="s.company_id"),
                _CONTACT_OF.format(key="s.contact_id"),
            )
        ),
    },
    "history": {
        "title": "d.name",
        "about": "concat_ws(' → ', s.from_stage, s.to_stage)",
        "day": "s.happened_on::date",
        "owner": "d.owner_id",
        "joined": _DEAL_OF,
    },
    "products": {
        "title": "t.name",
        "about": "coalesce(w.now ->> 'series', t.series)",
        "amount": "coalesce((w.now #>> '{price,amount}')::numeric, t.price)",
        "currency": "coalesce(w.now #>> '{price,currency}', t.currency)",
        "joined": _ON.format(table="crm_product"),
    },
    "people": {
        "title": "t.name",
        "about": "concat_ws(' · ', t.email, m.name)",
        "joined": f"{_ON.format(table='pipeline_user')} LEFT JOIN pipeline_team AS m ON m.id = t.team_id",
    },
    "rates": {"title": "upper(s.currency)", "about": "s.value::text", "day": "s.day"},
    "lines": {
        "title": "r.name",
        "about": "concat_ws(' · ', d.name, s.quantity::real::text)",
        "amount": "s.price",
        "currency": "d.currency",
        "owner": "d.owner_id",
        "joined": f"{_DEAL_OF} LEFT JOIN crm_product AS r ON r.id = s.product_id",
    },
    "offers": {
        "title": "d.name",
        "about": "s.subject",
        "amount": "s.amount",
        "currency": "d.currency",
        "day": "s.sent_on::date",
        "owner": "d.owner_id",
        "joined": _DEAL_OF,
    },
    "answers": {
        "title": "d.name",
        "about": (
            "(SELECT string_agg(a.heading || ': ' || CASE WHEN a.cell_type = 'FLAG' THEN '✓' ELSE"
            " left(a.said, 80) END, ' · ' ORDER BY a.stage, a.heading) FROM import_said_answers AS a"
            " WHERE a.no = s.no AND a.way = 'put')"
        ),
        "day": "s.answered_on::date",
        "owner": "d.owner_id",
        "joined": _DEAL_OF,
    },
    "roles": {
        "title": "d.name",
        "about": "array_to_string(s.people, ' · ')",
        "owner": "d.owner_id",
        "joined": _DEAL_OF,
    },
}


def first_records(mapped: KindMapping) -> list[str]:
    """Each as JSON: line, is_update, title, about, and as far as it has them amount, currency, stage,
    outcome, kind, day, owner and has_left."""
    said: dict[str, Any] = dict.fromkeys(
        ("amount", "currency", "stage", "outcome", "kind", "day"), _NOTHING
    )
    said |= {"joined": "", "owner": "NULL::bigint"} | _CARDS[mapped.kind.name]
    names = {"s": table_of(mapped.kind), "changes": CHANGES, "most": str(MOST)}
    return [text for (text,) in select(_CARD, **names, **said)]
