"""What was logged, put right by who logged it. Nothing goes without a trace: each correction is a row
of history, and what is removed leaves a line that says what it was."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.commands import deleted, locked_deal
from crm.commands.writers import activity as writer
from crm.events import EntryRemoved
from crm.models import (
    Activity,
    ActivityKind,
    ActivityResult,
    Contact,
    Deal,
    DeletedKind,
    StepResult,
)
from crm.queries import deal as queries
from pipeline.models import User
from pipeline.process import moves
from salesprocess.lib.refused import Refused, require_version

# Later than that, what is wrong is corrected; others have read it.
REMOVABLE = dt.timedelta(days=1)


def correct(
    activity: Activity,
    *,
    kind: ActivityKind,
    done_at: dt.datetime,
    body: str,
    result: ActivityResult | None,
    contact: Contact | None,
    by: User,
    at: dt.datetime,
    version: int | None = None,
) -> None:
    """Say anew what was done, when and with whom; it counts for the stage of then.

    What is the same is no change.

    Raises Refused for an instant that lies ahead, a note without words, or a result that would move
    the deal; Stale if `version` is not the present one; Activity.DoesNotExist for all but
    who did it.
    """
    moves.check_time(done_at, since=None, now=timezone.now())
    with _own(activity, by=by, version=version) as (row, deal):
        _require_sense(row, kind=kind, body=body, result=result)
        said = {
            "kind": kind.value,
            "done_at": done_at,
            "body": body.strip(),
            "result": result.value if result else "",
            "contact": contact,
        }
        if writer.rewrite(row, deal, said, by=by, at=at):
            _save_deal(deal, by=by, at=at)


def remove(activity: Activity, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """Take away what was logged by mistake: it leaves a line in the history, and no figure.

    What had been planned is planned again instead.

    Raises Refused later than REMOVABLE after it was logged, or if something rests on it: a step of
    the process, or the move that was its result; Stale if `version` is not the present one;
    Activity.DoesNotExist for all but who did it.
    """
    with _own(activity, by=by, version=version) as (row, deal):
        require_removable(row, at=at)
        before, event = row.done_at, EntryRemoved(entry=writer.entry_ref(row), body=row.body)
        if row.due is None:
            name, of = row.body or str(row), deal or row.contact or row.company
            deleted.keep(DeletedKind.ACTIVITY, row, name=name, of=str(of), by=by, at=at)
            row.delete()
        else:
            row.done_at, row.stage, row.result = None, None, ""
            writer.save(row, "done_at", "stage", "result", by=by, at=at)
        writer.note(row, deal, event, by=by, at=at)
        if deal is not None:
            writer.refresh_last_touch(deal, row, before)
            _save_deal(deal, by=by, at=at)


def require_removable(row: Activity, *, at: dt.datetime) -> None:
    """Raises Refused as `remove` does."""
    if at - _logged_at(row) > REMOVABLE:
        raise Refused(_("That was logged more than a day ago: correct it instead."))
    if row.result == ActivityResult.MOVED_FORWARD:
        raise Refused(_("It moved the deal forward: correct it, or move the deal back."))
    if StepResult.objects.filter(activity=row, replaced_at=None).exists():
        raise Refused(_("A step of the process was done by it: take that back first."))


def _logged_at(row: Activity) -> dt.datetime:
    """When it was written down; of what had been planned, when it was done."""
    return row.created_at if row.due is None else max(row.created_at, row.done_at or row.created_at)


@contextmanager
def _own(
    activity: Activity, *, by: User, version: int | None
) -> Iterator[tuple[Activity, Deal | None]]:
    """One transaction on what `by` did, its deal locked first, as everywhere."""
    with transaction.atomic():
        deal = None
        if activity.deal_id is not None:
            deal = queries.editable(by, activity.deal_id, lock=True)
        rows: QuerySet[Activity] = Activity.objects.editable_by(by).done()
        row = (
            rows.filter(owner=by)
            .select_for_update(of=("self",))
            .select_related("owner", "company", "contact", "changed_by")
            .get(pk=activity.pk)
        )
        require_version(row, version)
        yield row, deal


def _require_sense(
    row: Activity, *, kind: ActivityKind, body: str, result: ActivityResult | None
) -> None:
    if kind == ActivityKind.NOTE and not body.strip():
        raise Refused(_("Write what the note says."), field="body")
    if kind == ActivityKind.NOTE and row.due is not None:
        raise Refused(_("What was planned is no note."), field="kind")
    if result == ActivityResult.MOVED_FORWARD and row.result != result:
        raise Refused(_("Move the deal itself: a correction moves nothing."), field="result")


def _save_deal(deal: Deal | None, *, by: User, at: dt.datetime) -> None:
    if deal is not None:
        locked_deal.save(deal, *locked_deal.NEXT_FIELDS, "touched_at", by=by, at=at)
