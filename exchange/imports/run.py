"""An import from end to end: find the files, stage, judge, write, report; all or nothing of it.

A dry run does the same and takes it back, so what it says is what would happen: every constraint
of the database has been asked.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.commands import search
from crm.models import SearchKind
from exchange.imports import deals, parties, people, report, staging
from exchange.imports.faults import Fault, Unreadable
from exchange.imports.judging import Judge
from exchange.imports.kinds import KINDS
from exchange.imports.mapping import KindMapping, Mapping
from exchange.imports.reading import FileTable, open_table
from exchange.imports.scanning import Reading, in_words
from exchange.imports.staging import ImportRun
from pipeline.models import Batch, BatchKind, Team, User

_SHOWN = 20
# A row that stays out says only that.
MOST_ALIKE = 20
_ALIKE = """
    SELECT made.title, other.record_id, other.title
    FROM crm_company AS c
    JOIN crm_searchentry AS made ON made.kind = 'company' AND made.record_id = c.id
    CROSS JOIN LATERAL (
        SELECT e.record_id, e.title
        FROM crm_searchentry AS e JOIN crm_company AS o ON o.id = e.record_id
        WHERE e.kind = 'company' AND e.kind <> 'deal' AND e.keys && made.keys
          AND o.batch_id IS DISTINCT FROM %(batch)s
        ORDER BY e.record_id LIMIT 1
    ) AS other
    WHERE c.batch_id = %(batch)s ORDER BY made.title, c.id LIMIT %(most)s
"""
_FAULTS = """
    SELECT DISTINCT ON (array_position(%s, kind), file, line)
        file, line, field, value, reason, comes_in
    FROM {faults} ORDER BY array_position(%s, kind), file, line, comes_in
