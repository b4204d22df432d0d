"""An import from end to end: find the files, stage, judge, write, report; all or nothing.

A dry run does the same and rolls it back, so that it says exactly what would happen, with every
constraint checked. It leaves alone what a load changes of records that are there already, and
leaves out what follows from the new ones by itself and nothing is told by: entries of search, and
judgements.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from crm.commands import search
from crm.models import SearchKind
from exchange.imports import (
    activities,
    deals,
    history,
    notes,
    offers,
    parties,
    parts,
    people,
    rates,
    staging,
    step_answers,
)
from exchange.imports.first_records import first_records
from exchange.imports.judging import Judge
from exchange.imports.kinds import KINDS
from exchange.imports.mapping import KindMapping, Mapping
from exchange.imports.scanning import Chosen
from exchange.imports.staging import ImportRun
from pipeline.models import Batch, BatchKind, Team, User
from salesprocess.lib.time_limits import LIMITS, set_local, within

# The number of the table, line, column, value, reason, comes in, may be empty.
FaultRow = list[Any]
ChangeRow = list[Any]
CHANGE_COLUMNS = (
    *("table", "line", "kind", "record_id", "name", "field", "was", "now"),
    *("is_ours", "applied", "mark", "base", "stamp"),
)
MAX_DUPLICATES = 20
# A check makes no entries of search of its own, so that those there are, are others'.
_ALIKE = """
    SELECT c.name, other.record_id, other.title
    FROM crm_company AS c
    CROSS JOIN LATERAL (SELECT seven_company_keys(c.name) AS keys OFFSET 0) AS made
    CROSS JOIN LATERAL (
        SELECT e.record_id, e.title FROM crm_searchentry AS e
        WHERE e.kind = 'company' AND e.kind <> 'deal' AND e.keys && made.keys
        ORDER BY e.record_id LIMIT 1
    ) AS other
    WHERE c.batch_id = %(batch)s ORDER BY c.name, c.id LIMIT %(most)s
"""
# A row that stays out says only why.
_FAULTS = """
    SELECT kind, file, line, field, value, reason, comes_in, may_be_empty FROM (
        SELECT DISTINCT ON (kind, file, line, field, reason)
            *, bool_or(NOT comes_in) OVER (PARTITION BY kind, file, line) AS is_out
        FROM {faults}
    ) AS said
    WHERE NOT (comes_in AND is_out) ORDER BY array_position(%s, kind), file, line, field, reason
"""
_CHANGES = """
    SELECT file, line, kind, record_id, name, field, was, now, is_ours, applied, mark, base, stamp
    FROM {changes} ORDER BY array_position(%s, kind), file, line, field
"""
# One import at a time: two that run together would each think that a record is new.
LOCK = 5_737_001
_REPEATS = """
    SELECT line, place FROM (
        SELECT line, row_number() OVER (PARTITION BY digest ORDER BY file, line)::int AS place
        FROM {s} WHERE state IS DISTINCT FROM 'unread'
    ) AS same WHERE place > 1
