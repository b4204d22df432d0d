"""Keeps the search entries: one statement for one record or a million.

Every command that changes a name, an owner or an address calls these in its transaction; bulk loads
call them once at their end.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection

from crm.models import SearchKind

# Names stand in lines of their own, so that a beginning of one comes before the rest (see the model).
_COMPANIES = r"""
    SELECT 'company', c.id, c.name, c.industry,
           seven_spellings(c.name, E'\n')
               || seven_spellings(concat_ws(' ', c.industry, c.website), E'\t'),
           seven_company_keys(c.name), c.owner_id, NULL::bigint, c.relationship <> 'inactive'
    FROM crm_company c
"""
_CONTACTS = r"""
    SELECT 'contact', c.id, c.name, concat_ws(' · ', nullif(c.job_title, ''), f.name),
           concat(
               seven_spellings(c.name, E'\n'),
               seven_spellings(f.name, E'\t'),
               (SELECT string_agg(CASE p.kind
                    WHEN 'phone' THEN concat(
                        E'\t ', regexp_replace(p.value, '[^0-9]', '', 'g'),
                        ' ', regexp_replace(p.typed, '[^0-9]', '', 'g'), ' '
                    ) ELSE seven_spellings(p.value, E'\t') END, '' ORDER BY p.id)
                FROM crm_contactpoint p WHERE p.contact_id = c.id)
           ),
           seven_person_keys(c.name), c.owner_id, NULL::bigint, true
    FROM (SELECT * FROM crm_contact WHERE erased_at IS NULL) c
        LEFT JOIN crm_company f ON f.id = c.company_id
"""
_DEALS = r"""
    SELECT 'deal', c.id, c.name, coalesce(f.name, ''),
           concat(seven_spellings(c.name, E'\n'), seven_spellings(f.name, E'\n')),
           '{}'::text[], c.owner_id, c.team_id, c.outcome = 'open'
    FROM crm_deal c LEFT JOIN crm_company f ON f.id = c.company_id
"""
_SOURCES = {
    SearchKind.COMPANY: _COMPANIES,
    SearchKind.CONTACT: _CONTACTS,
    SearchKind.DEAL: _DEALS,
}
_PUT = """
    INSERT INTO crm_searchentry (kind, record_id, title, hint, plain, keys, owner_id, team_id, current)
    SELECT kind, id, title, left(hint, 400), plain, keys, owner_id, team_id, is_current
    FROM ({rows} {condition} ORDER BY c.id)
        AS found (kind, id, title, hint, plain, keys, owner_id, team_id, is_current)
    ON CONFLICT (kind, record_id) DO UPDATE SET
        title = excluded.title, hint = excluded.hint, plain = excluded.plain, keys = excluded.keys,
        owner_id = excluded.owner_id, team_id = excluded.team_id, current = excluded.current
"""


_waiting: ContextVar[dict[SearchKind, set[int]] | None] = ContextVar("waiting", default=None)


@contextmanager
def batched() -> Iterator[None]:
    """Delay `index` to the end of the block, with one statement for each kind of record.

    Only inside a transaction. Entries are made of the records as they are at the end, so nothing
    remains of what was refused in between.
    """
    waiting: dict[SearchKind, set[int]] = {}
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    for kind, ids in waiting.items():
        index(kind, sorted(ids))


def index(kind: SearchKind, ids: Iterable[int]) -> None:
    """Update the entries of some records."""
    waiting = _waiting.get()
    if waiting is not None:
        waiting.setdefault(kind, set()).update(ids)
        return
    _put(kind, "WHERE c.id = ANY(%s)", [list(ids)])


def index_company(company_id: int) -> None:
    """Update the entries of a company, and of its contacts and deals, which contain its name."""
    index(SearchKind.COMPANY, [company_id])
    _put(SearchKind.CONTACT, "WHERE c.company_id = %s", [company_id])
    _put(SearchKind.DEAL, "WHERE c.company_id = %s", [company_id])


def index_selected(kind: SearchKind, ids: str) -> None:
    """Make entries for the records whose ids are selected by the SQL `ids`, a constant of the caller.

    Selected as an array, so that PostgreSQL uses the primary key whatever its statistics say.
    """
    _put(kind, f"WHERE c.id = ANY(ARRAY({ids}))", [])


def index_of_companies_selected(ids: str) -> None:
    """Update the entries of contacts and deals, which contain the name of their company."""
    for kind in (SearchKind.CONTACT, SearchKind.DEAL):
        _put(kind, f"WHERE c.company_id = ANY(ARRAY({ids}))", [])


def index_batch(batch_id: int) -> None:
    """Make entries for all records of a batch."""
    for kind in SearchKind:
        _put(kind, "WHERE c.batch_id = %s", [batch_id])


def remove(kind: SearchKind, ids: Iterable[int]) -> None:
    """Remove the entries of deleted records."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM crm_searchentry WHERE kind = %s AND record_id = ANY(%s)",
            [kind, list(ids)],
        )


def rebuild() -> None:
    """Delete and remake all entries."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_searchentry")
    for kind in SearchKind:
        _put(kind, "", [])


def _put(kind: SearchKind, condition: str, arguments: Sequence[Any]) -> None:
    # The parts are constants of this module; what varies goes as arguments.
    with connection.cursor() as cursor:
        cursor.execute(_PUT.format(rows=_SOURCES[kind], condition=condition), arguments)