"""
# One import at a time: two that run together would each think that a record is new.
LOCK = 5_737_001
_REPEATS = """
    SELECT line, place FROM (
        SELECT line, row_number() OVER (PARTITION BY digest ORDER BY file, line)::int AS place FROM {s}
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
    """Rows of one kind. `matched` were found to be records that we had, `known` came in before."""

    read: int
    new: int
    matched: int
    known: int
    refused: int


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a load would do; `repeats` is for `load_piece`. `alike` are the first of the new
    companies that are called like one on record but for legal form, signs or spelling, each with
    the id and the name of that one: they come in all the same, as only a person can know."""

    counts: Counts
    repeats: dict[int, int]
    alike: list[tuple[str, int, str]]


@dataclass(frozen=True, kw_only=True)
class RunPiece:
    counts: Counts
    faults: list[Fault]


@dataclass(kw_only=True)
class ImportResult:
    """`batch` is None after a dry run, and where nothing was new. `faults` are the first few,
    `read_as` says of each column of dates or numbers how it was read, with samples."""

    counts: dict[str, Counts] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    read_as: list[str] = field(default_factory=list)
    batch: Batch | None = None

    @property
    def refused(self) -> int:
        return sum(counts.refused for counts in self.counts.values())

    @property
    def changes(self) -> bool:
        return any(counts.new or counts.matched for counts in self.counts.values())


def run(
    mapping: Mapping,
    paths: Sequence[Path],
    *,
    at: dt.datetime,
    commit: bool,
    by: User | None = None,
    report_to: Path | None = None,
) -> ImportResult:
    """Bring in the files among `paths` (files, or folders of files) that the mapping names.

    `at` is the instant of the import, after which nothing can have happened. Without `commit`
    nothing stays. `report_to` gets every row that stayed out, with its place and reason.

    Raises Unreadable, in words, where a file or the organisation is missing or a file cannot be
    read; then nothing came in.
    """
    result = ImportResult()
    chosen = _choose(mapping, paths, result)
    root = Team.objects.filter(parent=None).first()
    if root is None:
        raise Unreadable(_("There is no organisation yet: make one with “manage.py first_admin”."))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        batch = Batch.objects.create(
            kind=BatchKind.IMPORT,
            name=f"{mapping.system}: {', '.join(result.files)}"[:200],
            by=by,
            at=at,
        )
        show = partial(_show, result.read_as)
        this = ImportRun(mapping=mapping, batch=batch, root=root, now=at, show=show)
        _load(this, chosen, result)
        result.faults = _first(_faults())
        if report_to is not None:
            report.write(report_to, _faults())
        staging.drop([mapped for mapped, _tables in chosen])
        # Asks now what the database would else ask at the commit.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        if commit and result.changes:
            result.batch = batch
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        else:
            transaction.set_rollback(True)
    return result


def _show(lines: list[str], file: str, column: str, reading: Reading, way: str) -> None:
    found = [(text, in_words(text, way, dates=reading.dates)) for _line, text in reading.samples]
    samples = ", ".join(f"{text} → {words}" for text, words in found if words)
    if samples:
        lines.append(f"{file}, {column}: {samples}")


def try_out(
    mapping: Mapping,
    table: FileTable,
    *,
    reach: staging.ImporterReach,
    by: User,
    at: dt.datetime,
    report_to: Path,
    tell: Callable[[int], None] | None = None,
) -> Trial:
    """Bring a whole table in and take it back: what a load would do, row by row.

    `report_to` gets the faults, a JSON array on each line, as by `as_row`. A file,
    because they must outlive the transaction and may be too many to be held. `tell` as in `ImportRun`.

    Raises Unreadable as `run` does.
    """
    (mapped,) = mapping.kinds
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        batch = Batch.objects.create(kind=BatchKind.IMPORT, name=mapping.system[:200], by=by, at=at)
        root = Team.objects.root()
        this = ImportRun(mapping=mapping, batch=batch, root=root, now=at, reach=reach, tell=tell)
        result = ImportResult()
        _load(this, [(mapped, [table])], result)
        repeats = _repeats(mapped)
        alike = staging.select(_ALIKE, {"batch": batch.pk, "most": MOST_ALIKE})
        with report_to.open("w", encoding="utf-8") as sink:
            for fault in _faults():
                sink.write(json.dumps(as_row(fault)) + "\n")
        staging.drop([mapped])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)
    counts = result.counts[mapped.kind.name]
    return Trial(counts=counts, repeats=repeats, alike=[(new, pk, name) for new, pk, name in alike])


def as_row(fault: Fault) -> list[Any]:
    """What is kept of a fault of the only file: line, column, value, reason, comes in."""
    return [fault.line, fault.column, fault.value, fault.reason, fault.comes_in]


def load_piece(
    mapping: Mapping,
    piece: FileTable,
    *,
    batch: Batch,
    reach: staging.ImporterReach,
    repeats: dict[int, int],
) -> RunPiece:
    """Bring in one piece of a table, in the caller's transaction, as a part of `batch`.

    Pieces that are loaded one after the other make what one load of all of them would make. The
    caller holds LOCK.
    """
    (mapped,) = mapping.kinds
    this = ImportRun(
        mapping=mapping,
        batch=batch,
        root=Team.objects.root(),
        now=batch.at,
        reach=reach,
        repeats=repeats,
    )
    result = ImportResult()
    _load(this, [(mapped, [piece])], result)
    faults = list(_faults())
    staging.drop([mapped])
    return RunPiece(counts=result.counts[mapped.kind.name], faults=faults)


def try_lock() -> bool:
    """Whether this transaction is the one import of this moment; others come back later."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        (mine,) = cursor.fetchone()
    return bool(mine)


def _repeats(mapped: KindMapping) -> dict[int, int]:
    """Where a file has neither ids nor names to know rows by: which rows say what others said."""
    if mapped.kind.named or "id" in mapped.columns:
        return {}
    return dict(staging.select(_REPEATS, s=staging.table_of(mapped.kind)))


def _choose(
    mapping: Mapping, paths: Sequence[Path], result: ImportResult
) -> list[tuple[KindMapping, list[FileTable]]]:
    files = sorted({file for path in paths for file in _files(path)})
    chosen = []
    for mapped in mapping.kinds:
        tables = [
            open_table(
                file, wanted=mapped.wanted, encoding=mapping.encoding, delimiter=mapping.delimiter
            )
            for file in files
            if fnmatchcase(file.name, mapped.file)
        ]
        if tables:
            chosen.append((mapped, tables))
    used = {table.path for _mapped, tables in chosen for table in tables}
    if not used:
        raise Unreadable(
            _("None of the files is one that the mapping names (%(files)s).")
            % {"files": ", ".join(mapped.file for mapped in mapping.kinds)}
        )
    result.files = [file.name for file in files if file in used]
    result.unread = [file.name for file in files if file not in used]
    if twice := {name for name in result.files if result.files.count(name) > 1}:
        raise Unreadable(_("Two files are called %(name)s.") % {"name": min(twice)})
    return chosen


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return [each for each in path.iterdir() if each.is_file()]
    if not path.is_file():
        raise Unreadable(_("There is no file %(name)s.") % {"name": path})
    return [path]


def _load(
    this: ImportRun, chosen: list[tuple[KindMapping, list[FileTable]]], result: ImportResult
) -> None:
    staging.inform_planner()
    staging.prepare([mapped for mapped, _tables in chosen])
    relationships: dict[str, list[Any]] = {}
    for mapped, tables in chosen:
        read = staging.fill(mapped, tables, this)
        judge = Judge(mapped=mapped, run=this)
        match mapped.kind.name:
            case "people":
                people.bring_in(judge)
            case "products":
                parties.bring_in_products(judge)
            case "companies":
                parties.bring_in_companies(judge)
            case "contacts":
                parties.bring_in_contacts(judge)
            case "deals":
                relationships = deals.bring_in(judge)
        counts = Counts(read=read, **judge.counts())
        result.counts[mapped.kind.name] = counts
        if read != counts.new + counts.matched + counts.known + counts.refused:
            # Rather nothing than a row that is neither in nor explained.
            raise RuntimeError(f"rows of {mapped.kind.name} do not add up: {counts}")
    _let_be_found([mapped for mapped, _tables in chosen])
    this.batch.summary = {
        "system": this.mapping.system,
        "rows": _added(this.batch.summary.get("rows", {}), result.counts),
        "relationships_before": relationships | this.batch.summary.get("relationships_before", {}),
    }
    this.batch.save(update_fields=["summary"])


def _let_be_found(kinds: Sequence[KindMapping]) -> None:
    staging.inform_planner()
    for mapped in kinds:
        for kind, made in _MADE.get(mapped.kind.name, ()):
            search.put_selected(kind, made.format(s=staging.table_of(mapped.kind)))


def _added(before: dict[str, dict[str, int]], now: dict[str, Counts]) -> dict[str, dict[str, int]]:
    """A batch that comes in by pieces counts all of them."""
    return {
        name: {key: value + before.get(name, {}).get(key, 0) for key, value in vars(counts).items()}
        for name, counts in now.items()
    }


def _faults() -> Iterator[Fault]:
    """Every row that stayed out, in the order of kinds, files and lines; not held all at once."""
    statement = _FAULTS.format(faults=staging.FAULTS)
    with connection.chunked_cursor() as cursor:
        kinds = [kind.name for kind in KINDS]
        cursor.execute(statement, [kinds, kinds])
        for file, line, column, value, reason, comes_in in cursor:
            yield Fault(
                file=file, line=line, column=column, value=value, reason=reason, comes_in=comes_in
            )


def _first(faults: Iterator[Fault]) -> list[Fault]:
    found = []
    for fault in faults:
        found.append(fault)
        if len(found) == _SHOWN:
            break
    return found
