"""What a row of a file of activities says once the rules have read it; pure."""

import datetime as dt
import json
import zoneinfo
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from crm.models import ActivityKind
from crm.models.activity import HELD
from exchange.imports.activity_times import timed
from salesprocess.lib.refused import Refused

# Beside the fields of the file; in the order of what `read` gives.
DERIVED = {
    "act": "text",
    "title": "text",
    "words": "text",
    "came_of_it": "text",
    "due_day": "date",
    "due_moment": "timestamptz",
    "done_moment": "timestamptz",
    "cancelled_moment": "timestamptz",
    "made_moment": "timestamptz",
    # The columns of which the text was made, and whether one of them was its own.
    "texts": "text",
    "tells": "boolean",
}
LONGEST_SUBJECT = 200
_READ = ("subject", "body", "more", "result", "happened_on", "due_on", "done_on", "created_on")


def read(
    found: dict[str, Any],
    *,
    otherwise: str,
    result: tuple[str, str],
    texts: Sequence[str],
    zones: Sequence[zoneinfo.ZoneInfo],
    now: dt.datetime,
) -> tuple[tuple[Any, ...], list[tuple[str, str]]]:
    """The values of DERIVED, and remarks by field. What they were read from is taken out of `found`.

    `otherwise` is the kind of a row that names none; `result` is the heading and the text of the
    cell that says what came of it: what has no place as a result is kept in the text. `texts` are the
    headings of the other cells that the text is made of.

    Raises Refused, with the field, for a row without a kind, day or words.
    """
    kind = found["kind"] or otherwise
    if not kind:
        raise Refused(_("Nothing says whether this is a call, a note or a task."), field="kind")
    when = timed(kind, found["status"], found, zones=zones, now=now)
    came_of_it = found["result"] if when.done_at and kind in HELD else None
    kept = f"{result[0]}: {result[1]}" if result[1] and not came_of_it else None
    subject, body = found["subject"] or "", found["body"]
    whole = subject if len(subject) > LONGEST_SUBJECT else None
    title = f"{subject[: LONGEST_SUBJECT - 1]}…" if whole else subject
    words = "\n".join(part for part in (whole, body, found["more"], kept) if part)
    if kind == ActivityKind.NOTE and not words:
        if not subject:
            raise Refused(_("The note says nothing."), field="body")
        title, words = "", subject
    for name in _READ:
        found[name] = None
    made_of = sorted({*texts, result[0]} if kept else {*texts})
    remarks = []
    if when.is_early:
        early = _("It was done before its day: it counts when it was entered.")
        remarks.append(("due_on", early))
    said = (
        kind,
        title,
        words,
        came_of_it or "",
        when.due_on,
        when.due_at,
        when.done_at,
        when.cancelled_at,
        when.created_at,
        json.dumps(made_of),
        bool(body),
    )
    return said, remarks
