"""What foreign files mean: a TOML file that names columns, stages, other names and formats.

Everything is checked when it is read, so that a typing error is said with the words that would be
right, and never means "this column is not there".

    system = "old-crm"                     # whose ids these are: known again in a second run
    [format]                               # only where it cannot be found out
    encoding = "cp1252"
    delimiter = ";"
    date = "31/12/2016"                    # that day as the files would write it, or "%d/%m/%Y"
    decimal = ","
    [deals]                                # also people, products, companies, contacts, activities
    file = "opportunities*.csv"            # or a workbook: "*.xlsx"
    sheet = "Deals"                        # of a workbook; by default the first with a table
    make = ["company", "contact"]          # what a row may name that is not on record yet
    currency = "EUR"                       # unless a column says so; by default the organisation's
    leave_empty = ["amount"]               # where it cannot be read; its text is kept as a note
    [deals.columns]                        # our field = "their column"
    id = "Opportunity ID"
    email = ["E-mail", "E-mail 2"]         # several for e-mail, phone, and parts of a person's name
    [history]                              # which stage a deal came to, when: columns deal, to_stage,
    file = "history*.csv"                  # happened_on, from_stage, owner; stages as those of deals
    [activities]                           # calls, mails, meetings, notes, tasks
    file = "notes*.csv"
    otherwise = "note"                     # what a row is that no column says the kind of
    [offers]                               # what was offered: columns deal, amount, sent_on, decision_on …
    file = "quotes*.csv"
    [answers]                              # what steps of the process ask: columns deal, answered_on,
    file = "opportunities*.csv"            # answers = ["Fleet", "Frame contract"]; mostly of a file of deals
    [answers.steps]
    Fleet = "qualification/fleet"          # the stage and the key of the step that the column answers
    [answers.values."Frame contract"]      # "their word" = "ours", where there is a choice
    [deals.values.product]                 # "their word" = "ours"
    GTXPro = "GTX Pro"
    [deals.formats]                        # for one of their columns
    "Close date" = "Dec 31, 2016"
    [deals.update]                         # of records that came in before and say something else now;
    amount = "overwrite"                   # what people changed here meanwhile goes, too
    name = "leave"                         # stays as it is; else only what nobody changed here
    [deals.stages]                         # their stage; "" is an empty cell, or no column at all;
                                           # of stage = ["Stage", "Status"] "Proposal Won"
    Negotiation = { stage = "objections" }
    Lost = { stage = "proposal", outcome = "stopped", initiator = "customer", cause = "unknown", ignore = ["amount"] }
"""

import tomllib
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from crm.models import ActivityKind
from exchange.imports import dates
from exchange.imports.encodings import NAMES
from exchange.imports.faults import Unreadable
from exchange.imports.kinds import (
    ANSWERS,
    DEALS,
    HISTORY,
    KINDS,
    STAGE_FIELDS,
    CellType,
    RecordKind,
)
from exchange.imports.reading import DELIMITERS
from exchange.imports.steps import AnsweredStep, answerable_steps
from exchange.imports.values import DECIMAL_SIGNS
from pipeline.process.stages import Initiator, Outcome, Stage

# What rows of a kind may name that is not on record yet, and is put there with them.
MAKEABLE = {"deals": ("company", "contact"), "contacts": ("company",)}
IGNORABLE = ("amount", "entered_on", "closed_on")
# What a later file does to a field, if it does not change just what nobody changed here.
LEAVE, OVERWRITE = "leave", "overwrite"
# What a kind's table in the file may say.
_SAID_OF_ALL = {"file", "sheet", "columns", "values", "formats", "leave_empty"}
_SAID_OF = {
    "products": {"currency", "update"},
    "companies": {"update"},
    "contacts": {"make", "update"},
    "deals": {"make", "stages", "currency", "update"},
    "activities": {"otherwise", "update"},
    "history": {"stages"},
    "answers": {"steps", "update"},
}