"""
# The records that the rows of a kind made, which are to be found from now on.
_MADE_COMPANIES = (SearchKind.COMPANY, "SELECT company_id FROM {s} WHERE company_made")
_NEW = "SELECT record_id FROM {s} WHERE state = 'new'"
_MADE = {
    "companies": ((SearchKind.COMPANY, _NEW),),
    "contacts": (_MADE_COMPANIES, (SearchKind.CONTACT, _NEW)),
    "deals": (
        _MADE_COMPANIES,
        (SearchKind.CONTACT, "SELECT contact_id FROM {s} WHERE contact_made"),
        (SearchKind.DEAL, _NEW),
    ),
}


@dataclass(kw_only=True)
class Counts:
    """Rows of one kind. `matched` were found to be records that we had; `known` came in before, and so
    did those that have `changed` a record."""

    read: int
    new: int
    matched: int
    known: int
    refused: int
    changed: int = 0


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """What a load would do, by kind; `repeats` is for `load_piece`. `alike` are the first of the new
    companies that are called like one on record but for legal form, signs or spelling, each with
    the id and the name of that one: they come in all the same, as only a person can know. `differs`
    counts the fields of records on file of which the files say something else; `first` are the first
    records of a single file, as `exchange.imports.first_records` tells them."""

    counts: dict[str, Counts]
    repeats: dict[int, int]
    alike: list[tuple[str, int, str]]
    differs: int
    first: list[dict[str, Any]]


def dry_run(
    mapping: Mapping,
    chosen: Chosen,
    *,
    reach: staging.ImporterReach | None,
    by: User | None,
    at: dt.datetime,
    report_to: Path,
    changes_to: Path,
    tell: Callable[[int], None] | None = None,
) -> DryRun:
    """Bring whole tables in and take them back: what a load would do, row by row.

    `report_to` gets the faults, a JSON array on each line: table, line, column, value, reason, comes
    in, may be empty. A file, because they must outlive the transaction and may be too many to be held. `changes_to`
    gets what would change, as CHANGE_COLUMNS. `tell` as in `ImportRun`.

    Raises Unreadable, in words, where a table cannot be read any further.
    """
    with within("import"), connection.cursor() as cursor:
        # For its turn it waits as long as it takes; for a record, no longer than others do.
        cursor.execute("SET LOCAL lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        set_local(LIMITS["import"])
        batch = Batch.objects.create(kind=BatchKind.IMPORT, name=mapping.system[:200], by=by, at=at)
        root = Team.objects.root()
        this = ImportRun(
            mapping=mapping, batch=batch, root=root, now=at, reach=reach, tell=tell, is_trial=True
        )
        counts = _load(this, chosen)
        repeats = _repeats(chosen)
        ((differs,),) = staging.select("SELECT count(*) FROM {s}", s=staging.CHANGES)
        alike = staging.select(_ALIKE, {"batch": batch.pk, "most": MAX_DUPLICATES})
        first = first_records(chosen[0][0]) if len(chosen) == 1 else []
        with report_to.open("w", encoding="utf-8") as sink:
            sink.writelines(json.dumps(row) + "\n" for row in _faults(chosen))
        with changes_to.open("w", encoding="utf-8") as sink:
            sink.writelines(json.dumps(row) + "\n" for row in _changes(chosen))
        staging.drop([mapped for mapped, _tables in chosen])
        # Asks now what the database would else ask at the commit.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)
    return DryRun(
        counts=counts,
        repeats=repeats,
        alike=[(new, pk, name) for new, pk, name in alike],
        differs=differs,
        first=[json.loads(card) for card in first],
    )


def load_piece(
    mapping: Mapping,
    piece: Chosen,
    *,
    batch: Batch,
    reach: staging.ImporterReach | None,
    repeats: dict[int, int] | None,
    keep: Callable[[Iterator[FaultRow]], None],
    keep_changes: Callable[[Iterator[ChangeRow]], None],
) -> dict[str, Counts]:
    """Bring in one piece of what there is, in the caller's transaction, as a part of `batch`; how
    many rows, by kind. `keep` is given the faults, and `keep_changes` the changes, as in `dry_run`.

    Pieces that are loaded one after the other make what one load of all of them would make. The
    caller holds LOCK.
    """
    this = ImportRun(
        mapping=mapping,
        batch=batch,
        root=Team.objects.root(),
        now=batch.at,
        reach=reach,
        repeats=repeats,
    )
    counts = _load(this, piece)
    keep(_faults(piece))
    keep_changes(_changes(piece))
    staging.drop([mapped for mapped, _tables in piece])
    return counts


def try_lock() -> bool:
    """Whether this transaction may import now; only one may at a time, others try again later."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        (mine,) = cursor.fetchone()
    return bool(mine)


