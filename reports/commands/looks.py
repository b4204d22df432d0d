"""Who looked at whose figures (CHECKLIST E2)."""

import datetime as dt
from collections.abc import Iterable

from pipeline.audit.commands import record_view
from pipeline.models import User
from reports.queries.looks import LookedAt


def note_look(
    people: Iterable[int],
    *,
    what: LookedAt,
    by: User,
    at: dt.datetime,
    asked: str,
    of: str = "",
    rows: int = 0,
) -> None:
    """Note in the audit that `by` looks at the figures of these people, given by their ids; at one's
    own is no look. `of` is the metric of a list of `rows` records; `asked` the query of the address."""
    name = f"{what}/{of}" if of else str(what)
    record_view(people, what=name, asked=asked, rows=rows, by=by, at=at)
