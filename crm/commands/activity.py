"""What can be done to an activity: plan, complete, cancel, change, postpone, log."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands import locked_deal, planned, values
from crm.commands.deal_move import move_locked
from crm.commands.gate import GoAhead
from crm.commands.gate_input import NOTHING, GateInput
from crm.commands.writers import activity as writer
from crm.commands.writers import step_result
from crm.commands.writers.activity import About, Next
from crm.events import NothingPlanned
from crm.models import Activity, ActivityKind, ActivityResult, Contact, Deal, Method
from crm.models.activity import PLANNABLE
from crm.models.due import Due
from crm.proposal import NothingNext
from pipeline.models import User
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused, require_version

_DUE = ("due_on", "due_at", "due_by")


def plan(
    about: About, *, next: Next, by: User, at: dt.datetime, owner: User | None = None
) -> Activity:
    """Plan an activity for `owner`, by default the deal's owner, else `by`.

    On a deal it becomes what's next if nothing comes earlier, and ends a parking (G13).

    Raises Refused for a kind that cannot be planned, a closed deal, or an owner out of reach.
    """
    with _on(about, by=by) as deal:
        if deal is not None:
            locked_deal.require_open(deal)
        activity = writer.new_plan(about, deal, next, by=by, at=at, owner=owner)
        activity.save(force_insert=True)
        if deal is not None:
            _update(deal, by=by, at=at)
    return activity


def log(
    about: About,
    *,
    kind: ActivityKind,
    by: User,
    at: dt.datetime,
    body: str = "",
    subject: str = "",
    result: ActivityResult | None = None,
    method: Method | None = None,
    done_at: dt.datetime | None = None,
    next: Next | None = None,
    nothing_next: NothingNext | None = None,
    from_stage: Stage | None = None,
    gate_input: GateInput = NOTHING,
    go_ahead: GoAhead | None = None,
) -> Activity:
    """Record something that was done, at `done_at` (by default `at`), and what comes next.

    The result "moved forward" also advances the deal by one stage, in the same transaction;
    `from_stage` is the one that the page showed, None advances from whichever it is in. `gate_input`
    and `go_ahead` answer the gates on the way. `nothing_next` says why nothing is planned.

    Raises Gap as `gate.check` does; Refused for an instant that lies ahead, a note without words,
    or "moved forward" where no stage follows or from another stage than the page showed.
    """
    with _on(about, by=by) as deal:
        activity = writer.new_done(
            about,
            deal,
            kind=kind,
            done_at=done_at or at,
            subject=subject,
            body=body,
            result=result,
            method=method,
            by=by,
            at=at,
        )
        new = [activity]
        _after(
            activity,
            about,
            deal,
            new,
            next=next,
            nothing_next=nothing_next,
            from_stage=from_stage,
            gate_input=gate_input,
            go_ahead=go_ahead,
            by=by,
            at=at,
        )
    return activity


def complete(
    activity: Activity,
    *,
    by: User,
    at: dt.datetime,
    result: ActivityResult | None = None,
    body: str = "",
    contact: Contact | None = None,
    done_at: dt.datetime | None = None,
    next: Next | None = None,
    nothing_next: NothingNext | None = None,
    from_stage: Stage | None = None,
    gate_input: GateInput = NOTHING,
    go_ahead: GoAhead | None = None,
    version: int | None = None,
) -> None:
    """Record that a planned activity was done by `by`, and what comes next, in one gesture.

    It was done at `done_at`, by default at `at`; with `contact`, by default whom it was planned
    with. `version` is the state that the page showed; None takes whatever is there.

    Raises Refused if it was done or cancelled already, Stale if `version` is not the
    present one, otherwise as `log` does.
    """
    with _planned(activity, by=by, version=version) as (row, deal):
        if body.strip():
            row.body = "\n".join(filter(None, [row.body, body.strip()]))
        row.owner, row.contact = by, contact or row.contact
        writer.set_done(row, deal, result=result, done_at=done_at or at)
        writer.save(row, "body", "owner", "contact", "result", "done_at", "stage", by=by, at=at)
        about = About(deal=deal, company=row.company, contact=row.contact)
        _after(
            row,
            about,
            deal,
            [],
            next=next,
            nothing_next=nothing_next,
            from_stage=from_stage,
            gate_input=gate_input,
            go_ahead=go_ahead,
            by=by,
            at=at,
        )


def cancel(activity: Activity, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """Take back a planned activity; it stays on record as cancelled.

    Raises Refused and Stale as `complete` does.
    """
    with _planned(activity, by=by, version=version) as (row, deal):
        row.cancelled_at = at
        writer.save(row, "cancelled_at", by=by, at=at)
        if deal is not None:
            _update(deal, by=by, at=at)


def change(
    activity: Activity,
    *,
    to: Next,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> None:
    """Plan something else in its place: another kind, subject or time. The same is no change.

    Raises Refused for a kind that cannot be planned, otherwise as `complete` does.
    """
    if to.kind not in PLANNABLE:
        raise Refused(_("A note cannot be planned. Choose a task instead."), field="kind")
    with _planned(activity, by=by, version=version) as (row, deal):
        was = (row.kind, row.subject, row.due)
        row.kind, row.subject = to.kind, to.subject.strip()
        row.plan_for(to.due)
        if (row.kind, row.subject, row.due) == was:
            return
        values.check(row)
        writer.save(row, "kind", "subject", *_DUE, by=by, at=at)
        if deal is not None:
            _update(deal, by=by, at=at)


def postpone(
    activity: Activity,
    *,
    to: Due,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> None:
    """Plan an activity for another time. Raises Refused and Stale as `complete` does."""
    with _planned(activity, by=by, version=version) as (row, deal):
        if row.due == to:
            return
        row.plan_for(to)
        writer.save(row, *_DUE, by=by, at=at)
        if deal is not None:
            _update(deal, by=by, at=at)


def hand_over(activity: Activity, *, to: User, by: User, at: dt.datetime) -> None:
    """Let another person do what is planned, on the same day.

    Raises Refused for somebody out of the reach of `by`, deactivated, who has it already or cannot
    see its deal, and if it is no longer planned; Activity.DoesNotExist out of reach.
    """
    if not Activity.objects.editable_by(by).filter(pk=activity.pk).exists():
        raise Activity.DoesNotExist
    with _planned(activity, by=by, version=None) as (row, deal):
        if not to.is_active or not by.scope.may_assign_to(to.pk):
            raise Refused(_("You cannot plan for this person."), field="to")
        if to.pk == row.owner_id:
            raise Refused(_("This person has it already."), field="to")
        if deal is not None and not writer.sees(to, deal, by=by):
            raise Refused(
                _("This person cannot see the deal, nor what is planned on it."), field="to"
            )
        planned.give(Activity.objects.filter(pk=row.pk).planned(), to)
        row.refresh_from_db()
        writer.save(row, by=by, at=at)
        if deal is not None:
            _update(deal, by=by, at=at)


@contextmanager
def _on(about: About, *, by: User) -> Iterator[Deal | None]:
    """One transaction, with the deal locked where there is one."""
    if about.deal is None:
        with transaction.atomic():
            yield None
    else:
        with locked_deal.locked(about.deal, by=by) as row:
            yield row


@contextmanager
def _planned(
    activity: Activity, *, by: User, version: int | None
) -> Iterator[tuple[Activity, Deal | None]]:
    """One transaction on a planned activity: its deal is locked first, as everywhere, then itself.

    Raises Refused if it is no longer planned, Stale if `version` is not the present one,
    Activity.DoesNotExist out of reach.
    """
    with _on(About(deal=activity.deal), by=by) as deal:
        # Whoever may change the deal, locked by now, may change what is planned on it; what a
        # colleague did in the meantime is only visible, and must be found to be told.
        row = (
            Activity.objects.visible_to(by)
            .select_for_update(of=("self",))
            .select_related("owner", "company", "contact", "changed_by")
            .get(pk=activity.pk)
        )
        if row.done_at or row.cancelled_at:
            raise Refused(_("This was done or cancelled already."))
        require_version(row, version)
        yield row, deal
    activity.refresh_from_db()


def _after(
    activity: Activity,
    about: About,
    deal: Deal | None,
    new: list[Activity],
    *,
    next: Next | None,
    nothing_next: NothingNext | None,
    from_stage: Stage | None,
    gate_input: GateInput,
    go_ahead: GoAhead | None,
    by: User,
    at: dt.datetime,
) -> None:
    """What follows from something done: the move, what's next, and the deal's own fields.

    What is planned is written together with `new`, which was not yet; before a move, because its
    gates ask what was done.
    """
    if deal is not None and activity.result == ActivityResult.MOVED_FORWARD:
        Activity.objects.bulk_create(new)
        new = []
        step_result.complete(deal, activity, by=by, at=at)
        _move_forward(
            deal, from_stage=from_stage, gate_input=gate_input, go_ahead=go_ahead, by=by, at=at
        )
    if next is not None:
        if deal is not None:
            locked_deal.require_open(deal)
        new = [*new, writer.new_plan(about, deal, next, by=by, at=at)]
    Activity.objects.bulk_create(new)
    if deal is None:
        return
    if nothing_next is not None:
        locked_deal.add_change(deal, NothingPlanned(why=nothing_next.value), by=by, at=at)
    if activity.result != ActivityResult.MOVED_FORWARD:
        step_result.complete(deal, activity, by=by, at=at)
    writer.touch(deal, activity)
    _update(deal, by=by, at=at)


def _move_forward(
    deal: Deal,
    *,
    from_stage: Stage | None,
    gate_input: GateInput,
    go_ahead: GoAhead | None,
    by: User,
    at: dt.datetime,
) -> None:
    """Advance by one stage. The activity is added to whatever happened; a move needs its start."""
    locked_deal.require_open(deal)
    stage = Stage(deal.stage)
    if from_stage not in (None, stage):
        raise Refused(
            _("The deal was moved: it is in “%(stage)s” now. Choose the result again.")
            % {"stage": stage.label},
            field="result",
        )
    if stage == Stage.CLOSING:
        raise Refused(_("No stage follows: record the win or the stop instead."), field="result")
    move_locked(deal, to=Stage(stage + 1), by=by, at=at, gate_input=gate_input, go_ahead=go_ahead)


def _update(deal: Deal, *, by: User, at: dt.datetime) -> None:
    locked_deal.refresh_next(deal)
    locked_deal.save(deal, *locked_deal.NEXT_FIELDS, "parked_until", "touched_at", by=by, at=at)
