"""When an activity of a file was done, or is to be done; pure."""

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from crm.models import ActivityKind
from exchange.imports import dates
from exchange.imports.dates import When
from exchange.imports.known_words import CANCELLED, DONE, PLANNED
from salesprocess.lib.refused import Refused

_TALKS = (ActivityKind.CALL, ActivityKind.MEETING)


@dataclass(frozen=True, kw_only=True)
class Timed:
    """Instants in UTC, and a bare day. What is planned has one of `due_on` and `due_at`; what was
    done has `done_at` alone; what was cancelled is a plan that ended at `cancelled_at`. `is_early`:
    of what was done before its day, only the day on which it was entered is known."""

    created_at: dt.datetime
    done_at: dt.datetime | None = None
    due_on: dt.date | None = None
    due_at: dt.datetime | None = None
    cancelled_at: dt.datetime | None = None
    is_early: bool = False


def timed(
    kind: str,
    state: str | None,
    said: Mapping[str, Any],
    *,
    zones: Sequence[zoneinfo.ZoneInfo],
    now: dt.datetime,
) -> Timed:
    """What follows from the days and hours of a row (`said`, by field, each a `When` or None).

    Where no word says how far it is (`state` None), a note was written, what has a day of
    completion was done, what has only a day by which it is due is to be done, and what has a day on
    which it happens was done if that is not ahead. A bare day has no hour: on its own day it is
    never ahead, and never before it was created.

    Raises Refused, with the field, for what cannot be.
    """
    created = _instant(said["created_on"], None, zones, now)
    if created is not None and created > now:
        raise Refused(_("This lies in the future."), field="created_on")
    state = DONE if kind == ActivityKind.NOTE else state or _state(said, zones, now)
    if state == DONE:
        done_at, is_early = _done_at(said, zones, now)
        return Timed(created_at=created or now, done_at=done_at, is_early=is_early)
    # A call has a beginning, and an end by which it is over.
    first = ("happened_on", "due_on") if kind in _TALKS else ("due_on", "happened_on")
    name = next((name for name in first if said[name]), "")
    if not name and state == CANCELLED:
        name = next((name for name in ("done_on", "created_on") if said[name]), "")
    if not name:
        raise Refused(_("What is to be done needs a day, and no column says one."), field="due_on")
    due: When = said[name]
    at = _instant(due, None, zones, now) if due.clock else None
    ended = None
    if state == CANCELLED:
        ended = _instant(said["done_on"], None, zones, now) or now
    return Timed(
        created_at=created or now,
        due_on=None if at else due.on,
        due_at=at,
        cancelled_at=min(ended, now) if ended else None,
    )


def _state(
    said: Mapping[str, When | None], zones: Sequence[zoneinfo.ZoneInfo], now: dt.datetime
) -> str:
    if said["done_on"]:
        return DONE
    happened = said["happened_on"]
    if happened is None:
        return PLANNED if said["due_on"] else DONE
    at = _instant(happened, None, zones, now)
    return PLANNED if at is not None and at > now else DONE


def _done_at(
    said: Mapping[str, When | None], zones: Sequence[zoneinfo.ZoneInfo], now: dt.datetime
) -> tuple[dt.datetime, bool]:
    """The first of its days that is not ahead, and whether another one is: it may have been done
    before it was due."""
    ahead = ""
    for name in ("done_on", "happened_on", "due_on", "created_on"):
        at = _instant(said[name], said["created_on"], zones, now)
        if at is not None and at <= now:
            return at, bool(ahead)
        ahead = ahead or (name if at else "")
    if ahead:
        raise Refused(
            _("It is said to be done, and lies in the future."),
            field=ahead,
        )
    raise Refused(_("No column says when it happened."), field="happened_on")


def _instant(
    said: When | None,
    created: When | None,
    zones: Sequence[zoneinfo.ZoneInfo],
    now: dt.datetime,
) -> dt.datetime | None:
    return dates.instants([created, said], zones=zones, now=now)[1]
