"""What can be done to a company and a contact alike."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands import search
from crm.commands.watched import watched
from crm.models import Company, Contact, PartyChange, SearchKind
from pipeline.models import User
from salesprocess.lib.events import change_event, event_columns
from salesprocess.lib.refused import Refused, require_version


def hand_over(
    party: Company | Contact,
    *,
    to: User,
    by: User,
    at: dt.datetime,
    reason: str = "",
    version: int | None = None,
) -> None:
    """Make another person look after a company or contact; the only way their owners change.

    Its deals, and for a company its people, keep their own owners: each is handed over by itself.

    Raises DoesNotExist out of the reach of `by`, Stale if `version` is not
    the present one, Refused if `to` is out of the reach of `by`, deactivated, or the owner already.
    """
    with transaction.atomic():
        row = _locked(party, by=by, version=version)
        with watched(row):
            if not by.scope.may_assign_to(to.pk) or not to.is_active:
                raise Refused(_("You cannot hand this over to this person."), field="to")
            if to.pk == row.owner_id:
                raise Refused(_("This person looks after it already."), field="to")
            PartyChange.objects.create(
                company=row if isinstance(row, Company) else None,
                contact=row if isinstance(row, Contact) else None,
                at=at,
                by=by,
                reason=reason.strip(),
                **event_columns(change_event("owner", old=row.owner, new=to)),
            )
            row.owner = to
            row.version += 1
            row.changed_at, row.changed_by = at, by
            row.save(update_fields=["owner", "version", "changed_at", "changed_by"])
            kind = SearchKind.COMPANY if isinstance(row, Company) else SearchKind.CONTACT
            search.index(kind, [row.pk])
    party.refresh_from_db()


def _locked(party: Company | Contact, *, by: User, version: int | None) -> Company | Contact:
    row: Company | Contact
    if isinstance(party, Company):
        companies = Company.objects.editable_by(by).select_for_update(of=("self",), no_key=True)
        row = companies.select_related("owner").get(pk=party.pk)
    else:
        contacts = Contact.objects.editable_by(by).select_for_update(of=("self",), no_key=True)
        row = contacts.select_related("owner").get(pk=party.pk)
    require_version(row, version)
    return row
