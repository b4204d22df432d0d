"""Parses the rows of a file into lines of its staging table, or says why a cell cannot be parsed."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from crm import normalise
from exchange.imports import (
    activity_rows,
    cells,
    currencies,
    dates,
    known_words,
    points,
    step_cells,
    values,
)
from exchange.imports.deal_rules import JUDGED, DealRules
from exchange.imports.faults import BadValue, Fault
from exchange.imports.headings import stage_in
from exchange.imports.kinds import (
    ACTIVITIES,
    ANSWERS,
    COMPANIES,
    DEALS,
    HISTORY,
    OFFERS,
    PEOPLE,
    STAGE_FIELDS,
    CellType,
    ImportField,
    RecordKind,
)
from exchange.imports.known import keep_known
from exchange.imports.mapping import KindMapping, StageMeaning, one_answer
from exchange.imports.points import FoundPoints
from exchange.imports.reading import FileRow, FileTable
from pipeline.process.stages import Outcome
from salesprocess.lib.refused import Refused

if TYPE_CHECKING:
    from exchange.imports.staging import ImportRun

# Of each kind, what a row says after the rules have read it, beside its own fields.
_DERIVED: dict[str, dict[str, str]] = {
    DEALS.name: JUDGED,
    ACTIVITIES.name: activity_rows.DERIVED,
    HISTORY.name: {
        "came_stage": "smallint",
        "came_outcome": "text",
        "left_stage": "smallint",
        "moved_at": "timestamptz",
    },
}
_NUMBERS = {
    CellType.MONEY: values.money,
    CellType.WHOLE: values.whole,
    CellType.QUANTITY: values.quantity,
    CellType.RATE: values.rate,
    CellType.NUMBER: values.plain,
}
# The one day of a row, of kinds that have no more of them.
_HAPPENED_ON = {ANSWERS: "answered_on", OFFERS: "sent_on"}
# What the rules may refuse of a deal that can do without.
_DAYS = ("created_on", "entered_on", "closed_on")
# In a cell of several lines, each says one.
_LINES = re.compile(r"[\r\n\u2028]+")
_SHORT = 40
_url = URLValidator(schemes=("http", "https"))


def names_of(field: ImportField) -> list[str]:
    """The staging columns of a field; a list has two, as typed and as compared."""
    return [field.name, f"{field.name}_key"] if field.cell_type.is_list else [field.name]


def derived_of(kind: RecordKind) -> dict[str, str]:
    """The staging columns that no cell has as it stands, with their types."""
    return _DERIVED.get(kind.name, {})


@dataclass(frozen=True, kw_only=True)
class _Cell:
    field: ImportField
    name: str
    places: tuple[int, ...]
    columns: tuple[str, ...]
    aliases: dict[str, str]
    parse: Callable[[str], Any]
    is_list: bool
    is_any_text: bool
    # How a cell is read that says more than one value.
    read: "Callable[[RowReader, _Cell, list[str]], Any] | None"
    # What short cells say, as most columns say few things; forgotten before it is much.
    known: dict[str, Any]


def _array(texts: Iterable[str]) -> str:
    """As PostgreSQL writes arrays; the driver takes longer for it than for all the rest."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return '{"' + '","'.join(quoted) + '"}'


class _BadCell(Exception):
    def __init__(self, column: str, value: str, reason: str) -> None:
        self.column, self.value, self.reason = column, value, reason
        self.field, self.may_be_empty = "", False


