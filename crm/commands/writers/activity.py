"""An activity, with or without a deal: planned, done, or put right."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from crm.commands import locked_deal, values
from crm.events import EntryRef
from crm.models import (
    Activity,
    ActivityKind,
    ActivityResult,
    Company,
    Contact,
    Deal,
    Method,
    PartyChange,
)
from crm.models.activity import PLANNABLE, TOUCHES
from crm.models.due import Due
from crm.queries.activity import stage_of
from pipeline.models import User
from pipeline.process import moves
from salesprocess.lib.events import Event, change_event, event_columns
from salesprocess.lib.refused import Refused

# What history calls the facts of an activity: this begins their kinds.
TALK = "talk_"


@dataclass(frozen=True, kw_only=True)
class Next:
    """What's next: planned in the same gesture that records what was done.

    Due on a day, or at an instant: one of the two.
    """

    kind: ActivityKind
    due_on: dt.date | None = None
    due_at: dt.datetime | None = None
    subject: str = ""

    @property
    def due(self) -> Due:
        return Due(on=self.due_on, at=self.due_at)


@dataclass(frozen=True, kw_only=True)
class About:
    """Whom an activity concerns: a deal, or a company or contact without one."""

    deal: Deal | None = None
    company: Company | None = None
    contact: Contact | None = None

    @property
    def company_id(self) -> int | None:
        if self.company is not None:
            return self.company.pk
        if self.contact is not None:
            return self.contact.company_id
        return self.deal.company_id if self.deal else None


def new_plan(
    about: About,
    deal: Deal | None,
    next: Next,
    *,
    by: User,
    at: dt.datetime,
    owner: User | None = None,
) -> Activity:
    """What is planned for `owner`, by default the deal's, else `by`; the caller writes it. It ends a
    parking of the deal, which is locked (G13).

    Raises Refused for a kind that cannot be planned, or an owner who is out of reach or cannot see
    the deal; ValidationError for a value that its field cannot hold.
    """
    if next.kind not in PLANNABLE:
        raise Refused(_("A note cannot be planned. Choose a task instead."), field="next_kind")
    owner = owner or _performer(deal, by=by)
    if not may_plan_for(owner, by=by):
        raise Refused(_("You cannot plan for this person."), field="owner")
    if deal and not sees(owner, deal, by=by):
        raise Refused(
            _("This person cannot see the deal, nor what is planned on it."), field="owner"
        )
    activity = Activity(
        kind=next.kind,
        subject=next.subject.strip(),
        deal=about.deal,
        company_id=about.company_id,
        contact=about.contact,
        owner=owner,
        created_at=at,
        created_by=by,
    )
    activity.plan_for(next.due)
    values.check(activity)
    if deal is not None and deal.parked_until is not None:
        locked_deal.note_change(deal, "parked_until", None, by=by, at=at)
    return activity


def new_done(
    about: About,
    deal: Deal | None,
    *,
    kind: ActivityKind,
    done_at: dt.datetime,
    by: User,
    at: dt.datetime,
    subject: str = "",
    body: str = "",
    result: ActivityResult | None = None,
    method: Method | None = None,
) -> Activity:
    """What was done without having been planned; the caller writes it.

    Raises Refused for an instant that lies ahead, or a note without words; ValidationError for a
    value that its field cannot hold.
    """
    if kind == ActivityKind.NOTE and not body.strip():
        raise Refused(_("Write what the note says."), field="body")
    activity = Activity(
        kind=kind,
        subject=subject.strip(),
        body=body.strip(),
        deal=about.deal,
        company_id=about.company_id,
        contact=about.contact,
        method=method,
        owner=by,
        created_at=at,
        created_by=by,
    )
    set_done(activity, deal, result=result, done_at=done_at)
    values.check(activity)
    return activity


def set_done(
    activity: Activity, deal: Deal | None, *, result: ActivityResult | None, done_at: dt.datetime
) -> None:
    """Say of an activity that it was done, and for which stage it counts; the caller saves it.

    Raises Refused for an instant that lies ahead.
    """
    moves.check_time(done_at, since=None, now=timezone.now())
    activity.result = result or ""
    activity.done_at = done_at
    activity.stage = stage_of(activity.kind, deal, done_at)


def touch(deal: Deal, activity: Activity) -> None:
    """Set when we last spoke to the other side of a locked deal; the caller saves it."""
    touches = activity.kind in TOUCHES and activity.result != ActivityResult.NO_ANSWER
    if touches and activity.done_at is not None:
        deal.touched_at = max(filter(None, (deal.touched_at, activity.done_at)))


def refresh_last_touch(deal: Deal, activity: Activity, before: dt.datetime | None) -> None:
    """Set when we last spoke to the other side after a correction of something that had been done at
    `before`, and what is next; the caller saves it."""
    if deal.touched_at == before:
        touches = Activity.objects.done().filter(deal=deal, kind__in=TOUCHES)
        last = touches.exclude(result=ActivityResult.NO_ANSWER).order_by("-done_at").first()
        deal.touched_at = last.done_at if last else None
    else:
        touch(deal, activity)
    locked_deal.refresh_next(deal)


def rewrite(
    row: Activity, deal: Deal | None, said: Mapping[str, Any], *, by: User, at: dt.datetime
) -> bool:
    """Put fields of a locked activity that was done right, each with a row of history; False if they
    are so already. The caller saves the deal."""
    changes = {name: value for name, value in said.items() if getattr(row, name) != value}
    if not changes:
        return False
    was = {name: getattr(row, name) for name in changes}
    before, entry = row.done_at, entry_ref(row)
    for name, value in changes.items():
        setattr(row, name, value)
    row.stage = stage_of(row.kind, deal, row.done_at)  # type: ignore[arg-type]  # it was done
    values.check(row)
    save(row, *changes, "stage", by=by, at=at)
    for name, old in was.items():
        event = change_event(TALK + name, old=old, new=getattr(row, name), entry=entry)
        note(row, deal, event, by=by, at=at)
    if deal is not None:
        refresh_last_touch(deal, row, before)
    return True


def save(row: Activity, *fields: str, by: User, at: dt.datetime) -> None:
    """Write the named fields of a locked activity, and that it changed."""
    row.version += 1
    row.changed_by, row.changed_at = by, at
    row.save(update_fields=[*fields, "version", "changed_by", "changed_at"])


def note(row: Activity, deal: Deal | None, event: Event, *, by: User, at: dt.datetime) -> None:
    """Add a row to the history of the deal, or of whom it concerns."""
    if deal is not None:
        locked_deal.add_change(deal, event, by=by, at=at)
        return
    PartyChange.objects.create(
        company=None if row.contact else row.company,
        contact=row.contact,
        at=at,
        by=by,
        **event_columns(event),
    )


def entry_ref(row: Activity) -> EntryRef:
    """Which entry it is, for the history to name."""
    return EntryRef(kind=row.kind, at=row.done_at)


def may_plan_for(owner: User, *, by: User) -> bool:
    return owner.pk == by.pk or (owner.is_active and by.scope.may_assign_to(owner.pk))


def sees(owner: User, deal: Deal, *, by: User) -> bool:
    return (
        owner.pk in (by.pk, deal.owner_id)
        or Deal.objects.visible_to(owner).filter(pk=deal.pk).exists()
    )


def _performer(deal: Deal | None, *, by: User) -> User:
    """Who does what is planned, unless said otherwise: whoever owns the deal, else who plans it."""
    if deal is None or deal.owner_id == by.pk:
        return by
    return deal.owner or by
