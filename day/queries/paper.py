"""What stands on the sheets that somebody prints, and what can be dialled for it."""

from collections.abc import Iterable

from crm.models import ContactPoint, Deal, DealContact, PointKind
from crm.queries.board import FIELDS, ORDERING, BoardRow
from pipeline.models import User

# More than so many deals are no sheet that one carries.
MOST = 300


def own_board(user: User) -> list[BoardRow]:
    """The own open deals, those of each stage by what asks first. One query."""
    rows = ORDERING.apply(Deal.objects.open().filter(owner=user)).values_list(*FIELDS)
    return sorted((BoardRow(*row) for row in rows[:MOST]), key=lambda row: row.stage)


def phones(deals: Iterable[int], contacts: Iterable[int]) -> tuple[dict[int, str], dict[int, str]]:
    """A number to dial for each of some deals and people, with whose it is. Two queries."""
    points = ContactPoint.objects.filter(kind=PointKind.PHONE, contact__erased_at=None)
    people: dict[int, str] = {}
    with_deals: dict[int, list[int]] = {}
    pairs = DealContact.objects.filter(deal__in=list(deals)).order_by("pk")
    for deal, contact in pairs.values_list("deal_id", "contact_id"):
        with_deals.setdefault(deal, []).append(contact)
    wanted = {one for several in with_deals.values() for one in several} | set(contacts)
    found = points.filter(contact__in=wanted).order_by("-pk")
    for contact, name, typed in found.values_list("contact_id", "contact__name", "typed"):
        people[contact] = f"{name} {typed}"
    by_deal = {
        deal: people[next(one for one in several if one in people)]
        for deal, several in with_deals.items()
        if any(one in people for one in several)
    }
    return by_deal, people
