"""What was just done to a deal, taken back whole by whoever did it.

A verb touches many records: the deal, its visits, plans, offers, concerns, steps, the company. An
opposite verb that lists them forgets one; so what a verb did is found by looking. Around it the
whole world of the deal is read, and the rows that differ are kept for a few minutes (`UndoableAct`).
Undoing puts just these back, and leaves one line in the history: that it was done and undone.

It is no way around the history. Whoever else changed the deal in between, or a few minutes, and
only the ordinary verbs are left: move back, open again, hand over.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _

from crm.commands import search
from crm.commands.locked_deal import add_change, save
from crm.models import Company, Contact, Deal, EvidenceFile, SearchKind, UndoableAct
from crm.queries import deal as queries
from pipeline.models import User
from salesprocess.lib.refused import Refused, Stale

# The note that offers it goes after eight seconds; somebody may stand on it, or the line be slow.
AT_ONCE = dt.timedelta(minutes=5)

# Where a row is, and its JSON as text: numbers keep their digits, instants their microseconds.
World = dict[tuple[str, int], str]


class ChangedRow(NamedTuple):
    """A row that a verb changed, as `UndoableAct.rows` keeps it."""

    table: str
    id: int
    before: str | None
    after: str | None


@contextmanager
def undoable(deal: Deal, *, verb: str, by: User, at: dt.datetime) -> Iterator[list[UndoableAct]]:
    """One transaction around a verb, with what it did kept so that `undo` can take it back.

    The list holds the act once the verb is done. Raises Deal.DoesNotExist out of the reach of `by`.
    """
    acts: list[UndoableAct] = []
    with transaction.atomic():
        row = queries.editable(by, deal.pk, lock=True)
        last = _last_ids()
        before = _world(row, by=by, last=last)
        yield acts
        row.refresh_from_db()
        after = _world(row, by=by, last=last)
        UndoableAct.objects.filter(by=by, at__lt=at - AT_ONCE).delete()
        changed = _changed(before, after)
        acts.append(
            UndoableAct.objects.create(
                deal=row, by=by, at=at, verb=verb, version=row.version, rows=changed
            )
        )


def undo(deal: Deal, *, act: int, by: User, at: dt.datetime) -> None:
    """Take back an act of one's own on the deal: every row is again as it was, but for one line.

    Raises Refused after more than `AT_ONCE`, if it was taken back already or something rests on it
    by now, Stale if the deal was changed since; DoesNotExist for a deal out of the reach of `by`
    and for another's act.
    """
    with transaction.atomic():
        row = queries.editable(by, deal.pk, lock=True)
        found = UndoableAct.objects.filter(pk=act, deal=row).first()
        if found is not None and found.by_id != by.pk:
            raise UndoableAct.DoesNotExist
        if found is None or at - found.at > AT_ONCE:
            raise Refused(_("That was too long ago to be taken back, or is taken back already."))
        if row.version != found.version:
            raise Stale(row, version=row.version, by=row.changed_by)
        _put_back([ChangedRow(*one) for one in found.rows])
        row.refresh_from_db()
        row.version = found.version
        add_change(row, "undone", old=found.verb, new="", by=by, at=at)
        save(row, by=by, at=at)
        search.put(SearchKind.DEAL, [row.pk])
        found.delete()
    deal.refresh_from_db()


def _changed(before: World, after: World) -> list[ChangedRow]:
    return [
        ChangedRow(*place, before.get(place), after.get(place))
        for place in sorted({*before, *after})
        if before.get(place) != after.get(place)
    ]


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
    part = _parts()[row.table]
    values = {"id": row.id, "before": row.before, "after": row.after}
    cursor.execute(part.statement(row), values)
    if cursor.rowcount != 1:
        raise Refused(_("Something was changed since: change that instead."))


def _forget(made: list[ChangedRow]) -> None:
    kinds = {Company._meta.db_table: SearchKind.COMPANY, Contact._meta.db_table: SearchKind.CONTACT}
    for table, kind in kinds.items():
        if gone := [row.id for row in made if row.table == table]:
            search.drop(kind, gone)


class WorldTable(NamedTuple):
    """A table of a deal's world: which of its rows belong to it, and what of a row is kept."""

    model: type[models.Model]
    where: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def kept(self) -> str:
        """The row as JSON, without what is too large to be kept and never changes."""
        left_out = " - 'content'" if self.model is EvidenceFile else ""
        return f"to_jsonb(t){left_out}"

    @property
    def columns(self) -> str:
        """A version goes on counting, so that a page with what was undone is known to be stale."""
        own = [field.column for field in self.model._meta.concrete_fields]
        return ", ".join(f'"{name}"' for name in own if name not in ("content", "version"))

    def statement(self, row: ChangedRow) -> str:
        """Put one row back, if it is still as it was left."""
        if row.before is None:
            statement = _REMOVE
        else:
            statement = _REPLACE if row.after is not None else _BRING_BACK
        fields = {field.column for field in self.model._meta.concrete_fields}
        count = ", version = t.version + 1" if "version" in fields else ""
        return statement.format(table=self.table, kept=self.kept, columns=self.columns, count=count)


