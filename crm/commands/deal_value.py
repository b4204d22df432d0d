"""What a deal is worth, taken over from its products or its offer."""

import datetime as dt
from decimal import Decimal

from django.utils.translation import gettext as _

from crm.commands.locked_deal import locked, note_change, require_open, save
from crm.models import Deal
from crm.queries import offer as offers
from crm.queries.deal_value import ValuePlace
from pipeline.models import User
from salesprocess.lib.refused import Refused


def take_over(
    deal: Deal, *, place: ValuePlace, by: User, at: dt.datetime, version: int | None = None
) -> None:
    """Let the deal be worth what its lines come to, or what its current offer says.

    Raises Refused for a closed deal, and where nothing is said there in the deal's currency;
    Stale as in `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        require_open(row)
        value = _said(row, place)
        if value is None:
            raise Refused(_("There is no value to be taken over."))
        if note_change(row, "amount", value, by=by, at=at):
            save(row, "amount", by=by, at=at)


def _said(row: Deal, place: ValuePlace) -> Decimal | None:
    if place == ValuePlace.LINES:
        return offers.total(list(row.lines.all()))
    current = offers.current(row.pk)
    if current is None or current.currency != row.currency:
        return None
    return current.value
