"""How the fields of a deal are shown, the people of the other side and what is to be sold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from crm.erased import person_name
from crm.models import DealRole
from crm.presenters.viewer import Viewer, labels
from crm.queries.deal import DealRecord
from crm.queries.deal_parts import DealLineRecord, DealPerson
from crm.queries.deal_value import ValuePlace, ValueSaid, values_differ
from crm.queries.offer import total
from crm.shipped import shipped_name
from pipeline.people.models.people import initials_of
from salesprocess.lib.format import money

ROLE_TONES = {"decides": "acc", "for_us": "ok", "against_us": "warn"}


@dataclass(frozen=True, kw_only=True)
class DealFieldLine:
    """`field` is the input that its form begins with: the focus goes there and comes back."""

    key: str
    field: str
    label: str
    value: str
    note: str = ""
    warning: str = ""
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Human:
    id: int
    name: str
    initials: str
    about: str
    role: str
    role_label: str
    tone: str
    points: Sequence[tuple[str, str, str]]  # (icon, as typed, address)


@dataclass(frozen=True, kw_only=True)
class WorthLine:
    """What is said of the worth in one place. `difference` is to the deal's own value."""

    place: str
    label: str
    value: str
    difference: str
    why: str
    may_take: bool


@dataclass(frozen=True, kw_only=True)
class DealLineView:
    id: int
    product: str
    quantity: str
    price: str
    total: str


def deal_fields(viewer: Viewer, deal: DealRecord) -> list[DealFieldLine]:
    source = shipped_name(deal.source)
    details = [deal.source_detail, deal.source_company or ""]
    return [
        DealFieldLine(
            key="company",
            field="company_name",
            label=_("Company"),
            value=deal.company or "",
        ),
        DealFieldLine(
            key="value",
            field="amount",
            label=_("Value"),
            value=money(deal.amount, deal.currency),
        ),
        _close(viewer, deal),
        DealFieldLine(
            key="source",
            field="source",
            label=_("Source"),
            value=source or next(filter(None, details), ""),
            note=" · ".join(filter(None, details)) if source else "",
        ),
        DealFieldLine(
            key="method",
            field="method",
            label=_("Method"),
            value=shipped_name(deal.method),
        ),
    ]


def _close(viewer: Viewer, deal: DealRecord) -> DealFieldLine:
    day = deal.expected_close_on
    passed = day is not None and deal.is_open and day < viewer.today
    return DealFieldLine(
        key="close",
        field="expected_close_on",
        label=_("Closes"),
        value=viewer.date(day) if day else "",
        note=pushes(deal),
        warning=_("This day has passed") if passed else "",
    )


def pushes(deal: DealRecord) -> str:
    if not deal.pushes:
        return ""
    if deal.pushes == 1:
        return _("pushed once")
    return _("pushed %(n)s times") % {"n": deal.pushes}


def deal_people(viewer: Viewer, rows: Iterable[DealPerson]) -> list[Human]:
    return [_human(viewer, row) for row in rows]


def _human(viewer: Viewer, row: DealPerson) -> Human:
    return Human(
        id=row.id,
        name=person_name(row.name),
        initials=initials_of(person_name(row.name)),
        about=row.job_title or row.company or "",
        role=row.role.value,
        role_label=labels(DealRole, viewer.language)[row.role.value],
        tone=ROLE_TONES.get(row.role.value, ""),
        points=[
            ("mail", typed, f"mailto:{typed}")
            if kind == "email"
            else ("phone", typed, f"tel:{''.join(typed.split())}")
            for kind, typed in row.points
        ],
    )


@dataclass(frozen=True, kw_only=True)
class Way:
    """How somebody of the other side is reached from the head of a deal: `who` is that contact's id."""

    kind: str  # phone or mail
    who: int
    name: str
    href: str


def ways_to_reach(people: Sequence[Human], *, first: str | None) -> list[Way]:
    """Whom to call and whom to write to, one of each where an address is known: `first`, the name of
    whoever is planned to be talked to, before the others in their order."""
    order = sorted(people, key=lambda person: person.name != first)
    found = {
        kind: Way(kind=kind, who=person.id, name=person.name, href=href)
        for person in reversed(order)
        for kind, _typed, href in reversed(person.points)
    }
    return [found[kind] for kind in ("phone", "mail") if kind in found]


def product_lines(rows: Sequence[DealLineRecord], currency: str) -> tuple[list[DealLineView], str]:
    """The lines and what they come to."""
    told = [
        DealLineView(
            id=row.id,
            product=row.product,
            quantity=f"{row.quantity.normalize():f}",
            price=money(row.unit_price, currency),
            total=""
            if row.unit_price is None
            else money((row.quantity * row.unit_price).quantize(Decimal("0.01")), currency),
        )
        for row in rows
    ]
    return told, money(total(rows), currency)


def worth_lines(said: Sequence[ValueSaid]) -> list[WorthLine]:
    """What is said in each place, where that differs; from which the deal's value may be taken."""
    if not values_differ(said):
        return []
    deal = next((one for one in said if one.place == ValuePlace.DEAL), None)
    return [_worth_line(one, deal) for one in said]


def _worth_line(one: ValueSaid, deal: ValueSaid | None) -> WorthLine:
    labels = {
        ValuePlace.DEAL: _("The deal’s value"),
        ValuePlace.LINES: _("Products together"),
        ValuePlace.OFFER: _("Offer %(n)s") % {"n": one.revision},
    }
    same = deal is not None and deal.currency == one.currency
    more = one.amount - deal.amount if deal is not None and same else Decimal(0)
    return WorthLine(
        place=one.place.value,
        label=labels[one.place],
        value=money(one.amount, one.currency),
        difference=f"{'+' if more > 0 else ''}{money(more, one.currency)}" if more else "",
        why=one.why,
        may_take=one.place != ValuePlace.DEAL and (deal is None or (same and bool(more))),
    )


def roles() -> list[tuple[str, str]]:
    return [(role.value, str(role.label)) for role in DealRole]
