"""Whom and which deal the words of a quick log may mean, within the reader's reach, mine first."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Case, F, QuerySet, Value, When

from crm import normalise
from crm.models import (
    Company,
    Contact,
    ContactPoint,
    Deal,
    DealContact,
    PointKind,
    SearchKind,
)
from crm.models.due import Due
from crm.queries.search import Hit, finds, search
from pipeline.models import User

# So many are offered; who has more to choose from types another word.
FEW = 5
# So many words at the beginning of a line may name somebody.
_MOST_WORDS = 4
_MOST_HITS = 12


class Named(NamedTuple):
    """A company or a person that the words may mean."""

    kind: SearchKind
    id: int
    name: str
    hint: str


class NamedDeal(NamedTuple):
    """An open deal that the words may mean, and what comes next on it."""

    id: int
    name: str
    company: str | None
    stage: int
    amount: Decimal | None
    currency: str
    owner_id: int | None
    next_kind: str
    next_on: dt.date | None
    next_at: dt.datetime | None

    @property
    def due(self) -> Due | None:
        return Due(on=self.next_on, at=self.next_at) if self.next_kind else None


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Those that the first `words` of the line may mean, the likeliest first."""

    words: int = 0
    parties: Sequence[Named] = ()
    deals: Sequence[NamedDeal] = ()


def candidates(lead: Sequence[str], *, reader: User) -> Candidates:
    """What as many of the first words as possible are found by together. Seven queries at most."""
    for count in range(min(len(lead), _MOST_WORDS), 0, -1):
        words = " ".join(lead[:count])
        if count > 1 and not finds(words, reader=reader):
            continue
        hits = search(words, reader=reader, most=_MOST_HITS)
        if hits:
            parties = _parties(hits)
            return Candidates(
                words=count, parties=parties[:FEW], deals=_deals(hits, parties, reader)
            )
    return Candidates()


def _parties(hits: Iterable[Hit]) -> list[Named]:
    """Companies where their own name was typed, else the people."""
    found = [
        Named(SearchKind(hit.kind), hit.record_id, hit.title, hit.hint)
        for hit in hits
        if hit.kind != SearchKind.DEAL
    ]
    companies = [one for one in found if one.kind == SearchKind.COMPANY]
    return companies or found


def _deals(hits: Iterable[Hit], parties: Iterable[Named], reader: User) -> list[NamedDeal]:
    """The deals that were found, and those of the companies and people that were."""
    ids = {hit.record_id for hit in hits if hit.kind == SearchKind.DEAL and hit.current}
    people = [one.id for one in parties if one.kind == SearchKind.CONTACT]
    companies = [one.id for one in parties if one.kind == SearchKind.COMPANY]
    if people:
        ids |= _deals_of_people(people, reader)
    if companies:
        rows = Deal.objects.open().editable_by(reader).filter(company_id__in=companies)
        ids |= set(_mine_first(rows, reader).values_list("pk", flat=True)[:_MOST_HITS])
    return named_deals(ids, reader) if ids else []


def _deals_of_people(people: Sequence[int], reader: User) -> set[int]:
    """Their own deals; of who stands on none, those of the company."""
    own = DealContact.objects.filter(contact_id__in=people, deal__outcome="open")
    ids = set(own.values_list("deal_id", flat=True)[: 4 * _MOST_HITS])
    if ids:
        return ids
    firms = Contact.objects.filter(pk__in=people, company__isnull=False).values("company_id")
    rows = Deal.objects.open().editable_by(reader).filter(company_id__in=firms)
    return set(_mine_first(rows, reader).values_list("pk", flat=True)[:_MOST_HITS])


def named_deals(ids: Iterable[int], reader: User) -> list[NamedDeal]:
    """Of these deals the open ones that the reader may change."""
    return _rows(Deal.objects.open().editable_by(reader).filter(pk__in=list(ids)), reader)


def next_deals(reader: User) -> list[NamedDeal]:
    """What one is likely to have done, before anything is typed: one's own deals, by what is due."""
    return _rows(Deal.objects.open().filter(owner=reader), reader)


def _rows(deals: "QuerySet[Deal]", reader: User) -> list[NamedDeal]:
    found = _mine_first(deals, reader).values_list(
        *("id", "name", "company__name", "stage", "amount", "currency"),
        *("owner_id", "next_kind", "next_on", "next_at"),
    )
    return [NamedDeal._make(row) for row in found[:FEW]]


def _mine_first(deals: "QuerySet[Deal]", reader: User) -> "QuerySet[Deal]":
    mine = Case(When(owner=reader, then=Value(0)), default=Value(1))
    return deals.order_by(mine, F("attention_at").asc(nulls_last=True), "-changed_at", "id")


def people_of(deal: Deal) -> list[Named]:
    """Those of the deal, then others of its company."""
    own = list(
        Contact.objects.filter(deals=deal, erased_at=None)
        .order_by("name")
        .values_list("pk", "name", "job_title")[:FEW]
    )
    rest: list[tuple[int, str, str]] = []
    if deal.company_id and len(own) < FEW:
        others = Contact.objects.filter(company_id=deal.company_id, erased_at=None)
        others = others.exclude(pk__in=[pk for pk, _name, _title in own]).order_by("name")
        rest = list(others.values_list("pk", "name", "job_title")[: FEW - len(own)])
    return [Named(SearchKind.CONTACT, pk, name, title) for pk, name, title in (*own, *rest)]


def party(kind: SearchKind, pk: int, reader: User) -> Named | None:
    """A company or person on record, if the reader may see it."""
    if kind == SearchKind.COMPANY:
        found = Company.objects.visible_to(reader).filter(pk=pk).values_list("pk", "name")
        return next((Named(kind, row[0], row[1], "") for row in found), None)
    rows = Contact.objects.visible_to(reader).filter(pk=pk)
    people = rows.values_list("pk", "name", "company__name")
    return next((Named(kind, row[0], row[1], row[2] or "") for row in people), None)


def reached_by(addresses: Iterable[str], *, reader: User) -> Named | None:
    """The one person who is reached by one of these mail addresses; None for nobody, and for several."""
    points = ContactPoint.objects.visible_to(reader).filter(
        kind=PointKind.EMAIL, value__in=[normalise.email(one) for one in addresses]
    )
    people = Contact.objects.visible_to(reader).filter(points__in=points).distinct()
    rows = people.values_list("pk", "name", "company__name")[:2]
    found = [Named(SearchKind.CONTACT, pk, name, company or "") for pk, name, company in rows]
    return found[0] if len(found) == 1 else None


def deals_of(party: Named, reader: User) -> list[NamedDeal]:
    """The open deals of a company, or of a person."""
    if party.kind == SearchKind.COMPANY:
        rows = Deal.objects.open().editable_by(reader).filter(company_id=party.id)
        return _rows(rows, reader)
    return named_deals(_deals_of_people([party.id], reader), reader)
