"""What can be done to the offers of a deal: made, revised, withdrawn; never rewritten."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.commands import contact as contact_commands
from crm.commands import gate, record_changes, values
from crm.commands.contact import NewContact
from crm.commands.deal_people import add_person, require_of_deal
from crm.commands.gate import GoAhead
from crm.commands.locked_deal import locked, note_change, require_open, save
from crm.models import (
    Contact,
    Deal,
    Need,
    Offer,
    OfferKind,
    OfferLine,
    OfferOutcome,
    OfferRecipient,
    Product,
)
from crm.queries import offer as offers
from crm.queries.gates import versions_of_visit
from pipeline import moves
from pipeline.gates import Act, Verb, is_premature
from pipeline.models import User
from pipeline.moves import Refused
from pipeline.stages import Stage


@dataclass(frozen=True, kw_only=True)
class Line:
    """Something that is offered: a product, or `what` in words; `need` is what it is for."""

    product: Product | None = None
    what: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None
    need: Need | None = None


def make(
    deal: Deal,
    *,
    value: Decimal | None,
    value_why: str = "",
    kind: OfferKind = OfferKind.WRITTEN,
    recipients: Sequence[Contact | NewContact] = (),
    sent_at: dt.datetime | None = None,
    what_changed: str = "",
    decision_on: dt.date | None = None,
    lines: Sequence[Line] = (),
    go_ahead: GoAhead | None = None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> Offer:
    """Record that an offer went out: the first, or the next revision of the last one, which then
    counts as revised (CHECKLIST F5, C19). `value` is in the deal's currency; without one it is what
    the lines come to, and where it is another, `value_why` says why. `sent_at` is by default now.

    `recipients` are people of the deal, of its company, or somebody who is not on record yet; who
    is not on the deal joins it.

    What the deal is worth follows the offer, with a row of history: a number that was offered is
    better known than one that was guessed. Without a value it stays as it is.

    An offer before problem and decision path are known is possible, and counted (G5). Who writes
    one may be asked why; a word that was said, or a list that was shown, only is on record.

    Raises Gap where the organisation wants a reason for that and there is none; Refused for a
    closed deal, a need or person of another deal, a value that is not what the lines come to
    without a reason, or a day of sending that is still to come;
    ValidationError for a value that its field cannot hold; StaleDeal as in `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        require_open(row)
        sent_at = sent_at or at
        moves.check_time(sent_at, since=None, now=timezone.now())
        stage, visit = Stage(row.stage), row.visits.going_on().get()
        passed = gate.check(
            row,
            Act(verb=Verb.OFFER, frm=stage, to=stage),
            version_ids=versions_of_visit(row, visit),
            by=by,
            at=at,
            go_ahead=go_ahead,
            asks_why=kind == OfferKind.WRITTEN,
        )
        numbers = Offer.objects.filter(deal=row).aggregate(most=Max("revision"))
        offer = Offer(
            deal=row,
            revision=(numbers["most"] or 0) + 1,
            kind=kind,
            sent_at=sent_at,
            what_changed=what_changed.strip(),
            value=offers.total(lines) if value is None else value,
            value_why=_why(value, value_why, lines),
            currency=row.currency,
            decision_on=decision_on,
            premature=is_premature(passed.facts),
            at=at,
            by=by,
        )
        values.check(offer)
        Offer.objects.filter(deal=row, outcome=OfferOutcome.OPEN).update(
            outcome=OfferOutcome.REVISED, known_at=at
        )
        offer.save(force_insert=True)
        _write_parts(row, offer, _readers(row, recipients, by=by, at=at), lines)
        gate.keep(row, passed, visit, by=by, at=at)
        record_changes.offer_made(row, offer, by=by, at=at)
        _follow(row, offer, by=by, at=at)
    return offer


def withdraw(
    offer: Offer, *, reason: str = "", by: User, at: dt.datetime, version: int | None = None
) -> None:
    """Take an offer back. The revision before it is the current one again, and the deal is worth
    what that says; where there is none, what the deal is worth stays as it is.

    Raises Refused for a closed deal or an offer that was withdrawn already; StaleDeal as in
    `locked`.
    """
    with locked(offer.deal, by=by, version=version) as row:
        require_open(row)
        kept = row.offers.select_for_update().get(pk=offer.pk)
        if kept.outcome == OfferOutcome.WITHDRAWN:
            raise Refused(_("This offer was withdrawn already."))
        kept.outcome, kept.known_at = OfferOutcome.WITHDRAWN, at
        kept.save(update_fields=["outcome", "known_at"])
        record_changes.offer_withdrawn(row, kept, reason=reason, by=by, at=at)
        current = offers.current(row.pk)
        if current is not None and current.outcome == OfferOutcome.REVISED:
            current.outcome, current.known_at = OfferOutcome.OPEN, None
            current.save(update_fields=["outcome", "known_at"])
        _follow(row, current, by=by, at=at)
    offer.refresh_from_db()


def _why(value: Decimal | None, why: str, lines: Sequence[Line]) -> str:
    """Why the value is not what the lines come to; nothing where it is, or nobody knows."""
    come_to = offers.total(lines)
    if value is None or come_to in (None, value):
        return ""
    if not why.strip():
        raise Refused(
            _(
                "The lines come to something else: leave the value empty to follow them, or say why."
            ),
            field="value_why",
        )
    return why.strip()


def _follow(row: Deal, offer: Offer | None, *, by: User, at: dt.datetime) -> None:
    if offer is not None and offer.value is not None and offer.currency == row.currency:
        note_change(row, "amount", offer.value, by=by, at=at)
    save(row, "amount", by=by, at=at)


def _readers(
    row: Deal, recipients: Sequence[Contact | NewContact], *, by: User, at: dt.datetime
) -> list[Contact]:
    """Those to whom an offer goes, each on the deal from then on."""
    found = []
    for who in recipients:
        if isinstance(who, NewContact):
            who = contact_commands.create_new(who, company=row.company, by=by, at=at)
        elif row.company_id is None or who.company_id != row.company_id:
            require_of_deal(row, who, field="recipients")
        add_person(row, who, by=by, at=at)
        found.append(who)
    return found


def _write_parts(
    row: Deal, offer: Offer, recipients: Sequence[Contact], lines: Sequence[Line]
) -> None:
    OfferRecipient.objects.bulk_create(
        OfferRecipient(offer=offer, contact=contact) for contact in recipients
    )
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
    OfferLine.objects.bulk_create(made)