@dataclass(frozen=True, kw_only=True)
class StageMeaning:
    """What a foreign stage means: the (last) stage, and the outcome. `cause` is the key of a stop
    cause; the fields in `ignore` are not read in this stage."""

    stage: Stage
    outcome: Outcome = Outcome.OPEN
    initiator: Initiator | None = None
    cause: str = ""
    ignore: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class KindMapping:
    """`columns` are headings by field, `values` our words by field and foreign word, `formats` a
    date format or decimal sign by heading."""

    kind: RecordKind
    file: str
    sheet: str = ""
    columns: dict[str, tuple[str, ...]]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    stages: dict[str, StageMeaning] = field(default_factory=dict)
    make: frozenset[str] = frozenset()
    currency: str = ""
    otherwise: str = ""
    update: dict[str, str] = field(default_factory=dict)
    # Fields that stay empty where their cells cannot be read; else the row stays out.
    leave_empty: frozenset[str] = frozenset()
    # By heading.
    steps: dict[str, AnsweredStep] = field(default_factory=dict)

    def type_of(self, name: str, column: str) -> CellType:
        """How the cells of a column are read that goes to the field `name`."""
        step = self.steps.get(column) if name == "answers" else None
        return step.cell_type if step else self.kind.field(name).cell_type

    def words_of(self, name: str, column: str) -> dict[str, str]:
        """Ours for the words of a column that goes to the field `name`."""
        return self.values.get(column if name == "answers" else name, {})

    @property
    def wanted(self) -> set[str]:
        return {column for columns in self.columns.values() for column in columns}


@dataclass(frozen=True, kw_only=True)
class Mapping:
    system: str
    kinds: tuple[KindMapping, ...]
    encoding: str = ""
    delimiter: str = ""
    date: str = ""
    decimal: str = ""
    # As `of_content` was given it.
    content: dict[str, Any] = field(default_factory=dict)


def load(path: Path) -> Mapping:
    """Raises Unreadable for a file that is no valid mapping."""
    try:
        with path.open("rb") as source:
            content = tomllib.load(source)
    except OSError as error:
        raise Unreadable(f"{path.name}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path.name}: {error}") from error
    try:
        return of_content(content)
    except Unreadable as error:
        raise Unreadable(f"{path.name}: {error.message}") from error


def of_content(content: dict[str, Any]) -> Mapping:
    """The mapping that a table says, as the file does or a page keeps it.

    Raises Unreadable, in words, where it does not make sense.
    """
    _only(content, {"system", "format", *(kind.name for kind in KINDS)}, where="")
    system = _text(content, "system", where="")
    if not system:
        raise Unreadable(_('Say which system the files come from: system = "old-crm".'))
    formats = _table(content, "format", where="")
    _only(formats, {"encoding", "delimiter", "date", "decimal"}, where="format")
    tables = {kind: _table(content, kind.name, where="") for kind in KINDS if kind.name in content}
    if DEALS in tables and HISTORY in tables:  # the stages of one system are the same in both
        tables[HISTORY] = {"stages": tables[DEALS].get("stages", {}), **tables[HISTORY]}
    kinds = tuple(_kind(kind, table) for kind, table in tables.items())
    if not kinds:
        raise Unreadable(
            _("Name at least one kind of record: %(kinds)s.")
            % {"kinds": ", ".join(f"[{kind.name}]" for kind in KINDS)}
        )
    return Mapping(
        system=system,
        kinds=kinds,
        encoding=_choice(formats, "encoding", tuple(NAMES), where="format"),
        delimiter=_choice(formats, "delimiter", DELIMITERS, where="format"),
        date=_date(formats, "date", where="format"),
        decimal=_choice(formats, "decimal", DECIMAL_SIGNS, where="format"),
        content=content,
    )


