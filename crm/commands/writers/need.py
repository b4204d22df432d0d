"""A need of a deal: a problem of the customer."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from django.utils.translation import gettext as _

from crm.commands import record_changes, values
from crm.commands.deal_people import require_not_ahead, require_of_deal
from crm.commands.locked_deal import add_change
from crm.events import NeedChanged, NeedWorth
from crm.models import Contact, Deal, Need, Per
from pipeline.models import User
from salesprocess.lib.refused import Refused


@dataclass(frozen=True, kw_only=True)
class NeedInput:
    """A problem in the customer's words; `worth` is what solving it brings `per` month, year or
    once, in the deal's currency; `confirmed_on` the day on which the customer said: yes, that is it
    (METHOD, stage 4).
    """

    words: str
    worth: Decimal | None = None
    per: Per = Per.YEAR
    said_by: Contact | None = None
    confirmed_on: dt.date | None = None

    @classmethod
    def of(cls, need: Need) -> Self:
        return cls(
            words=need.words,
            worth=need.worth,
            per=Per(need.per),
            said_by=need.said_by,
            confirmed_on=need.confirmed_on,
        )


def write(row: Deal, said: NeedInput, *, by: User, at: dt.datetime) -> Need:
    """Add a need.

    Raises Refused for no words, a person who is not on the deal or a day that is still to come;
    ValidationError for a value that its field cannot hold.
    """
    need = Need(deal=row, at=at, by=by)
    _fill(need, said, by=by, at=at)
    need.save(force_insert=True)
    add_change(row, NeedChanged(new=need.words), by=by, at=at)
    return need


def rewrite(row: Deal, need: Need, said: NeedInput, *, by: User, at: dt.datetime) -> bool:
    """Put a locked need into other words, or say more of it; False if it says just that already.

    Raises as `write` does.
    """
    before = _parts(need)
    _fill(need, said, by=by, at=at)
    changed = record_changes.note_parts_changed(
        row, before, _parts(need), of="need", about=need.words, by=by, at=at
    )
    if changed:
        need.save()
    return changed


def _fill(need: Need, said: NeedInput, *, by: User, at: dt.datetime) -> None:
    need.words = said.words.strip()
    if not need.words:
        raise Refused(_("Write the need, in the customer’s words."), field="words")
    if said.said_by is not None:
        require_of_deal(need.deal, said.said_by, field="said_by")
    require_not_ahead(said.confirmed_on, by=by, at=at, field="confirmed_on")
    need.worth, need.per, need.said_by = said.worth, said.per, said.said_by
    need.confirmed_on = said.confirmed_on
    values.check(need)


def _parts(need: Need) -> dict[str, Any]:
    return {
        "need": need.words,
        "need_worth": _worth(need),
        "need_said_by": need.said_by,
        "need_confirmed_on": need.confirmed_on,
    }


def _worth(need: Need) -> NeedWorth | None:
    if need.worth is None:
        return None
    return NeedWorth(amount=need.worth, currency=need.deal.currency, per=need.per)
