"""What a person has said about an uploaded file, and the mapping that follows from it.

{"system": "old-crm",
 "columns": {"name": ["Deal"], "email": ["E-mail", "E-mail 2"]},
 "formats": {"Close date": "%d/%m/%Y"},     as answered
 "remembered": ["Close date"],              those of them that were answered for an earlier file
 "found": {"Value": "."},                   as it could only be
 "stages": {"Won": {"stage": "closing", "outcome": "won"}},
 "otherwise": "note",                      what an activity is that names no kind
 "values": {"source": {"Messe Wels": "Trade fair", "?": ""}},    ours for theirs; empty for nothing
 "update": {"amount": "overwrite"},         of records on file, for this file alone
 "leave_empty": ["amount"],                where it cannot be read, for this file alone
 "steps": {"Fleet": "qualification/fleet"}, the step that each column of answers answers
 "hints": {"Hot": {"stage": "proposal"}}}   as answered for a file of another shape: only suggested

An answer holds for files of one shape: of one system, with the same headings.

Of a job of the command, {"system": "old-crm", "columns": {}, "mapping": {…}, as the TOML file has it,
 "tables": [{"kind": "deals", "file": "imports/…/a.csv", "encoding": "utf-8", "delimiter": ",",
             "header": ["Deal"], "above": 0, "ways": {"Close date": "%d/%m/%Y"}, "length": 12,
             "marks": []}]}
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.core.files.storage import default_storage

from exchange.imports import dates, guessing, mapping
from exchange.imports.kinds import KINDS, STAGE_FIELDS, RecordKind
from exchange.imports.mapping import MAKEABLE, Mapping, one_answer
from exchange.imports.reading import FileMark, FileTable
from exchange.imports.scanning import MOST_STAGES, Chosen, Reading, Scan
from exchange.imports.steps import AnsweredStep, answerable_steps
from exchange.imports.values import DECIMAL_SIGNS
from exchange.models import ImportJob, ImportKind, ImportMapping
from pipeline.models import User
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.names import with_name

_ANY_STAGE = {"": {"stage": Stage.LEAD_GENERATION.key}}
# How a file of ours heads the reasons (exchange.imports.error_file); it is no column of theirs.
REASON = "Why it stayed out"
# What is said of a file, and nothing about others of its shape.
_OF_THIS_FILE = ("found", "remembered", "hints", "like", "new", "update", "made", "leave_empty")


def kind_of(name: str) -> RecordKind:
    return next(kind for kind in KINDS if kind.name == name)


def table_of(job: ImportJob) -> FileTable:
    return FileTable(
        path=Path(job.file.path),
        encoding=job.encoding,
        delimiter=job.delimiter,
        header=tuple(job.columns),
        above=job.above,
        marks=_marks(job.readings),
    )


def _marks(said: ReadOnly[str, Any]) -> tuple[FileMark, ...]:
    return tuple(FileMark(**each) for each in said.get("marks", ()))


def chosen_of(job: ImportJob) -> Chosen:
    """What a checked job brings in, with the mapping of each kind."""
    kinds = mapping_of(job).kinds
    if not job.is_by_command:
        table = replace(table_of(job), ways=kinds[0].formats, length=job.rows)
        return [(kinds[0], [table])]
    tables: dict[str, list[FileTable]] = {}
    for number, said in enumerate(job.answers["tables"]):
        path = Path(default_storage.path(said["file"]))
        about = {key: value for key, value in said.items() if key not in ("kind", "file")}
        about["header"], about["marks"] = tuple(said["header"]), _marks(said)
        table = FileTable(path=path, number=number, is_bounded=False, **about)
        tables.setdefault(said["kind"], []).append(table)
    return [(each, tables[each.kind.name]) for each in kinds if each.kind.name in tables]


def mapping_of(job: ImportJob) -> Mapping:
    """The mapping that follows from what was answered. Raises Unreadable, with words for people,
    for answers that make no sense."""
    said = job.answers
    if job.is_by_command:
        return mapping.of_content(said["mapping"])
    content: dict[str, Any] = {
        "file": "*",
        "columns": said["columns"],
        "formats": fitting_formats(
            kind_of(job.kind),
            said["columns"],
            {**said.get("found", {}), **said.get("formats", {})},
            steps=said.get("steps", {}),
        ),
    }
    steps = said.get("steps", {})
    named = said["columns"]
    if values := said.get("values"):
        content["values"] = {
            name: values[name] for name in values if name in named or name in steps
        }
    if update := said.get("update"):
        content["update"] = dict(update)
    if job.kind == ImportKind.ANSWERS:
        content["steps"] = steps
        # What was said of a step that no column answers any more.
        content["update"] = {
            name: way for name, way in said.get("update", {}).items() if name in steps.values()
        }
    content["leave_empty"] = [
        name
        for name in said.get("leave_empty", ())
        if name in said["columns"] or name in map(one_answer, steps)
    ]
    if job.kind in MAKEABLE:
        content["make"] = list(MAKEABLE[job.kind])
    if job.kind in STAGE_FIELDS:
        content["stages"] = _stages(said)
    if job.kind == ImportKind.ACTIVITIES:
        content["otherwise"] = said.get("otherwise", "")
    return mapping.of_content({"system": said["system"], job.kind: content})


def _stages(said: dict[str, Any]) -> dict[str, Any]:
    """Where one column holds the day of closing for closed deals and the expected one for open
    ones, it does not say that an open deal was closed."""
    stages = said.get("stages") or _ANY_STAGE
    if not _share(said["columns"]):
        return dict(stages)
    return {
        word: {**meaning, "ignore": ["closed_on"]}
        if meaning.get("outcome", "open") == Outcome.OPEN
        else meaning
        for word, meaning in stages.items()
    }


def _share(columns: dict[str, list[str]]) -> bool:
    return "closed_on" in columns and columns["closed_on"] == columns.get("expected_close_on")


def fitting_formats(
    kind: RecordKind,
    columns_of: dict[str, list[str]],
    formats: dict[str, str],
    *,
    steps: ReadOnly[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """The formats of the columns that are named now; formats of an earlier naming are left out.
    `steps` are the names of the steps that columns answer."""
    found = {}
    known = answerable_steps() if steps and formats else {}
    for name, columns in columns_of.items():
        field = kind.field(name)
        for column in columns if field.is_any_number else columns[:1]:
            step = known.get(steps.get(column, "")) if name == "answers" else None
            form = step.cell_type if step else field.cell_type
            way = formats.get(column, "")
            if (form.is_number and way in DECIMAL_SIGNS) or (form.is_date and dates.way_of(way)):
                found[column] = way
    return found


def store_readings(job: ImportJob, scan: Scan) -> None:
    """Store on `job` how its columns are read, and what only a person can decide about that."""
    said, remembered = job.answers["formats"], set(job.answers.get("remembered", ()))
    asked = [
        column
        for column, reading in scan.readings.items()
        if _asks(reading, said.get(column, ""), remembered=column in remembered)
    ]
    words = sorted(scan.stages)[:MOST_STAGES] if job.kind in STAGE_FIELDS else []
    job.rows = scan.rows
    job.readings = {
        "columns": {column: _kept(reading) for column, reading in scan.readings.items()},
        "stages": words,
        "marks": [vars(mark) for mark in scan.marks],
        "worded": scan.worded,
    }
    job.questions = {"formats": asked} if asked else {}
    if set(words) - set(job.answers.get("stages", {})):
        job.questions["stages"] = words
    job.answers["found"] = {
        column: reading.way for column, reading in scan.readings.items() if reading.way
    }


def _asks(reading: Reading, stated: str, *, remembered: bool) -> bool:
    """Whether a person must choose; an answer for an earlier file is asked again if it does not
    read all cells of this one."""
    if stated:
        return remembered and reading.count(stated) < reading.rows
    return reading.is_open


def _kept(reading: Reading) -> dict[str, Any]:
    """A reading as the page needs it: sample cells, the possible formats, and how many rows each
    reads."""
    return {
        "dates": reading.dates,
        "mixed": reading.odd_one is not None,
        "rows": reading.rows,
        "samples": reading.telling(),
        "unread": reading.unread,
        "ways": [[choice.way, choice.rows] for choice in reading.offers()],
    }


def suggested_columns(job: ImportJob) -> dict[str, Any]:
    """What to fill into the page on which columns are named: as for the last file of this shape;
    as for the last one whose columns are there, with our best guess for columns that it had not
    (`new`); else our best guess."""
    header = headings(job.columns)
    known = _known(job.kind, job.owner) if job.owner else []
    for each in known:
        if each.shape == shape_of(header):
            remembered = list(each.answers.get("formats", {}))
            return {**each.answers, "remembered": remembered, "like": each.name}
    for each in known:
        if _named(each.answers["columns"]) <= set(header):
            return _completed(each, kind_of(job.kind), header)
    columns = guessing.columns(kind_of(job.kind), header)
    if job.kind != ImportKind.ANSWERS:
        return {"system": "", "columns": columns}
    steps = _guessed_steps(job, header)
    return {"system": "", "columns": {**columns, "answers": list(steps)}, "steps": steps}


def steps_for(owner: User | None) -> dict[str, AnsweredStep]:
    """The steps that columns of somebody's file can answer: of the processes within reach."""
    if owner is None or owner.scope.everything:
        return answerable_steps()
    teams = {*owner.scope.pool_team_ids, *filter(None, [owner.team_id])}
    return answerable_steps(teams or None)


