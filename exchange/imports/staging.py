"""Files into staging tables: every cell read, every row either staged or refused with its place.

The tables are temporary and live as long as the transaction. Nothing holds more than a chunk.
"""

import datetime as dt
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.functional import cached_property

from crm.queries.rate import currencies
from exchange.imports import bulk
from exchange.imports.faults import Fault
from exchange.imports.kinds import RecordKind
from exchange.imports.mapping import KindMapping, Mapping
from exchange.imports.reader import RowReader, derived_of, names_of
from exchange.imports.reading import FileTable
from pipeline.models import Batch, Team

FAULTS = "import_faults"
VISITS = "import_visits"
ANSWERS = "import_said_answers"
CHANGES = "import_changes"
# The visits of deals as the files leave them: exchange.imports.ways.
STANDING = "import_standing"
TEAMS = "import_teams"
_FAULT_COLUMNS = (
    *("kind", "file", "line", "field", "value", "reason", "comes_in"),
    "may_be_empty",
)
_VISIT_COLUMNS = (
    "no",
    "sequence",
    "stage",
    "entered_how",
    "entered_at",
    "reason",
    "left_how",
    "left_at",
)
# As the reader gives them; what is found out of each is added later.
_ANSWER_COLUMNS = ("no", "place", "stage", "key", "heading", "said", "cell_type", "is_number")
# The records that a row refers to, found later.
_REFERENCES = (
    "owner_id",
    "team_id",
    "company_id",
    "contact_id",
    "product_id",
    "source_id",
    "method_id",
    "parent_id",
    "deal_id",
    "about_id",
)
_FEW = 10_000
# With the columns that rows are found by: counting those is enough, and short.
_LOOKED_INTO = {
    "crm_activity": "id",
    "crm_company": "id, name",
    "crm_contact": "id, name, company_id",
    "crm_contactpoint": "contact_id, kind, value",
    "crm_deal": "id",
    "crm_importedrow": "external_id",
    "crm_searchentry": "record_id",
}


@dataclass(frozen=True, kw_only=True)
class ImporterReach:
    """Limits of a person who imports on a page: possible owners, teams whose pools may be used, and
    whose records are within reach (`everything` for admins); pool deals of `led_team_ids` are to be
    changed without claiming them first.

    Rows without an owner become the person's own.
    """

    by_id: int
    everything: bool
    owner_ids: list[int]
    assignable_ids: list[int]
    pool_team_ids: list[int]
    led_team_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class ImportRun:
    """One import into the organisation `root`. Instants after `now` are refused.

    `reach` is None for the management command. `repeats`, for a file that is loaded in pieces, maps
    the number of a line to its ordinal among equal lines (2 for the second). `tell` is called now and
    then with the number of rows read. `is_trial` changes no record that there is: whoever edits one
    meanwhile need not wait for it.
    """

    mapping: Mapping
    batch: Batch
    root: Team
    now: dt.datetime
    is_trial: bool = False
    reach: ImporterReach | None = None
    repeats: ReadOnly[int, int] | None = None
    tell: Callable[[int], None] | None = None
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @cached_property
    def zones(self) -> tuple[zoneinfo.ZoneInfo, ...]:
        """Time zones for dates: the organisation's, and that of the person who imports."""
        by = self.batch.by
        return tuple(dict.fromkeys([self.root.zone, *([by.zone] if by else [])]))

    @cached_property
    def currencies(self) -> list[str]:
        """The currencies that have a rate now."""
        return currencies(timezone.localdate(self.now, self.root.zone))

    @property
    def arguments(self) -> dict[str, Any]:
        """The named arguments of all statements."""
        everything = self.reach is None or self.reach.everything
        return {
            "system": self.mapping.system,
            "batch": self.batch.pk,
            "by": self.batch.by_id,
            "now": self.now,
            "root": self.root.pk,
            "currencies": self.currencies,
            "owner": self.reach.by_id if self.reach else None,
            "assignable": self.reach.assignable_ids if self.reach else [],
            "pools": self.reach.pool_team_ids if self.reach else [],
            "led": self.reach.led_team_ids if self.reach else [],
            "everything": everything,
            "ledger": self.reach.by_id if self.reach and not everything else None,
            "seen": self.reach.owner_ids if self.reach else [],
        }


