"""What can be recorded of asking for the agreement."""

import datetime as dt

from django.utils import timezone

from crm.commands import values
from crm.commands.locked_deal import add_change, locked, require_open, save
from crm.events import AttemptMade
from crm.models import ClosingAttempt, Deal, Reply
from crm.queries import offer as offers
from pipeline.models import User
from pipeline.process import moves


def log(
    deal: Deal,
    *,
    reply: Reply,
    why: str = "",
    asked: str = "",
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> ClosingAttempt:
    """We asked for the agreement on the current offer, and what they said (CHECKLIST C18).

    `at` is when we asked. A yes wins nothing by itself: winning is a verb of its own.

    Raises Refused for a closed deal or a time that is still to come; Stale as in `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        require_open(row)
        moves.check_time(at, since=None, now=timezone.now())
        attempt = ClosingAttempt(
            deal=row,
            offer=offers.current(row.pk),
            reply=reply,
            why=why.strip(),
            asked=asked.strip(),
            at=at,
            by=by,
        )
        values.check(attempt)
        attempt.save(force_insert=True)
        add_change(row, AttemptMade(reply=attempt.reply), by=by, at=at, reason=attempt.why)
        save(row, by=by, at=at)
    return attempt
