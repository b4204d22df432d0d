"""Keeping signs of life and incidents. Neither may ever be the cause of a failure."""

import datetime as dt
import logging
from pathlib import Path
from types import TracebackType

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction

from pipeline.operations.models import Heartbeat, Incident, IncidentKind, Part

logger = logging.getLogger(__name__)

# How long incidents are kept, and processes that give no sign of life.
KEPT = dt.timedelta(days=30)

_INCIDENT = """
    INSERT INTO pipeline_incident AS known (day, kind, "where", error, count, worst_seconds, last_at)
    VALUES (%s, %s, %s, %s, 1, %s, %s)
    ON CONFLICT (day, kind, "where", error) DO UPDATE SET
        count = known.count + 1,
        worst_seconds = greatest(known.worst_seconds, excluded.worst_seconds),
        last_at = greatest(known.last_at, excluded.last_at)
"""


def give_sign(part: Part, name: str, *, at: dt.datetime) -> None:
    """The process called `name` is alive at `at`; for a backup: it succeeded."""
    Heartbeat.objects.update_or_create(part=part, name=name[:200], defaults={"seen_at": at})


def note_incident(
    kind: IncidentKind,
    where: str,
    *,
    at: dt.datetime,
    error: BaseException | None = None,
    seconds: float = 0,
) -> None:
    """Count something that went wrong. Raises nothing: without the database it is in the log alone."""
    facts = (at.date(), str(kind), where[:200], error_text(error), seconds, at)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_INCIDENT, facts)
    except (DatabaseError, InterfaceError):
        logger.warning("Could not count an incident: %s %s", kind, where)


def forget(*, at: dt.datetime) -> None:
    Incident.objects.filter(last_at__lt=at - KEPT).delete()
    Heartbeat.objects.exclude(part=Part.BACKUP).filter(seen_at__lt=at - KEPT).delete()


def error_text(error: BaseException | None) -> str:
    """The class of an error and the line of ours that it came through last; never its message, which
    may hold what somebody typed."""
    if error is None:
        return ""
    return f"{type(error).__name__}{_line(error.__traceback__)}"[:300]


def _line(traceback: TracebackType | None) -> str:
    found = ""
    while traceback is not None:
        file = Path(traceback.tb_frame.f_code.co_filename)
        if file.is_relative_to(settings.BASE_DIR) and ".venv" not in file.parts:
            found = f" in {file.relative_to(settings.BASE_DIR)}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found
