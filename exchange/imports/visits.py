"""The visits of an imported deal. Pure."""

import datetime as dt
from dataclasses import replace

from django.utils.translation import gettext as _

from exchange.imports.mapping import StageMeaning
from pipeline.process import moves
from pipeline.process.moves import LeftHow, Visit
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.refused import Refused

# Why stages between the one that the foreign system knew and the seventh have no visit (G12).
REASON = "imported"


def visits_of(
    meaning: StageMeaning,
    *,
    entered_at: dt.datetime | None,
    closed_at: dt.datetime | None,
    now: dt.datetime,
) -> tuple[Visit, ...]:
    """The visits of an imported deal, no more of them than the row can vouch for.

    What is open has one visit, in its stage since `entered_at`. A stop ends that visit. A win in a
    stage before the seventh passes to the seventh at `closed_at`, as a win on the pages does; a win
    of which nobody knows when has one undated visit there. The same rules decide as for typed moves.

    Raises Refused for instants that lie ahead or in the wrong order.
    """
    for at, field in ((entered_at, "entered_on"), (closed_at, "closed_on")):
        if at is not None and at > now:
            raise Refused(_("This lies in the future, so it cannot have happened."), field=field)
    if meaning.outcome == Outcome.OPEN:
        if closed_at is not None:
            raise Refused(_("The deal is open and has a closing date."), field="closed_on")
        return (moves.start(meaning.stage, entered_at, imported=True),)
    if entered_at is not None and closed_at is not None and closed_at < entered_at:
        raise Refused(_("The deal was closed before it entered its stage."), field="closed_on")
    if closed_at is None:
        return (_closed_undated(meaning, entered_at),)
    first = moves.start(meaning.stage, entered_at, imported=True)
    if meaning.outcome == Outcome.STOPPED:
        return (moves.stop(first, closed_at),)
    return moves.win(first, closed_at, reason=REASON)


def _closed_undated(meaning: StageMeaning, entered_at: dt.datetime | None) -> Visit:
    if meaning.outcome == Outcome.STOPPED:
        visit = moves.start(meaning.stage, entered_at, imported=True)
        return replace(visit, left_how=LeftHow.STOPPED)
    return replace(moves.start(Stage.CLOSING, None, imported=True), left_how=LeftHow.WON)
