"""What can be judged of a deal: whether both sides want to go on."""

import datetime as dt

from django.db import transaction

from crm.commands import deal as deals
from crm.commands.locked_deal import locked, require_open, save
from crm.commands.writers import verdict as writer
from crm.commands.writers.verdict import VerdictInput
from crm.models import Deal, Ruling, StopCause, Verdict
from pipeline.models import User
from pipeline.process.stages import Initiator
from salesprocess.lib.refused import Refused

DISQUALIFIED = "disqualified"


def give(
    deal: Deal, said: VerdictInput, *, by: User, at: dt.datetime, version: int | None = None
) -> Verdict:
    """Judge the deal from both sides. "Not yet" parks the deal until the day on which it is asked
    again; "disqualified" goes on to stop it by us, for that cause: a good outcome, and no loss
    (METRICS K4).

    Raises as `writer.write` does, Refused for a closed deal or a day that is not ahead, and Stale
    as in `locked`.
    """
    with transaction.atomic():
        with locked(deal, by=by, version=version) as row:
            require_open(row)
            verdict = writer.write(row, said, by=by, at=at)
            save(row, by=by, at=at)
        if verdict.ruling == Ruling.NOT_YET:
            _park(deal, verdict.revisit_on, by=by, at=at)
        if verdict.ruling == Ruling.DISQUALIFIED:
            cause = StopCause.objects.get(key=DISQUALIFIED)
            why = "\n".join(filter(None, (verdict.ours_why, verdict.theirs_why)))
            deals.stop(deal, initiator=Initiator.US, cause=cause, note=why, by=by, at=at)
    return verdict


def _park(deal: Deal, until: dt.date | None, *, by: User, at: dt.datetime) -> None:
    try:
        deals.park(deal, until=until, by=by, at=at)
    except Refused as refused:
        raise Refused(refused.message, field="revisit_on") from refused
