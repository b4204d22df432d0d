"""Moving a deal: advance, and the move that goes whichever way the stage lies."""

import datetime as dt

from django.utils.translation import gettext as _

from crm.commands import gate
from crm.commands.gate import GoAhead
from crm.commands.gate_input import NOTHING, GateInput
from crm.commands.locked_deal import (
    NEXT_FIELDS,
    locked,
    open_visit,
    refresh_next,
    require_open,
    save,
    write_visits,
)
from crm.commands.writers import activity as activity_writer
from crm.commands.writers.activity import About, Next
from crm.models import Deal
from crm.queries.deal_process import versions_in_force
from pipeline.models import User
from pipeline.process import moves
from pipeline.process.gates import Act, Verb
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused


def advance(
    deal: Deal,
    *,
    to: Stage,
    by: User,
    at: dt.datetime,
    reason: str = "",
    version: int | None = None,
    gate_input: GateInput = NOTHING,
    go_ahead: GoAhead | None = None,
    next: Next | None = None,
) -> None:
    """Move forward to `to`; over several stages with one reason for all that are passed (G12).

    The gates of every stage that is left or passed over are judged: `gate_input` is what they ask
    for, `go_ahead` why they are gone past. `next` is what is planned once it is there, beside what is
    planned already.

    Raises Gap as `gate.check` does; Refused for a closed deal, a stage that lies behind, a missing reason or an `at` before
    the open visit; Stale as in `locked`.
    """
    with locked(deal, by=by, version=version) as row:
        require_open(row)
        if to < row.stage:
            raise Refused(_("That stage lies behind the deal: move it back instead."), field="to")
        move_locked(
            row, to=to, by=by, at=at, reason=reason, gate_input=gate_input, go_ahead=go_ahead
        )
        _plan(row, next, by=by, at=at)


def move(
    deal: Deal,
    *,
    to: Stage,
    by: User,
    at: dt.datetime,
    reason: str = "",
    version: int | None = None,
    gate_input: GateInput = NOTHING,
    go_ahead: GoAhead | None = None,
    next: Next | None = None,
) -> None:
    """Move to `to`, whichever way that is from where the deal stands. Raises as `advance` does."""
    with locked(deal, by=by, version=version) as row:
        move_locked(
            row, to=to, by=by, at=at, reason=reason, gate_input=gate_input, go_ahead=go_ahead
        )
        _plan(row, next, by=by, at=at)


def _plan(row: Deal, next: Next | None, *, by: User, at: dt.datetime) -> None:
    if next is None:
        return
    planned = activity_writer.new_plan(About(deal=row), row, next, by=by, at=at)
    planned.save(force_insert=True)
    refresh_next(row)
    save(row, *NEXT_FIELDS, "parked_until", "touched_at", by=by, at=at)


def move_locked(
    row: Deal,
    *,
    to: Stage,
    by: User,
    at: dt.datetime,
    reason: str = "",
    gate_input: GateInput = NOTHING,
    go_ahead: GoAhead | None = None,
) -> None:
    """Move a locked deal; forward through the gates, back without any (G11).

    Raises as `moves.move` and `gate.check` do.
    """
    stage_visit, visit = open_visit(row, at)
    visits = moves.move(visit, to, at, reason=reason)
    ahead = versions_in_force(row)
    passed = None
    if to > visit.stage:
        passed = gate.check(
            row,
            Act(verb=Verb.MOVE, from_stage=visit.stage, to=to),
            version_ids=tuple(stage_visit.version_ids) or ahead,
            by=by,
            at=at,
            gate_input=gate_input,
            go_ahead=go_ahead,
        )
    write_visits(row, stage_visit, visits, by=by, version_ids=ahead)
    save(row, "stage", "stage_entered_at", by=by, at=at)
    if passed is not None:
        gate.keep(row, passed, stage_visit, by=by, at=at)
