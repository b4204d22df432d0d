"""Who stands on a deal, and what is to be sold in it: as its page reads them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db.models import BigIntegerField

from crm.erased import ERASED_PERSON
from crm.models import DealContact, DealLine, DealRole
from crm.queries.deal import DealRecord
from salesprocess.lib.prepared import Param, Prepared

_DEAL = Param("deal", BigIntegerField())


@dataclass(frozen=True, kw_only=True)
class DealPerson:
    """Somebody of the other side; `points` are the ways to reach: (kind, as typed)."""

    id: int
    name: str
    job_title: str
    company: str | None
    role: DealRole
    points: list[tuple[str, str]]

    @property
    def is_erased(self) -> bool:
        """Nothing can be said to the person any more."""
        return self.name == ERASED_PERSON


def people(deal: int) -> list[DealPerson]:
    """The other side's people, who decides first, with how to reach them. One query."""
    found: dict[int, DealPerson] = {}
    for link, pk, name, job_title, company, role, kind, typed in _people(deal=deal):
        person = found.get(link)
        if person is None:
            person = found[link] = DealPerson(
                id=pk,
                name=name,
                job_title=job_title,
                company=company,
                role=DealRole(role),
                points=[],
            )
        if typed:
            person.points.append((kind, typed))
    order = list(DealRole)
    return sorted(found.values(), key=lambda person: order.index(person.role))


_people = Prepared(
    tuple,
    lambda: (
        DealContact.objects.filter(deal=_DEAL)
        .order_by("id", "contact__points__kind", "contact__points__typed")
        .values_list(
            "id",
            "contact_id",
            "contact__name",
            "contact__job_title",
            "contact__company__name",
            "role",
            "contact__points__kind",
            "contact__points__typed",
        )
    ),
)


class DealLineRecord(NamedTuple):
    """Something that is to be sold."""

    id: int
    product: str
    quantity: Decimal
    unit_price: Decimal | None


def lines(found: DealRecord) -> list[DealLineRecord]:
    return _lines(deal=found.pk) if found.items else []


_lines = Prepared(
    DealLineRecord._make,
    lambda: (
        DealLine.objects.filter(deal=_DEAL)
        .order_by("id")
        .values_list("id", "product__name", "quantity", "unit_price")
    ),
)
