"""What can be done to the concerns of a deal: questions before the price, objections after it."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from crm.commands import record_changes, values
from crm.commands.deal_people import require_of_deal
from crm.commands.locked_deal import add_change, locked, require_open, save
from crm.models import Concern, ConcernCategory, Contact, Deal, Disposition
from crm.queries import offer as offers
from pipeline.models import User
from pipeline.moves import Refused


def add(
    deal: Deal,
    *,
    words: str,
    category: ConcernCategory,
    after_price: bool,
    raised_by_us: bool = False,
    raised_by: Contact | None = None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> Concern:
    """Write down what the other side asks or has against it, in their words (CHECKLIST C17, F7).

    `raised_by_us` means that we brought it up before they did (METRICS K26).

    Raises Refused for a closed deal, no words or a person who is not on the deal; StaleDeal as in
    `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        require_open(row)
        current = offers.current(row.pk)
        concern = Concern(deal=row, raised_at=at, by=by, offer=current)
        _write(concern, words, category, after_price, raised_by_us, raised_by)
        concern.save(force_insert=True)
        record_changes.concern_raised(row, concern, by=by, at=at)
        save(row, by=by, at=at)
    return concern


def change(
    concern: Concern,
    *,
    words: str,
    category: ConcernCategory,
    after_price: bool,
    raised_by_us: bool,
    raised_by: Contact | None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> None:
    """Put a concern right. Raises Concern.DoesNotExist, otherwise as `add` does."""
    with locked(concern.deal, by=by, version=version) as row:
        require_open(row)
        kept = _kept(row, concern)
        before = _parts(kept)
        _write(kept, words, category, after_price, raised_by_us, raised_by)
        after = _parts(kept)
        for field in before:
            if before[field] != after[field]:
                about = "" if field == "concern_words" else kept.words
                old, new = before[field], after[field]
                add_change(row, field, old=old, new=new, by=by, at=at, reason=about)
        if before != after:
            kept.save()
            save(row, by=by, at=at)
    concern.refresh_from_db()


def settle(
    concern: Concern,
    *,
    disposition: Disposition,
    response: str = "",
    concession: str = "",
    used: Concern | None = None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> None:
    """Say what became of a concern; conceded says what we gave (METHOD, stage 6).

    `used` is the colleague's answer that helped: without other words, its own are the response.

    Raises Refused for a closed deal or a concession of nothing; Concern.DoesNotExist; StaleDeal as
    in `locked`.
    """
    with locked(concern.deal, by=by, version=version) as row:
        require_open(row)
        kept = _kept(row, concern)
        if disposition == Disposition.OPEN:
            raise Refused(_("Choose how it was settled."), field="disposition")
        if disposition == Disposition.CONCEDED and not concession.strip():
            raise Refused(_("Write what we gave."), field="concession")
        was = kept.disposition
        kept.disposition = disposition
        kept.disposed_at, kept.disposed_by = at, by
        kept.concession = concession.strip() if disposition == Disposition.CONCEDED else ""
        _respond(kept, response or kept.response, used)
        values.check(kept)
        kept.save()
        record_changes.concern_settled(row, kept, was=was, by=by, at=at)
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
        record_changes.concern_settled(row, kept, was=was, reason=reason, by=by, at=at)
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

    Raises Concern.DoesNotExist; StaleDeal as in `locked`.
    """
    with locked(concern.deal, by=by, version=version) as row:
        kept = _kept(row, concern)
        old = kept.response
        _respond(kept, response, used)
        values.check(kept)
        if kept.response != old:
            kept.save(update_fields=["response", "used"])
            new = kept.response
            add_change(row, "concern_response", old=old, new=new, by=by, at=at, reason=kept.words)
            save(row, by=by, at=at)
    concern.refresh_from_db()


def _kept(row: Deal, concern: Concern) -> Concern:
    kept: Concern = row.concerns.select_for_update().get(pk=concern.pk)
    return kept


def _respond(concern: Concern, response: str, used: Concern | None) -> None:
    said = response.strip()
    if used is not None and used.pk != concern.pk:
        concern.used = used
        said = said or used.response
    concern.response = said


def _write(
    concern: Concern,
    words: str,
    category: ConcernCategory,
    after_price: bool,
    raised_by_us: bool,
    raised_by: Contact | None,
) -> None:
    concern.words = words.strip()
    if not concern.words:
        raise Refused(_("Write what they said."), field="words")
    if raised_by is not None:
        require_of_deal(concern.deal, raised_by, field="raised_by")
    concern.category, concern.after_price = category, after_price
    concern.raised_by_us, concern.raised_by = raised_by_us, raised_by
    values.check(concern)


def _parts(concern: Concern) -> dict[str, Any]:
    by = f"{concern.raised_by.pk} {concern.raised_by}" if concern.raised_by else ""
    return {
        "concern_words": concern.words,
        "concern_category": concern.category,
        "concern_after_price": "after" if concern.after_price else "before",
        "concern_raised_by": "us" if concern.raised_by_us and not by else by,
    }
