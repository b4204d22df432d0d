"""What commands do to a deal that they have locked: the parts that several verbs share."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.commands import search
from crm.commands.watched import watched
from crm.models import Deal, DealChange, SearchKind, StageVisit
from crm.models.due import midnight
from crm.queries import deal as queries
from crm.queries.deal_process import versions_in_force
from pipeline.models import Team, User
from pipeline.process import moves
from pipeline.process.moves import Visit
from pipeline.process.playbook import fingerprint
from salesprocess.lib.events import Event, Sum, change_event, event_columns
from salesprocess.lib.refused import Refused, require_version

# What a search entry repeats of a deal.
_SEARCHED = frozenset({"name", "company", "owner", "team", "outcome"})
NEXT_FIELDS = ("next_on", "next_at", "next_kind", "attention_at")


@contextmanager
def locked(deal: Deal, *, by: User, version: int | None = None) -> Iterator[Deal]:
    """One transaction around a change of `deal`, on a row that is locked before it is read.

    Without the lock, two people who move one card write two visits that both follow the same one.
    The row is looked up again within the reach of `by`: a hand-over may have come in between.
    `version` is the state that the page showed; None changes whatever is there.

    Raises Stale if it is another, and Deal.DoesNotExist if the deal is out of reach.
    The caller's object is brought up to date afterwards.
    """
    with transaction.atomic():
        row = queries.editable(by, deal.pk, lock=True)
        require_version(row, version)
        with watched(row):
            yield row
    for field in Deal._meta.concrete_fields:
        setattr(deal, field.attname, getattr(row, field.attname))


def save(deal: Deal, *fields: str, by: User | None, at: dt.datetime) -> None:
    """Write the named fields of a locked deal, and that it changed."""
    deal.version += 1
    deal.changed_by = by
    deal.changed_at = at
    deal.save(update_fields=[*fields, "version", "changed_by", "changed_at"])
    if _SEARCHED.intersection(fields):
        search.index(SearchKind.DEAL, [deal.pk])


def open_visit(row: Deal, at: dt.datetime) -> tuple[StageVisit, Visit]:
    require_open(row)
    stage_visit = row.visits.going_on().get()
    moves.check_time(at, since=stage_visit.entered_at, now=timezone.now())
    return stage_visit, stage_visit.visit


def write_visits(
    row: Deal,
    stage_visit: StageVisit,
    visits: tuple[Visit, ...],
    *,
    by: User,
    version_ids: tuple[int, ...] | None = None,
) -> None:
    """Write what the rules made of the open visit: its end, and the visits that come after."""
    ended, *after = visits
    _leave(stage_visit, ended, row, by=by)
    for visit in after:
        enter(row, visit, by=by, version_ids=version_ids)


def _leave(stage_visit: StageVisit, visit: Visit, row: Deal, *, by: User) -> None:
    stage_visit.left_at = visit.left_at
    stage_visit.left_how = visit.left_how
    stage_visit.left_by = by
    stage_visit.exit_owner_id = row.owner_id
    stage_visit.exit_team_id = row.team_id
    stage_visit.exit_amount = row.amount
    stage_visit.save(
        update_fields=["left_at", "left_how", "left_by", "exit_owner", "exit_team", "exit_amount"]
    )


def enter(
    row: Deal, visit: Visit, *, by: User, version_ids: tuple[int, ...] | None = None
) -> StageVisit:
    """Write that a visit begins, under the process of `version_ids`: None for what is in force."""
    if version_ids is None:
        version_ids = versions_in_force(row)
    stage_visit = StageVisit(
        deal=row,
        sequence=visit.sequence,
        stage=visit.stage,
        entered_at=visit.entered_at,
        entered_how=visit.entered_how,
        entered_by=by,
        reason=visit.reason,
        entry_owner_id=row.owner_id,
        entry_team_id=row.team_id,
        entry_amount=row.amount,
        version_ids=list(version_ids),
        playbook=fingerprint(version_ids),
    )
    if visit.left_how is not None:
        stage_visit.left_at, stage_visit.left_how, stage_visit.left_by = (
            visit.left_at,
            visit.left_how,
            by,
        )
        stage_visit.exit_owner_id, stage_visit.exit_team_id = row.owner_id, row.team_id
        stage_visit.exit_amount = row.amount
    stage_visit.save(force_insert=True)
    row.stage, row.stage_entered_at = visit.stage, visit.entered_at
    return stage_visit


def note_change(
    row: Deal, field: str, value: Any, *, by: User, at: dt.datetime, reason: str = ""
) -> bool:
    """Set a field of a locked deal with a row of history; False if it has that value already."""
    return bool(note_changes(row, {field: value}, by=by, at=at, reason=reason))


def note_changes(
    row: Deal, fields: Mapping[str, Any], *, by: User, at: dt.datetime, reason: str = ""
) -> list[str]:
    """Set fields of a locked deal, each with a row of history; those that had another value."""
    before = {
        field: getattr(row, field) for field, new in fields.items() if getattr(row, field) != new
    }
    currency = row.currency
    for field in before:
        setattr(row, field, fields[field])
    for field, old in before.items():
        new = fields[field]
        if field == "amount":
            old, new = as_sum(old, currency), as_sum(new, row.currency)
        add_change(row, change_event(field, old=old, new=new), by=by, at=at, reason=reason)
    return list(before)


def as_sum(amount: Decimal | None, currency: str) -> Sum | None:
    """As history keeps it."""
    return None if amount is None else Sum(amount=Decimal(amount), currency=currency)


def add_change(row: Deal, event: Event, *, by: User, at: dt.datetime, reason: str = "") -> None:
    """Add a row to the history of a deal; `reason` is what was said of it."""
    DealChange.objects.create(deal=row, at=at, by=by, reason=reason.strip(), **event_columns(event))


def require_open(row: Deal) -> None:
    if not row.is_open:
        raise Refused(_("The deal is closed: open it again first."))


def refresh_next(deal: Deal, *, first: queries.NextPlan | None = None) -> None:
    """Repeat on a locked deal which planned activity comes first, and when it asks for somebody.

    Sets the fields; the caller saves them (`NEXT_FIELDS`). `first` is what comes first, from a
    caller who has just read all that is planned.
    """
    first = first or queries.first_planned(deal.pk)
    deal.next_on, deal.next_at, deal.next_kind = first.on, first.at, first.kind
    # A won deal may still have something planned (the hand-off), but asks nobody to sell.
    deal.attention_at = first.by if deal.is_open else None
    if deal.attention_at is None and deal.parked_until is not None:
        deal.attention_at = midnight(deal.parked_until, Team.objects.root().zone)
