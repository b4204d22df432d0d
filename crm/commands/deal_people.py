"""What the records of a deal ask of the people of the other side."""

import datetime as dt
from collections.abc import Mapping

from django.utils.translation import gettext as _

from crm.commands.locked_deal import add_change
from crm.events import DealPersonChanged, PersonInRole
from crm.models import Contact, Deal, DealContact, DealRole
from pipeline.models import User
from salesprocess.lib.events import RecordRef
from salesprocess.lib.refused import Refused


def require_of_deal(deal: Deal, *people: Contact, field: str) -> None:
    """Raises Refused for somebody who is not on the deal, naming the `field` that said so."""
    wanted = {person.pk for person in people}
    if wanted - set(
        deal.deal_contacts.filter(contact__in=wanted).values_list("contact", flat=True)
    ):
        raise Refused(_("This person is not on the deal."), field=field)


def add_person(
    row: Deal, contact: Contact, *, role: DealRole | None = None, by: User, at: dt.datetime
) -> bool:
    """Add a person to the deal, or give one that is there a role; without one nothing changes.

    False if nothing did.
    """
    link, new = DealContact.objects.get_or_create(
        deal=row, contact=contact, defaults={"role": role or DealRole.UNKNOWN}
    )
    if not new:
        return role is not None and _set_role(row, link, role, by=by, at=at)
    add_change(row, DealPersonChanged(new=in_role(link)), by=by, at=at)
    return True


def require_not_ahead(day: dt.date | None, *, by: User, at: dt.datetime, field: str) -> None:
    """Raises Refused for a day that is still to come where `by` is."""
    if day is not None and day > at.astimezone(by.zone).date():
        raise Refused(_("This day is still to come."), field=field)


def set_roles(row: Deal, roles: Mapping[int, DealRole], *, by: User, at: dt.datetime) -> bool:
    """What people are to a locked deal, by the id of the contact; False if they are that already.

    Somebody who is not on the deal is left out: he or she was taken off meanwhile.
    """
    links = row.deal_contacts.select_related("contact").filter(contact__in=roles)
    changed = [_set_role(row, link, roles[link.contact_id], by=by, at=at) for link in links]
    return any(changed)


def _set_role(row: Deal, link: DealContact, role: DealRole, *, by: User, at: dt.datetime) -> bool:
    if link.role == role:
        return False
    old = in_role(link)
    link.role = role
    link.save(update_fields=["role"])
    add_change(row, DealPersonChanged(old=old, new=in_role(link)), by=by, at=at)
    return True


def in_role(link: DealContact) -> PersonInRole:
    return PersonInRole(person=RecordRef.to(link.contact), role=link.role)
