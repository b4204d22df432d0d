"""What can be told to those who deliver what was won."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from crm.commands import record_changes, values
from crm.commands.locked_deal import locked, save
from crm.models import Deal, HandOff
from pipeline.models import User
from pipeline.process.stages import Outcome
from salesprocess.lib.refused import Refused


def write(
    deal: Deal,
    *,
    to: str,
    promised: str = "",
    starts_on: dt.date | None = None,
    due_on: dt.date | None = None,
    seller_involved: bool = False,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> HandOff:
    """Say who delivers, what was promised and when, and whether the salesperson takes part; or say
    it anew (METHOD, edge rule 3). Delivery itself is outside the process: there is no stage for it.

    Raises Refused for a deal that is not won, nobody to hand it to, or an end before its beginning;
    ValidationError and Stale as elsewhere.
    """
    with locked(deal, by=by, version=version) as row:
        if row.outcome != Outcome.WON:
            raise Refused(_("Only a won deal is handed to delivery."))
        if not to.strip():
            raise Refused(_("Write who delivers."), field="to")
        if starts_on and due_on and due_on < starts_on:
            raise Refused(_("It would be due before it begins."), field="due_on")
        hand_off = HandOff.objects.filter(deal=row).first() or HandOff(deal=row)
        before = _parts(hand_off)
        hand_off.to, hand_off.promised = to.strip(), promised.strip()
        hand_off.starts_on, hand_off.due_on = starts_on, due_on
        hand_off.seller_involved = seller_involved
        if record_changes.note_parts_changed(row, before, _parts(hand_off), by=by, at=at):
            hand_off.at, hand_off.by = at, by
            values.check(hand_off)
            hand_off.save()
            save(row, by=by, at=at)
    return hand_off


def _parts(hand_off: HandOff) -> dict[str, Any]:
    return {
        "hand_off": hand_off.to,
        "hand_off_promised": hand_off.promised,
        "hand_off_starts_on": hand_off.starts_on,
        "hand_off_due_on": hand_off.due_on,
        "hand_off_seller": hand_off.seller_involved or None,
    }
