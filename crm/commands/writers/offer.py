"""An offer of a deal: one revision of what was offered, never rewritten."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Self

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.commands import record_changes, values
from crm.commands.contact import NewContact, on_record
from crm.commands.deal_people import add_person, require_of_deal
from crm.commands.locked_deal import note_change
from crm.models import (
    Contact,
    Deal,
    DealLine,
    Need,
    Offer,
    OfferKind,
    OfferLine,
    OfferOutcome,
    OfferRecipient,
    Product,
)
from crm.queries import offer as offers
from pipeline.models import User
from pipeline.process import moves
from salesprocess.lib.refused import Refused


@dataclass(frozen=True, kw_only=True)
class OfferLineInput:
    """Something that is offered: a product, or `what` in words; `need` is what it is for."""

    product: Product | None = None
    what: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None
    need: Need | None = None

    @classmethod
    def of(cls, line: DealLine | OfferLine) -> Self:
        said = cls(product=line.product, quantity=line.quantity, unit_price=line.unit_price)
        return (
            replace(said, what=line.what, need=line.need) if isinstance(line, OfferLine) else said
        )


@dataclass(frozen=True, kw_only=True)
class OfferInput:
    """What was offered, in the deal's currency (CHECKLIST F5, C19). Without a `value` it is what the
    lines come to, and where it is another, `value_why` says why. `sent_at` is by default now.

    `recipients` are people of the deal, of its company, or somebody who is not on record yet; who
    is not on the deal joins it.
    """

    value: Decimal | None = None
    value_why: str = ""
    kind: OfferKind = OfferKind.WRITTEN
    recipients: Sequence[Contact | NewContact] = ()
    sent_at: dt.datetime | None = None
    what_changed: str = ""
    decision_on: dt.date | None = None
    lines: Sequence[OfferLineInput] = ()


def write(
    row: Deal, said: OfferInput, *, premature: bool = False, by: User, at: dt.datetime
) -> Offer:
    """Add the next revision; the one before it, where nothing was decided about it, counts as
    revised. `premature` is one before problem and decision path were known (G5).

    What the deal is worth follows the offer, with a row of history: a number that was offered is
    better known than one that was guessed. Without a value it stays as it is. The caller saves it.

    Raises Refused for a need or person of another deal, a value that is not what the lines come to
    without a reason, or a day of sending that is still to come; ValidationError for a value that its
    field cannot hold.
    """
    moves.check_time(said.sent_at or at, since=None, now=timezone.now())
    offer = _new(row, said, premature=premature, by=by, at=at)
    return _write(row, offer, said.lines, _people(row, said, by=by, at=at), by=by, at=at)


def write_agreed(
    row: Deal, last: Offer | None, value: Decimal, *, by: User, at: dt.datetime
) -> Offer:
    """Add what was agreed on in the end: the last offer, to the same people, for another value."""
    said = OfferInput(value=value, kind=OfferKind.VERBAL, what_changed=_("As agreed"))
    if last is None:
        return write(row, said, by=by, at=at)
    lines = [
        OfferLineInput.of(line)
        for line in last.lines.select_related("product", "need").order_by("id")
    ]
    said = replace(said, value_why=said.what_changed, decision_on=last.decision_on, lines=lines)
    offer = _new(row, said, premature=last.premature, by=by, at=at)
    return _write(row, offer, lines, last.recipients.order_by("id"), by=by, at=at)


def supersede(row: Deal, offer: Offer, *, at: dt.datetime) -> None:
    """Where one offer counts, what was open or accepted besides it is revised."""
    others = Offer.objects.filter(deal=row).exclude(pk=offer.pk)
    others.filter(outcome__in=(OfferOutcome.OPEN, OfferOutcome.ACCEPTED)).update(
        outcome=OfferOutcome.REVISED, known_at=at
    )


def _new(row: Deal, said: OfferInput, *, premature: bool, by: User, at: dt.datetime) -> Offer:
    last = Offer.objects.filter(deal=row).aggregate(most=Max("revision"))["most"] or 0
    offer = Offer(
        deal=row,
        revision=last + 1,
        kind=said.kind,
        sent_at=said.sent_at or at,
        what_changed=said.what_changed.strip(),
        value=offers.total(said.lines) if said.value is None else said.value,
        value_why=_why(said),
        currency=row.currency,
        decision_on=said.decision_on,
        premature=premature,
        at=at,
        by=by,
    )
    values.check(offer)
    return offer


def _write(
    row: Deal,
    offer: Offer,
    lines: Sequence[OfferLineInput],
    people: Iterable[Contact],
    *,
    by: User,
    at: dt.datetime,
) -> Offer:
    offer.save(force_insert=True)
    supersede(row, offer, at=at)
    OfferRecipient.objects.bulk_create(
        OfferRecipient(offer=offer, contact=contact) for contact in people
    )
    OfferLine.objects.bulk_create(_lines(row, offer, lines))
    record_changes.note_offer_made(row, offer, by=by, at=at)
    set_deal_value(row, offer, by=by, at=at)
    return offer


def set_deal_value(row: Deal, offer: Offer | None, *, by: User, at: dt.datetime) -> None:
    """Let the deal be worth what the offer says, where it says that; the caller saves it."""
    if offer is not None and offer.value is not None and offer.currency == row.currency:
        note_change(row, "amount", offer.value, by=by, at=at)


def _why(said: OfferInput) -> str:
    """Why the value is not what the lines come to; nothing where it is, or nobody knows."""
    if said.value is None or offers.total(said.lines) in (None, said.value):
        return ""
    if not said.value_why.strip():
        raise Refused(
            _(
                "The lines come to something else: leave the value empty to follow them, or say why."
            ),
            field="value_why",
        )
    return said.value_why.strip()


def _people(row: Deal, said: OfferInput, *, by: User, at: dt.datetime) -> list[Contact]:
    """Those to whom an offer goes, each on the deal from then on."""
    found = []
    for who in said.recipients:
        if isinstance(who, Contact) and (
            row.company_id is None or who.company_id != row.company_id
        ):
            require_of_deal(row, who, field="recipients")
        found.append(on_record(who, company=row.company, by=by, at=at))
        add_person(row, found[-1], by=by, at=at)
    return found


def _lines(row: Deal, offer: Offer, lines: Sequence[OfferLineInput]) -> list[OfferLine]:
    needs = {line.need.pk for line in lines if line.need is not None}
    if needs - set(row.needs.filter(pk__in=needs).values_list("pk", flat=True)):
        raise Refused(_("This need is not one of the deal."), field="lines")
    made = [
        OfferLine(
            offer=offer,
            product=line.product,
            what="" if line.product else line.what.strip(),
            quantity=line.quantity,
            unit_price=line.unit_price,
            need=line.need,
        )
        for line in lines
    ]
    for line in made:
        if line.product is None and not line.what:
            raise Refused(_("Write what is offered."), field="lines")
        values.check(line)
        if line.quantity <= 0:
            raise Refused(_("Write how many: a number above zero."), field="lines")
    return made
