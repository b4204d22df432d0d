"""One command on many records, each judged and changed on its own.

A refusal stops no other record, and each record that was asked for is in the result. What was done
can be taken back for some minutes (`undo`), all of it by the instant at which it was done.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.commands import activity as activity_commands
from crm.commands import deal as deal_commands
from crm.commands import lead as lead_commands
from crm.commands import party as party_commands
from crm.commands import search
from crm.commands import undo as undo_commands
from crm.commands.writers.activity import Next
from crm.models import Activity, Company, Contact, Deal, StopCause
from crm.queries.deal import GIVEN_AWAY
from pipeline.models import User
from pipeline.process.stages import Initiator
from salesprocess.lib.refused import Refused
from salesprocess.lib.time_limits import LIMITS, set_local
from salesprocess.lib.trouble import Trouble, again, may_be_tried_again, trouble_of

Record = Deal | Company | Contact | Activity
Subject = type[Deal] | type[Company] | type[Contact] | type[Activity]
# Those of some ids that there are.
Rows = Callable[[Sequence[int]], Mapping[int, Any]]

# So many can be done while somebody waits.
MAX_RECORDS = 1000
# So many are made durable together: waiting for the disk after each would take longer than the
# work, and one transaction around all would lock them for too long.
TOGETHER = 50
_SAVING = gettext_lazy("Somebody else is just saving this: it was left as it is. Try again.")
_NOT_KNOWN = gettext_lazy("It is not known whether this was done: look at it before you try again.")
_ONLY_LOOKS = replace(LIMITS["page"], lock=0.01)


@dataclass(frozen=True, kw_only=True)
class BulkResult:
    """The result for one record. `refused` is the reason for people, empty if it was done; `name`
    is empty for a record that `by` may not see."""

    id: int
    name: str
    refused: str = ""


def hand_over(
    ids: Sequence[int], *, to: User, by: User, at: dt.datetime, reason: str = ""
) -> list[BulkResult]:
    """Give each deal to `to`, as `crm.commands.deal.hand_over` does."""
    return _run_each(
        ids,
        lambda deal: deal_commands.hand_over(deal, to=to, by=by, at=at, reason=reason),
        run=VerbRun(verb=GIVEN_AWAY, by=by, at=at),
    )


def hand_over_parties(
    ids: Sequence[int],
    *,
    of: type[Company] | type[Contact],
    to: User,
    by: User,
    at: dt.datetime,
    reason: str = "",
) -> list[BulkResult]:
    """Let `to` look after each company, or contact, as `crm.commands.party.hand_over` does."""
    return _run_each(
        ids,
        lambda party: party_commands.hand_over(party, to=to, by=by, at=at, reason=reason),
        run=VerbRun(verb=GIVEN_AWAY, by=by, at=at),
        of=of,
    )


def hand_over_plans(ids: Sequence[int], *, to: User, by: User, at: dt.datetime) -> list[BulkResult]:
    """Let `to` do each thing that is planned, as `crm.commands.activity.hand_over` does."""
    return _run_each(
        ids,
        lambda plan: activity_commands.hand_over(plan, to=to, by=by, at=at),
        run=VerbRun(verb=GIVEN_AWAY, by=by, at=at),
        of=Activity,
    )


def park(ids: Sequence[int], *, until: dt.date, by: User, at: dt.datetime) -> list[BulkResult]:
    """Lay each deal aside until a day, as `crm.commands.deal.park` does."""
    return _run_each(
        ids,
        lambda deal: deal_commands.park(deal, until=until, by=by, at=at),
        run=VerbRun(verb="park", by=by, at=at),
    )


def stop(
    ids: Sequence[int],
    *,
    initiator: Initiator,
    cause: StopCause,
    by: User,
    at: dt.datetime,
    note: str = "",
) -> list[BulkResult]:
    """Stop each deal for the same cause, as `crm.commands.deal.stop` does."""
    return _run_each(
        ids,
        lambda deal: deal_commands.stop(
            deal, initiator=initiator, cause=cause, by=by, at=at, note=note
        ),
        run=VerbRun(verb="stop", by=by, at=at),
    )


def claim(ids: Sequence[int], *, by: User, at: dt.datetime) -> list[BulkResult]:
    """Take each deal out of the pool, as `crm.commands.deal.claim` does."""
    return _run_each(
        ids,
        lambda deal: deal_commands.claim(deal, by=by, at=at),
        run=VerbRun(verb="claim", by=by, at=at),
    )


def accept(ids: Sequence[int], *, first: Next, by: User, at: dt.datetime) -> list[BulkResult]:
    """Take each new lead up, as `crm.commands.lead.accept` does."""
    return _run_each(
        ids,
        lambda deal: lead_commands.accept(deal, first=first, by=by, at=at),
        run=VerbRun(verb="accept", by=by, at=at),
    )


def deal_out(ids: Sequence[int], *, by: User, at: dt.datetime) -> list[BulkResult]:
    """Give each lead of a pool away by its rules, as `crm.commands.lead.deal_out` does."""
    return _run_each(
        ids,
        lambda deal: lead_commands.deal_out(deal, by=by, at=at),
        run=VerbRun(verb="deal_out", by=by, at=at),
    )


def undo(
    done_at: dt.datetime,
    *,
    of: type[Deal] | type[Company] | type[Contact],
    by: User,
    at: dt.datetime,
) -> list[BulkResult]:
    """Take back what `by` did at the instant `done_at` to records of a kind, each as
    `crm.commands.undo.undo` does.

    Raises Refused where nothing is left of it to be taken back.
    """
    acts = {act.record.pk: act for act in undo_commands.acts_of(of, by=by, at=done_at)}
    if not acts:
        raise Refused(_("That was too long ago to be taken back, or is taken back already."))
    return _apply(
        list(acts),
        lambda record: undo_commands.undo(record, act=acts[record.pk].pk, by=by, at=at),
        rows=lambda part: {pk: acts[pk].record for pk in part},
    )


@dataclass(frozen=True, kw_only=True)
class VerbRun:
    """What is done to each record, as its history names it: kept to be taken back."""

    verb: str
    by: User
    at: dt.datetime


def _run_each(
    ids: Sequence[int], verb: Callable[[Any], object], *, run: VerbRun, of: Subject = Deal
) -> list[BulkResult]:
    """Apply `verb` to each record in sight, in the order of `ids`, a repeated id once.

    Raises Refused, before anything is changed, for more than MAX_RECORDS.
    """

    def one(row: Record) -> None:
        with undo_commands.undoable(verb=run.verb, by=run.by, at=run.at):
            verb(row)

    def rows(part: Sequence[int]) -> dict[int, Record]:
        # One object for each owner, whose name and zone are asked for once.
        found = of.objects.visible_to(run.by).filter(pk__in=part)
        return {row.pk: row for row in found.prefetch_related("owner")}

    return _apply(list(dict.fromkeys(ids)), one, rows=rows)


def _apply(wanted: list[int], verb: Callable[[Any], object], *, rows: Rows) -> list[BulkResult]:
    if len(wanted) > MAX_RECORDS:
        raise Refused(
            _("That are more than %(n)s at once: narrow the list first.") % {"n": MAX_RECORDS}
        )
    each = _Each(verb, rows=rows)
    results: dict[int, BulkResult] = {}
    # In the same order for everybody, so that two who change the same deals do not wait in a circle.
    ordered = sorted(wanted)
    for start in range(0, len(ordered), TOGETHER):
        results |= each.run(ordered[start : start + TOGETHER])
    return [results[pk] for pk in wanted]


class _Each:
    """A verb, applied to records a part at a time. Whatever the database cannot do, every record of
    the part is told of."""

    def __init__(self, verb: Callable[[Any], object], *, rows: Rows) -> None:
        self._verb, self._rows = verb, rows
        self._waited = False

    def run(self, part: Sequence[int]) -> dict[int, BulkResult]:
        try:
            return again(lambda: self._together(part))
        except (DatabaseError, InterfaceError) as error:
            trouble = trouble_of(error)
            if trouble is None:
                raise
            # Nothing of the part is there; unless the connection broke at its very end.
            why = _NOT_KNOWN if trouble == Trouble.AWAY else _SAVING
            return {pk: BulkResult(id=pk, name="", refused=str(why)) for pk in part}

    def _together(self, part: Sequence[int]) -> dict[int, BulkResult]:
        with transaction.atomic(), search.batched():
            if self._waited:
                set_local(_ONLY_LOOKS)
            seen = self._rows(part)
            return {pk: self._one(pk, seen.get(pk)) for pk in part}

    def _one(self, pk: int, row: Record | None) -> BulkResult:
        try:
            return _run_one(pk, row, self._verb)
        except OperationalError as error:
            # Undone to before this record by its own command.
            if trouble_of(error) != Trouble.LOCKED or may_be_tried_again(error):
                raise
        if not self._waited:
            # Nobody waits for a thousand locks in turn: after the first, it is only looked.
            self._waited = True
            set_local(_ONLY_LOOKS)
        return BulkResult(id=pk, name=str(row), refused=str(_SAVING))


def _run_one(pk: int, row: Record | None, verb: Callable[[Any], object]) -> BulkResult:
    if row is None:
        return BulkResult(id=pk, name="", refused=_("Not there any more, or not yours to see."))
    name = str(row)
    try:
        verb(row)
    except Refused as refused:
        return BulkResult(id=pk, name=name, refused=refused.message)
    except ValidationError as error:
        return BulkResult(id=pk, name=name, refused=" ".join(error.messages))
    except ObjectDoesNotExist:
        why = (
            _("You may not change it: claim it first.")
            if row.owner_id is None
            else _("You may not change it.")
        )
        return BulkResult(id=pk, name=name, refused=why)
    return BulkResult(id=pk, name=name)
