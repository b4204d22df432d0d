"""What was just done to something planned with a company or a person, taken back.

What was cancelled is planned as it was. A done one is planned again, with a row of history that says
so: it never happened, and must not count as effort. On a deal, `crm.commands.undo` takes back any
verb.
"""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands.undo import AT_ONCE
from crm.commands.writers import activity as writer
from crm.events import PlanTakenBack
from crm.models import Activity
from pipeline.models import User
from salesprocess.lib.refused import Refused


def plan_again(activity: Activity, *, by: User, at: dt.datetime) -> None:
    """Take back that it was cancelled a moment ago: it is planned as it was.

    Raises Refused if it is not cancelled, after more than `AT_ONCE`, or for somebody whom `by` may
    not plan for; Activity.DoesNotExist out of reach.
    """
    with transaction.atomic():
        row = _locked(activity, by=by)
        if row.cancelled_at is None:
            raise Refused(_("This is planned again already."))
        if at - row.cancelled_at > AT_ONCE:
            raise Refused(_("That was too long ago to be taken back: plan it anew."))
        if row.owner_id != by.pk and not by.scope.may_assign_to(row.owner_id):
            raise Refused(_("You cannot plan for this person."))
        row.cancelled_at = None
        writer.save(row, "cancelled_at", by=by, at=at)
    activity.refresh_from_db()


def take_back(activity: Activity, *, by: User, at: dt.datetime) -> None:
    """Record that what was completed a moment ago, without a word, was not done: it is planned again.

    Raises Refused after more than `AT_ONCE`, for what came with words or a result, or if something
    was planned after it; Activity.DoesNotExist for all but who completed it.
    """
    with transaction.atomic():
        row = _locked(activity, by=by)
        done_at = row.done_at
        if done_at is None or row.due_by is None:
            raise Refused(_("This is not done."))
        # When it was written down, which may be later than it was done.
        since = row.changed_at or done_at
        if at - since > AT_ONCE:
            raise Refused(_("That was too long ago to be taken back: plan it anew."))
        if row.result or row.body:
            raise Refused(_("Something was written down with it: that stays."))
        if _planned_since(row, since):
            raise Refused(_("Something was planned after it: change that instead."))
        row.done_at, row.stage = None, None
        writer.save(row, "done_at", "stage", by=by, at=at)
        event = PlanTakenBack(plan=row.kind, subject=row.subject)
        writer.note(row, None, event, by=by, at=at)
    activity.refresh_from_db()


def _locked(activity: Activity, *, by: User) -> Activity:
    rows = Activity.objects.editable_by(by).filter(deal=None).select_for_update(of=("self",))
    return rows.select_related("company", "contact", "owner").get(pk=activity.pk)


def _planned_since(row: Activity, done_at: dt.datetime) -> bool:
    since = Activity.objects.filter(
        deal=None, company=row.company, contact=row.contact, created_at__gte=done_at
    )
    return since.filter(due_by__isnull=False, cancelled_at=None).exclude(pk=row.pk).exists()
