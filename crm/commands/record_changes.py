"""How what happened to the records of a deal goes into its history, in one place for all commands.

Each act is one row of the deal's changes. `field` says what, `new` begins with the plain words that
`crm.views.telling.records` reads again (a ruling, a revision, a disposition) and goes on with what
people wrote; `reason` is what was said of it.
"""

import datetime as dt

from crm.commands.locked_deal import add_change
from crm.models import ClosingAttempt, Concern, Deal, Need, Offer, Verdict
from pipeline.models import User


def need_added(row: Deal, need: Need, *, by: User, at: dt.datetime) -> None:
    add_change(row, "need", old="", new=need.words, by=by, at=at)


def verdict_given(row: Deal, verdict: Verdict, *, by: User, at: dt.datetime) -> None:
    new = f"{verdict.ruling} {verdict.ours} {verdict.theirs}"
    why = "\n".join(filter(None, (verdict.ours_why, verdict.theirs_why)))
    add_change(row, "verdict", old="", new=new, by=by, at=at, reason=why)


def offer_made(row: Deal, offer: Offer, *, by: User, at: dt.datetime) -> None:
    """Revision, kind, value, day of sending, then to whom."""
    value = "-" if offer.value is None else f"{offer.value.normalize():f}"
    to = ", ".join(offer.recipients.order_by("id").values_list("name", flat=True))
    new = f"{offer.revision} {offer.kind} {value} {offer.sent_at.isoformat()} {to}"
    add_change(row, "offer", old="", new=new, by=by, at=at, reason=offer.what_changed)


def offer_withdrawn(row: Deal, offer: Offer, *, reason: str, by: User, at: dt.datetime) -> None:
    add_change(row, "offer", old=str(offer.revision), new="", by=by, at=at, reason=reason)


def concern_raised(row: Deal, concern: Concern, *, by: User, at: dt.datetime) -> None:
    """Before the price it is a question (CHECKLIST F7)."""
    what = "open" if concern.after_price else "question"
    add_change(row, "concern", old="", new=f"{what} {concern.words}", by=by, at=at)


def concern_settled(
    row: Deal, concern: Concern, *, was: str, reason: str = "", by: User, at: dt.datetime
) -> None:
    """It has another disposition than `was`; reopening is one of them."""
    said = reason or "\n".join(filter(None, (concern.response, concern.concession)))
    new = f"{concern.disposition} {concern.words}"
    add_change(row, "concern", old=was, new=new, by=by, at=at, reason=said)


def attempt_made(row: Deal, attempt: ClosingAttempt, *, by: User, at: dt.datetime) -> None:
    add_change(row, "attempt", old="", new=attempt.reply, by=by, at=at, reason=attempt.why)
