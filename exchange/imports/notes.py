"""What a file says of a record that has no place of its own is kept as a note on it: tags, addresses,
descriptions. It is nobody's work, so it counts for no stage. Of a later file, what no note on the record
says yet (exchange.imports.updates)."""

from crm.models import Activity, ActivityKind
from exchange.imports import bulk
from exchange.imports.judging import Judge
from exchange.imports.staging import CHANGES
from exchange.imports.updatable import NOTE

# By kind of record: to what the note belongs.
ON = {
    "companies": {"company_id": "s.record_id"},
    "contacts": {
        "contact_id": "s.record_id",
        "company_id": "(SELECT c.company_id FROM crm_contact AS c WHERE c.id = s.record_id)",
    },
    "deals": {
        "deal_id": "s.record_id",
        "company_id": "(SELECT d.company_id FROM crm_deal AS d WHERE d.id = s.record_id)",
    },
}
# Somebody has to have written it.
_OWNER = """
    coalesce(s.owner_id, %(by)s, (
        SELECT u.id FROM pipeline_user AS u WHERE u.role = 'admin'
        ORDER BY u.is_active DESC, u.id LIMIT 1
    ))
"""


def keep(judge: Judge) -> None:
    """Write the notes of rows that came in, or are on record. A check leaves it: it would keep
    people from what is on record until the end."""
    columns = judge.mapped.columns
    keeps_words = any(each.keeps_word and each.name in columns for each in judge.kind.fields)
    said = "more" in columns or judge.mapped.leave_empty or keeps_words
    if not said or judge.run.is_trial:
        return
    kind = judge.kind.name
    at = "%(now)s"
    if kind == "deals":
        at = "CASE WHEN s.state = 'changed' THEN %(now)s ELSE coalesce(s.created_on, %(now)s) END"
    bulk.insert_select(
        Activity,
        {
            **ON[kind],
            "kind": f"'{ActivityKind.NOTE.value}'",
            "body": "CASE WHEN s.state = 'changed' THEN c.now #>> '{}' ELSE s.more END",
            "owner_id": _OWNER,
            "done_at": at,
            "created_at": at,
            "created_by_id": "%(by)s",
            "batch_id": "%(batch)s",
        },
        f"{judge.table} AS s LEFT JOIN {CHANGES} AS c ON c.no = s.no AND c.field = '{NOTE}' AND c.applied"
        " WHERE CASE WHEN s.state = 'changed' THEN c.no IS NOT NULL"
        " ELSE s.state IN ('new', 'matched') AND s.more IS NOT NULL END"
        # Two rows may be of one record: what both say is said once.
        f" AND (s.state <> 'matched' OR NOT EXISTS (SELECT FROM {judge.table} AS e WHERE e.state = 'matched'"
        " AND e.record_id = s.record_id AND e.more = s.more AND e.no < s.no))",
        judge.arguments,
    )
