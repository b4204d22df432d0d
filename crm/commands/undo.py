"""What was just done to a deal, a company or a contact, taken back whole by whoever did it.

A verb touches many records: the deal, its visits, plans, offers, concerns, steps, the company. An
opposite verb that lists them forgets one; so what a verb did is found by looking. Around it the
whole world of the record is read, and the rows that differ are kept for a few minutes
(`UndoableAct`). Undoing puts just these back, and leaves one line in the history: that it was done
and undone. What a verb did to many records at once is an act for each of them.

It is no way around the history. Whoever else changed the record in between, or a few minutes, and
only the ordinary verbs are left: move back, open again, hand over.

That a deal was merged into another one, for which there is no opposite verb, can be undone for 30
days, by everybody who may change both: what was changed since on the other one stays.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from crm.commands import lead_dealing, search, since_then
from crm.commands.deleted import KEPT
from crm.commands.locked_deal import (
    NEXT_FIELDS,
    add_change,
    note_changes,
    refresh_next,
    save,
)
from crm.commands.planned import give
from crm.commands.record_world import (
    ChangedRow,
    as_it_is,
    changed_rows,
    new_parties,
    world_of,
    world_tables,
)
from crm.commands.watched import Record, watching
from crm.events import ActUndone
from crm.models import (
    Company,
    Contact,
    Deal,
    DealChange,
    LeadAssignment,
    PartyChange,
    SearchKind,
    UndoableAct,
)
from crm.queries import deal as queries
from crm.queries import party as party_queries
from pipeline.idempotency import commands as idempotency
from pipeline.models import User
from salesprocess.lib.events import event_columns
from salesprocess.lib.refused import Refused, Stale

# The note that offers it goes after eight seconds; somebody may stand on it, or the line be slow.
AT_ONCE = dt.timedelta(minutes=5)
# Verbs that can be taken back for longer.
LASTING = {"same_as": KEPT}


@contextmanager
def undoable(
    *, verb: str, by: User, at: dt.datetime, also: Callable[[], Deal] | None = None
) -> Iterator[list[UndoableAct]]:
    """Around a verb on a deal, a company or a contact: what it does there is kept in its own
    transaction, so that `undo` can take it back. `also` says which other deal it changes, which must
    be locked by then.

    The list holds the act once the verb is done; none where it gave the deal to another company that
    was on record.
    """
    acts: list[UndoableAct] = []

    @contextmanager
    def watch(row: Record) -> Iterator[None]:
        read = world_of(row, also=None if also is None else also())
        before = read()
        yield
        after = read()
        if after.newest != before.newest:
            after.rows.update(new_parties(before, by=by))
        company = row.company_id if isinstance(row, Deal) else None
        if company and (Company._meta.db_table, company) not in after.rows:
            return  # Of that company nobody knows what it was before.
        forget(at=at, by=by)
        changed = changed_rows(before.rows, after.rows)
        if not changed:
            return  # It said what was so already: there is nothing to take back.
        acts.append(
            UndoableAct.objects.create(
                **{_name_of(row): row},
                by=by,
                at=at,
                verb=verb,
                version=row.version,
                rows=changed,
            )
        )

    with watching(watch):
        yield acts


def forget(*, at: dt.datetime, by: User | None = None) -> int:
    """Delete what can be taken back no more, of one person or of everybody; how many."""
    gone = ~Q(verb__in=LASTING) & Q(at__lt=at - AT_ONCE)
    for verb, how_long in LASTING.items():
        gone |= Q(verb=verb, at__lt=at - how_long)
    acts = UndoableAct.objects.filter(gone)
    return (acts if by is None else acts.filter(by=by)).delete()[0]


def undo(record: Record, *, act: int, by: User, at: dt.datetime) -> None:
    """Take back an act of one's own on the record: every row is again as it was, but for one line.

    Raises Refused after more than `AT_ONCE`, if it was taken back already or something rests on it
    by now, Stale if the record was changed since (after one of LASTING only if it was opened again, or
    closed in another way); DoesNotExist for a record out of the reach of `by` and for another's act.
    """
    with transaction.atomic():
        _lock_all(record, act)
        row = _locked(record, by=by)
        found = UndoableAct.objects.filter(pk=act, **{_name_of(row): row}).first()
        lasts = found is not None and found.verb in LASTING
        if found is not None and found.by_id != by.pk and not lasts:
            raise UndoableAct.DoesNotExist
        if found is None or at - found.at > LASTING.get(found.verb, AT_ONCE):
            raise Refused(_("That was too long ago to be taken back, or is taken back already."))
        rows = [ChangedRow(*one) for one in found.rows]
        version = row.version
        if version != found.version and not (lasts and _is_closed_so(row, rows)):
            raise Stale(row, version=version, by=row.changed_by)
        if lasts:
            _put_back_late(row, rows, verb=found.verb, by=by, at=at)
        else:
            _put_back(rows)
            _give_turns_back(rows)
        row.refresh_from_db()
        row.version = version
        if lasts and isinstance(row, Deal):
            # What was planned went back as it is by now.
            refresh_next(row)
            row.save(update_fields=NEXT_FIELDS)
        _tell(row, ActUndone(verb=found.verb), by=by, at=at)
        same = {one.id for one in rows if one.table == row._meta.db_table}
        search.index(SearchKind(_name_of(row)), sorted({row.pk, *same}))
        idempotency.release(found.transaction)
        found.delete()
    record.refresh_from_db()


def _lock_all(record: Record, act: int) -> None:
    """All deals of an act that can be undone for long, in the order in which a merge locks them."""
    found = UndoableAct.objects.filter(pk=act, verb__in=LASTING, **{_name_of(record): record})
    ids = [
        pk
        for rows in found.values_list("rows", flat=True)
        for table, pk, *_states in rows
        if table == Deal._meta.db_table
    ]
    if ids:
        deals = Deal.objects.filter(pk__in=ids).order_by("pk")
        list(deals.select_for_update(of=("self",)).values_list("pk"))


# What says that a deal is closed as an act closed it, whatever else became of it.
_CLOSED = ("outcome", "closed_at", "cause_id")


def _is_closed_so(row: Record, rows: list[ChangedRow]) -> bool:
    for one in rows:
        if (one.table, one.id) == (row._meta.db_table, row.pk):
            left, here = _read(one.after), _read(as_it_is(one))
            return all(left.get(name) == here.get(name) for name in _CLOSED)
    return False


def _put_back_late(
    row: Record, rows: list[ChangedRow], *, verb: str, by: User, at: dt.datetime
) -> None:
    """What is as it was left is again what it was; what somebody changed since on another deal stays,
    and with it what belongs to it (`crm.commands.since_then`).

    Raises Deal.DoesNotExist where that deal is out of the reach of `by`.
    """
    ids = {one.id for one in rows if one.table == Deal._meta.db_table} - {row.pk}
    found = Deal.objects.editable_by(by).filter(pk__in=ids).order_by("pk")
    others = list(found.select_for_update(of=("self",)))
    if len(others) < len(ids):
        raise Deal.DoesNotExist
    staying = {key for other in others for key in since_then.staying(other, _leaving(rows, other))}
    if not staying:
        try:
            with transaction.atomic():
                _put_back(rows)
            return
        except Refused:
            pass
    deals = {(Deal._meta.db_table, other.pk) for other in others}
    _put_back(_as_of_now(one for one in rows if (one.table, one.id) not in staying | deals))
    if isinstance(row, Deal):
        row.refresh_from_db()
        if row.owner is not None:
            # It may have another owner by now.
            give(row.activities.planned().exclude(owner=row.owner), row.owner)
    for other in others:
        told, facts = since_then.former_facts(other, _columns_back(rows, other))
        changed = note_changes(other, told, by=by, at=at)
        for name, value in facts.items():
            setattr(other, name, value)
        refresh_next(other)
        add_change(other, ActUndone(verb=verb), by=by, at=at)
        save(other, *{*changed, *facts, *NEXT_FIELDS}, by=by, at=at)


def _leaving(rows: list[ChangedRow], deal: Deal) -> set[since_then.RowKey]:
    """The parts that came to a deal by the act."""
    return {
        (one.table, one.id)
        for one in rows
        if one.before is not None
        and one.after is not None
        and json.loads(one.after).get("deal_id") == deal.pk
        and json.loads(one.before).get("deal_id") != deal.pk
    }


def _columns_back(rows: list[ChangedRow], deal: Deal) -> dict[str, Any]:
    for one in rows:
        if (one.table, one.id) == (Deal._meta.db_table, deal.pk):
            was, left, here = (_read(text) for text in (one.before, one.after, as_it_is(one)))
            back = since_then.going_back(one.table, was, left, here)
            return {name: value for name, value in back.items() if name not in _COUNTED}
    return {}


# Of a deal: what each change writes anew.
_COUNTED = ("version", "changed_at", "changed_by_id", *NEXT_FIELDS)


def _read(text: str | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text or "{}", parse_float=str)
    return found


def _as_of_now(rows: Iterable[ChangedRow]) -> list[ChangedRow]:
    """Of what was changed since, only the columns go back that were not; history stays as it is."""
    found = []
    for one in rows:
        now = as_it_is(one)
        if one.table == DealChange._meta.db_table or now == one.before:
            continue
        if one.before is None or one.after is None or now is None:
            # What it made goes, and what it deleted comes back, if nobody was at it.
            if now == one.after:
                found.append(one)
            continue
        was, left, here = (_read(text) for text in (one.before, one.after, now))
        back = since_then.going_back(one.table, was, left, here)
        found.append(ChangedRow(one.table, one.id, json.dumps(here | back), now))
    return found


def acts_of(of: type[Record], *, by: User, at: dt.datetime) -> list[UndoableAct]:
    """What `by` did at one instant to a record of a kind, or to many, and has not undone. One query."""
    name = str(of._meta.model_name)
    acts = UndoableAct.objects.editable_by(by).filter(at=at, **{f"{name}__isnull": False})
    return list(acts.select_related(name).order_by("pk"))


def _locked(record: Record, *, by: User) -> Record:
    if isinstance(record, Deal):
        return queries.to_undo(by, record.pk, lock=True)
    return party_queries.to_undo(by, record)


def _name_of(row: Record) -> str:
    return str(row._meta.model_name)


def _tell(row: Record, event: ActUndone, *, by: User, at: dt.datetime) -> None:
    """One line in its history, and that it changed."""
    if isinstance(row, Deal):
        add_change(row, event, by=by, at=at)
        save(row, by=by, at=at)
        return
    PartyChange.objects.create(**{_name_of(row): row}, at=at, by=by, **event_columns(event))
    row.version += 1
    row.changed_at, row.changed_by = at, by
    row.save(update_fields=["version", "changed_at", "changed_by"])


def _put_back(rows: list[ChangedRow]) -> None:
    """New rows go first, because of some there is only room for one (the visit that goes on)."""
    made = [row for row in rows if row.before is None]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL seven.undo = 'act'")
            for row in (*made, *(row for row in rows if row.before is not None)):
                _put_back_one(cursor, row)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            cursor.execute("SET LOCAL seven.undo = ''")
    except IntegrityError as error:
        raise Refused(_("Something rests on it by now: change that instead.")) from error
    _forget(made)


def _put_back_one(cursor: Any, row: ChangedRow) -> None:
    part = world_tables()[row.table]
    values = {"id": row.id, "before": row.before, "after": row.after}
    cursor.execute(part.statement(row), values)
    if cursor.rowcount != 1:
        raise Refused(_("Something was changed since: change that instead."))


def _give_turns_back(rows: list[ChangedRow]) -> None:
    """What the rules of a pool gave away comes back to it, and so does the turn that it took."""
    for row in rows:
        if row.table == LeadAssignment._meta.db_table and row.before is None:
            lead_dealing.give_back(json.loads(row.after or "{}"))


def _forget(made: list[ChangedRow]) -> None:
    kinds = {Company._meta.db_table: SearchKind.COMPANY, Contact._meta.db_table: SearchKind.CONTACT}
    for table, kind in kinds.items():
        if gone := [row.id for row in made if row.table == table]:
            search.remove(kind, gone)
