"""A concern of the other side: a question before the price, an objection after it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from crm.commands import record_changes, values
from crm.commands.deal_people import require_of_deal
from crm.commands.locked_deal import add_change
from crm.events import US, ConcernRaised
from crm.models import Concern, ConcernCategory, Contact, Deal, Disposition
from crm.queries import offer as offers
from pipeline.models import User
from salesprocess.lib.refused import Refused


@dataclass(frozen=True, kw_only=True)
class ConcernInput:
    """What the other side asks or has against it, in their words (CHECKLIST C17, F7).

    `raised_by_us` means that we brought it up before they did (METRICS K26).
    """

    words: str
    category: ConcernCategory
    after_price: bool
    raised_by_us: bool = False
    raised_by: Contact | None = None


@dataclass(frozen=True, kw_only=True)
class DispositionInput:
    """What became of a concern; conceded says what we gave (METHOD, stage 6).

    `used` is the colleague's answer that helped: without other words, its own are the response.
    """

    disposition: Disposition
    response: str = ""
    concession: str = ""
    used: Concern | None = None


def write(row: Deal, said: ConcernInput, *, by: User, at: dt.datetime) -> Concern:
    """Add a concern, about the current offer.

    Raises Refused for no words or a person who is not on the deal; ValidationError for a value that
    its field cannot hold.
    """
    concern = Concern(deal=row, raised_at=at, by=by, offer=offers.current(row.pk))
    _fill(concern, said)
    concern.save(force_insert=True)
    event = ConcernRaised(words=concern.words, is_question=not concern.after_price)
    add_change(row, event, by=by, at=at)
    return concern


def rewrite(row: Deal, concern: Concern, said: ConcernInput, *, by: User, at: dt.datetime) -> bool:
    """Put a locked concern right; False if it says just that already. Raises as `write` does."""
    before = _parts(concern)
    _fill(concern, said)
    changed = record_changes.note_parts_changed(
        row, before, _parts(concern), of="concern_words", about=concern.words, by=by, at=at
    )
    if changed:
        concern.save()
    return changed


def dispose(
    row: Deal, concern: Concern, said: DispositionInput, *, by: User, at: dt.datetime
) -> None:
    """Say what became of a locked concern. What was conceded before and is not now, was not given.

    Raises Refused for an open one, or a concession of nothing.
    """
    if said.disposition == Disposition.OPEN:
        raise Refused(_("Choose how it was settled."), field="disposition")
    conceded = said.disposition == Disposition.CONCEDED
    if conceded and not said.concession.strip():
        raise Refused(_("Write what we gave."), field="concession")
    was = concern.disposition
    concern.disposition = said.disposition
    concern.disposed_at, concern.disposed_by = at, by
    concern.concession = said.concession.strip() if conceded else ""
    respond(concern, said.response or concern.response, said.used)
    values.check(concern)
    concern.save()
    record_changes.note_concern_settled(row, concern, was=was, by=by, at=at)


def respond(concern: Concern, response: str, used: Concern | None) -> None:
    """Set what we said; the caller saves it."""
    said = response.strip()
    if used is not None and used.pk != concern.pk:
        concern.used = used
        said = said or used.response
    concern.response = said


def _fill(concern: Concern, said: ConcernInput) -> None:
    concern.words = said.words.strip()
    if not concern.words:
        raise Refused(_("Write what they said."), field="words")
    if said.raised_by is not None:
        require_of_deal(concern.deal, said.raised_by, field="raised_by")
    concern.category, concern.after_price = said.category, said.after_price
    concern.raised_by_us, concern.raised_by = said.raised_by_us, said.raised_by
    values.check(concern)


def _parts(concern: Concern) -> dict[str, Any]:
    return {
        "concern_words": concern.words,
        "concern_category": concern.category,
        "concern_after_price": concern.after_price,
        "concern_raised_by": concern.raised_by or (US if concern.raised_by_us else None),
    }
