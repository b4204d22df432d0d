"""How what a file makes, and changes on record, is shown."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from crm.models import ActivityKind, ActivityResult, Relationship
from exchange.forms.columns import CHANGED_LABELS
from exchange.imports.known_words import CANCELLED, DONE, PLANNED
from exchange.imports.steps import answerable_steps
from exchange.models import ImportChange, ImportJob
from exchange.words import STATES
from pipeline.people.models.people import initials_of
from pipeline.process.stages import Outcome, Stage
from salesprocess.lib.format import full_day, join_list, money, number

# The page of each kind of record.
_CARDS_AT_ONCE = 3
_PAGES = {"companies": "companies", "contacts": "contacts", "deals": "deals", "answers": "deals"}


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
    of_steps = any(row.kind == "answers" for row in rows)
    steps = {name: step.label for name, step in answerable_steps().items()} if of_steps else {}
    return [
        ImportChangeLine(
            file=names[row.table] if names else "",
            line=row.line,
            record=row.name,
            address=f"/{_PAGES[row.kind]}/{row.record_id}/" if row.kind in _PAGES else "",
            # A step that is gone since is called by its key.
            field=steps.get(row.field) or str(CHANGED_LABELS.get(row.field, row.field)),
            was=in_words(row.was),
            now=in_words(row.now),
            is_ours=row.is_ours,
            applied=row.applied,
        )
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True)
class RecordCard:
    """A record as it would look. `detail` is its day, or what kind of activity it is and its day."""

    line: int
    is_update: bool
    title: str
    about: str
    sum: str
    stage: Stage | None
    stage_words: str
    detail: str
    owner: str
    initials: str
    has_left: bool


@dataclass(frozen=True, kw_only=True)
class FirstCards:
    """Some of the first records; `previous` and `next` are where the ones before and after begin."""

    cards: list[RecordCard]
    previous: int | None
    next: int | None


def first_cards(job: ImportJob, start: int) -> FirstCards:
    told = job.counts.get("first", ())
    return FirstCards(
        cards=[_card(each) for each in told[start : start + _CARDS_AT_ONCE]],
        previous=max(start - _CARDS_AT_ONCE, 0) if start else None,
        next=start + _CARDS_AT_ONCE if start + _CARDS_AT_ONCE < len(told) else None,
    )


def _card(told: dict[str, Any]) -> RecordCard:
    amount, outcome = told.get("amount"), told.get("outcome", Outcome.OPEN)
    stage = Stage(int(told["stage"])) if "stage" in told else None
    words = str(Outcome(outcome).label) if outcome != Outcome.OPEN else stage.short if stage else ""
    kind = str(ActivityKind(told["kind"]).label) if "kind" in told else ""
    day = full_day(dt.date.fromisoformat(told["day"])) if "day" in told else ""
    if stage and day:
        day = _("Expected to close on %(day)s") % {"day": day}
    owner = told.get("owner", "")
    return RecordCard(
        line=told["line"],
        is_update=told["is_update"],
        title=told.get("title", ""),
        about=told.get("about", ""),
        sum=money(Decimal(amount), told["currency"]) if amount else "",
        stage=stage,
        stage_words=str(words),
        detail=" · ".join(filter(None, (kind, day))),
        owner=owner,
        initials=initials_of(owner) if owner else "",
        has_left=told.get("has_left", False),
    )


def in_words(value: Any) -> str:
    """A value as an event keeps it, in the reader's language."""
    if value is None:
        return "–"
    if isinstance(value, dict):
        return _parts_in_words(value)
    if isinstance(value, list):
        return join_list(value)
    if isinstance(value, int):
        return number(value)
    try:
        return full_day(dt.date.fromisoformat(value))
    except ValueError:
        return str(value)


def _parts_in_words(value: dict[str, Any]) -> str:
    if "visits" in value:
        return " → ".join(_visit_words(visit) for visit in value["visits"])
    if "relationship" in value:
        return str(Relationship(value["relationship"]).label)
    if "amount" in value:
        return money(Decimal(value["amount"]), value["currency"])
    if "active" in value:
        return _("yes") if value["active"] else _("no")
    if "done" in value:
        return _result_words(value)
    return str(value["name"])


def _result_words(value: dict[str, Any]) -> str:
    """What came of an activity, or whether it was done at all."""
    if value["result"]:
        return str(ActivityResult(value["result"]).label)
    state = DONE if value["done"] else CANCELLED if value.get("cancelled") else PLANNED
    return str(STATES[state])


def _visit_words(visit: dict[str, Any]) -> str:
    label = Stage(visit["stage"]).short
    entered = visit["entered_at"]
    return (
        f"{label} ({full_day(dt.datetime.fromisoformat(entered).date())})"
        if entered
        else str(label)
    )