def _kind(kind: RecordKind, content: dict[str, Any]) -> KindMapping:
    where = kind.name
    _only(content, _SAID_OF_ALL | _SAID_OF.get(where, set()), where=where)
    if not _text(content, "file", where=where):
        raise Unreadable(_('[%(kind)s] needs the name of a file: file = "…".') % {"kind": where})
    columns = _columns(kind, _table(content, "columns", where=where))
    formats = _table(content, "formats", where=where)
    foreign = {column for names in columns.values() for column in names}
    _only(formats, foreign, where=f"{where}.formats")
    steps = _steps(columns, _table(content, "steps", where=where)) if kind is ANSWERS else {}
    make, makeable = content.get("make", []), MAKEABLE.get(where, ())
    if not isinstance(make, list) or set(make) - set(makeable):
        raise Unreadable(_("[%(kind)s] make can be: %(names)s.") % _named(where, makeable))
    stages = _table(content, "stages", where=where)
    if kind.name in STAGE_FIELDS and not stages:
        words = _("[%(kind)s.stages] must say what each foreign stage is in ours.")
        raise Unreadable(words % {"kind": where})
    return KindMapping(
        kind=kind,
        file=content["file"],
        sheet=_text(content, "sheet", where=where),
        columns=columns,
        values=_values(kind, _table(content, "values", where=where), steps),
        formats=_formats(kind, columns, formats, steps),
        stages={
            name: _meaning(name, _table(stages, name, where=f"{where}.stages"), kind=where)
            for name in stages
        },
        make=frozenset(make),
        currency=_text(content, "currency", where=where),
        otherwise=_choice(content, "otherwise", tuple(ActivityKind.values), where=where),
        update=_update(
            {step.name for step in steps.values()} if kind is ANSWERS else _names(kind),
            _table(content, "update", where=where),
            where=f"{where}.update",
        ),
        leave_empty=_leave_empty(kind, columns, content.get("leave_empty", [])),
        steps=steps,
    )


def _steps(columns: dict[str, tuple[str, ...]], content: dict[str, Any]) -> dict[str, AnsweredStep]:
    """The step that each column of answers answers, of any process here."""
    where, answering = "answers.steps", columns.get("answers", ())
    if not answering:
        words = _("[%(kind)s] needs a column for %(field)s.")
        raise Unreadable(words % _of("answers.columns", "answers"))
    _only(content, set(answering), where=where)
    known = answerable_steps()
    found: dict[str, AnsweredStep] = {}
    for column in answering:
        name = _text(content, column, where=where)
        if name not in known:
            words = _("[%(kind)s] %(field)s names no step that can be answered so: “%(name)s”.")
            raise Unreadable(words % {**_of(where, column), "name": name})
        if known[name] in found.values():
            words = _("[%(kind)s] %(field)s: another column answers “%(name)s” already.")
            raise Unreadable(words % {**_of(where, column), "name": name})
        found[column] = known[name]
    return found


def one_answer(column: str) -> str:
    """How `leave_empty` calls what one column answers; "answers" are all of them."""
    return f"answers/{column}"


def _leave_empty(
    kind: RecordKind, columns: dict[str, tuple[str, ...]], names: Any
) -> frozenset[str]:
    can_be = [name for name in columns if kind.field(name).can_be_left_empty]
    # Each of the columns that answer a step is a field of its own.
    can_be += [one_answer(column) for column in columns.get("answers", ())]
    if not isinstance(names, list) or set(names) - set(can_be):
        raise Unreadable(_("[%(kind)s] leave_empty can be: %(names)s.") % _named(kind.name, can_be))
    return frozenset(names)


def _names(kind: RecordKind) -> set[str]:
    """Of its fields: a text is made of several columns, and what cannot be read is kept as a note where
    no column is."""
    return {field.name for field in kind.fields}


def _update(names: set[str], content: dict[str, Any], *, where: str) -> dict[str, str]:
    _only(content, names, where=where)
    said = {name: _choice(content, name, (LEAVE, OVERWRITE), where=where) for name in content}
    return {name: way for name, way in said.items() if way}


