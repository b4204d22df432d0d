"""What the records of a deal ask of the people of the other side."""

import datetime as dt
from collections.abc import Mapping

from django.utils.translation import gettext as _

from crm.commands.locked_deal import add_change
from crm.models import Contact, Deal, DealContact, DealRole
from pipeline.models import User
from pipeline.moves import Refused


def require_of_deal(deal: Deal, *people: Contact, field: str) -> None:
    """Raises Refused for somebody who is not on the deal, naming the `field` that said so."""
    wanted = {person.pk for person in people}
    if wanted - set(
        deal.deal_contacts.filter(contact__in=wanted).values_list("contact", flat=True)
    ):
        raise Refused(_("This person is not on the deal."), field=field)


def add_person(
    row: Deal, contact: Contact, *, role: DealRole | None = None, by: User, at: dt.datetime
) -> None:
    """Add a person to the deal, or give one that is there a role; without one nothing changes."""
    link, new = DealContact.objects.get_or_create(
        deal=row, contact=contact, defaults={"role": role or DealRole.UNKNOWN}
    )
    old = "" if new else f"{contact.name} ({link.get_role_display()})"
    if not new and role in (None, link.role):
        return
    if not new and role is not None:
        link.role = role
        link.save(update_fields=["role"])
    said = f"{contact.name} ({link.get_role_display()})"
    add_change(row, "contact", old=old, new=said, by=by, at=at)


def require_not_ahead(day: dt.date | None, *, by: User, at: dt.datetime, field: str) -> None:
    """Raises Refused for a day that is still to come where `by` is."""
    if day is not None and day > at.astimezone(by.zone).date():
        raise Refused(_("This day is still to come."), field=field)


def set_roles(row: Deal, roles: Mapping[int, DealRole], *, by: User, at: dt.datetime) -> list[int]:
    """What people are to a locked deal, by the id of the contact; whose role changed.

    Somebody who is not on the deal is left out: he or she was taken off meanwhile.
    """
    changed = []
    for link in row.deal_contacts.select_related("contact").filter(contact__in=roles):
        role = roles[link.contact_id]
        if link.role == role:
            continue
        old, name = link.get_role_display(), link.contact.name
        link.role = role
        link.save(update_fields=["role"])
        new = link.get_role_display()
        add_change(row, "contact", old=f"{name} ({old})", new=f"{name} ({new})", by=by, at=at)
        changed.append(link.contact_id)
    return changed
