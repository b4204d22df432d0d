"""What came in before, and whom that concerns: which record a row of a foreign system became.

Whoever imports has a ledger of his or her own; what admins and the command bring in is entered in the
organisation's, that of nobody. An entry is read where it concerns who imports:

- the own entries, whoever has the record by now: one knows what one has brought in;
- those whose record somebody within reach owns, or that lies in a pool within reach, whoever brought
  it in: so a manager above several brings in nothing twice, and neither does who got records by a
  hand-over or from an admin's import;
- those of the organisation, of records that everybody may see: companies, contacts, products, people;
- all of them, for admins and for the command.

To anybody else an entry says nothing: not that there is a record, nor what it was made of. Reach is
that of the moment, so nothing is to be carried along when somebody moves or hands over. An entry
whose record is gone counts for nothing, and the next import makes it anew.
"""

from exchange.imports.kinds import (
    ACTIVITIES,
    ANSWERS,
    COMPANIES,
    CONTACTS,
    DEALS,
    HISTORY,
    LINES,
    OFFERS,
    PEOPLE,
    PRODUCTS,
    RATES,
    ROLES,
    RecordKind,
)

TABLES = {
    PEOPLE.name: "pipeline_user",
    PRODUCTS.name: "crm_product",
    COMPANIES.name: "crm_company",
    CONTACTS.name: "crm_contact",
    DEALS.name: "crm_deal",
    ACTIVITIES.name: "crm_activity",
    RATES.name: "crm_rate",
    LINES.name: "crm_dealline",
    OFFERS.name: "crm_offer",
    HISTORY.name: "crm_deal",
    # Of several people on a deal that one row names, the deal.
    ROLES.name: "crm_deal",
    ANSWERS.name: "crm_deal",
}
_OWNED = "t.owner_id = ANY(%(seen)s::bigint[])"
_POOLED = "t.owner_id IS NULL AND t.team_id = ANY(%(pools)s::bigint[])"
_OF_DEAL = (
    "EXISTS (SELECT FROM crm_deal AS d WHERE d.id = t.deal_id AND"
    " (d.owner_id = ANY(%(seen)s::bigint[])"
    " OR d.owner_id IS NULL AND d.team_id = ANY(%(pools)s::bigint[])))"
)
_CONCERNS = {
    PEOPLE.name: "l.owner_id IS NULL",
    PRODUCTS.name: "l.owner_id IS NULL",
    RATES.name: "l.owner_id IS NULL",
    COMPANIES.name: f"l.owner_id IS NULL OR {_OWNED}",
    CONTACTS.name: f"l.owner_id IS NULL OR {_OWNED}",
    DEALS.name: f"{_OWNED} OR {_POOLED}",
    LINES.name: _OF_DEAL,
    OFFERS.name: _OF_DEAL,
    HISTORY.name: f"{_OWNED} OR {_POOLED}",
    ROLES.name: f"{_OWNED} OR {_POOLED}",
    ANSWERS.name: f"{_OWNED} OR {_POOLED}",
    ACTIVITIES.name: (
        "t.holder_id = ANY(%(seen)s::bigint[])"
        " OR t.holder_id IS NULL AND t.holder_team_id = ANY(%(pools)s::bigint[])"
    ),
}
_ENTRIES = """
    FROM crm_importedrow AS l JOIN {table} AS t ON t.id = l.record_id
    WHERE l.system = %(system)s AND l.kind = '{kind}' AND l.external_id = {key}
      AND (%(everything)s OR l.owner_id = %(ledger)s OR {concerns})
"""
# Of several the own one counts, then one that says the same.
_CAME_BEFORE = """
    UPDATE {{s}} AS s
    SET before_id = found.record_id, before_digest = found.digest, before_batch = found.batch_id,
        before_entry = found.id, before_said = found.said, before_created = found.created
    FROM (
        SELECT r.no, entry.* FROM {{s}} AS r CROSS JOIN LATERAL (
            SELECT l.id, l.record_id, l.digest, l.said, l.created,
                coalesce(l.changed_batch_id, l.batch_id) AS batch_id
            {entries}
            ORDER BY l.owner_id IS NOT DISTINCT FROM %(ledger)s DESC, l.digest = r.digest DESC,
                l.record_id
            LIMIT 1
        ) AS entry
        WHERE r.state IS NULL
    ) AS found
    WHERE s.no = found.no
"""
_RECORD_OF = """
    (SELECT l.record_id {entries}
     ORDER BY l.owner_id IS NOT DISTINCT FROM %(ledger)s DESC, l.record_id LIMIT 1)
"""
ENTER = """
    INSERT INTO crm_importedrow
        (owner_id, system, kind, external_id, digest, record_id, created, batch_id, said)
    SELECT %(ledger)s, %(system)s, %(of)s, external_id, digest, record_id, state = 'new', %(batch)s,
        {said}
    FROM {s} AS s WHERE state IN ('new', 'matched')
    ON CONFLICT (system, kind, external_id, owner_id) DO UPDATE
    SET digest = excluded.digest, record_id = excluded.record_id, created = excluded.created,
        batch_id = excluded.batch_id, said = excluded.said, changed_batch_id = NULL
"""


def came_before(kind: RecordKind) -> str:
    """The statement that notes with each undecided row the entry of the ledger that it has."""
    return _CAME_BEFORE.format(entries=_entries(kind, "r.external_id"))


def record_of(kind: RecordKind, key: str) -> str:
    """The expression for the id of the record that the foreign id `key` stands for."""
    return _RECORD_OF.format(entries=_entries(kind, key))


def _entries(kind: RecordKind, key: str) -> str:
    return _ENTRIES.format(
        table=TABLES[kind.name], kind=kind.name, key=key, concerns=_CONCERNS[kind.name]
    )
