"""Imports parts of deals: their lines, and who is on them."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from crm.models import DealLine, Product
from exchange.imports import bulk, runs
from exchange.imports.belonging import refuse_beyond_reach, resolve_company, resolve_deal
from exchange.imports.judging import THE_ONE, Judge
from exchange.imports.kinds import CONTACTS, PRODUCTS
from exchange.imports.ledger import record_of
from exchange.imports.parties import later
from exchange.imports.staging import execute, select

_LINK = "import_links"
# Each person of a row: by id, by the name that one has in the company of the deal or the row, or that
# only one has. -1 says that several have it.
_LINKS = """
    CREATE TEMP TABLE {links} ON COMMIT DROP AS
    SELECT s.no, d.id AS deal_id, {role} AS role, named.typed, coalesce(
        {by_id},
        (SELECT min(c.id) FROM crm_contact AS c
         WHERE c.company_id = coalesce(s.company_id, d.company_id)
           AND seven_fold(c.name) = seven_fold(named.typed)
         GROUP BY c.company_id HAVING count(*) = 1),
        (SELECT {the_one} FROM crm_contact AS t WHERE seven_fold(t.name) = seven_fold(named.typed))
    ) AS contact_id
    FROM {s} AS s JOIN crm_deal AS d ON {deal}
    CROSS JOIN LATERAL unnest(s.people) AS named (typed)
"""
_OF_LINKS = "FROM {links} AS l"
_ON_RECORD = """
    UPDATE {s} AS s SET state = 'matched', record_id = s.deal_id
    WHERE s.state IS NULL AND NOT EXISTS (
        SELECT FROM {links} AS l WHERE l.no = s.no AND NOT EXISTS (
            SELECT FROM crm_dealcontact AS p
            WHERE p.deal_id = l.deal_id AND p.contact_id = l.contact_id
        )
    )
"""
_NEW = "UPDATE {s} SET state = 'new', record_id = deal_id WHERE state IS NULL"
_MAKE = """
    INSERT INTO crm_dealcontact (deal_id, contact_id, role)
    SELECT DISTINCT ON (l.deal_id, l.contact_id) l.deal_id, l.contact_id, coalesce(l.role, 'unknown')
    FROM {links} AS l JOIN {s} AS s ON s.no = l.no AND s.state = 'new'
    ORDER BY l.deal_id, l.contact_id, l.role = 'unknown', l.no
    ON CONFLICT (deal_id, contact_id) DO NOTHING RETURNING id
"""
# What somebody said of a person stays.
_SAY = """
    UPDATE crm_dealcontact AS p SET role = l.role
    FROM {links} AS l JOIN {s} AS s ON s.no = l.no AND s.state IN ('new', 'matched')
    WHERE p.deal_id = l.deal_id AND p.contact_id = l.contact_id AND p.role = 'unknown'
      AND l.role <> 'unknown'
    RETURNING p.id
"""

_UNCHANGED = "d.id = p.deal_id AND d.changed_at <= %(at)s"
_TAKE_LINES = f"""
    DELETE FROM crm_dealline AS p USING crm_importedrow AS l, crm_deal AS d
    WHERE l.kind = 'lines' AND l.batch_id = %(batch)s AND l.created AND p.id = l.record_id
      AND {_UNCHANGED}
"""  # noqa: S608  # constants
_TAKE_LINKS = f"""
    DELETE FROM crm_dealcontact AS p USING crm_deal AS d
    WHERE p.id = ANY(%(put)s::bigint[]) AND {_UNCHANGED}
"""  # noqa: S608
_UNSAY = f"""
    UPDATE crm_dealcontact AS p SET role = 'unknown' FROM crm_deal AS d
    WHERE p.id = ANY(%(said)s::bigint[]) AND {_UNCHANGED}
"""  # noqa: S608
_FORGET_LINES = """
    DELETE FROM crm_importedrow AS l WHERE l.batch_id = %(batch)s AND (
        l.kind = 'roles'
        OR l.kind = 'lines' AND NOT EXISTS (SELECT FROM crm_dealline AS p WHERE p.id = l.record_id)
    )
"""
_LEFT = """
    SELECT r.name FROM crm_dealline AS p JOIN crm_product AS r ON r.id = p.product_id
    WHERE p.id IN (
        SELECT record_id FROM crm_importedrow
        WHERE kind = 'lines' AND batch_id = %(batch)s AND created
    )
    UNION ALL
    SELECT c.name FROM crm_dealcontact AS p JOIN crm_contact AS c ON c.id = p.contact_id
    WHERE p.id = ANY(%(put)s::bigint[]) ORDER BY 1
