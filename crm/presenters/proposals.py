"""What is proposed to come next for each answer to "How did it go?", as a composer offers it."""

from typing import NamedTuple

from crm.models import ActivityKind, ActivityResult
from crm.presenters.plans import ICONS
from crm.presenters.viewer import Viewer
from crm.proposal import DealStanding, Proposal, comes_beside, propose

# For which answer, beside the results: none at all, and an e-mail without one.
PLAIN, SENT = "plain", "email"


class ProposalLine(NamedTuple):
    """One proposal: `of` is the result it is for, `value` what the form sends, `what` and `reason`
    what a person reads. `is_day_assumed`: the day is to be looked at; `is_beside`: it is chosen
    although something else stays planned."""

    of: str
    value: str
    icon: str
    what: str
    reason: str
    is_day_assumed: bool
    is_beside: bool


def proposal_lines(
    viewer: Viewer, standing: DealStanding | None, *, moves: bool = True
) -> list[ProposalLine]:
    """For each result, and for none. `moves` is False where nothing can be moved forward."""
    asked: list[tuple[str, ActivityKind, ActivityResult | None]] = [
        (PLAIN, ActivityKind.CALL, None),
        (SENT, ActivityKind.EMAIL, None),
    ]
    asked += [
        (result.value, ActivityKind.CALL, result)
        for result in ActivityResult
        if moves or result != ActivityResult.MOVED_FORWARD
    ]
    at, hours = viewer.at.astimezone(viewer.zone), viewer.user.organisation.working_hours
    return [
        _line(viewer, of, result, propose(kind, result, standing=standing, at=at, hours=hours))
        for of, kind, result in asked
    ]


def line_after_move(viewer: Viewer, standing: DealStanding) -> ProposalLine:
    """For a deal that goes on by one stage from where it stands."""
    result = ActivityResult.MOVED_FORWARD
    at, hours = viewer.at.astimezone(viewer.zone), viewer.user.organisation.working_hours
    found = propose(ActivityKind.CALL, result, standing=standing, at=at, hours=hours)
    return _line(viewer, result.value, result, found)


def _line(viewer: Viewer, of: str, result: ActivityResult | None, found: Proposal) -> ProposalLine:
    return ProposalLine(
        of=of,
        value=_value(viewer, found),
        icon=ICONS[found.kind],
        what=f"{viewer.kinds[found.kind]} · {viewer.due_day(found.due)}",
        reason=found.reason,
        is_day_assumed=found.is_day_assumed,
        is_beside=comes_beside(result),
    )


def _value(viewer: Viewer, found: Proposal) -> str:
    """As `crm.forms.activity.read_proposal` reads it."""
    day = found.due.day(viewer.zone).isoformat()
    time = viewer.time(found.due.at) if found.due.at else "-"
    return f"{found.kind.value} {day} {time} {found.subject}".strip()
