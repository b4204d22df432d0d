"""Files into staging tables: every cell read, every row either staged or refused with its place.

The tables are temporary and live as long as the transaction. Nothing holds more than a chunk.
"""

import datetime as dt
import hashlib
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import connection
from django.utils.translation import gettext as _

from crm import normalise
from crm.imports import bulk, cells, dates, values
from crm.imports.faults import BadValue, Fault
from crm.imports.kinds import DEALS, Field, Form, Kind
from crm.imports.mapping import KindMapping, Mapping, Meaning
from crm.imports.reading import Row, Table
from crm.imports.scanning import Show, ways_of
from crm.imports.stays import stays_of
from pipeline import moves
from pipeline.models import Batch, Team
from pipeline.moves import Refused, Stay

FAULTS = "import_faults"
STAYS = "import_stays"
TEAMS = "import_teams"
_FAULT_COLUMNS = ("kind", "file", "line", "field", "value", "reason")
_STAY_COLUMNS = (
    "no",
    "sequence",
    "stage",
    "entered_how",
    "entered_at",
    "reason",
    "left_how",
    "left_at",
)
# What a row of deals says after the rules have read it, beside its own fields.
_JUDGED = {
    "deal_stage": "smallint",
    "stage_at": "timestamptz",
    "outcome": "text",
    "ended_at": "timestamptz",
    "initiator": "text",
    "cause": "text",
}
# The records that a row refers to, found later.
_REFERENCES = (
    "owner_id",
    "team_id",
    "company_id",
    "contact_id",
    "product_id",
    "source_id",
    "parent_id",
)
_FEW = 10_000
# With the columns that rows are found by: counting those is enough, and short.
_LOOKED_INTO = {
    "crm_company": "id, name",
    "crm_contact": "id, name, company_id",
    "crm_contactpoint": "contact_id, kind, value",
    "crm_deal": "id",
    "crm_importedrow": "external_id",
    "crm_searchentry": "record_id",
}
_SHORT, _MOST_KNOWN = 40, 1_024
# In the order in which they happen.
_ACTS = ("created_on", "entered_on", "closed_on")
_url = URLValidator(schemes=("http", "https"))


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What a person may do, who imports by a page: to whom records may be given, and into which
    teams' pools. What names no owner becomes the person's own, as what is typed does."""

    by_id: int
    assignable_ids: list[int]
    pool_team_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One import: whose, when, into which organisation. Instants are judged against `now`.

    `reach` is None for the command, whose user has the database. `repeats` says, for a file that
    comes in by pieces, which lines say the same as lines before them: the how manieth each is.
    `tell` is told how many rows were read, now and then; `show`, how a column of a file is read.
    """

    mapping: Mapping
    batch: Batch
    root: Team
    now: dt.datetime
    reach: Reach | None = None
    repeats: ReadOnly[int, int] | None = None
    tell: Callable[[int], None] | None = None
    show: Show | None = None
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @cached_property
    def zones(self) -> tuple[zoneinfo.ZoneInfo, ...]:
        """Where days are counted: the organisation's zone, and that of who brings it in."""
        by = self.batch.by
        return tuple(dict.fromkeys([self.root.zone, *([by.zone] if by else [])]))

    @property
    def arguments(self) -> dict[str, Any]:
        """What statements may name."""
        return {
            "system": self.mapping.system,
            "batch": self.batch.pk,
            "by": self.batch.by_id,
            "now": self.now,
            "root": self.root.pk,
            "own_currency": self.root.currency,
            "owner": self.reach.by_id if self.reach else None,
            "assignable": self.reach.assignable_ids if self.reach else [],
            "pools": self.reach.pool_team_ids if self.reach else [],
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
    """Count the tables that are looked into, as far as they are small or were when last counted.

    A check fills them and takes it back, a load fills them piece by piece. Who was last told that
    they are empty takes any index that has a column in it somewhere, and reads all of it for each
    row; the database's own checks of foreign keys do so as well.
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


def table_of(kind: Kind) -> str:
    return f"import_{kind.name}"


def prepare(kinds: Sequence[KindMapping]) -> None:
    """Make the staging tables."""
    execute(
        "CREATE TEMP TABLE {faults} (kind text, file text, line integer, field text, value text,"
        " reason text) ON COMMIT DROP",
        faults=FAULTS,
    )
    execute(
        "CREATE TEMP TABLE {stays} (no bigint, sequence smallint, stage smallint, entered_how text,"
        " entered_at timestamptz, reason text, left_how text, left_at timestamptz) ON COMMIT DROP",
        stays=STAYS,
    )
    execute(
        "CREATE TEMP TABLE {teams} (office text, manager text, team_id bigint) ON COMMIT DROP",
        teams=TEAMS,
    )
    for mapped in kinds:
        columns = [f"{name} {type_of}" for name, type_of in _columns(mapped.kind).items()]
        execute(
            "CREATE TEMP TABLE {table} ({columns}, external_id text, before_id bigint, before_digest text,"
            " before_batch bigint, company_made boolean, contact_made boolean, state text,"
            " record_id bigint, {references}) ON COMMIT DROP",
            table=table_of(mapped.kind),
            columns=", ".join(columns),
            references=", ".join(f"{name} bigint" for name in _REFERENCES),
        )


def drop(kinds: Sequence[KindMapping]) -> None:
    """Several imports may share a transaction, as in tests."""
    for table in (FAULTS, STAYS, TEAMS, *(table_of(mapped.kind) for mapped in kinds)):
        execute("DROP TABLE {table}", table=table)


def _columns(kind: Kind) -> dict[str, str]:
    columns = {"no": "bigint", "file": "text", "line": "integer", "digest": "text"}
    for part in kind.fields:
        columns |= dict.fromkeys(_names(part), part.form.column_type)
    return columns | _JUDGED if kind is DEALS else columns


def _names(part: Field) -> list[str]:
    """A list is staged as it was typed and as it is compared."""
    return [part.name, f"{part.name}_key"] if part.form.is_list else [part.name]


def fill(mapped: KindMapping, tables: Sequence[Table], run: Run) -> int:
    """Stage the rows of all files of a kind; how many were read, refused ones included."""
    read = 0
    for table in tables:
        reader = _Reader(mapped, table, run)
        for rows in bulk.chunks(table.rows(), bulk.CHUNK):
            read += len(rows)
            staged = [line for row in rows if (line := reader.read(row)) is not None]
            bulk.copy(table_of(mapped.kind), reader.names, staged)
            write_faults(mapped.kind, reader.taken_faults())
            bulk.copy(STAYS, _STAY_COLUMNS, reader.taken_stays())
            if run.tell is not None and len(rows) == bulk.CHUNK:
                run.tell(read)
    # The planner knows nothing of a temporary table: without this it joins row by row.
    # Of what it is told, how many rows there are is what matters.
    execute("ANALYZE {table} (no, state), {stays} (no)", table=table_of(mapped.kind), stays=STAYS)
    return read


def write_faults(kind: Kind, faults: Sequence[Fault]) -> None:
    bulk.copy(
        FAULTS,
        _FAULT_COLUMNS,
        (
            (kind.name, each.file, each.line, each.column, each.value[:200], each.reason)
            for each in faults
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Cell:
    field: Field
    places: tuple[int, ...]
    columns: tuple[str, ...]
    aliases: dict[str, str]
    parse: Callable[[str], Any]
    is_list: bool
    # What short cells say, as most columns say few things; forgotten before it is much.
    known: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Judgement:
    """What the rules make of a stage and its dates, whichever deal has them."""

    stays: list[tuple[Any, ...]]
    deal: tuple[Any, ...]


def _keep(known: dict[Any, Any], key: Any, value: Any) -> None:
    if len(known) >= _MOST_KNOWN:
        known.clear()
    known[key] = value


def _array(texts: Iterable[str]) -> str:
    """As PostgreSQL writes arrays; the driver takes longer for it than for all the rest."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return '{"' + '","'.join(quoted) + '"}'


class _BadCell(Exception):
    def __init__(self, column: str, value: str, reason: str) -> None:
        self.column, self.value, self.reason = column, value, reason


class _Reader:
    """Turns the rows of one file into lines of the staging table."""

    def __init__(self, mapped: KindMapping, table: Table, run: Run) -> None:
        self._mapped, self._table, self._run = mapped, table, run
        self._ways = ways_of(mapped, table, run.mapping, show=run.show)
        self._cells = [
            self._cell(part) for part in mapped.kind.fields if part.name in mapped.columns
        ]
        self._places = [place for cell in self._cells for place in cell.places]
        self._has_id = "id" in mapped.columns
        self._nothing = dict.fromkeys(part.name for part in mapped.kind.fields)
        self._judgements: dict[tuple[Any, ...], _Judgement] = {}
        self._instants: dict[tuple[Any, ...], list[dt.datetime | None]] = {}
        self._faults: list[Fault] = []
        self._stays: list[tuple[Any, ...]] = []

    @property
    def names(self) -> list[str]:
        """The columns of the lines that are read: those of the file, and what follows from them."""
        names = ["no", "file", "line", "digest"]
        for cell in self._cells:
            names += _names(cell.field)
        if self._has_id:
            names.append("external_id")
        return names + list(_JUDGED) if self._mapped.kind is DEALS else names

    def taken_faults(self) -> list[Fault]:
        taken, self._faults = self._faults, []
        return taken

    def taken_stays(self) -> list[tuple[Any, ...]]:
        taken, self._stays = self._stays, []
        return taken

    def read(self, row: Row) -> list[Any] | None:
        if row.fault:
            self._refuse(row.line, row.column, "", row.fault)
            return None
        no = next(self._run.numbers)
        raw = "\x1f".join([row.cells[place] for place in self._places])
        digest = hashlib.blake2b(raw.encode(), digest_size=12).hexdigest()
        try:
            found: dict[str, Any] = self._nothing.copy()
            for cell in self._cells:
                found[cell.field.name] = self._value(cell, row.cells)
            judged = self._judge(no, found, row.cells) if self._mapped.kind is DEALS else ()
        except _BadCell as bad:
            self._refuse(row.line, bad.column, bad.value, bad.reason)
            return None
        line: list[Any] = [no, self._table.name, row.line, digest]
        for cell in self._cells:
            value = found[cell.field.name]
            if cell.is_list:
                line += (None, None) if value is None else value
            else:
                line.append(value)
        if self._has_id:
            line.append(found["id"])
        return [*line, *judged]

    def _refuse(self, line: int, column: str, value: str, reason: str) -> None:
        self._faults.append(
            Fault(file=self._table.name, line=line, column=column, value=value, reason=reason)
        )

    def _cell(self, part: Field) -> _Cell:
        columns = self._mapped.columns[part.name]
        return _Cell(
            field=part,
            columns=columns,
            places=tuple(self._table.header.index(column) for column in columns),
            aliases=self._aliases(part),
            parse=self._parser(part, columns),
            is_list=part.form.is_list,
            known={},
        )

    def _aliases(self, part: Field) -> dict[str, str]:
        """A foreign stage is what the mapping knows by this word, even if it sounds like none."""
        aliases = self._mapped.values.get(part.name, {})
        stages = self._mapped.stages if part.name == "stage" else {}
        return {**{word: word for word in stages}, **aliases}

    def _parser(self, part: Field, columns: tuple[str, ...]) -> Callable[[str], Any]:
        form = part.form
        if form.is_date or form.is_number:
            way = self._ways[columns[0]]
        if form is Form.DAY:
            zone = self._run.root.zone
            return lambda text: values.day(text, way, zone)
        if form is Form.MOMENT:
            return lambda text: values.moment(text, way)
        if form.is_number:
            read = values.money if form is Form.MONEY else values.whole
            return lambda text: read(text, way)
        if form is Form.EMAIL:
            return _email
        if form is Form.PHONE:
            country = self._run.root.country
            return lambda text: normalise.phone(text, country=country)
        return _link if form is Form.LINK else _plain

    def _value(self, cell: _Cell, cells: list[str]) -> Any:
        if cell.is_list:
            return self._list(cell, cells)
        raw = cells[cell.places[0]]
        if raw in cell.known:
            return cell.known[raw]
        value, _text = self._read(cell, raw, cell.columns[0])
        if value is None and cell.field.required:
            raise _BadCell(cell.columns[0], "", _("This cannot be empty."))
        if len(raw) <= _SHORT:
            _keep(cell.known, raw, value)
        return value

    def _list(self, cell: _Cell, cells: list[str]) -> tuple[str, str] | None:
        """The texts and what they are compared by, as literals of arrays."""
        found = []
        for place, column in zip(cell.places, cell.columns, strict=True):
            value, text = self._read(cell, cells[place], column)
            if text:
                found.append((value, text))
        if not found:
            return None
        return _array(text for _value, text in found), _array(value for value, _text in found)

    def _read(self, cell: _Cell, raw: str, column: str) -> tuple[Any, str]:
        """What a cell means and its text; None for an empty one."""
        text = cells.said(raw, cell.aliases, any_text=cell.field.is_any_text)
        if not text:
            return None, ""
        if len(text) > cell.field.longest:
            reason = _("This has more than %(most)d signs.") % {"most": cell.field.longest}
            raise _BadCell(column, text, reason)
        try:
            return cell.parse(text), text
        except BadValue as bad:
            raise _BadCell(column, text, bad.message) from bad

    def _judge(self, no: int, found: dict[str, Any], row: list[str]) -> tuple[Any, ...]:
        """What the rules make of a deal: its visits are staged, the deal repeats the latest."""
        word = found["stage"] or ""
        meaning = self._mapped.stages.get(word)
        if meaning is None:
            reason = _("The mapping does not say what stage “%(stage)s” is.") % {"stage": word}
            raise _BadCell(self._column("stage"), word, reason)
        for name in meaning.ignore:
            found[name] = None
        self._date(found)
        try:
            if found["created_on"] is not None and found["created_on"] > self._run.now:
                raise Refused(_("This lies in the future."), field="created_on")
            judged = self._judgement(word, meaning, found)
        except Refused as refused:
            name = refused.field or "stage"
            raise _BadCell(self._column(name), self._raw(name, row), refused.message) from refused
        self._stays += [(no, *stay) for stay in judged.stays]
        return judged.deal

    def _date(self, found: dict[str, Any]) -> None:
        """Make instants of the days on which things happened."""
        said = tuple(found[name] for name in _ACTS)
        if not any(said):
            return
        ats = self._instants.get(said)
        if ats is None:
            ats = dates.instants(said, zones=self._run.zones, now=self._run.now)
            _keep(self._instants, said, ats)
        found.update(zip(_ACTS, ats, strict=True))

    def _judgement(self, word: str, meaning: Meaning, found: dict[str, Any]) -> _Judgement:
        said = (word, found["entered_on"], found["closed_on"])
        judged = self._judgements.get(said)
        if judged is None:
            judged = self._judged(meaning, found)
            _keep(self._judgements, said, judged)
        return judged

    def _judged(self, meaning: Meaning, found: dict[str, Any]) -> _Judgement:
        stays = self._judged_stays(meaning, found)
        last = stays[-1]
        return _Judgement(
            stays=[
                (
                    stay.sequence,
                    stay.stage.value,
                    stay.entered_how.value,
                    stay.entered_at,
                    stay.reason,
                    stay.left_how.value if stay.left_how else None,
                    stay.left_at,
                )
                for stay in stays
            ],
            deal=(
                last.stage.value,
                last.entered_at,
                meaning.outcome.value,
                last.left_at,
                meaning.initiator.value if meaning.initiator else "",
                meaning.cause or None,
            ),
        )

    def _judged_stays(self, meaning: Meaning, found: dict[str, Any]) -> tuple[Stay, ...]:
        stays = stays_of(
            meaning,
            entered_at=found["entered_on"],
            closed_at=found["closed_on"],
            now=self._run.now,
        )
        if faults := moves.broken_links(list(stays)):
            raise bulk.BrokenChain(faults)
        return stays

    def _column(self, name: str) -> str:
        return (self._mapped.columns.get(name) or ("",))[0]

    def _raw(self, name: str, row: list[str]) -> str:
        column = self._column(name)
        return cells.text(row[self._table.header.index(column)]) if column else ""


def _plain(text: str) -> str:
    return text


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError as error:
        raise BadValue(_("This is no e-mail address.")) from error
    return normalise.email(text)


def _link(text: str) -> str:
    address = text if "://" in text else f"https://{text}"
    try:
        _url(address)
    except ValidationError as error:
        raise BadValue(_("This is no address of a website.")) from error
    if len(address) > 200:
        raise BadValue(_("This has more than %(most)d signs.") % {"most": 200})
    return address
