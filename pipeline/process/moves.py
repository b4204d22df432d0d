"""The rules by which a deal moves through the seven stages, as pure functions on visits.

Commands, the import and the demo's simulation all use them, so that rows written in bulk cannot
differ from typed ones (METHOD G11, G12; ARCHITECTURE 2 and 13).
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.refused import Refused


class EnteredHow(models.TextChoices):
    CREATED = "created", gettext_lazy("Created")
    FORWARD = "forward", gettext_lazy("Moved forward")
    BACK = "back", gettext_lazy("Moved back")
    REOPENED = "reopened", gettext_lazy("Reopened")
    IMPORTED = "imported", gettext_lazy("Imported")


class LeftHow(models.TextChoices):
    ADVANCED = "advanced", gettext_lazy("Advanced")
    BACK = "back", gettext_lazy("Moved back")
    STOPPED = "stopped", gettext_lazy("Stopped")
    WON = "won", gettext_lazy("Won")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One visit of a deal in a stage: what a StageVisit records, without the people.

    `entered_at` is None only for imported visits whose date is unknown.
    `left_how` None means that the visit goes on.
    """

    sequence: int
    stage: Stage
    entered_how: EnteredHow
    entered_at: dt.datetime | None
    reason: str = ""
    left_how: LeftHow | None = None
    left_at: dt.datetime | None = None


def skipped_stages(from_stage: Stage, to: Stage) -> list[Stage]:
    """The stages between two stages, which a move forward jumps over."""
    return [stage for stage in Stage if from_stage < stage < to]


def needs_reason(from_stage: Stage, to: Stage) -> bool:
    """A step back and a jump over stages each need one reason (G11, G12)."""
    return to < from_stage or bool(skipped_stages(from_stage, to))


def check_time(at: dt.datetime, *, since: dt.datetime | None, now: dt.datetime) -> None:
    """Raise Refused for an instant in the future, or before `since`."""
    if at > now:
        raise Refused(_("That lies in the future: plan an activity instead."), field="at")
    if since is not None and at < since:
        raise Refused(
            _("That is before the deal entered its present stage. Choose a later moment."),
            field="at",
        )


def start(stage: Stage, at: dt.datetime | None, *, imported: bool = False) -> Visit:
    how = EnteredHow.IMPORTED if imported else EnteredHow.CREATED
    if at is None and not imported:
        raise Refused(_("Say when the deal began."), field="at")
    return Visit(sequence=1, stage=stage, entered_how=how, entered_at=at)


def move(visit: Visit, to: Stage, at: dt.datetime, *, reason: str = "") -> tuple[Visit, Visit]:
    """The closed present visit and the one that follows it.

    Raises Refused if the deal is closed, is in `to` already, or `reason` is missing for a step
    back or a jump.
    """
    _require_open(visit)
    reason = reason.strip()
    if to == visit.stage:
        raise Refused(_("The deal is in that stage already."), field="to")
    if needs_reason(visit.stage, to) and not reason:
        raise Refused(
            _("Say why the deal goes back.")
            if to < visit.stage
            else _("Say why stages are passed over: one reason for all of them."),
            field="reason",
        )
    forward = to > visit.stage
    return (
        replace(visit, left_at=at, left_how=LeftHow.ADVANCED if forward else LeftHow.BACK),
        Visit(
            sequence=visit.sequence + 1,
            stage=to,
            entered_how=EnteredHow.FORWARD if forward else EnteredHow.BACK,
            entered_at=at,
            reason=reason,
        ),
    )


def win(visit: Visit, at: dt.datetime, *, reason: str = "") -> tuple[Visit, ...]:
    """The visits after winning: visits end won only in stage 7, so an earlier one advances first.

    Raises Refused if the deal is closed, or if stages are passed over without a reason.
    """
    _require_open(visit)
    if visit.stage == Stage.CLOSING:
        return (replace(visit, left_at=at, left_how=LeftHow.WON),)
    before, closing = move(visit, Stage.CLOSING, at, reason=reason)
    return before, replace(closing, left_at=at, left_how=LeftHow.WON)