def _repeats(chosen: Chosen) -> dict[int, int]:
    """For a file without ids or names: which rows are equal to earlier ones."""
    (mapped, tables), *others = chosen
    if others or len(tables) > 1 or mapped.kind.named or "id" in mapped.columns:
        return {}
    return dict(staging.select(_REPEATS, s=staging.table_of(mapped.kind)))


def _load(this: ImportRun, chosen: Chosen) -> dict[str, Counts]:
    found: dict[str, Counts] = {}
    staging.inform_planner()
    staging.prepare([mapped for mapped, _tables in chosen])
    relationships: dict[str, list[Any]] = {}
    for mapped, tables in chosen:
        read = staging.fill(mapped, tables, this)
        judge = Judge(mapped=mapped, run=this)
        relationships = _IMPORT[mapped.kind.name](judge) or relationships
        if mapped.kind.name in notes.ON:
            notes.keep(judge)
        counts = Counts(read=read, **judge.counts())
        found[mapped.kind.name] = counts
        if sum(vars(counts).values()) != 2 * read:
            # Rather nothing than a row that is neither in nor explained.
            raise RuntimeError(f"rows of {mapped.kind.name} do not add up: {counts}")
    if not this.is_trial:
        _let_be_found([mapped for mapped, _tables in chosen])
    this.batch.summary |= {
        "system": this.mapping.system,
        "rows": sum_counts(this.batch.summary.get("rows", {}), found),
        "relationships_before": relationships | this.batch.summary.get("relationships_before", {}),
    }
    this.batch.save(update_fields=["summary"])
    return found


# Each judges and writes the staged rows of its kind; what deals make of companies is told.
_IMPORT: dict[str, Callable[[Judge], dict[str, list[Any]] | None]] = {
    "people": people.import_people,
    "rates": rates.import_rates,
    "products": parties.import_products,
    "companies": parties.import_companies,
    "contacts": parties.import_contacts,
    "deals": deals.import_deals,
    "history": history.import_history,
    "lines": parts.import_lines,
    "roles": parts.import_roles,
    "offers": offers.import_offers,
    "answers": step_answers.import_answers,
    "activities": activities.import_activities,
}


def _let_be_found(kinds: Sequence[KindMapping]) -> None:
    staging.inform_planner()
    for mapped in kinds:
        for kind, made in _MADE.get(mapped.kind.name, ()):
            search.index_selected(kind, made.format(s=staging.table_of(mapped.kind)))


def sum_counts(
    before: dict[str, dict[str, int]], now: dict[str, Counts]
) -> dict[str, dict[str, int]]:
    """What comes in by pieces counts all of them, by kind."""
    return before | {
        name: {key: value + before.get(name, {}).get(key, 0) for key, value in vars(counts).items()}
        for name, counts in now.items()
    }


def _changes(chosen: Chosen) -> Iterator[ChangeRow]:
    """What differs on record, by kind, file and line, as an iterator."""
    kinds = [kind.name for kind in KINDS]
    numbers = {(m.kind.name, table.name): table.number for m, tables in chosen for table in tables}
    # A history changes deals.
    of_file = {file: number for (_kind, file), number in numbers.items()}
    with connection.chunked_cursor() as cursor:
        cursor.execute(_CHANGES.format(changes=staging.CHANGES), [kinds])
        for file, line, kind, pk, name, field, was, now, *how, stamp in cursor:
            told = [None if each is None else json.loads(each) for each in (was, now, stamp)]
            number = numbers.get((kind, file), of_file[file])
            yield [number, line, kind, pk, name, field, *told[:2], *how, told[2]]


def _faults(chosen: Chosen) -> Iterator[FaultRow]:
    """All refused rows by kind, file and line, as an iterator."""
    kinds = [kind.name for kind in KINDS]
    numbers = {(m.kind.name, table.name): table.number for m, tables in chosen for table in tables}
    with connection.chunked_cursor() as cursor:
        cursor.execute(_FAULTS.format(faults=staging.FAULTS), [kinds])
        for kind, file, *fault in cursor:
            yield [numbers[kind, file], *fault]
