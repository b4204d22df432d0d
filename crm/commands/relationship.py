"""What a company is to us follows from what it bought, unless somebody has said otherwise."""

import datetime as dt

from django.db.models import Exists, F, OuterRef

from crm.commands import search
from crm.models import Company, Deal, Relationship, SearchKind
from pipeline.models import User
from pipeline.process.stages import Outcome


def follow_win(company_id: int | None, *, by: User, at: dt.datetime) -> None:
    """Who bought is a customer. What the company was before is kept, in case it did not."""
    if company_id is None:
        return
    rows = Company.objects.filter(pk=company_id).exclude(relationship=Relationship.CUSTOMER)
    rows.update(
        relationship_before_win=F("relationship"),
        relationship=Relationship.CUSTOMER,
        version=F("version") + 1,
        changed_at=at,
        changed_by=by,
    )


def follow_lost_win(company_id: int | None, *, by: User, at: dt.datetime) -> None:
    """A win is none any more: without another one the company is again what it was before.

    What a person or a file has said of it stays.
    """
    if company_id is None:
        return
    wins = Deal.objects.filter(company=OuterRef("pk"), outcome=Outcome.WON)
    rows = Company.objects.filter(
        ~Exists(wins),
        pk=company_id,
        relationship=Relationship.CUSTOMER,
        relationship_before_win__isnull=False,
    )
    changed = rows.update(
        relationship=F("relationship_before_win"),
        relationship_before_win=None,
        version=F("version") + 1,
        changed_at=at,
        changed_by=by,
    )
    if changed:
        search.index(SearchKind.COMPANY, [company_id])