def _guessed_steps(job: ImportJob, header: Sequence[str]) -> dict[str, str]:
    """The step that each column is called like."""
    left = {guessing.heading_key(each.label): name for name, each in steps_for(job.owner).items()}
    found = {column: left.pop(guessing.heading_key(column), "") for column in header}
    return {column: name for column, name in found.items() if name}


def _completed(known: ImportMapping, kind: RecordKind, header: Sequence[str]) -> dict[str, Any]:
    columns = dict(known.answers["columns"])
    before = set(known.headings) | _named(columns)
    new = [column for column in header if column not in before]
    for name, guessed in guessing.columns(kind, new).items():
        columns.setdefault(name, guessed)
    return {
        "system": known.answers["system"],
        "columns": columns,
        "steps": known.answers.get("steps", {}),
        "hints": known.answers.get("stages", {}),
        "like": known.name,
        "new": new,
    }


def headings(columns: Iterable[str]) -> list[str]:
    """The columns of a file that are theirs."""
    return [column for column in columns if column and column != REASON]


def shape_of(header: Iterable[str]) -> str:
    """A digest of the headings, in whatever order."""
    return hashlib.blake2b("\x1f".join(sorted(header)).encode(), digest_size=16).hexdigest()


def _named(columns: dict[str, list[str]]) -> set[str]:
    return {column for some in columns.values() for column in some}


