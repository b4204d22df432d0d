"""What can be done to the needs of a deal: the customer's problems, in the customer's words."""

import datetime as dt
from dataclasses import replace

from crm.commands.locked_deal import add_change, locked, require_open, save
from crm.commands.writers import need as writer
from crm.commands.writers.need import NeedInput
from crm.events import NeedChanged, NeedDropped
from crm.models import Deal, Need
from pipeline.models import User


def add(
    deal: Deal, said: NeedInput, *, by: User, at: dt.datetime, version: int | None = None
) -> Need:
    """Write down a need. Raises as `writer.write` does, Refused for a closed deal, and Stale as in
    `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        require_open(row)
        need = writer.write(row, said, by=by, at=at)
        save(row, by=by, at=at)
    return need


def change(
    need: Need, said: NeedInput, *, by: User, at: dt.datetime, version: int | None = None
) -> None:
    """Put a need into other words, or say more of it; each part with a row of history.

    Raises Need.DoesNotExist if it is not there, otherwise as `add` does.
    """
    with locked(need.deal, by=by, version=version) as row:
        require_open(row)
        kept = row.needs.select_for_update().get(pk=need.pk)
        if writer.rewrite(row, kept, said, by=by, at=at):
            save(row, by=by, at=at)
    need.refresh_from_db()


def confirm(
    need: Need, *, on: dt.date, by: User, at: dt.datetime, version: int | None = None
) -> None:
    """The customer said that this is the need. Raises as `change` does."""
    change(need, replace(NeedInput.of(need), confirmed_on=on), by=by, at=at, version=version)


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
        event = NeedDropped(words=kept.words) if dropped_at else NeedChanged(new=kept.words)
        add_change(row, event, by=by, at=at)
        save(row, by=by, at=at)
    need.refresh_from_db()
