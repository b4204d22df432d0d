"""Looking back at a deal that ended."""

import datetime as dt

from django.utils.translation import gettext as _

from crm.commands import values
from crm.commands.locked_deal import add_change, locked, save
from crm.events import LookedBack
from crm.models import Deal, DecidedBy, Retrospective
from crm.shipped import DUPLICATE
from pipeline.models import User
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused


def write(
    deal: Deal,
    *,
    decided_by: DecidedBy | None,
    stage: Stage | None = None,
    lesson: str = "",
    declined: bool = False,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> Retrospective:
    """Say what decided a deal, in which stage, and what was learned; or that there is nothing to say
    (`declined`); or say it anew. What stood there before stays in the history (CHECKLIST C26).

    Raises Refused for a deal that is open or goes on as another one, where nothing is said and it is not
    declined, or where it is declined though something was said of this ending; ValidationError and
    Stale as elsewhere.
    """
    with locked(deal, by=by, version=version) as row:
        if row.is_open or row.closed_at is None or is_duplicate(row):
            raise Refused(_("Only a deal that has ended is looked back on."))
        if not declined and decided_by is None:
            raise Refused(_("Choose what decided it."), field="decided_by")
        found = Retrospective.objects.filter(deal=row).first() or Retrospective(deal=row)
        said = ("", None, "") if declined else (str(decided_by), stage, lesson.strip())
        if found.pk and found.closed_at == row.closed_at:
            before = (found.decided_by, found.stage, found.lesson)
            if (found.declined, *before) == (declined, *said):
                return found
            if declined:
                raise Refused(_("It is said already what decided it: change that instead."))
        found.declined, found.closed_at = declined, row.closed_at
        found.decided_by, found.stage, found.lesson = said
        found.at, found.by = at, by
        values.check(found)
        found.save()
        if not declined:
            event = LookedBack(decided_by=found.decided_by, stage=found.stage)
            add_change(row, event, by=by, at=at, reason=found.lesson)
        save(row, by=by, at=at)
    return found


def is_duplicate(deal: Deal) -> bool:
    """Whether it goes on as another deal, so that nothing was decided here."""
    return deal.cause is not None and deal.cause.key == DUPLICATE