def _known(kind: str, owner: User) -> Sequence[ImportMapping]:
    known = ImportMapping.objects.visible_to(owner).filter(owner=owner, kind=kind)
    return list(known.order_by("-used_at")[:50])


def stages_of(system: str, owner: User | None) -> dict[str, Any]:
    """What was said last of the stages of a system in its files of deals: suggested for their history."""
    if owner is None:
        return {}
    known = with_name(ImportMapping.objects.filter(owner=owner, kind=ImportKind.DEALS), system)
    last = known.order_by("-used_at").first()
    return dict(last.answers.get("stages", {})) if last else {}


def spelling_of(system: str, owner: User | None) -> str:
    """The name of a system as its owner has written it before, by whatever case: its ids are known again."""
    if owner is None:
        return system
    known = with_name(ImportMapping.objects.filter(owner=owner), system)
    return known.order_by("-used_at").values_list("name", flat=True).first() or system


def remember(job: ImportJob, *, at: dt.datetime) -> None:
    """Keep the answers for the next file with the same headings."""
    if job.is_by_command or job.owner is None:
        return
    said = {key: value for key, value in job.answers.items() if key not in _OF_THIS_FILE}
    header, name = headings(job.columns), said["system"]
    known = with_name(ImportMapping.objects.filter(owner=job.owner, kind=job.kind), name)
    known.filter(shape=shape_of(header)).delete()
    ImportMapping.objects.create(
        owner=job.owner,
        kind=job.kind,
        name=name,
        headings=header,
        shape=shape_of(header),
        answers=said,
        used_at=at,
    )
