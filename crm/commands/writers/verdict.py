"""The verdict on a deal: whether both sides want to go on."""

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm.commands import record_changes, values
from crm.models import Confidence, Deal, Ruling, Verdict
from pipeline.models import User
from salesprocess.lib.refused import Refused


@dataclass(frozen=True, kw_only=True)
class VerdictInput:
    """A judgement of both sides, with what shows it (METHOD, stage 3); by itself that both are sure.

    "Not yet" is asked again on `revisit_on`.
    """

    ruling: Ruling = Ruling.QUALIFIED
    ours: Confidence = Confidence.YES
    theirs: Confidence = Confidence.YES
    ours_why: str = ""
    theirs_why: str = ""
    revisit_on: dt.date | None = None


def write(row: Deal, said: VerdictInput, *, by: User, at: dt.datetime) -> Verdict:
    """Add a verdict: the latest counts. What follows from it is the verb's matter.

    Raises Refused for a "qualified" of which one side is not sure, or a "not yet" without a day;
    ValidationError for a value that its field cannot hold.
    """
    _check_sides(said)
    not_yet = said.ruling == Ruling.NOT_YET
    if not_yet and said.revisit_on is None:
        raise Refused(_("Choose when to ask again."), field="revisit_on")
    verdict = Verdict(
        deal=row,
        ruling=said.ruling,
        ours=said.ours,
        ours_why=said.ours_why.strip(),
        theirs=said.theirs,
        theirs_why=said.theirs_why.strip(),
        revisit_on=said.revisit_on if not_yet else None,
        at=at,
        by=by,
    )
    values.check(verdict)
    verdict.save(force_insert=True)
    record_changes.note_verdict_given(row, verdict, by=by, at=at)
    return verdict


def _check_sides(said: VerdictInput) -> None:
    """Both sides, or it is none (CHECKLIST C13)."""
    if said.ruling != Ruling.QUALIFIED:
        return
    for field, side in (("ours", said.ours), ("theirs", said.theirs)):
        if side != Confidence.YES:
            raise Refused(_("Qualified means that both sides are sure."), field=field)
