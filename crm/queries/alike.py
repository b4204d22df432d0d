"""Who is on record already: the search behind pick lists, and the duplicates shown while typing.

Companies and contacts are common knowledge; deals are shown only within one's reach.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Q
from django.db.models.functions import Greatest, Lower
from django.utils.translation import gettext as _

from crm import normalise
from crm.models import Company, Contact, ContactPoint, Deal, PointKind, Product, Relationship
from pipeline.models import User

LETTERS = 2
ROWS = 10
# Shown while somebody types something else: fewer, so that they can be read at a glance.
FEW = 4
# No name, address or number on record is longer; the search for a megabyte takes seconds.
LONGEST = 254


@dataclass(frozen=True, kw_only=True)
class Party:
    """A company or contact on record, and why it is shown. `deals` are open ones in sight."""

    id: int
    name: str
    about: str
    why: str = ""
    deals: Sequence[tuple[int, str]] = ()


def companies(typed: str, *, user: User, rows: int = ROWS) -> list[Party]:
    """Companies whose name is like `typed`, best first; none for less than two letters.

    Case and legal form do not count: "Norte" finds "NORTE S.A.".
    """
    typed = typed[:LONGEST]
    words = _plain(typed)
    plain = normalise.company_name(words)
    if len(words) < LETTERS:
        return []
    found = (
        Company.objects.visible_to(user)
        .annotate(lower=Lower("name"))
        .filter(_like(words) | _like(plain))
        .annotate(
            alike=Greatest(TrigramSimilarity("lower", words), TrigramSimilarity("lower", plain))
        )
        .select_related("owner")
        .order_by("-alike", "id")[: 3 * rows]
    )
    best = sorted(found, key=lambda row: normalise.company_name(row.name) != plain)[:rows]
    return [Party(id=row.pk, name=row.name, about=_about_company(row)) for row in best]


def with_deals(parties: Sequence[Party], *, user: User) -> list[Party]:
    """The same companies, each with its open deals as far as `user` may see them."""
    deals: dict[int | None, list[tuple[int, str]]] = {}
    ids = [party.id for party in parties]
    rows = Deal.objects.visible_to(user).open().filter(company_id__in=ids).order_by("-changed_at")
    for pk, name, company_id in rows.values_list("id", "name", "company_id")[:ROWS]:
        deals.setdefault(company_id, []).append((pk, name))
    return [replace(party, deals=deals.get(party.id, ())) for party in parties]


def contacts(
    name: str, *, user: User, email: str = "", phone: str = "", rows: int = ROWS
) -> list[Party]:
    """People with the same address or number, then those whose name is like `name`."""
    found = _reached_by(_plain(email), _plain(phone), user=user)
    words = _plain(name)
    if len(words) >= LETTERS:
        alike = (
            Contact.objects.visible_to(user)
            .annotate(lower=Lower("name"))
            .filter(_like(words))
            .annotate(alike=TrigramSimilarity("lower", words))
            .select_related("company")
            .order_by("-alike", "id")[:rows]
        )
        for contact in alike:
            found.setdefault(contact.pk, _person(contact, _("similar name")))
    return list(found.values())[:rows]


def products(typed: str, *, user: User) -> list[Product]:
    words = _plain(typed)
    if len(words) < LETTERS:
        return []
    offered = Product.objects.visible_to(user).offered().annotate(lower=Lower("name"))
    return list(offered.filter(lower__contains=words).order_by("lower")[:ROWS])


def _plain(typed: str) -> str:
    """Without case, and without the one character that PostgreSQL cannot hold."""
    return typed[:LONGEST].replace("\0", "").strip().lower()


def _like(words: str) -> Q:
    """A condition that the index of trigrams serves."""
    alike = Q(lower__trigram_similar=words) | Q(lower__startswith=words)
    # Two letters hold no trigram of the middle of a word.
    return alike | Q(lower__contains=words) if len(words) > LETTERS else alike


def _reached_by(email: str, phone: str, *, user: User) -> dict[int, Party]:
    wanted = Q()
    if email:
        wanted |= Q(kind=PointKind.EMAIL, value=normalise.email(email))
    if phone:
        number = normalise.phone(phone, country=user.organisation.country or "")
        wanted |= Q(kind=PointKind.PHONE, value=number)
    if not wanted:
        return {}
    why = {PointKind.EMAIL: _("same e-mail"), PointKind.PHONE: _("same phone")}
    points = ContactPoint.objects.visible_to(user).filter(wanted)
    found: dict[int, Party] = {}
    for point in points.select_related("contact__company").order_by("contact_id")[:ROWS]:
        found.setdefault(point.contact_id, _person(point.contact, why[PointKind(point.kind)]))
    return found


def _person(contact: Contact, why: str) -> Party:
    company = contact.company.name if contact.company else ""
    about = " · ".join(filter(None, [contact.job_title, company]))
    return Party(id=contact.pk, name=contact.name, about=about, why=why)


def _about_company(company: Company) -> str:
    relationship = Relationship(company.relationship).label
    owner = company.owner.name if company.owner else ""
    return " · ".join(filter(None, [str(relationship), company.country, owner]))