class RowReader:
    """Turns the rows of one file into lines of the staging table."""

    def __init__(self, mapped: KindMapping, table: FileTable, run: "ImportRun") -> None:
        self._mapped, self._table, self._run = mapped, table, run
        self._cells = [
            self._cell(field) for field in mapped.kind.fields if field.name in mapped.columns
        ]
        self._places = [place for cell in self._cells for place in cell.places]
        self._has_id = "id" in mapped.columns
        # A currency that no column has may stand beside the amount, or in the heading.
        self._sum = mapped.kind.sum_field
        self._says_currency = self._sum in mapped.columns and "currency" not in mapped.columns
        self._heading_sign = currencies.of_heading(self._column(self._sum))
        self._place_of_sum = (
            table.header.index(self._column(self._sum)) if self._says_currency else 0
        )
        self._known_currencies: dict[str, str] = {}
        self._own_currency = mapped.currency or run.root.currency
        self._nothing = dict.fromkeys(field.name for field in mapped.kind.fields)
        self._rules = DealRules(mapped, run) if mapped.kind is DEALS else None
        self._no_instants = {
            field.name: None
            for field in mapped.kind.fields
            if field.cell_type in (CellType.MOMENT, CellType.ENTRIES)
        }
        self._lenient = mapped.leave_empty
        # What cannot be read is kept as a note, also where no column is.
        self._keeps = any(field.name == "more" for field in mapped.kind.fields)
        keeps_words = any(cell.field.keeps_word for cell in self._cells)
        may_keep = bool(self._lenient) or keeps_words
        self._adds_more = may_keep and self._keeps and "more" not in mapped.columns
        self._unjudged = (None,) * len(derived_of(mapped.kind))
        self._faults: list[Fault] = []
        # Of the row that is being read: column, text, and what is said of it.
        self._remarks: list[tuple[str, str, str]] = []
        self._bad: list[_BadCell] = []
        # Why the row is none of this file's kind, or is gone there.
        self._other: _BadCell | None = None
        self._unread: list[str] = []
        self._visits: list[tuple[Any, ...]] = []

        # Of the row that is being read, and of rows whose cells could all be read.
        self._no = 0
        self._said: list[tuple[Any, ...]] = []
        self._answers: list[tuple[Any, ...]] = []

    @property
    def names(self) -> list[str]:
        """The columns of the staged lines: those of the file, and derived ones."""
        names = ["no", "file", "line", "digest"]
        for cell in self._cells:
            names += names_of(cell.field)
        if self._has_id:
            names.append("external_id")
        if self._says_currency:
            names.append("currency")
        if self._adds_more:
            names.append("more")
        return [*names, *derived_of(self._mapped.kind), "state"]

    def taken_faults(self) -> list[Fault]:
        taken, self._faults = self._faults, []
        return taken

    def taken_visits(self) -> list[tuple[Any, ...]]:
        taken, self._visits = self._visits, []
        return taken

    def taken_answers(self) -> list[tuple[Any, ...]]:
        taken, self._answers = self._answers, []
        return taken

    def read(self, row: FileRow) -> list[Any] | None:
        if row.fault:
            self._refuse(row.line, row.column, "", row.fault, comes_in=not row.is_row)
            return None
        if row.remark:
            self._remarks.append(("", "", row.remark))
        line: list[Any] | None = self._line(row)
        if self._other:
            # What else is wrong with it concerns nobody.
            line, self._bad, self._other = None, [self._other], None
        for bad in self._bad:
            self._refuse(row.line, bad.column, bad.value, bad.reason, may_be_empty=bad.may_be_empty)
        for column, value, reason in () if self._bad else self._remarks:
            self._refuse(row.line, column, value, reason, comes_in=True)
        if not self._bad:
            self._answers += self._said
        self._remarks, self._bad, self._said = [], [], []
        return line

    def _line(self, row: FileRow) -> list[Any]:
        """What the row says; each cell that keeps it out is among the bad ones."""
        no = self._no = next(self._run.numbers)
        raw = "\x1f".join([row.cells[place] for place in self._places])
        digest = hashlib.blake2b(raw.encode(), digest_size=12).hexdigest()
        found = self._found(row.cells)
        currency, judged = self._judged(no, found, row.cells)
        line: list[Any] = [no, self._table.name, row.line, digest]
        for cell in self._cells:
            value = found[cell.name]
            if cell.is_list:
                line += (None, None) if value is None else value
            else:
                line.append(value)
        if self._has_id:
            line.append(found["id"])
        if self._says_currency:
            line.append(currency or None)
        if self._adds_more:
            line.append(found["more"])
        return [*line, *judged, "unread" if self._bad else None]

    def _found(self, row: list[str]) -> dict[str, Any]:
        """What each cell says, by field."""
        found: dict[str, Any] = self._nothing.copy()
        for cell in self._cells:
            try:
                found[cell.name] = self._value(cell, row)
            except _BadCell as bad:
                if cell.field.tells_of_row:
                    self._other = bad
                elif cell.field.name in self._lenient:
                    self._leave_empty(bad, found, cell.field.name)
                else:
                    bad.may_be_empty = cell.field.can_be_left_empty
                    self._bad.append(bad)
            if cell.field.keeps_word and found[cell.field.name] is None:
                self._keep_word(cell, row)
        try:
            self._refuse_another_kind(found, row)
        except _BadCell as bad:
            self._other = bad
        self._keep_unread(found)
        return found

    def _keep_word(self, cell: _Cell, row: list[str]) -> None:
        """A word that was said to be nothing here still says something."""
        word = cells.text(row[cell.places[0]])
        if cell.aliases.get(word) == "":
            self._unread.append(f"{cell.columns[0]}: {word}")

    def _keep_unread(self, found: dict[str, Any]) -> None:
        if self._unread:
            found["more"] = "\n".join(filter(None, [found.get("more"), *self._unread]))
            self._unread = []

    def _leave_empty(self, bad: _BadCell, found: dict[str, Any], name: str) -> None:
        found[name] = None
        if bad.value and self._keeps:
            self._unread.append(f"{bad.column}: {bad.value}")
            words = _("%(reason)s It is left empty, and the text is kept as a note.")
        else:
            words = _("%(reason)s It is left empty.")
        self._remarks.append((bad.column, bad.value, words % {"reason": bad.reason}))

    def _judged(
        self, no: int, found: dict[str, Any], row: list[str]
    ) -> tuple[str, tuple[Any, ...]]:
        """The currency that stands beside the sum, and what the rules make of the row, unless a cell is
        bad."""
        currency, judged = "", self._unjudged
        try:
            if self._says_currency:
                currency = self._currency(row)
            if not self._bad and not self._other:
                judged = self._judge(no, found, row)
        except _BadCell as bad:
            self._bad.append(bad)
        if self._bad:
            found.update(self._no_instants)
        return currency, judged

    def _refuse_another_kind(self, found: dict[str, Any], row: list[str]) -> None:
        """In some systems companies and people are rows of one file, which comes in as each."""
        is_company = found.get("is_company")
        if is_company is None or is_company == (self._mapped.kind is COMPANIES):
            return
        reason = (
            _("This is a company: it comes in when you bring the file in as companies.")
            if is_company
            else _("This is a person: it comes in when you bring the file in as contacts.")
        )
        raise _BadCell(self._column("is_company"), self._raw("is_company", row), reason)

    def _judge(self, no: int, found: dict[str, Any], row: list[str]) -> tuple[Any, ...]:
        """By the rules; without what they cannot agree to, where that may be left empty."""
        for _field in self._lenient:
            said = found.copy()
            try:
                judged = self._derived(no, said, row)
            except _BadCell as bad:
                if bad.field not in self._lenient or found[bad.field] is None:
                    raise
                self._leave_empty(bad, found, bad.field)
                self._keep_unread(found)
            else:
                found.update(said)
                return judged
        return self._derived(no, found, row)

    def _derived(self, no: int, found: dict[str, Any], row: list[str]) -> tuple[Any, ...]:
        if self._mapped.kind is HISTORY:
            return self._moved(found)
        if self._mapped.kind in _HAPPENED_ON:
            self._date(_HAPPENED_ON[self._mapped.kind], found, row)
            return ()
        try:
            if self._rules is not None:
                said, visits, remarks = self._rules.judge(found)
                self._visits += [(no, *visit) for visit in visits]
            elif self._mapped.kind is ACTIVITIES:
                said, remarks = activity_rows.read(
                    found,
                    otherwise=self._mapped.otherwise,
                    result=(self._column("result"), self._raw("result", row)),
                    texts=self._texts(row),
                    zones=self._run.zones,
                    now=self._run.now,
                )
            else:
                return ()
        except Refused as refused:
            name = refused.field or ("stage" if self._rules else "kind")
            bad = _BadCell(self._column(name), self._raw(name, row), refused.message)
            bad.field = name
            bad.may_be_empty = name in self._mapped.columns and name in _DAYS
            raise bad from refused
        for name, words in remarks:
            self._remarks.append((self._column(name), self._raw(name, row), words))
        return said

    def _moved(self, found: dict[str, Any]) -> tuple[Any, ...]:
        """What it came to, and which stage it left; that one counts where it was open there."""
        came = self._meaning("to_stage", found["to_stage"])
        left = self._meaning("from_stage", found["from_stage"]) if found["from_stage"] else None
        (at,) = dates.instants([found["happened_on"]], zones=self._run.zones, now=self._run.now)
        found["happened_on"] = at
        left_stage = left.stage.value if left and left.outcome == Outcome.OPEN else None
        return came.stage.value, came.outcome.value, left_stage, at

    def _date(self, name: str, found: dict[str, Any], row: list[str]) -> None:
        """Make an instant of the day on which it happened."""
        (at,) = dates.instants([found[name]], zones=self._run.zones, now=self._run.now)
        if at is not None and at > self._run.now:
            reason = _("This lies in the future, so it cannot have happened.")
            bad = _BadCell(self._column(name), self._raw(name, row), reason)
            bad.field = name
            bad.may_be_empty = self._mapped.kind.field(name).can_be_left_empty
            raise bad
        found[name] = at

    def _meaning(self, field: str, word: str) -> StageMeaning:
        meaning = self._mapped.stages.get(word)
        if meaning is None:
            reason = _("The mapping does not say what stage “%(stage)s” is.") % {"stage": word}
            raise _BadCell(self._column(field), word, reason)
        return meaning

    def _refuse(
        self,
        line: int,
        column: str,
        value: str,
        reason: str,
        *,
        comes_in: bool = False,
        may_be_empty: bool = False,
    ) -> None:
        self._faults.append(
            Fault(
                file=self._table.name,
                line=line,
                column=column,
                value=value,
                reason=reason,
                comes_in=comes_in,
                may_be_empty=may_be_empty,
            )
        )

    def _cell(self, field: ImportField) -> _Cell:
        columns = self._mapped.columns[field.name]
        return _Cell(
            field=field,
            name=field.name,
            columns=columns,
            places=tuple(self._table.header.index(column) for column in columns),
            aliases=self._aliases(field),
            parse=self._parser(field, columns),
            is_list=field.cell_type.is_list,
            is_any_text=field.is_any_text,
            read=_READERS.get(field.cell_type),
            known={},
        )

    def _aliases(self, field: ImportField) -> dict[str, str]:
        """A foreign stage is what the mapping knows by this word, even if it sounds like none."""
        aliases = self._mapped.values.get(field.name, {})
        names_stages = field.name in STAGE_FIELDS.get(self._mapped.kind.name, ())
        stages = self._mapped.stages if names_stages else {}
        return {**{word: word for word in stages}, **aliases}

    def _parser(self, field: ImportField, columns: tuple[str, ...]) -> Callable[[str], Any]:
        cell_type = field.cell_type
        if cell_type.is_date or cell_type.is_number:
            way = self._table.ways.get(columns[0], "")
        if cell_type is CellType.DAY:
            zone = self._run.root.zone
            return lambda text: values.day(text, way, zone)
        if cell_type is CellType.MOMENT:
            return lambda text: values.moment(text, way)
        if cell_type.is_number:
            read = _NUMBERS[cell_type]
            return lambda text: read(text, way)
        if cell_type is CellType.WORD:
            return partial(known_words.read, field.name)
        if cell_type is CellType.PHONE:
            return partial(points.phones, country=self._run.root.country)
        if cell_type in _PARSERS:
            return _PARSERS[cell_type]
        return _parser_of_text(field)

    def _value(self, cell: _Cell, row: list[str]) -> Any:
        if cell.read is not None:
            return cell.read(self, cell, row)
        if len(cell.places) > 1 and not cell.field.cell_type.is_date:
            return self._joined(cell, row)
        raw = row[cell.places[0]]
        if len(cell.places) > 1 and raw.strip():  # a day, and its hour beside it
            raw = f"{raw} {row[cell.places[1]]}"
        if raw in cell.known:
            return cell.known[raw]
        value, _text = self._read(cell, raw, cell.columns[0])
        if value is None and cell.field.required:
            raise _BadCell(cell.columns[0], "", _("This cannot be empty."))
        if len(raw) <= _SHORT and not cell.field.first:  # of which there may be more to say
            keep_known(cell.known, raw, value)
        return value

    def _names(self, cell: _Cell, row: list[str]) -> str | None:
        """The names between semicolons, as the literal of an array."""
        text = cells.cell_value(row[cell.places[0]], cell.aliases)
        names = [cells.person_name(each) for each in cells.several(text)]
        found = dict.fromkeys(name for name in names if name and not cells.is_nothing(name))
        if not found and cell.field.required:
            raise _BadCell(cell.columns[0], "", _("This cannot be empty."))
        self._require_short(cell, text, cell.columns[0])
        return _array(found) if found else None

    def _gone(self, cell: _Cell, row: list[str]) -> None:
        """Raises _BadCell where a column says that the row is gone there."""
        for place, column in zip(cell.places, cell.columns, strict=True):
            text = cells.cell_value(row[place], {}, any_text=True)
            try:
                is_gone = bool(text) and known_words.is_yes(text)
            except BadValue as bad:
                raise _BadCell(column, text, bad.message) from bad
            if is_gone:
                reason = _("It is deleted there, or became something else, as this column says.")
                raise _BadCell(column, text, reason)

    def _entries(self, cell: _Cell, row: list[str]) -> list[tuple[str, dates.When]]:
        """The foreign stages that it entered, and when."""
        found = []
        for place, column in zip(cell.places, cell.columns, strict=True):
            if text := cells.cell_value(row[place], {}):
                try:
                    said = values.moment(text, self._table.ways.get(column, ""))
                except BadValue as bad:
                    raise _BadCell(column, text, bad.message) from bad
                found.append((stage_in(column), said))
        return found

    def _answered(self, cell: _Cell, row: list[str]) -> None:
        """Keep what the columns answer; what cannot be read is told of each of them."""
        for place, column in zip(cell.places, cell.columns, strict=True):
            step, aliases = self._mapped.steps[column], self._mapped.words_of("answers", column)
            way = self._table.ways.get(column, "")
            try:
                said = step_cells.read(
                    row[place], step, aliases, way=way, heading=column, run=self._run
                )
            except BadValue as error:
                bad = _BadCell(column, cells.text(row[place]), error.message)
                bad.may_be_empty = True
                if self._lenient & {cell.field.name, one_answer(column)}:
                    self._leave_empty(bad, {}, column)
                else:
                    self._bad.append(bad)
                continue
            if said is not None:
                is_number = step.cell_type.is_number
                self._said.append((self._no, step.name, step.stage.value, step.key, column))
                self._said[-1] += (said, step.cell_type.name, is_number)

    def _long(self, cell: _Cell, row: list[str]) -> str | None:
        """The texts of some columns one below the other; with their headings if there is no more to
        them."""
        labelled = cell.field.cell_type is CellType.LABELLED
        parts = []
        for place, column in zip(cell.places, cell.columns, strict=True):
            text = cells.long_text(row[place])
            if not cells.is_nothing(text, any_text=True):
                parts.append(f"{column}: {text}" if labelled else text)
        found = "\n".join(parts)
        self._require_short(cell, found, cell.columns[0])
        return found or None

    def _texts(self, row: list[str]) -> list[str]:
        """The headings of the cells of which the text of an activity is made."""
        return [
            column
            for cell in self._cells
            if cell.name in ("body", "more")
            for place, column in zip(cell.places, cell.columns, strict=True)
            if not cells.is_nothing(cells.long_text(row[place]), any_text=True)
        ]

    def _joined(self, cell: _Cell, row: list[str]) -> str | None:
        """One text of several columns: first and last name."""
        parts = [
            self._read(cell, row[place], column)[1]
            for place, column in zip(cell.places, cell.columns, strict=True)
        ]
        found = " ".join(part for part in parts if part)
        if cell.field.is_person:
            found = cells.person_name(found)
        if not found and cell.field.required:
            raise _BadCell(cell.columns[0], "", _("This cannot be empty."))
        self._require_short(cell, found, cell.columns[0])
        return found or None

    def _list(self, cell: _Cell, row: list[str]) -> tuple[str, str] | None:
        """The texts and what they are compared by, as literals of arrays."""
        found: list[tuple[str, str]] = []
        others: list[tuple[str, str]] = []
        for place, column in zip(cell.places, cell.columns, strict=True):
            raw = row[place]
            if len(raw) > 1 and _LINES.search(raw):
                raw = _LINES.sub("; ", raw.strip())
            text = cells.cell_value(raw, cell.aliases)
            if not text:
                continue
            said: FoundPoints = cell.parse(text)
            found += said.found
            others += [self._no_point(cell, other, column) for other in said.others]
        for _value, text in found:
            self._require_short(cell, text, cell.columns[0])
        if cell.field.cell_type is CellType.PHONE:
            found += [(value, text) for value, text in others if len(text) <= cell.field.longest]
        if not found:
            return None
        return _array(text for _value, text in found), _array(value for value, _text in found)

    def _no_point(self, cell: _Cell, text: str, column: str) -> tuple[str, str]:
        """Say that a text is no address or number: it identifies nobody.

        Raises _BadCell where people are known by it.
        """
        if cell.field.cell_type is CellType.EMAIL:
            if self._mapped.kind is PEOPLE:
                raise _BadCell(column, text, _("This is no e-mail address."))
            reason = _("This is no e-mail address. The row comes in without it.")
        else:
            reason = _("This is no phone number. It is kept as it stands where a person is named.")
        self._remarks.append((column, text, reason))
        return normalise.phone(text, country=self._run.root.country), text

    @staticmethod
    def _require_short(cell: _Cell, text: str, column: str) -> None:
        if len(text) > cell.field.longest:
            reason = _("This has more than %(most)d signs.") % {"most": cell.field.longest}
            raise _BadCell(column, text, reason)

    def _read(self, cell: _Cell, raw: str, column: str) -> tuple[Any, str]:
        """What a cell means and its text; None for an empty one."""
        text = cells.cell_value(raw, cell.aliases, any_text=cell.is_any_text)
        if not text:
            return None, ""
        if cell.field.first and (";" in text or text.startswith("[")):
            first, *others = cells.several(text) or [""]
            if not first:
                return None, ""
            if others:
                words = _("It names several; the first one counts: %(first)s.")
                self._remarks.append((column, text, words % {"first": first}))
            text = first
        self._require_short(cell, text, column)
        try:
            return cell.parse(text), text
        except BadValue as bad:
            raise _BadCell(column, text, bad.message) from bad

    def _currency(self, row: list[str]) -> str:
        """Raises _BadCell for a sign that may be one of several."""
        raw = row[self._place_of_sum]
        if raw in self._known_currencies:
            return self._known_currencies[raw]
        found = self._read_currency(raw)
        if len(raw) <= _SHORT:
            keep_known(self._known_currencies, raw, found)
        return found

    def _read_currency(self, raw: str) -> str:
        column = self._column(self._sum)
        if raw.isdecimal() and not self._heading_sign:
            return ""
        apart = currencies.split(currencies.without_multiple(cells.text(raw))[0])
        sign = (apart[1] if apart else "") or self._heading_sign
        if not sign:
            return ""
        code = currencies.the_only(sign, self._run.currencies, own=self._own_currency)
        if not code:
            reason = _(
                "“%(sign)s” can be one of several currencies. Say which in a column of its own."
            )
            raise _BadCell(column, cells.text(raw), reason % {"sign": sign})
        return code

    def _column(self, name: str) -> str:
        return (self._mapped.columns.get(name) or ("",))[0]

    def _raw(self, name: str, row: list[str]) -> str:
        column = self._column(name)
        return cells.text(row[self._table.header.index(column)]) if column else ""


