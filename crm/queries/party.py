"""What the pages of companies and contacts show, each part within the reader's reach.

The party is common knowledge; its deals and what was said are not.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, Subquery, When

from crm.events import ActUndone, OwnerChanged, PartyGivenBack, PartyTakenIn
from crm.models import (
    Activity,
    Company,
    Contact,
    ContactPoint,
    Deal,
    PartyChange,
    PartyKind,
    PartyMerge,
    PointKind,
    UndoableAct,
)
from crm.queries import duplicates
from crm.queries.board import FIELDS, BoardRow
from crm.queries.list_fields import first_point
from pipeline.models import User
from pipeline.process.stages import Outcome
from salesprocess.lib.keyset import Cursor, Ordering, by_instant

PAGE = 20
# How many deals, people and subsidiaries stand on a page before it refers to their list.
MOST = 20
PLANNED = 12
FEW = 5


@dataclass(frozen=True, kw_only=True)
class PartyRecord:
    """A company or contact, and whether the reader may change it."""

    company: Company | None = None
    contact: Contact | None = None
    may_edit: bool


def company(user: User, pk: int) -> PartyRecord:
    """Raises Company.DoesNotExist."""
    editable = Company.objects.editable_by(user).filter(pk=OuterRef("pk"))
    row = (
        Company.objects.visible_to(user)
        .select_related("owner", "parent", "changed_by")
        .annotate(may_edit=Exists(editable))
        .get(pk=pk)
    )
    return PartyRecord(company=row, may_edit=vars(row)["may_edit"])


def contact(user: User, pk: int) -> PartyRecord:
    """Raises Contact.DoesNotExist."""
    editable = Contact.objects.editable_by(user).filter(pk=OuterRef("pk"))
    row = (
        Contact.objects.visible_to(user)
        .select_related("owner", "company", "changed_by")
        .annotate(may_edit=Exists(editable))
        .get(pk=pk)
    )
    return PartyRecord(contact=row, may_edit=vars(row)["may_edit"])


def erased_on(user: User, pk: int) -> dt.date:
    """The day on which a person was erased, by the clock of the reader. Raises Contact.DoesNotExist."""
    if not user.is_active:
        raise Contact.DoesNotExist
    erased = Contact.objects.filter(erased_at__isnull=False).only("erased_at").get(pk=pk)
    assert erased.erased_at is not None  # noqa: S101  # asked for
    return erased.erased_at.astimezone(user.zone).date()


def points(contact: Contact) -> list[ContactPoint]:
    """Addresses, then numbers, as they were entered."""
    return list(contact.points.order_by("kind", "pk"))


def owners(user: User, of: PartyRecord) -> list[PartyChange]:
    """The latest changes of who looks after the party, and what was merged into it."""
    kinds = [OwnerChanged.kind, PartyTakenIn.kind, PartyGivenBack.kind]
    changes = PartyChange.objects.visible_to(user).filter(kind__in=kinds).select_related("by")
    changes = (
        changes.filter(company=of.company) if of.company else changes.filter(contact=of.contact)
    )
    return list(changes.order_by("-at", "-pk")[:FEW])


@dataclass(frozen=True, kw_only=True)
class Deals:
    """A party's deals in sight, open ones first, and how many there are in all."""

    rows: Sequence[BoardRow]
    count: int


def deals(user: User, of: PartyRecord) -> Deals:
    """One query; the count rides along with the rows."""
    found = Deal.objects.visible_to(user)
    found = found.filter(company=of.company) if of.company else found.filter(contacts=of.contact)
    total = found.order_by().annotate(one=Case(default=1, output_field=IntegerField()))
    counted = total.values("one").annotate(n=Count("pk")).values("n")
    is_over = Case(When(outcome=Outcome.OPEN, then=0), default=1, output_field=IntegerField())
    ordered = found.order_by(is_over, "-changed_at", "pk")
    rows = list(ordered.values_list(*FIELDS, Subquery(counted))[:MOST])
    return Deals(rows=[BoardRow(*row[:-1]) for row in rows], count=rows[0][-1] if rows else 0)


# A timeline runs backwards.
ORDERING = Ordering(sort_key=by_instant("done_at", never_null=True), descending=True)


def _about(user: User, of: PartyRecord) -> Any:
    """What concerns the party: said to it without a deal, or on one of its deals in sight."""
    rows = Activity.objects.visible_to(user).select_related("owner", "contact", "deal", "company")
    if of.contact:
        return rows.filter(contact=of.contact)
    # The deal may have got its company after the talk, so that the talk itself names none.
    own = Deal.objects.visible_to(user).filter(company=of.company).values("pk")
    return rows.filter(Q(company=of.company) | Q(deal__in=own))


def touches(
    user: User, of: PartyRecord, *, before: Cursor | None = None
) -> tuple[list[Activity], bool]:
    """The latest PAGE things that were done, older than `before`, and whether there are more."""
    editable = Activity.objects.editable_by(user).filter(pk=OuterRef("pk"))
    rows = ORDERING.apply(_about(user, of).done().annotate(may_edit=Exists(editable)))
    if before is not None:
        rows = rows.filter(ORDERING.beyond(before))
    found = list(rows[: PAGE + 1])
    return found[:PAGE], len(found) > PAGE


