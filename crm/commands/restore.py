"""What somebody deleted is brought back: its rows as they were, and a line of history that says so."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from crm.commands import deal_line, deal_people, rate, reference, search
from crm.commands.deleted import KEPT
from crm.commands.locked_deal import NEXT_FIELDS, add_change, locked, refresh_next, save
from crm.commands.writers import activity as writer
from crm.events import DealPersonChanged, DealRestored, EntryRestored
from crm.models import (
    Activity,
    Deal,
    DealContact,
    DealLine,
    DeletedKind,
    DeletedRecord,
    Rate,
    SearchKind,
)
from crm.queries import deal as deals
from crm.queries.reference import REFERENCE_LISTS
from pipeline.models import User
from salesprocess.lib.refused import Refused

_ROWS = (
    "SELECT each ->> 0 FROM crm_deletedrecord t, jsonb_array_elements(t.rows) each WHERE t.id = %s"
)
_PUT_BACK = """
    INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, each -> 1)).*
    FROM crm_deletedrecord t, jsonb_array_elements(t.rows) each
    WHERE t.id = %s AND each ->> 0 = '{table}'
"""


def restore(record: DeletedRecord, *, by: User, at: dt.datetime) -> None:
    """Bring back what `by` deleted, or for an admin anybody.

    Raises DeletedRecord.DoesNotExist out of reach and once it is back, Refused after 30 days, where
    what it belonged to is gone or out of reach, and where something else has taken its place.
    """
    with transaction.atomic():
        rows = DeletedRecord.objects.editable_by(by).select_for_update(of=("self",))
        found = rows.get(pk=record.pk)
        if at - found.at > KEPT:
            raise Refused(_("That was deleted more than 30 days ago."))
        try:
            _WAYS[DeletedKind(found.kind)](found, by, at)
        except Deal.DoesNotExist as error:
            raise Refused(_("What it belonged to is gone, or out of your reach.")) from error
        found.delete()


def _deal(found: DeletedRecord, by: User, at: dt.datetime) -> None:
    _put_back(found)
    row = deals.editable(by, _first(found)["id"], lock=True)
    add_change(row, DealRestored(), by=by, at=at)
    save(row, by=by, at=at)
    search.index(SearchKind.DEAL, [row.pk])


def _activity(found: DeletedRecord, by: User, at: dt.datetime) -> None:
    said = _first(found)
    with _deal_of(said, by) as deal:
        _put_back(found)
        row = Activity.objects.select_related("company", "contact").get(pk=said["id"])
        event = EntryRestored(entry=writer.entry_ref(row))
        writer.note(row, deal, event, by=by, at=at)
        if deal is not None:
            writer.touch(deal, row)
            refresh_next(deal)
            save(deal, *NEXT_FIELDS, "touched_at", by=by, at=at)


def _line(found: DeletedRecord, by: User, at: dt.datetime) -> None:
    said = _first(found)
    with locked(Deal(pk=said["deal_id"]), by=by) as deal:
        _put_back(found)
        line = DealLine.objects.select_related("product").get(pk=said["id"])
        add_change(deal, deal_line.put_on(deal, line), by=by, at=at)
        save(deal, by=by, at=at)


def _person(found: DeletedRecord, by: User, at: dt.datetime) -> None:
    said = _first(found)
    with locked(Deal(pk=said["deal_id"]), by=by) as deal:
        _put_back(found)
        link = DealContact.objects.select_related("contact").get(pk=said["id"])
        add_change(deal, DealPersonChanged(new=deal_people.in_role(link)), by=by, at=at)
        save(deal, by=by, at=at)


def _as_it_was(found: DeletedRecord, by: User, at: dt.datetime) -> None:
    _put_back(found)


def _list_row(found: DeletedRecord, by: User, at: dt.datetime) -> None:
    models = {one.model._meta.db_table: one.model for one in REFERENCE_LISTS.values()}
    with reference.lists_locked(by):
        _put_back(found)
        row = models[_table(found)]._default_manager.get(pk=_first(found)["id"])
        reference.note_brought_back(row, by=by, at=at)


def _rate(found: DeletedRecord, by: User, at: dt.datetime) -> None:
    with rate.rates_locked():
        _put_back(found)
        rate.note_brought_back(
            Rate.objects.get(pk=_first(found)["id"]), deleted_at=found.at, by=by, at=at
        )


_WAYS: dict[DeletedKind, Callable[[DeletedRecord, User, dt.datetime], None]] = {
    DeletedKind.DEAL: _deal,
    DeletedKind.ACTIVITY: _activity,
    DeletedKind.LINE: _line,
    DeletedKind.PERSON: _person,
    DeletedKind.VIEW: _as_it_was,
    DeletedKind.REPORT: _as_it_was,
    DeletedKind.LIST_ROW: _list_row,
    DeletedKind.RATE: _rate,
}


def _first(found: DeletedRecord) -> dict[str, Any]:
    """The row of the record itself."""
    row: dict[str, Any] = found.rows[0][1]
    return row


def _table(found: DeletedRecord) -> str:
    return str(found.rows[0][0])


@contextmanager
def _deal_of(said: dict[str, Any], by: User) -> Iterator[Deal | None]:
    if said["deal_id"] is None:
        yield None
        return
    with locked(Deal(pk=said["deal_id"]), by=by) as deal:
        yield deal


def _put_back(found: DeletedRecord) -> None:
    ours = {model._meta.db_table for model in apps.get_models()}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ROWS, [found.pk])
            for table in dict.fromkeys(table for (table,) in cursor.fetchall()):
                if table not in ours:
                    raise ValueError(table)
                cursor.execute(_PUT_BACK.format(table=table), [found.pk])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError as error:
        words = _("What it belonged to is gone, or something else has taken its place.")
        raise Refused(words) from error