"""


def import_lines(judge: Judge) -> None:
    """Judge and write the staged lines; the deal's own value stays what people say it is."""
    judge.identify()
    resolve_company(judge)
    resolve_deal(judge)
    refuse_beyond_reach(judge)
    judge.refuse("s.deal_id IS NULL", _("No deal is named."), field="deal")
    judge.resolve(
        "product",
        "product_id",
        of=PRODUCTS,
        model=Product,
        missing=_("The product “{value}” is not on the list of products."),
    )
    judge.refuse(
        "s.price IS NOT NULL AND d.id = s.deal_id AND s.currency <> d.currency",
        _("The price is in {value}, which the deal is not."),
        field="currency",
        source="FROM crm_deal AS d",
    )
    judge.number(DealLine)
    # A check changes nothing, and locks nobody's deal until the end.
    if judge.run.is_trial:
        return
    bulk.insert_select(
        DealLine,
        {
            "id": "s.record_id",
            "deal_id": "s.deal_id",
            "product_id": "s.product_id",
            "quantity": "coalesce(s.quantity, 1)",
            "unit_price": "s.price",
        },
        f"{judge.table} AS s WHERE s.state = 'new'",
        judge.arguments,
    )


def import_roles(judge: Judge) -> None:
    """Judge and write who is on deals. Who is on one already gets the role if none was said."""
    judge.identify()
    resolve_company(judge)
    resolve_deal(judge)
    refuse_beyond_reach(judge)
    _find_people(judge, deal="d.id = s.deal_id AND s.state IS NULL", role="s.role")
    missing = _("The person “{value}” is not on record.")
    for condition, reason in (
        ("l.contact_id = -1", _("Several have the name “{value}”.")),
        ("l.contact_id IS NULL", f"{missing} {later()}"),
    ):
        judge.refuse(
            f"l.no = s.no AND {condition}",
            reason,
            field="people",
            value="l.typed",
            source=_OF_LINKS.format(links=_LINK),
        )
    judge.execute(_ON_RECORD, links=_LINK)
    judge.execute(_NEW)
    judge.enter()
    if not judge.run.is_trial:
        _write_roles(judge)
    execute("DROP TABLE {links}", links=_LINK)


def link_people(judge: Judge) -> None:
    """Put on new deals the people that their rows name, as far as they are on record."""
    if "people" not in judge.mapped.columns:
        return
    _find_people(judge, deal="d.id = s.record_id AND s.state = 'new'", role="NULL::text")
    unknown = f"FROM {_LINK} AS l WHERE l.no = s.no AND coalesce(l.contact_id, -1) = -1"
    judge.remark(
        f"EXISTS (SELECT {unknown})",  # constants
        _(
            "Not on record, or not alone of that name: the deal comes in without. Once they are there, "
            "bring this file in again as people on deals."
        ),
        field="people",
        value=f"(SELECT string_agg(l.typed, '; ') {unknown})",
    )
    execute("DELETE FROM {links} WHERE coalesce(contact_id, -1) = -1", links=_LINK)
    execute(_MAKE, s=judge.table, links=_LINK)
    execute("DROP TABLE {links}", links=_LINK)


def _find_people(judge: Judge, *, deal: str, role: str) -> None:
    judge.execute(
        _LINKS,
        links=_LINK,
        deal=deal,
        role=role,
        by_id=record_of(CONTACTS, "named.typed"),
        the_one=THE_ONE.format(row="t", typed="named.typed"),
    )


def _write_roles(judge: Judge) -> None:
    """What was done is kept with the batch, so that it can be taken back."""
    summary = judge.run.batch.summary
    put, said = (
        [pk for (pk,) in select(statement, s=judge.table, links=_LINK)]
        for statement in (_MAKE, _SAY)
    )
    summary["people_put"] = runs.add(summary.get("people_put", []), put)
    others = runs.without(said, summary["people_put"])
    summary["roles_said"] = runs.add(summary.get("roles_said", []), others)


def take_back(batch_id: int, summary: dict[str, Any], at: dt.datetime) -> tuple[int, list[str]]:
    """Delete the lines and links that a batch has put on deals which nobody changed since; how many, and
    the names of the products and people that stay."""
    arguments = {
        "batch": batch_id,
        "at": at,
        "put": list(runs.ids_of(summary.get("people_put", []))),
        "said": list(runs.ids_of(summary.get("roles_said", []))),
    }
    gone = execute(_TAKE_LINES, arguments) + execute(_TAKE_LINKS, arguments)
    execute(_UNSAY, arguments)
    execute(_FORGET_LINES, arguments)
    return gone, [name for (name,) in select(_LEFT, arguments)]