def win_through(visit: Visit, at: dt.datetime) -> tuple[Visit, ...]:
    """The visits after a sale in one conversation: each stage up to the seventh, at one instant."""
    _require_open(visit)
    visits = [visit]
    for stage in Stage:
        if stage > visit.stage:
            visits[-1:] = move(visits[-1], stage, at)
    visits[-1] = replace(visits[-1], left_at=at, left_how=LeftHow.WON)
    return tuple(visits)


def stop(visit: Visit, at: dt.datetime) -> Visit:
    """The visit after a decision to stop, which is possible in every stage (G10)."""
    _require_open(visit)
    return replace(visit, left_at=at, left_how=LeftHow.STOPPED)


def reopen(visit: Visit, at: dt.datetime, *, reason: str) -> Visit:
    """The visit that begins when a closed deal is reopened, in the stage where it was closed."""
    if visit.left_how not in (LeftHow.WON, LeftHow.STOPPED):
        raise Refused(_("The deal is open already."))
    if not reason.strip():
        raise Refused(_("Say why the deal is opened again."), field="reason")
    return Visit(
        sequence=visit.sequence + 1,
        stage=visit.stage,
        entered_how=EnteredHow.REOPENED,
        entered_at=at,
        reason=reason.strip(),
    )


def outcome_of(visit: Visit) -> Outcome:
    return {LeftHow.WON: Outcome.WON, LeftHow.STOPPED: Outcome.STOPPED}.get(
        visit.left_how,  # type: ignore[arg-type]  # None and the other ways of leaving mean open
        Outcome.OPEN,
    )


def broken_links(visits: list[Visit]) -> list[str]:
    """The faults of a chain of visits, oldest first; empty if it is unbroken.

    Used by property tests, after an import and by the demo's simulation.
    """
    faults: list[str] = []
    for number, visit in enumerate(visits, start=1):
        name = f"visit {number} ({visit.stage.key})"
        if visit.sequence != number:
            faults.append(f"{name}: sequence is {visit.sequence}")
        if visit.left_at and visit.entered_at and visit.left_at < visit.entered_at:
            faults.append(f"{name}: left before it was entered")
        if visit.left_how == LeftHow.WON and visit.stage != Stage.CLOSING:
            faults.append(f"{name}: won outside the seventh stage")
        if number == 1:
            if visit.entered_how not in (EnteredHow.CREATED, EnteredHow.IMPORTED):
                faults.append(f"{name}: the first visit was {visit.entered_how}")
            continue
        faults += [f"{name}: {fault}" for fault in _link_faults(visits[number - 2], visit)]
    return faults


def _link_faults(before: Visit, after: Visit) -> Iterator[str]:
    if before.left_how is None:
        yield "follows a visit that goes on"
        return
    how, direction = {
        LeftHow.ADVANCED: (EnteredHow.FORWARD, after.stage > before.stage),
        LeftHow.BACK: (EnteredHow.BACK, after.stage < before.stage),
        LeftHow.STOPPED: (EnteredHow.REOPENED, after.stage == before.stage),
        LeftHow.WON: (EnteredHow.REOPENED, after.stage == before.stage),
    }[before.left_how]
    if after.entered_how != how or not direction:
        yield f"{after.entered_how} does not follow {before.left_how}"
    yield from _time_faults(before, after)
    returns = after.entered_how in (EnteredHow.BACK, EnteredHow.REOPENED)
    if not after.reason and (returns or skipped_stages(before.stage, after.stage)):
        yield "has no reason"


def _time_faults(before: Visit, after: Visit) -> Iterator[str]:
    if before.left_at is None or after.entered_at is None:
        return
    if after.entered_how == EnteredHow.REOPENED:
        if after.entered_at < before.left_at:
            yield "reopened before it was closed"
    elif after.entered_at != before.left_at:
        yield "does not begin when the one before it ends"


def _require_open(visit: Visit) -> None:
    if visit.left_how is not None:
        raise Refused(_("The deal is closed: open it again first."))