# How cells are read that say more than one value; no part of a reader, which would keep itself alive.
_READERS: dict[CellType, Callable[[RowReader, _Cell, list[str]], Any]] = {
    CellType.EMAIL: RowReader._list,
    CellType.PHONE: RowReader._list,
    CellType.NAMES: RowReader._names,
    CellType.LONG: RowReader._long,
    CellType.LABELLED: RowReader._long,
    CellType.ENTRIES: RowReader._entries,
    CellType.GONE: RowReader._gone,
    CellType.ANSWERS: RowReader._answered,
}


def _parser_of_text(field: ImportField) -> Callable[[str], str]:
    if field.is_person:
        return cells.person_name
    return cells.company_name if field.name == "company" else _plain


def _plain(text: str) -> str:
    return text


def _link(text: str) -> str:
    address = text if "://" in text else f"https://{text}"
    try:
        _url(address)
    except ValidationError as error:
        raise BadValue(_("This is no address of a website.")) from error
    if len(address) > 200:
        raise BadValue(_("This has more than %(most)d signs.") % {"most": 200})
    return address


_PARSERS: dict[CellType, Callable[[str], Any]] = {
    CellType.FLAG: known_words.is_yes,
    CellType.EMAIL: points.emails,
    CellType.LINK: _link,
}
