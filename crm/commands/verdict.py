"""What can be judged of a deal: whether both sides want to go on."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands import deal as deals
from crm.commands import record_changes, values
from crm.commands.locked_deal import locked, require_open, save
from crm.models import Deal, Ruling, StopCause, Sure, Verdict
from pipeline.models import User
from pipeline.moves import Refused
from pipeline.stages import Initiator

DISQUALIFIED = "disqualified"


def give(
    deal: Deal,
    *,
    ruling: Ruling,
    ours: Sure,
    theirs: Sure,
    ours_why: str = "",
    theirs_why: str = "",
    revisit_on: dt.date | None = None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> Verdict:
    """Judge the deal from both sides, with what shows it (METHOD, stage 3).

    "Not yet" parks the deal until `revisit_on`; "disqualified" goes on to stop it by us, for that
    cause: a good outcome, and no loss (METRICS K4).

    Raises Refused for a closed deal, a "qualified" of which one side is not sure, or a "not yet"
    without a day ahead; ValidationError and StaleDeal as elsewhere.
    """
    with transaction.atomic():
        with locked(deal, by=by, version=version) as row:
            require_open(row)
            _check_sides(ruling, ours=ours, theirs=theirs)
            if ruling == Ruling.NOT_YET and revisit_on is None:
                raise Refused(_("Choose when to ask again."), field="revisit_on")
            verdict = Verdict(
                deal=row,
                ruling=ruling,
                ours=ours,
                ours_why=ours_why.strip(),
                theirs=theirs,
                theirs_why=theirs_why.strip(),
                revisit_on=revisit_on if ruling == Ruling.NOT_YET else None,
                at=at,
                by=by,
            )
            values.check(verdict)
            verdict.save(force_insert=True)
            record_changes.verdict_given(row, verdict, by=by, at=at)
            save(row, by=by, at=at)
        if ruling == Ruling.NOT_YET:
            _park(deal, revisit_on, by=by, at=at)
        if ruling == Ruling.DISQUALIFIED:
            cause = StopCause.objects.get(key=DISQUALIFIED)
            why = "\n".join(filter(None, (verdict.ours_why, verdict.theirs_why)))
            deals.stop(deal, initiator=Initiator.US, cause=cause, note=why, by=by, at=at)
    return verdict


def _check_sides(ruling: Ruling, *, ours: Sure, theirs: Sure) -> None:
    """Both sides, or it is none (CHECKLIST C13)."""
    if ruling != Ruling.QUALIFIED:
        return
    for field, side in (("ours", ours), ("theirs", theirs)):
        if side != Sure.YES:
            raise Refused(_("Qualified means that both sides are sure."), field=field)


def _park(deal: Deal, until: dt.date | None, *, by: User, at: dt.datetime) -> None:
    try:
        deals.park(deal, until=until, by=by, at=at)
    except Refused as refused:
        raise Refused(refused.message, field="revisit_on") from refused
