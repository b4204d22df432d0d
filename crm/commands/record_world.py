"""The world of a deal, a company or a contact: its row and those of all that belongs to it, however deep,
as they stand in the database, so that what a verb did there is found by looking."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

from django.db import connection, models

from crm.commands.watched import Record
from crm.models import Company, Contact, Deal, EvidenceFile, UndoableAct
from pipeline.models import User
from salesprocess.lib.prepared import run

# Where a row is, and its JSON as text: numbers keep their digits, instants their microseconds.
Rows = dict[tuple[str, int], str]


class World(NamedTuple):
    """The rows of records and all that belongs to them, and the newest company and contact there are."""

    rows: Rows
    newest: tuple[int, ...]


class ChangedRow(NamedTuple):
    """A row that a verb changed, as `UndoableAct.rows` keeps it."""

    table: str
    id: int
    before: str | None
    after: str | None


def changed_rows(before: Rows, after: Rows) -> list[ChangedRow]:
    """What differs between two looks at a world."""
    return [
        ChangedRow(*place, before.get(place), after.get(place))
        for place in sorted({*before, *after})
        if before.get(place) != after.get(place)
    ]


def as_it_is(one: ChangedRow) -> str | None:
    """The row as it stands now, as its `before` and `after` have it; nothing if it is gone."""
    part = world_tables()[one.table]
    statement = _ROWS.format(table=part.table, kept=part.kept, where="t.id = %s")
    with connection.cursor() as cursor:
        cursor.execute(statement, [one.id])
        row = cursor.fetchone()
    return row[2] if row else None


class WorldTable(NamedTuple):
    """A table of a deal's world: which of its rows belong to it, and what of a row is kept."""

    model: type[models.Model]
    where: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def rows(self) -> str:
        return _ROWS.format(table=self.table, kept=self.kept, where=self.where)

    @property
    def kept(self) -> str:
        """The row as JSON, without what the database fills in by itself, and what is too large to be
        kept and never changes."""
        if self.model is not EvidenceFile:
            return f"(to_jsonb(t) - ARRAY{list(_REPEATED)})"
        fields = [field.column for field in self.model._meta.concrete_fields]
        pairs = ", ".join(f"'{name}', t.\"{name}\"" for name in fields if name != "content")
        return f"jsonb_build_object({pairs})"

    @property
    def columns(self) -> str:
        """A version goes on counting, so that a page with what was undone is known to be stale."""
        own = [field.column for field in self.model._meta.concrete_fields]
        left = ("content", "version", *_REPEATED)
        return ", ".join(f'"{name}"' for name in own if name not in left)

    def statement(self, row: ChangedRow) -> str:
        """Put one row back, if it is still as it was left."""
        if row.before is None:
            statement = _REMOVE
        else:
            statement = _REPLACE if row.after is not None else _BRING_BACK
        fields = {field.column for field in self.model._meta.concrete_fields}
        count = ", version = t.version + 1" if "version" in fields else ""
        return statement.format(table=self.table, kept=self.kept, columns=self.columns, count=count)


# Whoever has the deal, repeated in its activities and visits: triggers follow the deal.
_REPEATED = ("holder_id", "holder_team_id")
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
_NEWEST = "SELECT '', coalesce(max(id), 0), '{table}' FROM {table}"
_PARTIES = (Company, Contact)
_OF_DEAL = "t.{column} = ANY(%(deals)s::bigint[])"
_OF_COMPANY = "t.{column} = %(company)s"
_OF_CONTACT = "t.{column} = %(contact)s"
_OF_PART = "t.{column} IN (SELECT id FROM {table} AS t WHERE {where})"
# Made by the same person since, by the very verb: nobody else's comes between.
_NEW = "t.{column} IN (SELECT id FROM {table} WHERE id > %({table})s AND changed_by_id = %(by)s)"


def world_of(row: Record, *, also: Deal | None) -> Callable[[], World]:
    """What reads the world of a record, and of another deal, each time in one query."""
    if isinstance(row, Contact):
        return partial(_world, _contact_world_sql(), {"contact": row.pk})
    if isinstance(row, Company):
        return partial(_world, _world_sql(), {"deals": [], "company": row.pk})
    deals = [row.pk] if also is None else [row.pk, also.pk]
    return partial(_world, _world_sql(), {"deals": deals, "company": row.company_id or 0})


def _world(statement: str, of: Mapping[str, Any]) -> World:
    found = run(statement, of)
    newest = tuple(pk for table, pk, _of in found if not table)
    return World({(table, pk): text for table, pk, text in found if table}, newest)


def new_parties(before: World, *, by: User) -> Rows:
    """The companies and contacts that came on record since, with what belongs to them. One query."""
    last = {model._meta.db_table: pk for model, pk in zip(_PARTIES, before.newest, strict=True)}
    with connection.cursor() as cursor:
        cursor.execute(_new_parties_sql(), {"by": by.pk, **last})
        return {(table, pk): text for table, pk, text in cursor.fetchall()}


@lru_cache(maxsize=1)
def _world_sql() -> str:
    """The deal, all that belongs to it however deep, and its company."""
    return _united([*with_its_parts(Deal, _OF_DEAL), *with_its_parts(Company, _OF_COMPANY)])


@lru_cache(maxsize=1)
def _contact_world_sql() -> str:
    return _united(list(with_its_parts(Contact, _OF_CONTACT)))


def _united(parts: list[WorldTable]) -> str:
    newest = (_NEWEST.format(table=model._meta.db_table) for model in _PARTIES)
    return " UNION ALL ".join([*(part.rows for part in parts), *newest])


@lru_cache(maxsize=1)
def _new_parties_sql() -> str:
    parts = [
        part
        for model in _PARTIES
        for part in with_its_parts(model, _NEW.replace("{table}", model._meta.db_table))
    ]
    return " UNION ".join(part.rows for part in parts)


@lru_cache(maxsize=1)
def world_tables() -> Mapping[str, WorldTable]:
    parts = [part for model in (Deal, *_PARTIES) for part in with_its_parts(model, "")]
    return {part.table: part for part in parts}


def with_its_parts(model: type[models.Model], condition: str) -> Iterator[WorldTable]:
    """The table of a record and those whose rows go and stay with it, and theirs.

    `condition` finds the record by its id in `column`.
    """
    yield WorldTable(model, condition.format(column="id"))
    yield from _belonging(model, condition)


def _belonging(model: type[models.Model], condition: str) -> Iterator[WorldTable]:
    for rel in model._meta.related_objects:
        part: Any = rel.related_model
        if part is UndoableAct or rel.on_delete is not models.CASCADE:
            continue
        own = WorldTable(part, condition.format(column=rel.field.column))
        yield own
        yield from _belonging(
            part, _OF_PART.format(column="{column}", table=own.table, where=own.where)
        )
