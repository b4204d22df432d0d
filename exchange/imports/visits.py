"""The visits of an imported deal. Pure."""

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from exchange.imports import dates
from exchange.imports.dates import When
from exchange.imports.mapping import StageMeaning
from pipeline.process import moves
from pipeline.process.moves import LeftHow, Visit
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.refused import Refused

# Why stages between the one that the foreign system knew and the seventh have no visit (G12).
REASON = "imported"

Entry = tuple[Stage, dt.datetime]
"""A stage, and when the deal entered it."""


class Untold(Exception):
    """What is known of a deal's stages does not lead to where it is now."""


def visits_of(
    meaning: StageMeaning,
    *,
    entered_at: dt.datetime | None,
    closed_at: dt.datetime | None,
    now: dt.datetime,
    before: Sequence[Entry] = (),
) -> tuple[Visit, ...]:
    """The visits of an imported deal, no more of them than the row can vouch for.

    What is open has one visit, in its stage since `entered_at`. A stop ends that visit. A win in a
    stage before the seventh passes to the seventh at `closed_at`, as a win on the pages does; a win
    of which nobody knows when has one undated visit there. The same rules decide as for typed moves.

    `before` are the stages that it went through, in that order; a stop ends the last of them.

    Raises Refused for instants that lie ahead or in the wrong order, and Untold where `before` leaves
    open when it came to where it is.
    """
    for at, field in ((entered_at, "entered_on"), (closed_at, "closed_on")):
        if at is not None and at > now:
            raise Refused(_("This lies in the future, so it cannot have happened."), field=field)
    if meaning.outcome == Outcome.OPEN and closed_at is not None:
        raise Refused(_("The deal is open and has a closing date."), field="closed_on")
    if before:
        return _through(before, meaning, entered_at=entered_at, closed_at=closed_at, now=now)
    return _alone(meaning, entered_at=entered_at, closed_at=closed_at)


def _alone(
    meaning: StageMeaning, *, entered_at: dt.datetime | None, closed_at: dt.datetime | None
) -> tuple[Visit, ...]:
    if meaning.outcome == Outcome.OPEN:
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


def in_order(
    entered: Sequence[tuple[Stage, When]],
    *,
    closed: When | None,
    zones: Sequence[zoneinfo.ZoneInfo],
    now: dt.datetime,
) -> tuple[tuple[Entry, ...], dt.datetime | None]:
    """The entries of stages in the order in which they happened, and when it was `closed` after them.
    Of one instant or bare day they are in the order of the stages. A bare day has no hour: nothing of
    it comes after the closing of that day.
    """
    if not entered:
        return (), None
    alone = [
        (dates.instants([said], zones=zones, now=now)[0], stage, said) for stage, said in entered
    ]
    alone.sort(key=lambda each: (each[0], each[1]))
    days = [said for _at, _stage, said in alone]
    ats = dates.instants([*days, closed], zones=zones, now=now)
    found: list[Entry] = []
    for (_at, stage, _said), at in zip(alone, ats, strict=False):
        assert at is not None  # noqa: S101  # each was said
        found.append((stage, max(at, found[-1][1]) if found else at))
    return tuple(found), ats[-1]


def _through(
    before: Sequence[Entry],
    meaning: StageMeaning,
    *,
    entered_at: dt.datetime | None,
    closed_at: dt.datetime | None,
    now: dt.datetime,
) -> tuple[Visit, ...]:
    if before[-1][1] > now:
        raise Refused(
            _("This lies in the future, so it cannot have happened."), field="entered_stages"
        )
    visits = [moves.start(*before[0], imported=True)]
    for stage, at in before[1:]:
        if stage != visits[-1].stage:  # two of theirs may be one of ours
            visits[-1:] = _moved(visits[-1], stage, at)
    *earlier, last = visits
    if meaning.outcome == Outcome.OPEN:
        return (*earlier, *_to_present(last, meaning.stage, entered_at, since=before[-1][1]))
    if closed_at is None:
        raise Untold
    if closed_at < before[-1][1]:
        raise Refused(_("The deal was closed before it entered its stage."), field="closed_on")
    if meaning.outcome == Outcome.STOPPED:
        return (*earlier, moves.stop(last, closed_at))
    return (*earlier, *moves.win(last, closed_at, reason=REASON))


def _to_present(
    last: Visit, stage: Stage, entered_at: dt.datetime | None, *, since: dt.datetime
) -> tuple[Visit, ...]:
    if last.stage == stage:
        return (last,)
    if entered_at is None or entered_at < since:
        raise Untold
    return _moved(last, stage, entered_at)


def _moved(visit: Visit, to: Stage, at: dt.datetime) -> tuple[Visit, Visit]:
    reason = REASON if moves.needs_reason(visit.stage, to) else ""
    return moves.move(visit, to, at, reason=reason)
