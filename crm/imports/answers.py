"""What a person has said about an uploaded file, and the mapping that follows from it.

{"system": "old-crm",
 "columns": {"name": ["Deal"], "email": ["E-mail", "E-mail 2"]},
 "formats": {"Close date": "%d/%m/%Y"},     as answered
 "found": {"Value": "."},                   as it could only be
 "stages": {"Won": {"stage": "closing", "outcome": "won"}}}
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from crm.imports import guessing, mapping
from crm.imports.kinds import KINDS, Kind
from crm.imports.mapping import MAKEABLE, Mapping
from crm.imports.run import MOST_STAGES, Scan
from crm.imports.values import Reading
from crm.models import ImportJob, ImportKind, ImportMapping
from pipeline.models import User
from pipeline.stages import Outcome, Stage
from salesprocess.format import plainly

_ANY_STAGE = {"": {"stage": Stage.LEAD_GENERATION.key}}
# A file with one wrong cell in each way of writing dates need not offer all of them.
_MOST_WAYS = 6


def kind_of(name: str) -> Kind:
    return next(kind for kind in KINDS if kind.name == name)


def mapping_of(job: ImportJob) -> Mapping:
    """Raises Unreadable, in words, where what was said makes no sense."""
    said = job.answers
    content: dict[str, Any] = {
        "file": "*",
        "columns": said["columns"],
        "formats": _of_columns(said),
    }
    if job.kind in MAKEABLE:
        content["make"] = list(MAKEABLE[job.kind])
    if job.kind == ImportKind.DEALS:
        content["stages"] = _stages(said)
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


def _of_columns(said: dict[str, Any]) -> dict[str, str]:
    """The formats of the columns that are named now; others are left from an earlier naming."""
    named = {column for columns in said["columns"].values() for column in columns}
    formats = {**said.get("found", {}), **said.get("formats", {})}
    return {column: way for column, way in formats.items() if column in named}


def open_questions(job: ImportJob, scan: Scan) -> dict[str, Any]:
    """What nobody but a person can say about the file, and has not said yet."""
    asked = {
        column: _question(reading)
        for column, reading in scan.readings.items()
        if reading.witness or (reading.odd_one and reading.first)
    }
    questions: dict[str, Any] = {}
    if asked:
        questions["formats"] = asked
    known = job.answers.get("stages", {})
    if job.kind == ImportKind.DEALS and set(scan.stages) - set(known):
        questions["stages"] = sorted(scan.stages)[:MOST_STAGES]
    return questions


def obvious_formats(scan: Scan) -> dict[str, str]:
    return {column: reading.way for column, reading in scan.readings.items() if not reading.witness}


def _question(reading: Reading) -> dict[str, Any]:
    """The cell that shows it, and `ways`: format and what it makes of the cell, in words."""
    line, text = reading.witness or reading.first or (0, "")
    shown = [text]
    question: dict[str, Any] = {"line": line, "text": text}
    if reading.witness is None and reading.odd_one:
        odd_line, odd_text = reading.odd_one
        question |= {"odd_line": odd_line, "odd_text": odd_text}
        shown.append(odd_text)
    ways: dict[str, str] = {}
    for each in shown:
        for way, meant in reading.readings(each):
            ways.setdefault(f"{each} → {plainly(meant)}", way)
    return question | {"ways": [[way, words] for words, way in ways.items()][:_MOST_WAYS]}


def suggested(job: ImportJob) -> dict[str, Any]:
    """What to fill into the page on which columns are named: as for the last file of this shape,
    else our best guess."""
    header = [column for column in job.columns if column]
    for known in _known(job.kind, job.owner):
        columns = known.answers["columns"]
        if {column for some in columns.values() for column in some} <= set(header):
            return {**known.answers, "like": known.name}
    return {"system": "", "columns": guessing.columns(kind_of(job.kind), header)}


def _known(kind: str, owner: User) -> Sequence[ImportMapping]:
    known = ImportMapping.objects.visible_to(owner).filter(owner=owner, kind=kind)
    return list(known.order_by("-used_at")[:50])


def remember(job: ImportJob, *, at: dt.datetime) -> None:
    """Keep what was said for the next file; what was obvious may be otherwise there."""
    said = {key: value for key, value in job.answers.items() if key != "found"}
    name = said["system"]
    ImportMapping.objects.filter(owner=job.owner, kind=job.kind, name__iexact=name).delete()
    ImportMapping.objects.create(
        owner=job.owner, kind=job.kind, name=name, answers=said, used_at=at
    )
