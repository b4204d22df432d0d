"""What can be done to the offers of a deal: made, revised, withdrawn; never rewritten."""

import datetime as dt

from django.utils.translation import gettext as _

from crm.commands import gate
from crm.commands.gate import GoAhead
from crm.commands.locked_deal import add_change, locked, require_open, save
from crm.commands.writers import offer as writer
from crm.commands.writers.offer import OfferInput
from crm.events import OfferWithdrawn
from crm.models import Deal, Offer, OfferKind, OfferOutcome
from crm.queries import offer as offers
from crm.queries.deal_process import versions_of_visit
from pipeline.models import User
from pipeline.process.gates import Act, Verb, is_premature
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused


def make(
    deal: Deal,
    said: OfferInput,
    *,
    go_ahead: GoAhead | None = None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> Offer:
    """Record that an offer went out: the first, or the next revision of the last one.

    An offer before problem and decision path are known is possible, and counted (G5). Who writes
    one may be asked why; a word that was said, or a list that was shown, only is on record.

    Raises Gap where the organisation wants a reason for that and there is none; Refused for a
    closed deal, otherwise as `writer.write` does; Stale as in `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        require_open(row)
        stage, visit = Stage(row.stage), row.visits.going_on().get()
        passed = gate.check(
            row,
            Act(verb=Verb.OFFER, from_stage=stage, to=stage),
            version_ids=versions_of_visit(row, visit),
            by=by,
            at=at,
            go_ahead=go_ahead,
            asks_why=said.kind == OfferKind.WRITTEN,
        )
        offer = writer.write(row, said, premature=is_premature(passed.facts), by=by, at=at)
        gate.keep(row, passed, visit, by=by, at=at)
        save(row, "amount", by=by, at=at)
    return offer


def withdraw(
    offer: Offer, *, reason: str = "", by: User, at: dt.datetime, version: int | None = None
) -> None:
    """Take an offer back. The revision before it is the current one again, and the deal is worth
    what that says; where there is none, what the deal is worth stays as it is.

    Raises Refused for a closed deal or an offer that was withdrawn already; Stale as in
    `locked`.
    """
    with locked(offer.deal, by=by, version=version) as row:
        require_open(row)
        kept = row.offers.select_for_update().get(pk=offer.pk)
        if kept.outcome == OfferOutcome.WITHDRAWN:
            raise Refused(_("This offer was withdrawn already."))
        kept.outcome, kept.known_at = OfferOutcome.WITHDRAWN, at
        kept.save(update_fields=["outcome", "known_at"])
        add_change(row, OfferWithdrawn(revision=kept.revision), by=by, at=at, reason=reason)
        current = offers.current(row.pk)
        if current is not None and current.outcome == OfferOutcome.REVISED:
            current.outcome, current.known_at = OfferOutcome.OPEN, None
            current.save(update_fields=["outcome", "known_at"])
        writer.set_deal_value(row, current, by=by, at=at)
        save(row, "amount", by=by, at=at)
    offer.refresh_from_db()