def corrections(
    user: User, of: PartyRecord, *, since: dt.datetime | None, before: dt.datetime | None
) -> list[PartyChange]:
    """What was corrected or removed of what was said without a deal, and what was undone at once; the
    latest first."""
    told = Q(kind__startswith="talk_") | Q(kind=ActUndone.kind)
    rows = PartyChange.objects.visible_to(user).filter(told)
    rows = rows.filter(company=of.company) if of.company else rows.filter(contact=of.contact)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if before is not None:
        rows = rows.filter(at__lt=before)
    return list(rows.select_related("by").order_by("-at", "-pk")[:PAGE])


def planned_activities(user: User, of: PartyRecord) -> list[Activity]:
    """What is to be done, the next one first, each with `may_edit`."""
    editable = Activity.objects.editable_by(user).filter(pk=OuterRef("pk"))
    rows = _about(user, of).planned().annotate(may_edit=Exists(editable))
    return list(rows.order_by("due_by", "id")[:PLANNED])


@dataclass(frozen=True, kw_only=True)
class PartyPerson:
    id: int
    name: str
    job_title: str
    email: str
    phone: str


def people(user: User, company: Company) -> list[PartyPerson]:
    """The people of a company, with the first address and number of each. One query."""

    rows = Contact.objects.visible_to(user).filter(company=company).order_by("pk")
    read = rows.values_list(
        "pk", "name", "job_title", first_point(PointKind.EMAIL), first_point(PointKind.PHONE)
    )
    return [
        PartyPerson(id=pk, name=name, job_title=title, email=email or "", phone=phone or "")
        for pk, name, title, email, phone in read[:MOST]
    ]


def subsidiaries(user: User, company: Company) -> list[tuple[int, str]]:
    rows = Company.objects.visible_to(user).filter(parent=company).order_by("name", "pk")
    return list(rows.values_list("pk", "name")[:MOST])


def same_contacts(
    user: User, contact: Contact, points: Sequence[ContactPoint]
) -> list[duplicates.Party]:
    """Other people who may be this one: the same address or number, or the same name."""
    first = {point.kind: point.typed for point in reversed(points)}
    found = duplicates.contacts(
        contact.name,
        email=first.get(PointKind.EMAIL, ""),
        phone=first.get(PointKind.PHONE, ""),
        user=user,
    )
    reached = set(
        ContactPoint.objects.filter(value__in=[point.value for point in points])
        .exclude(contact=contact)
        .values_list("contact_id", flat=True)
    )
    return [row for row in found if row.id != contact.pk and (row.id in reached or row.is_same)]


def company_named(user: User, pk: int) -> Company | None:
    """The company whose id an address has, where it is one in sight."""
    return Company.objects.visible_to(user).filter(pk=pk).first()


def to_undo(user: User, party: Company | Contact) -> Company | Contact:
    """The party, locked, if `user` may change it or has just handed it over out of the own reach.

    Raises DoesNotExist.
    """
    rows = type(party)._default_manager
    given = UndoableAct.objects.editable_by(user).filter(**{str(party._meta.model_name): party})
    for found in (rows.editable_by(user), rows.filter(pk__in=[party.pk] if given.exists() else [])):
        row = found.select_for_update(of=("self",), no_key=True).filter(pk=party.pk).first()
        if row is not None:
            return row
    raise type(party).DoesNotExist


def gone_into(user: User, kind: PartyKind, pk: int) -> int | None:
    """The id of the company or contact that another one of this id went into, however often that was
    merged in turn; None where it went nowhere."""
    merges = PartyMerge.objects.visible_to(user).filter(kind=kind, undone_at=None)
    found: int | None = None
    seen: set[int] = set()
    while pk not in seen:
        seen.add(pk)
        into = merges.filter(gone_id=pk).values_list("into_id", flat=True).first()
        if into is None:
            return found
        pk = found = into
    return None


def merge_to_undo(user: User, kind: PartyKind, pk: int) -> PartyMerge:
    """By the id of the one that is gone. Raises PartyMerge.DoesNotExist where that is not to be undone by
    this person: of what one may not change."""
    found = PartyMerge.objects.visible_to(user).get(kind=kind, gone_id=pk, undone_at=None)
    model = Company if kind == PartyKind.COMPANY else Contact
    if not model._default_manager.editable_by(user).filter(pk=found.into_id).exists():
        raise PartyMerge.DoesNotExist
    return found


@dataclass(frozen=True, kw_only=True)
class Belonging:
    """How much belongs to a party, as far as the reader may see it."""

    deals: int
    people: int
    talks: int
    plans: int


def belonging(user: User, of: PartyRecord) -> Belonging:
    """Four counts, each by an index."""
    if of.company:
        deals = Deal.objects.visible_to(user).filter(company=of.company)
        people = Contact.objects.visible_to(user).filter(company=of.company).count()
    else:
        deals, people = Deal.objects.visible_to(user).filter(contacts=of.contact), 0
    about = _about(user, of)
    return Belonging(
        deals=deals.count(),
        people=people,
        talks=about.done().count(),
        plans=about.planned().count(),
    )


def may_edit_owned(user: User, owner_id: int | None) -> bool:
    """As `editable_by` of companies and contacts, of one whose owner is known."""
    scope = user.scope
    return scope.everything or owner_id is None or owner_id in scope.owner_ids
