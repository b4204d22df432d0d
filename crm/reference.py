"""Gives a new organisation its lists. A list that has rows is its own, and nothing is added to it:
what was renamed, merged or deleted there does not come back with the next start."""

from collections.abc import Sequence

from django.db import models

from crm.models import Method, Source, StopCause
from crm.shipped import METHODS, SOURCES, STOP_CAUSES


def seed() -> int:
    """Fill the lists that are empty; the number of rows that were added."""
    return sum(
        (
            _fill(Source, [Source(name=name, kind=kind) for name, kind in SOURCES]),
            _fill(Method, [Method(name=name) for name in METHODS]),
            _fill(
                StopCause,
                [
                    StopCause(key=key, name=name, kind=kind, initiator=initiator)
                    for key, name, kind, initiator in STOP_CAUSES
                ],
            ),
        )
    )


def _fill(model: type[models.Model], rows: Sequence[models.Model]) -> int:
    """Two starts at once add each row once: the second finds the names taken."""
    if model._default_manager.exists():
        return 0
    return len(model._default_manager.bulk_create(rows, ignore_conflicts=True))
