"""What can be done to the needs of a deal: the customer's problems, in the customer's words."""

import datetime as dt
from decimal import Decimal

from django.utils.translation import gettext as _

from crm.commands import record_changes, values
from crm.commands.deal_people import require_not_ahead, require_of_deal
from crm.commands.locked_deal import add_change, locked, require_open, save
from crm.models import Contact, Deal, Need, Per
from pipeline.models import User
from pipeline.moves import Refused


def add(
    deal: Deal,
    *,
    words: str,
    worth: Decimal | None = None,
    per: Per = Per.YEAR,
    said_by: Contact | None = None,
    confirmed_on: dt.date | None = None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> Need:
    """Write down a need; `worth` is what solving it brings `per` month, year or once, in the deal's
    currency; `confirmed_on` the day on which the customer said: yes, that is it (METHOD, stage 4).

    Raises Refused for a closed deal, no words, a person who is not on the deal or a day that is
    still to come; ValidationError for a value that its field cannot hold; StaleDeal as in `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        require_open(row)
        need = Need(deal=row, at=at, by=by)
        _write(need, words, worth, per, said_by, confirmed_on, by=by, at=at)
        need.save(force_insert=True)
        record_changes.need_added(row, need, by=by, at=at)
        save(row, by=by, at=at)
    return need


def change(
    need: Need,
    *,
    words: str,
    worth: Decimal | None,
    per: Per,
    said_by: Contact | None,
    confirmed_on: dt.date | None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> None:
    """Put a need into other words, or say more of it; each part with a row of history.

    Raises Need.DoesNotExist if it is not there, otherwise as `add` does.
    """
    with locked(need.deal, by=by, version=version) as row:
        require_open(row)
        kept = row.needs.select_for_update().get(pk=need.pk)
        before = _parts(kept)
        _write(kept, words, worth, per, said_by, confirmed_on, by=by, at=at)
        changed = False
        for (field, old), (_field, new) in zip(before, _parts(kept), strict=True):
            if old != new:
                about = "" if field == "need" else kept.words
                add_change(row, field, old=old, new=new, by=by, at=at, reason=about)
                changed = True
        if changed:
            kept.save()
            save(row, by=by, at=at)
    need.refresh_from_db()


def confirm(
    need: Need, *, on: dt.date, by: User, at: dt.datetime, version: int | None = None
) -> None:
    """The customer said that this is the need. Raises as `change` does."""
    change(
        need,
        words=need.words,
        worth=need.worth,
        per=Per(need.per),
        said_by=need.said_by,
        confirmed_on=on,
        by=by,
        at=at,
        version=version,
    )


def drop(need: Need, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """It turned out to be none. It stays on record, and can be taken up again by `take_up`.

    Raises as `change` does.
    """
    _set_dropped(need, at, by=by, at=at, version=version)


def take_up(need: Need, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """It is one after all. Raises as `change` does."""
    _set_dropped(need, None, by=by, at=at, version=version)


def _set_dropped(
    need: Need, dropped_at: dt.datetime | None, *, by: User, at: dt.datetime, version: int | None
) -> None:
    with locked(need.deal, by=by, version=version) as row:
        require_open(row)
        kept = row.needs.select_for_update().get(pk=need.pk)
        if (kept.dropped_at is None) == (dropped_at is None):
            return
        kept.dropped_at = dropped_at
        kept.save(update_fields=["dropped_at"])
        old, new = (kept.words, "") if dropped_at else ("", kept.words)
        add_change(row, "need_dropped" if dropped_at else "need", old=old, new=new, by=by, at=at)
        save(row, by=by, at=at)
    need.refresh_from_db()


def _write(
    need: Need,
    words: str,
    worth: Decimal | None,
    per: Per,
    said_by: Contact | None,
    confirmed_on: dt.date | None,
    *,
    by: User,
    at: dt.datetime,
) -> None:
    need.words = words.strip()
    if not need.words:
        raise Refused(_("Write the need, in the customer’s words."), field="words")
    if said_by is not None:
        require_of_deal(need.deal, said_by, field="said_by")
    require_not_ahead(confirmed_on, by=by, at=at, field="confirmed_on")
    need.worth, need.per, need.said_by, need.confirmed_on = worth, per, said_by, confirmed_on
    values.check(need)


def _parts(need: Need) -> tuple[tuple[str, str], ...]:
    worth = "" if need.worth is None else f"{need.worth.normalize():f} {need.per}"
    said_by = f"{need.said_by.pk} {need.said_by}" if need.said_by else ""
    confirmed_on = need.confirmed_on.isoformat() if need.confirmed_on else ""
    return (
        ("need", need.words),
        ("need_worth", worth),
        ("need_said_by", said_by),
        ("need_confirmed_on", confirmed_on),
    )