_REMOVE = "DELETE FROM {table} AS t WHERE t.id = %(id)s AND {kept} = %(after)s::jsonb"
_BRING_BACK = """
    INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, %(before)s::jsonb)).*
"""
_REPLACE = """
    UPDATE {table} AS t SET ({columns}) = (
        SELECT {columns} FROM jsonb_populate_record(NULL::{table}, %(before)s::jsonb)
    ){count}
    WHERE t.id = %(id)s AND {kept} = %(after)s::jsonb
"""
_ROWS = "SELECT '{table}', t.id, ({kept})::text FROM {table} AS t WHERE {where}"
_OF_DEAL = "t.{column} = %(deal)s"
_OF_PART = "t.{column} IN (SELECT id FROM {table} AS t WHERE {where})"
# Made by the same person since, by the very verb: nobody else's comes between.
_NEW_CONTACT = "t.id > %(last_contact)s AND t.changed_by_id = %(by)s"
_NEW_COMPANY = "t.id > %(last_company)s AND t.changed_by_id = %(by)s"


@lru_cache(maxsize=1)
def _parts() -> Mapping[str, WorldTable]:
    """The deal, all that belongs to it however deep, its company, and who is new on record."""
    parts = [WorldTable(Deal, "t.id = %(deal)s"), *_belonging(Deal, _OF_DEAL)]
    parts += [
        WorldTable(Company, f"t.id = %(company)s OR {_NEW_COMPANY}"),
        *_belonging(Company, "(t.{column} = %(company)s OR t.{column} > %(last_company)s)"),
        WorldTable(Contact, _NEW_CONTACT),
        *_belonging(Contact, "t.{column} > %(last_contact)s"),
    ]
    found: dict[str, WorldTable] = {}
    for part in parts:
        before = found.get(part.table)
        found[part.table] = (
            part
            if before is None
            else WorldTable(part.model, f"({before.where}) OR ({part.where})")
        )
    return found


def _belonging(model: type[models.Model], condition: str) -> Iterator[WorldTable]:
    """The tables whose rows go and stay with a record of `model`, and theirs."""
    for rel in model._meta.related_objects:
        part: Any = rel.related_model
        if part is UndoableAct or rel.on_delete is not models.CASCADE:
            continue
        own = WorldTable(part, condition.format(column=rel.field.column))
        yield own
        yield from _belonging(
            part, _OF_PART.format(column="{column}", table=own.table, where=own.where)
        )


def _world(deal: Deal, *, by: User, last: Mapping[str, int]) -> World:
    """Every row of the deal's world. One query."""
    sql = " UNION ALL ".join(
        _ROWS.format(table=part.table, kept=part.kept, where=part.where)
        for part in _parts().values()
    )
    values = {"deal": deal.pk, "company": deal.company_id, "by": by.pk, **last}
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {(table, pk): text for table, pk, text in cursor.fetchall()}


def _last_ids() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce((SELECT max(id) FROM crm_contact), 0),"
            " coalesce((SELECT max(id) FROM crm_company), 0)"
        )
        contact, company = cursor.fetchone()
    return {"last_contact": contact, "last_company": company}
