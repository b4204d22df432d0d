"""When something was said that is sent later: a browser kept it without a line, or somebody was on the
phone meanwhile."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

FIELD = "said_at"
# Browsers keep nothing for longer.
OLDEST = dt.timedelta(days=30)


def said_at(said: Mapping[str, Any], *, now: dt.datetime) -> dt.datetime | None:
    """The instant that a form names in milliseconds since 1970, by the clock of its browser; None where
    it names none, one that lies ahead, or one that no form is kept since."""
    text = str(said.get(FIELD) or "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        return None
    # Compared as numbers: a year beyond those that there are cannot be subtracted.
    ago = now.timestamp() - int(text) / 1000
    return now - dt.timedelta(seconds=ago) if 0 <= ago <= OLDEST.total_seconds() else None
