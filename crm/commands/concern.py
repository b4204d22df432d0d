"""What can be done to the concerns of a deal: questions before the price, objections after it."""

import datetime as dt

from crm.commands import record_changes, values
from crm.commands.locked_deal import add_change, locked, require_open, save
from crm.commands.writers import concern as writer
from crm.commands.writers.concern import ConcernInput, DispositionInput
from crm.models import Concern, Deal, Disposition
from pipeline.models import User
from salesprocess.lib.events import change_event


def add(
    deal: Deal, said: ConcernInput, *, by: User, at: dt.datetime, version: int | None = None
) -> Concern:
    """Write down what the other side asks or has against it.

    Raises as `writer.write` does, Refused for a closed deal, and Stale as in `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        require_open(row)
        concern = writer.write(row, said, by=by, at=at)
        save(row, by=by, at=at)
    return concern


def change(
    concern: Concern, said: ConcernInput, *, by: User, at: dt.datetime, version: int | None = None
) -> None:
    """Put a concern right. Raises Concern.DoesNotExist, otherwise as `add` does."""
    with locked(concern.deal, by=by, version=version) as row:
        require_open(row)
        if writer.rewrite(row, _kept(row, concern), said, by=by, at=at):
            save(row, by=by, at=at)
    concern.refresh_from_db()


def settle(
    concern: Concern,
    said: DispositionInput,
    *,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> None:
    """Say what became of a concern.

    Raises as `writer.dispose` does, Refused for a closed deal; Concern.DoesNotExist; Stale as in
    `locked`.
    """
    with locked(concern.deal, by=by, version=version) as row:
        require_open(row)
        writer.dispose(row, _kept(row, concern), said, by=by, at=at)
        save(row, by=by, at=at)
    concern.refresh_from_db()


def reopen(
    concern: Concern,
    *,
    by: User,
    at: dt.datetime,
    reason: str = "",
    version: int | None = None,
) -> None:
    """It was not settled after all; what we said stays. Raises as `settle` does."""
    with locked(concern.deal, by=by, version=version) as row:
        require_open(row)
        kept = _kept(row, concern)
        if kept.disposition == Disposition.OPEN:
            return
        was = kept.disposition
        kept.disposition = Disposition.OPEN
        kept.disposed_at = kept.disposed_by = None
        kept.save(update_fields=["disposition", "disposed_at", "disposed_by"])
        record_changes.note_concern_settled(row, kept, was=was, reason=reason, by=by, at=at)
        save(row, by=by, at=at)
    concern.refresh_from_db()


def answer(
    concern: Concern,
    *,
    response: str,
    used: Concern | None = None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> None:
    """Write down what we said, for all colleagues; on a closed deal, too, as it settles nothing.

    Raises Concern.DoesNotExist; Stale as in `locked`.
    """
    with locked(concern.deal, by=by, version=version) as row:
        kept = _kept(row, concern)
        old = kept.response
        writer.respond(kept, response, used)
        values.check(kept)
        if kept.response != old:
            kept.save(update_fields=["response", "used"])
            event = change_event("concern_response", old=old, new=kept.response, about=kept.words)
            add_change(row, event, by=by, at=at)
            save(row, by=by, at=at)
    concern.refresh_from_db()


def _kept(row: Deal, concern: Concern) -> Concern:
    kept: Concern = row.concerns.select_for_update().get(pk=concern.pk)
    return kept
