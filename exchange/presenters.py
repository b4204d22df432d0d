"""How what a file changes on record is shown."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from exchange.forms.columns import LABELS
from exchange.models import ImportChange, ImportJob
from pipeline.process.stages import Stage
from salesprocess.lib.format import full_day, join_list, money, number

# The page of each kind of record.
_PAGES = {"companies": "companies", "contacts": "contacts", "deals": "deals"}


@dataclass(frozen=True, kw_only=True)
class ImportChangeLine:
    """`is_ours` as in the model: somebody changed it here since."""

    file: str
    line: int
    record: str
    address: str
    field: str
    was: str
    now: str
    is_ours: bool
    applied: bool


def change_lines(job: ImportJob, rows: list[ImportChange]) -> list[ImportChangeLine]:
    names = [Path(each["file"]).name for each in job.answers.get("tables", ())]
    return [
        ImportChangeLine(
            file=names[row.table] if names else "",
            line=row.line,
            record=row.name,
            address=f"/{_PAGES[row.kind]}/{row.record_id}/",
            field=str(LABELS[row.field]),
            was=in_words(row.was),
            now=in_words(row.now),
            is_ours=row.is_ours,
            applied=row.applied,
        )
        for row in rows
    ]


def in_words(value: Any) -> str:
    """A value as an event keeps it, in the reader's language."""
    if value is None:
        return "–"
    if isinstance(value, dict):
        if "visits" in value:
            return " → ".join(_visit_words(visit) for visit in value["visits"])
        if "amount" in value:
            return money(Decimal(value["amount"]), value["currency"])
        return str(value["name"])
    if isinstance(value, list):
        return join_list(value)
    if isinstance(value, int):
        return number(value)
    try:
        return full_day(dt.date.fromisoformat(value))
    except ValueError:
        return str(value)


def _visit_words(visit: dict[str, Any]) -> str:
    label = Stage(visit["stage"]).short
    entered = visit["entered_at"]
    return (
        f"{label} ({full_day(dt.datetime.fromisoformat(entered).date())})"
        if entered
        else str(label)
    )
