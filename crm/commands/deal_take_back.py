"""A deal that was opened by mistake, taken back: as if it had never been, while nothing stands on it."""

import datetime as dt

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.commands import deleted, search
from crm.models import Deal, DeletedKind, SearchKind, UndoableAct
from crm.queries import deal as queries
from pipeline.models import User
from salesprocess.lib.refused import Refused, require_version

# What belongs to the opening itself, or is no work: it goes with the deal.
_ITS_OWN = frozenset({"visits", "deal_contacts", "lines", "changes"})


def take_back(deal: Deal, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """Delete a deal that `by` opened by mistake: no deal, no visit, nothing in any figure. Its company
    and people stay.

    Raises Refused for a deal that somebody else opened or brought in, that was moved or closed, or on
    which anything was said, planned, offered or recorded; Stale if `version` is not the present
    one; Deal.DoesNotExist out of reach.
    """
    with transaction.atomic():
        row = queries.editable(by, deal.pk, lock=True)
        require_version(row, version)
        if row.created_by_id != by.pk or row.batch_id is not None:
            raise Refused(_("Only who opened a deal can take it back: stop it instead."))
        if not row.is_open or row.visits.count() > 1 or stands_on(row):
            raise Refused(_("Something stands on this deal by now: stop it instead."))
        search.remove(SearchKind.DEAL, [row.pk])
        whole = deleted.with_parts(row, sorted(_ITS_OWN))
        of = str(row.company or "")
        deleted.keep(DeletedKind.DEAL, *whole, name=row.name, of=of, by=by, at=at)
        with connection.cursor() as cursor:
            # Its one visit is no history yet; as with the undo of a batch (migration 0002).
            cursor.execute("SET LOCAL seven.undo = 'batch'")
            row.delete()
            cursor.execute("SET LOCAL seven.undo = ''")


def stands_on(row: Deal) -> bool:
    """Whether anything was recorded on the deal that would be lost with it."""
    for field in Deal._meta.get_fields(include_hidden=True):
        of_deal = (field.one_to_many or field.one_to_one) and field.auto_created
        if not of_deal or field.concrete or field.name in _ITS_OWN:
            continue
        if field.related_model is UndoableAct:
            continue  # what a click could take back goes with what it is about
        name = field.field.name  # type: ignore[union-attr]  # the other side of a foreign key
        if field.related_model._base_manager.filter(**{name: row.pk}).exists():  # type: ignore[union-attr]
            return True
    return False