def _columns(kind: RecordKind, content: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    where = f"{kind.name}.columns"
    _only(content, {field.name for field in kind.fields}, where=where)
    columns = {}
    for name, value in content.items():
        names = tuple(value) if isinstance(value, list) else (value,)
        if not names or not all(isinstance(column, str) and column for column in names):
            raise Unreadable(_("[%(kind)s] %(field)s must name a column.") % _of(where, name))
        if len(names) > 1 and not kind.field(name).has_several:
            raise Unreadable(_("[%(kind)s] %(field)s can come from one column.") % _of(where, name))
        columns[name] = names
    for name in (each.name for each in kind.fields if each.required):
        if name not in columns:
            raise Unreadable(_("[%(kind)s] needs a column for %(field)s.") % _of(where, name))
    if not columns:
        raise Unreadable(_("[%(kind)s] names no column.") % {"kind": where})
    return columns


def _formats(
    kind: RecordKind,
    columns: dict[str, tuple[str, ...]],
    content: dict[str, Any],
    steps: dict[str, AnsweredStep],
) -> dict[str, str]:
    where = f"{kind.name}.formats"
    of_dates = {
        column
        for name, names in columns.items()
        for column in names
        if (steps[column] if name == "answers" else kind.field(name)).cell_type.is_date
    }
    return {
        column: _date(content, column, where=where)
        if column in of_dates
        else _choice(content, column, DECIMAL_SIGNS, where=where)
        for column in content
    }


def _date(content: dict[str, Any], name: str, *, where: str) -> str:
    """How dates are written, as `exchange.imports.dates` names it."""
    stated = _text(content, name, where=where)
    way = dates.way_of(stated)
    if stated and not way:
        raise Unreadable(
            _(
                "[%(kind)s] %(field)s says no way to write dates. Write 31 December 2016 as the "
                'column would, or a format such as "%%d/%%m/%%Y".'
            )
            % _of(where, name)
        )
    return way


def _values(
    kind: RecordKind, content: dict[str, Any], steps: dict[str, AnsweredStep]
) -> dict[str, dict[str, str]]:
    where = f"{kind.name}.values"
    _only(content, {field.name for field in kind.fields} | set(steps), where=where)
    return {
        name: {
            word: _text(_table(content, name, where=where), word, where=f"{where}.{name}")
            for word in content[name]
        }
        for name in content
    }


def _meaning(name: str, content: dict[str, Any], *, kind: str) -> StageMeaning:
    where = f"{kind}.stages.{name}"
    _only(content, {"stage", "outcome", "initiator", "cause", "ignore"}, where=where)
    keys = {stage.key: stage for stage in Stage}
    stage = keys[_choice(content, "stage", tuple(keys), where=where, required=True)]
    outcome = Outcome(_choice(content, "outcome", tuple(Outcome.values), where=where) or "open")
    initiator = _choice(content, "initiator", tuple(Initiator.values), where=where)
    cause = _text(content, "cause", where=where)
    if (outcome == Outcome.STOPPED) != bool(initiator and cause):
        raise Unreadable(
            _("[%(kind)s] a stop, and only a stop, has an initiator and a cause.") % {"kind": where}
        )
    ignore = content.get("ignore", [])
    if not isinstance(ignore, list) or set(ignore) - set(IGNORABLE):
        raise Unreadable(_("[%(kind)s] ignore can be: %(names)s.") % _named(where, IGNORABLE))
    return StageMeaning(
        stage=stage,
        outcome=outcome,
        initiator=Initiator(initiator) if initiator else None,
        cause=cause,
        ignore=frozenset(ignore),
    )


def _only(content: ReadOnly[str, Any], allowed: set[str], *, where: str) -> None:
    if unknown := sorted(set(content) - allowed):
        raise Unreadable(
            _("[%(kind)s] knows no “%(name)s”. It can have: %(names)s.")
            % {**_named(where, sorted(allowed)), "name": unknown[0]}
        )


def _table(content: dict[str, Any], name: str, *, where: str) -> dict[str, Any]:
    value = content.get(name, {})
    if not isinstance(value, dict):
        raise Unreadable(_("[%(kind)s] %(field)s must be a table.") % _of(where, name))
    return value


def _text(content: dict[str, Any], name: str, *, where: str) -> str:
    value = content.get(name, "")
    if not isinstance(value, str):
        raise Unreadable(_("[%(kind)s] %(field)s must be text in quotes.") % _of(where, name))
    return value


def _choice(
    content: dict[str, Any],
    name: str,
    choices: tuple[str, ...],
    *,
    where: str,
    required: bool = False,
) -> str:
    value = _text(content, name, where=where)
    if value not in choices and (value or required):
        raise Unreadable(
            _("[%(kind)s] %(field)s can be: %(names)s.")
            % {**_named(where, choices), **_of(where, name)}
        )
    return value


def _of(where: str, name: str) -> dict[str, str]:
    return {"kind": where, "field": name}


def _named(where: str, names: Any) -> dict[str, str]:
    return {"kind": where, "names": ", ".join(repr(name)[1:-1] for name in names)}
