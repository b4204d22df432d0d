"""Possible duplicates of what somebody types, and the search behind pick lists.

Companies and contacts are visible to everyone, deals only within one's reach. Results are
suggestions: the person decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Func, Q, QuerySet, Value
from django.utils.translation import gettext as _

from crm import normalise
from crm.models import (
    Company,
    Contact,
    ContactPoint,
    Deal,
    PointKind,
    Product,
    Relationship,
    SearchEntry,
    SearchKind,
)
from crm.models.letters import (
    CompanyKeys,
    FirstElement,
    Fold,
    Overlap,
    PersonKeys,
    Similarity,
    Spellings,
)
from crm.queries.search import search
from crm.queries.search_words import parse
from pipeline.models import User
from salesprocess.lib.folding import fold

ROWS = 10
# Shown while somebody types something else: fewer, so that they can be read at a glance.
FEW = 4
# A name that hundreds have is no help.
MOST_SAME = 30
# From this closeness on two names are so alike that somebody should look.
NEARLY = 0.6
# No name, address or number on record is longer; the search for a megabyte takes seconds.
LONGEST = 254

Row = TypeVar("Row", Company, Product, Contact)


@dataclass(frozen=True, kw_only=True)
class Party:
    """A company or contact on record, and why it is shown.

    `deals` are visible open ones. `is_same` means that the names differ only by legal form,
    punctuation, `and`, the order of a person's names or spelling; `closeness` of the names is 0 to
    1.
    """

    id: int
    name: str
    about: str
    why: str = ""
    deals: Sequence[tuple[int, str]] = ()
    is_same: bool = False
    closeness: float = 0
    owner_id: int | None = None


def companies(typed: str, *, user: User, rows: int = ROWS) -> list[Party]:
    """Companies that are called `typed`, then those that a search finds, then similar names; none
    for less than two letters. Two queries.

    The same but for the legal form comes first: "Norte" finds "NORTE S.A.".
    """
    typed = _plain(typed)
    if not is_enough(typed):
        return []
    known = Company.objects.visible_to(user)
    hits = _hits(SearchKind.COMPANY, typed, user=user, rows=rows)
    ids = _by_keys(SearchKind.COMPANY, CompanyKeys(Value(typed)), user=user)
    ids = ids.union(_similar(known, typed, rows), known.filter(pk__in=hits).values("pk"))
    judged = _judged(known.filter(pk__in=ids), CompanyKeys, typed).select_related("owner")
    found = [_company(row) for row in judged]
    return _in_order(found, hits)[:rows]


def same_companies(company: Company, *, user: User) -> list[Party]:
    """Other companies that may be this one: names equal but for form, or nearly. One query."""
    known = Company.objects.visible_to(user).exclude(pk=company.pk)
    ids = _by_keys(SearchKind.COMPANY, CompanyKeys(Value(company.name)), user=user)
    ids = ids.union(_similar(known, company.name, ROWS))
    judged = _judged(known.filter(pk__in=ids), CompanyKeys, company.name).select_related("owner")
    found = [_company(row) for row in judged]
    return _in_order([row for row in found if row.is_same or row.closeness >= NEARLY], [])


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
    """People with the same address or number, then those whose name is like `name`, in whichever
    order its parts stand."""
    found = _reached_by(_plain(email).lower(), _plain(phone), user=user)
    typed = _plain(name)
    if is_enough(typed):
        for party in _contacts_called(typed, user=user, rows=rows):
            found.setdefault(party.id, party)
    return list(found.values())[:rows]


def _contacts_called(typed: str, *, user: User, rows: int) -> list[Party]:
    known = Contact.objects.visible_to(user)
    hits = _hits(SearchKind.CONTACT, typed, user=user, rows=rows)
    ids = _by_keys(SearchKind.CONTACT, PersonKeys(Value(typed)), user=user)
    ids = ids.union(_similar(known, typed, rows), known.filter(pk__in=hits).values("pk"))
    found = [
        replace(
            _person(row, _("similar name")),
            is_same=vars(row)["is_same"],
            closeness=vars(row)["closeness"],
        )
        for row in _judged(known.filter(pk__in=ids), PersonKeys, typed).select_related("company")
    ]
    return _in_order(found, hits)[:rows]


def products(typed: str, *, user: User) -> list[Product]:
    """Active products that have all the words in their name."""
    asked = parse(_plain(typed))
    if not asked.is_enough:
        return []
    rows = Product.objects.visible_to(user).active().alias(plain=Spellings("name", Value("\n")))
    return list(rows.filter(asked.contains_all()).order_by(Fold("name"))[:ROWS])


def exact_match(rows: QuerySet[Row], typed: str) -> Row | None:
    """The only row with this name: letter by letter, else but for spelling; None if there is none
    or several."""
    typed = _plain(typed)
    found = list(rows.alias(folded=Fold("name")).filter(folded=fold(typed)).order_by("id")[:ROWS])
    best = [row for row in found if row.name == typed] or found
    return best[0] if len(best) == 1 else None


def is_enough(typed: str) -> bool:
    """Whether the text is long enough to search for."""
    return parse(typed).is_enough


def _plain(typed: str) -> str:
    """Stripped, and without NUL, which PostgreSQL cannot store."""
    return typed[:LONGEST].replace("\0", "").strip()


def _hits(kind: SearchKind, typed: str, *, user: User, rows: int) -> list[int]:
    return [hit.record_id for hit in search(typed, reader=user, most=rows, kinds=[kind])]


def _by_keys(kind: SearchKind, keys: Func, *, user: User) -> QuerySet[SearchEntry, Any]:
    """Ids of the rows whose names are the same but for what `keys` leaves out."""
    entries = SearchEntry.objects.visible_to(user).exclude(kind=SearchKind.DEAL).filter(kind=kind)
    return entries.filter(keys__overlap=keys).order_by("record_id").values("record_id")[:MOST_SAME]


def _similar(rows: QuerySet[Any], typed: str, most: int) -> QuerySet[Any, Any]:
    """Ids of the rows with the names most similar to `typed`, by trigrams."""
    folded = fold(typed)
    near = rows.alias(folded=Fold("name")).filter(folded__trigram_similar=folded)
    found: QuerySet[Any, Any] = near.order_by(TrigramSimilarity("folded", folded).desc(), "pk")
    return found.values("pk")[:most]


def _judged(rows: QuerySet[Any], keys: type[Func], typed: str) -> QuerySet[Any]:
    """The rows, annotated with how their names compare to `typed`."""
    one, other = keys("name"), keys(Value(typed))
    near = Similarity(FirstElement(one), FirstElement(other))
    judged: QuerySet[Any] = rows.annotate(is_same=Overlap(one, other), closeness=near)
    return judged


def _in_order(found: Iterable[Party], hits: Sequence[int]) -> list[Party]:
    places = {pk: place for place, pk in enumerate(hits)}
    return sorted(
        found,
        key=lambda row: (not row.is_same, places.get(row.id, len(hits)), -row.closeness, row.id),
    )


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
    return Party(id=contact.pk, name=contact.name, about=about, why=why, owner_id=contact.owner_id)


def _company(row: Company) -> Party:
    return Party(
        id=row.pk,
        name=row.name,
        about=_about_company(row),
        is_same=vars(row)["is_same"],
        closeness=vars(row)["closeness"],
        owner_id=row.owner_id,
    )


def _about_company(company: Company) -> str:
    relationship = Relationship(company.relationship).label
    owner = company.owner.name if company.owner else ""
    return " · ".join(filter(None, [str(relationship), company.country, owner]))
