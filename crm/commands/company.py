"""What can be done to a company."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands import search
from crm.models import Company, SearchKind
from pipeline.models import User
from pipeline.moves import Refused

EDITABLE = ("name", "relationship", "parent", "website", "industry", "employees", "country")


class StaleCompany(Exception):
    """Somebody changed the company since the page was shown. `company` is how it stands now."""

    def __init__(self, company: Company) -> None:
        super().__init__(f"company {company.pk} is at version {company.version}")
        self.company = company


def create(
    *, name: str, by: User, at: dt.datetime, owner: User | None = None, **facts: Any
) -> Company:
    """Put a company on record. `owner` None leaves it to everybody; `facts` are those in EDITABLE.

    Raises ValidationError for a value that its field cannot hold.
    """
    company = Company(
        name=name.strip(), owner=owner, created_at=at, changed_at=at, changed_by=by, **facts
    )
    company.clean_fields()
    with transaction.atomic():
        company.save(force_insert=True)
        search.put(SearchKind.COMPANY, [company.pk])
    return company


def edit(
    company: Company, *, by: User, at: dt.datetime, version: int | None = None, **facts: Any
) -> None:
    """Change facts of a company (those in EDITABLE).

    Raises Company.DoesNotExist out of the reach of `by`, StaleCompany if `version` is not the
    present one, ValidationError for a value that its field cannot hold, Refused for a parent that
    belongs to the company itself.
    """
    if unknown := set(facts) - set(EDITABLE):
        raise TypeError(f"not editable: {sorted(unknown)}")
    with transaction.atomic():
        row = Company.objects.editable_by(by).select_for_update(of=("self",)).get(pk=company.pk)
        if version is not None and version != row.version:
            raise StaleCompany(row)
        if (parent := facts.get("parent")) is not None:
            _check_parent(row, parent)
        for field, value in facts.items():
            setattr(row, field, value)
        row.version += 1
        row.changed_at, row.changed_by = at, by
        row.clean_fields()
        row.save(update_fields=[*facts, "version", "changed_at", "changed_by"])
        search.put_company(row.pk)
    company.refresh_from_db()


def _check_parent(company: Company, parent: Company) -> None:
    above: Company | None = parent
    while above is not None:
        if above.pk == company.pk:
            raise Refused(_("A company cannot belong to one that belongs to it."), field="parent")
        above = above.parent
