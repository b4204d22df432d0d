"""What can be done to a company."""

import datetime as dt
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.commands import search, values
from crm.models import Company, SearchKind
from pipeline.models import User
from salesprocess.lib.refused import Refused, require_version

EDITABLE = ("name", "relationship", "parent", "website", "industry", "employees", "country")
# Any number, but no other lock's: one change of who belongs to whom at a time.
PARENTS_LOCK = 77_003
_IS_ABOVE = """
    WITH RECURSIVE above AS (
        SELECT id, parent_id FROM crm_company WHERE id = %(below)s
        UNION
        SELECT c.id, c.parent_id FROM crm_company AS c JOIN above ON c.id = above.parent_id
    )
    SELECT EXISTS (SELECT FROM above WHERE id = %(company)s)
"""


def create(
    *, name: str, by: User, at: dt.datetime, owner: User | None = None, **fields: Any
) -> Company:
    """Put a company on record. `owner` None leaves it to everybody; `fields` are those in EDITABLE.

    Raises ValidationError for a value that its field cannot hold.
    """
    company = Company(
        name=name.strip(), owner=owner, created_at=at, changed_at=at, changed_by=by, **fields
    )
    values.check(company)
    with transaction.atomic():
        company.save(force_insert=True)
        search.index(SearchKind.COMPANY, [company.pk])
    return company


def on_record(company: Company | str, *, by: User, at: dt.datetime) -> Company:
    """The company of a deal: put on record where it is but a name, and `by`'s own."""
    if isinstance(company, Company):
        return company
    return create(name=company, by=by, at=at, owner=by)


def edit(
    company: Company, *, by: User, at: dt.datetime, version: int | None = None, **fields: Any
) -> None:
    """Change fields of a company (those in EDITABLE).

    Raises Company.DoesNotExist out of the reach of `by`, Stale if `version` is not the
    present one, ValidationError for a value that its field cannot hold, Refused for a parent that
    belongs to the company itself.
    """
    if unknown := set(fields) - set(EDITABLE):
        raise TypeError(f"not editable: {sorted(unknown)}")
    with transaction.atomic():
        if fields.get("parent") is not None:
            lock_parents()
        row = (
            Company.objects.editable_by(by)
            .select_for_update(of=("self",), no_key=True)
            .get(pk=company.pk)
        )
        require_version(row, version)
        if (parent := fields.get("parent")) is not None:
            _check_parent(row, parent)
        fields = values.other_values(row, fields)
        if not fields:
            return
        if "relationship" in fields:
            # From here on somebody has said what it is.
            fields["relationship_before_win"] = None
        for field, value in fields.items():
            setattr(row, field, value)
        row.version += 1
        row.changed_at, row.changed_by = at, by
        values.check(row)
        row.save(update_fields=[*fields, "version", "changed_at", "changed_by"])
        search.index_company(row.pk)
    company.refresh_from_db()


def lock_parents() -> None:
    """Two changes that are right alone would make a circle together: each waits for the other.

    Taken before any row is locked, so that nobody waits for a row while holding it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PARENTS_LOCK])


def _check_parent(company: Company, parent: Company) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_IS_ABOVE, {"company": company.pk, "below": parent.pk})
        (is_above,) = cursor.fetchone()
    if is_above:
        raise Refused(_("A company cannot belong to one that belongs to it."), field="parent")
