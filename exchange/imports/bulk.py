"""Write many records at once, by COPY: what the import and the sample data stand on.

The commands remain the only writers of single changes. Who writes in bulk decides by the same pure
rules (`pipeline.process.moves`) and the database checks the rest: every constraint and trigger holds for
COPY as well. No signals, no `save()`, no defaults of the database: a model without its field's
default written by Python would differ from a typed one, so whole instances are written.
"""

import datetime as dt
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models import JSONField

from crm.models import Deal, StageVisit
from pipeline.process import moves
from pipeline.process.moves import Visit
from pipeline.process.stages import Outcome

CHUNK = 2_000

Record = TypeVar("Record", bound=models.Model)


class BrokenChain(ValueError):
    """The visits of a deal do not follow from each other; `faults` are the reasons."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Owner, team and amount of a deal at some moment."""

    owner_id: int | None
    team_id: int
    amount: Decimal | None


def write(model: type[Record], records: Iterable[Record], *, chunk: int = CHUNK) -> int:
    """Insert unsaved `records`, which get their ids if they have none yet; how many there were.

    `records` may be a generator: no more than `chunk` of them are held at a time. A foreign key is
    read from its `…_id`, so a parent is numbered (`number`) before its children are built; the
    order of the tables does not matter inside a transaction.

    Raises IntegrityError or DataError as the database does.
    """
    names = [field.attname for field in model._meta.concrete_fields]
    values = attrgetter(*names)
    as_json = [
        place
        for place, field in enumerate(model._meta.concrete_fields)
        if isinstance(field, JSONField)
    ]
    total = 0
    for some in chunks(records, chunk):
        number(model, some)
        total += copy(model, names, (_prepared(values(record), as_json) for record in some))
        for record in some:
            record._state.adding = False
    return total


def number(model: type[Record], records: Sequence[Record]) -> None:
    """Give `records` without an id the next ids of the table, so that others can refer to them."""
    without = [record for record in records if record.pk is None]
    for record, pk in zip(without, next_ids(model, len(without)), strict=True):
        record.pk = pk


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """Reserve `count` ids of a table, in rising order."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [pk for (pk,) in cursor.fetchall()]


def copy(
    model: type[models.Model] | str, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """COPY tuples into the columns `names` of a model's table, or of the named table; returns how
    many."""
    if isinstance(model, str):
        table = model
    else:
        table = model._meta.db_table
        column_of = {field.attname: field.column for field in model._meta.concrete_fields}
        names = [column_of[name] for name in names]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(name) for name in names)
    total = 0
    with (
        connection.wrap_database_errors,  # COPY goes past Django's own wrapping
        connection.cursor() as cursor,
        cursor.copy(f"COPY {quote(table)} ({columns}) FROM STDIN") as sink,
    ):
        for row in rows:
            sink.write_row(row)
            total += 1
    return total


def insert_select(
    model: type[models.Model], given: Mapping[str, str], source: str, arguments: Mapping[str, Any]
) -> int:
    """INSERT … SELECT: `given` are SQL expressions by attname, `source` is what follows FROM.

    Every other column gets its model's default, so that a row written here has what a typed one
    has. Both are constants of the caller; what varies goes as `arguments`. How many rows.
    """
    fields = [
        field
        for field in model._meta.concrete_fields
        if field.attname in given or not field.primary_key
    ]
    defaults = {
        f"default_{field.attname}": field.get_db_prep_save(field.get_default(), connection)
        for field in fields
        if field.attname not in given
    }
    statement = _INSERT_SELECT.format(
        table=model._meta.db_table,
        columns=", ".join(connection.ops.quote_name(field.column) for field in fields),
        values=", ".join(
            given.get(field.attname) or f"%(default_{field.attname})s" for field in fields
        ),
        source=source,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, {**arguments, **defaults})
        return int(cursor.rowcount)


_INSERT_SELECT = "INSERT INTO {table} ({columns}) SELECT {values} FROM {source}"


def repeat_latest_visit(deal: Deal, visits: Sequence[Visit]) -> None:
    """Set stage, entry, outcome and closing of an unsaved deal from its latest visit. Initiator,
    cause and amount are the caller's."""
    last = visits[-1]
    deal.stage = last.stage
    deal.stage_entered_at = last.entered_at
    deal.outcome = moves.outcome_of(last)
    deal.closed_at = None if deal.outcome == Outcome.OPEN else last.left_at


def visit_rows(
    deal: Deal,
    visits: Sequence[Visit],
    *,
    by_id: int | None = None,
    held: Callable[[dt.datetime | None], Holding] | None = None,
) -> list[StageVisit]:
    """The rows of history for a numbered deal, unsaved.

    `by_id` is who moved it, None where nobody knows. `held` answers whose the deal was, and its
    amount, at an instant; by default as it is now, at all times.

    Raises BrokenChain for visits that `pipeline.process.moves` could not have made.
    """
    if faults := moves.broken_links(list(visits)):
        raise BrokenChain(faults)
    now = Holding(owner_id=deal.owner_id, team_id=deal.team_id, amount=deal.amount)
    return [_visit(deal, visit, by_id, held or (lambda at: now)) for visit in visits]


def _visit(
    deal: Deal,
    visit: Visit,
    by_id: int | None,
    held: Callable[[dt.datetime | None], Holding],
) -> StageVisit:
    entry = held(visit.entered_at)
    stage_visit = StageVisit(
        deal_id=deal.pk,
        sequence=visit.sequence,
        stage=visit.stage,
        entered_at=visit.entered_at,
        entered_how=visit.entered_how,
        entered_by_id=by_id,
        reason=visit.reason,
        entry_owner_id=entry.owner_id,
        entry_team_id=entry.team_id,
        entry_amount=entry.amount,
    )
    if visit.left_how is not None:
        leave = held(visit.left_at)
        stage_visit.left_at, stage_visit.left_how, stage_visit.left_by_id = (
            visit.left_at,
            visit.left_how,
            by_id,
        )
        stage_visit.exit_owner_id, stage_visit.exit_team_id = leave.owner_id, leave.team_id
        stage_visit.exit_amount = leave.amount
    return stage_visit


Item = TypeVar("Item")


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of at most `size` items, read lazily."""
    source = iter(items)
    while some := list(islice(source, size)):
        yield some


def _prepared(values: tuple[Any, ...], as_json: list[int]) -> list[Any]:
    """Choices by their value: COPY writes what it is given, and a driver may read names."""
    row = [value.value if isinstance(value, enum.Enum) else value for value in values]
    for place in as_json:
        # Nothing is NULL, as Django writes it, and no JSON that says so.
        if row[place] is not None:
            row[place] = connection.ops.adapt_json_value(row[place], None)
    return row
