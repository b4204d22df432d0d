"""What was just done to something planned, taken back: as an act of its own, not as if nothing was.

A cancelled activity stays cancelled, another takes its place. A done one is planned again, with a
row of history that says so: it never happened, and must not count as effort.
"""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands import activity as activity_commands
from crm.commands import locked_deal
from crm.commands.activity import About, Next
from crm.models import Activity, ActivityKind, ActivityResult, Deal, PartyChange, StepResult
from crm.models.activity import TOUCHES
from crm.queries import deal as queries
from pipeline.models import User
from pipeline.moves import Refused

# Later than that, others may have relied on it.
AT_ONCE = dt.timedelta(minutes=5)


def plan_again(activity: Activity, *, by: User, at: dt.datetime) -> Activity:
    """Plan anew what was cancelled: the same kind, subject, time and owner.

    Raises Refused if it is not cancelled or planned again already, otherwise as `activity.plan`
    does; Activity.DoesNotExist out of reach.
    """
    with transaction.atomic():
        row = _locked(activity, by=by)
        if row.cancelled_at is None or row.due_by is None:
            raise Refused(_("This is not cancelled."))
        same = {"kind": row.kind, "subject": row.subject, "owner": row.owner}
        same |= {"due_on": row.due_on, "due_at": row.due_at}
        about = About(deal=row.deal, company=row.company, contact=row.contact)
        if Activity.objects.planned().filter(**same, **vars(about)).exists():
            raise Refused(_("This is planned again already."))
        return activity_commands.plan(
            about,
            next=Next(
                kind=ActivityKind(row.kind),
                due_on=row.due_on,
                due_at=row.due_at,
                subject=row.subject,
            ),
            owner=row.owner,
            by=by,
            at=at,
        )


def take_back(activity: Activity, *, by: User, at: dt.datetime) -> None:
    """Record that what was completed a moment ago, without a word, was not done: it is planned again.

    Raises Refused after more than `AT_ONCE`, for what came with words or a result, or if something
    rests on it by now: a move of the deal, a step, or something planned; DoesNotExist for all but
    who completed it.
    """
    with transaction.atomic():
        deal = None
        if activity.deal_id is not None:
            deal = queries.editable(by, activity.deal_id, lock=True)
        row = _locked(activity, by=by)
        done_at = row.done_at
        if done_at is None or row.due_by is None:
            raise Refused(_("This is not done."))
        if at - done_at > AT_ONCE:
            raise Refused(_("That was too long ago to be taken back: plan it anew."))
        if row.result or row.body:
            raise Refused(_("Something was written down with it: that stays."))
        _require_nothing_rests_on(row, deal, done_at)
        row.done_at, row.stage = None, None
        row.version += 1
        row.changed_by, row.changed_at = by, at
        row.save(update_fields=["done_at", "stage", "version", "changed_by", "changed_at"])
        what = f"{row.kind} {row.subject}".strip()
        if deal is None:
            PartyChange.objects.create(
                company=None if row.contact else row.company,
                contact=row.contact,
                at=at,
                by=by,
                field="taken_back",
                old=what,
            )
        else:
            _forget_touch(deal, done_at)
            locked_deal.add_change(deal, "taken_back", old=what, new="", by=by, at=at)
            locked_deal.refresh_next(deal)
            locked_deal.save(deal, *locked_deal.NEXT_FIELDS, "touched_at", by=by, at=at)
    activity.refresh_from_db()


def _locked(activity: Activity, *, by: User) -> Activity:
    rows = Activity.objects.editable_by(by).select_for_update(of=("self",))
    return rows.select_related("deal", "company", "contact", "owner").get(pk=activity.pk)


def _require_nothing_rests_on(row: Activity, deal: Deal | None, done_at: dt.datetime) -> None:
    since = Activity.objects.filter(deal=deal, created_at__gte=done_at, due_by__isnull=False)
    if deal is None:
        since = since.filter(company=row.company, contact=row.contact)
    if since.filter(cancelled_at=None).exclude(pk=row.pk).exists():
        raise Refused(_("Something was planned after it: change that instead."))
    if deal is None:
        return
    moved = deal.stage != row.stage or deal.visits.filter(entered_at__gte=done_at).exists()
    if moved or (deal.closed_at is not None and deal.closed_at >= done_at):
        raise Refused(_("The deal was moved since."))
    if deal.parked_until is not None:
        raise Refused(_("The deal was parked since."))
    if StepResult.objects.filter(activity=row, replaced_at=None).exists():
        raise Refused(_("A step of the process was done by it: take that back first."))


def _forget_touch(deal: Deal, done_at: dt.datetime) -> None:
    """The last touch is the one before, if it was this one."""
    if deal.touched_at != done_at:
        return
    touches = Activity.objects.done().filter(deal=deal, kind__in=TOUCHES)
    last = touches.exclude(result=ActivityResult.NO_ANSWER).order_by("-done_at").first()
    deal.touched_at = last.done_at if last else None
