"""Headings that name a stage: below them stands the day on which a deal entered it; pure."""

import re

from exchange.imports import cells

# “Date entered "Contract Sent"”, “Entered Stage: Contract Sent”, “Phase betreten: Angebot”
_ENTERED = re.compile(
    r"""(?:date\s+entered|entered(?:\s+stage)?|stage\s+entered|phase\s+betreten|eintritt\s+in)\b
    \s*[:–-]?\s*["“„'‘]?(?P<stage>\S.*?)["”“'’]?""",
    re.VERBOSE | re.IGNORECASE,
)
_PRESENT = re.compile(r"\b(on|at|am|current stage)$", re.IGNORECASE)


def stage_in(heading: str) -> str:
    """The foreign stage that a heading names: of “Date entered "Contract Sent (Sales Pipeline)"” all
    that stands between the quotes."""
    found = _ENTERED.fullmatch(heading.strip())
    return cells.text(found["stage"]) if found else cells.text(heading)


def is_of_entering(heading: str) -> bool:
    """Whether a heading names a stage, and says that the day stands below on which it was entered."""
    return _ENTERED.fullmatch(heading.strip()) is not None and not _PRESENT.search(heading)