def execute(statement: str, arguments: Any = None, **names: str) -> int:
    """Run a statement whose `{names}` are constants of this package; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**names), arguments)
        return int(cursor.rowcount)


def select(statement: str, arguments: Any = None, **names: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**names), arguments)
        return list(cursor.fetchall())


def inform_planner() -> None:
    """ANALYZE the tables that are looked into, if they are small or were at their last ANALYZE.

    A check fills them and rolls back, a load fills them in pieces. If the planner believes that
    they are empty, it takes any index that contains a column and reads all of it for each row, also
    in foreign key checks.
    """
    few = {
        table
        for (table,) in select(
            "SELECT relname FROM pg_class WHERE oid = ANY(%s::regclass[]) AND reltuples < %s",
            [list(_LOOKED_INTO), _FEW],
        )
    }
    for table, columns in _LOOKED_INTO.items():
        if table in few:
            execute("ANALYZE {table} ({columns})", table=table, columns=columns)


def table_of(kind: RecordKind) -> str:
    return f"import_{kind.name}"


def prepare(kinds: Sequence[KindMapping]) -> None:
    """Make the staging tables."""
    execute(
        "CREATE TEMP TABLE {faults} (kind text, file text, line integer, field text, value text,"
        " reason text, comes_in boolean NOT NULL DEFAULT false,"
        " may_be_empty boolean NOT NULL DEFAULT false) ON COMMIT DROP",
        faults=FAULTS,
    )
    execute(
        "CREATE TEMP TABLE {visits} (no bigint, sequence smallint, stage smallint, entered_how text,"
        " entered_at timestamptz, reason text, left_how text, left_at timestamptz) ON COMMIT DROP",
        visits=VISITS,
    )
    execute(
        "CREATE TEMP TABLE {answers} (no bigint, place text, stage smallint, key text, heading text,"
        " said text, cell_type text, is_number boolean, book text, label text, answer text,"
        " version_ids jsonb, result_id bigint, ours text, mark text, base text, way text,"
        " is_ours boolean, new_id bigint) ON COMMIT DROP",
        answers=ANSWERS,
    )
    execute(
        "CREATE TEMP TABLE {teams} (office text, manager text, team_id bigint) ON COMMIT DROP",
        teams=TEAMS,
    )
    execute(
        "CREATE TEMP TABLE {changes} (kind text, file text, line integer, no bigint, record_id bigint,"
        " name text, field text, was jsonb, now jsonb, is_ours boolean, applied boolean, mark text,"
        " base text, stamp jsonb) ON COMMIT DROP",
        changes=CHANGES,
    )
    for mapped in kinds:
        columns = [f"{name} {type_of}" for name, type_of in _columns(mapped.kind).items()]
        execute(
            "CREATE TEMP TABLE {table} ({columns}, external_id text, before_id bigint, before_digest text,"
            " before_batch bigint, before_entry bigint, before_said jsonb, before_created boolean,"
            " company_made boolean, contact_made boolean, company_typed text, state text,"
            " record_id bigint, {references}) ON COMMIT DROP",
            table=table_of(mapped.kind),
            columns=", ".join(columns),
            references=", ".join(f"{name} bigint" for name in _REFERENCES),
        )


def drop(kinds: Sequence[KindMapping]) -> None:
    """Several imports may share a transaction, as in tests."""
    for table in (
        FAULTS,
        VISITS,
        ANSWERS,
        TEAMS,
        CHANGES,
        *(table_of(mapped.kind) for mapped in kinds),
    ):
        execute("DROP TABLE {table}", table=table)
    execute("DROP TABLE IF EXISTS {standing}", standing=STANDING)


def _columns(kind: RecordKind) -> dict[str, str]:
    columns = {"no": "bigint", "file": "text", "line": "integer", "digest": "text"}
    for each in kind.fields:
        columns |= dict.fromkeys(names_of(each), each.cell_type.column_type)
    return columns | derived_of(kind)


def fill(mapped: KindMapping, tables: Sequence[FileTable], run: ImportRun) -> int:
    """Stage the rows of all files of a kind; returns how many were read, including refused ones."""
    read = 0
    for table in tables:
        reader = RowReader(mapped, table, run)
        for rows in bulk.chunks(table.rows(), bulk.CHUNK):
            read += sum(row.is_row for row in rows)
            staged = [line for row in rows if (line := reader.read(row)) is not None]
            bulk.copy(table_of(mapped.kind), reader.names, staged)
            write_faults(mapped.kind, reader.taken_faults())
            bulk.copy(VISITS, _VISIT_COLUMNS, reader.taken_visits())
            if mapped.steps:
                bulk.copy(ANSWERS, _ANSWER_COLUMNS, reader.taken_answers())
            if run.tell is not None and len(rows) == bulk.CHUNK:
                run.tell(read)
    # The planner knows nothing of a temporary table: without this it joins row by row.
    # Of what it is told, how many rows there are is what matters.
    execute(
        "ANALYZE {table} (no, state), {visits} (no)", table=table_of(mapped.kind), visits=VISITS
    )
    return read


def write_faults(kind: RecordKind, faults: Sequence[Fault]) -> None:
    bulk.copy(
        FAULTS,
        _FAULT_COLUMNS,
        (
            (
                kind.name,
                each.file,
                each.line,
                each.column,
                each.value[:200],
                each.reason,
                each.comes_in,
                each.may_be_empty,
            )
            for each in faults
        ),
    )
