"""What can be done to a contact."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from crm import normalise
from crm.commands import search, values
from crm.models import Company, Contact, ContactPoint, PointKind, SearchKind
from pipeline.models import Team, User
from salesprocess.lib.refused import require_version


@dataclass(frozen=True, kw_only=True)
class NewContact:
    """A person on the other side who is not on record yet; `email` and both numbers as typed."""

    name: str
    job_title: str = ""
    email: str = ""
    phone: str = ""
    other_phone: str = ""


def create(
    *,
    name: str,
    by: User,
    at: dt.datetime,
    company: Company | None = None,
    job_title: str = "",
    emails: Iterable[str] = (),
    phones: Iterable[str] = (),
    owner: User | None = None,
) -> Contact:
    """Put a person of the other side on record; addresses and numbers as typed.

    Raises ValidationError for an address that is none, or a value that its field cannot hold.
    """
    with transaction.atomic():
        contact = Contact(
            name=name.strip(),
            job_title=job_title.strip(),
            company=company,
            owner=owner,
            created_at=at,
            changed_at=at,
            changed_by=by,
        )
        values.check(contact)
        contact.save(force_insert=True)
        ContactPoint.objects.bulk_create(
            points(contact, emails=emails, phones=phones), ignore_conflicts=True
        )
        search.index(SearchKind.CONTACT, [contact.pk])
    return contact


def on_record(
    who: Contact | NewContact, *, company: Company | None, by: User, at: dt.datetime
) -> Contact:
    """Somebody who came up with a deal: put on record where he or she is new, and `by`'s own."""
    if isinstance(who, Contact):
        return who
    return create(
        name=who.name,
        job_title=who.job_title,
        emails=[who.email] if who.email else [],
        phones=[number for number in (who.phone, who.other_phone) if number],
        company=company,
        by=by,
        at=at,
        owner=by,
    )


def edit(
    contact: Contact,
    *,
    by: User,
    at: dt.datetime,
    name: str,
    job_title: str,
    company: Company | None,
    emails: Iterable[str],
    phones: Iterable[str],
    version: int | None = None,
) -> None:
    """Replace the fields of a contact, addresses and numbers included.

    Raises Contact.DoesNotExist out of the reach of `by`, Stale if `version` is not the
    present one, ValidationError as `create` does.
    """
    with transaction.atomic():
        row = (
            Contact.objects.editable_by(by)
            .select_for_update(of=("self",), no_key=True)
            .get(pk=contact.pk)
        )
        require_version(row, version)
        wanted = points(row, emails=emails, phones=phones)
        fields = {"name": name.strip(), "job_title": job_title.strip(), "company": company}
        if not values.other_values(row, fields) and _same(row, wanted):
            return
        row.name, row.job_title, row.company = name.strip(), job_title.strip(), company
        row.version += 1
        row.changed_at, row.changed_by = at, by
        values.check(row)
        row.save()
        row.points.all().delete()
        ContactPoint.objects.bulk_create(wanted, ignore_conflicts=True)
        search.index(SearchKind.CONTACT, [row.pk])
    contact.refresh_from_db()


def _same(row: Contact, wanted: list[ContactPoint]) -> bool:
    """Whether a contact has just these addresses and numbers, typed just so and in this order."""
    there = row.points.order_by("kind", "pk").values_list("kind", "typed")
    first = {(point.kind, point.value): point.typed for point in reversed(wanted)}
    told = dict.fromkeys((point.kind, first[point.kind, point.value]) for point in wanted)
    return list(there) == list(told)


def points(contact: Contact, *, emails: Iterable[str], phones: Iterable[str]) -> list[ContactPoint]:
    """The rows for addresses and numbers as typed, unsaved.

    Raises ValidationError for an address that is none.
    """
    found = []
    for typed in filter(None, map(str.strip, emails)):
        _check_length("email", typed)
        try:
            validate_email(typed)
        except ValidationError as error:
            raise ValidationError(
                {"email": _("“%(typed)s” is no e-mail address.") % {"typed": typed}}
            ) from error
        found.append(
            ContactPoint(
                contact=contact, kind=PointKind.EMAIL, value=normalise.email(typed), typed=typed
            )
        )
    numbers = list(filter(None, map(str.strip, phones)))
    for typed in numbers:
        _check_length("phone", typed)
    country = (Team.objects.root().country or "") if numbers else ""
    found += [
        ContactPoint(
            contact=contact,
            kind=PointKind.PHONE,
            value=normalise.phone(typed, country=country),
            typed=typed,
        )
        for typed in numbers
    ]
    return found


def _check_length(kind: str, typed: str) -> None:
    most = ContactPoint._meta.get_field("typed").max_length or 0
    if len(typed) > most:
        raise ValidationError(
            {kind: _("“%(typed)s …” is longer than any.") % {"typed": typed[:20]}}
        )
