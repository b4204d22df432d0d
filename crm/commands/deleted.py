"""What people delete lies apart for some weeks, with its rows as they were.

A mark on each record would have to be remembered by every query, figure and export for good; so what is
deleted is gone for all of them, and `crm.commands.restore` puts its rows back.
"""

import datetime as dt
from collections.abc import Iterable

from django.db import connection, models

from crm.models import DeletedKind, DeletedRecord
from pipeline.models import User

KEPT = dt.timedelta(days=30)

# In the database alone, so that each number keeps its digits.
_KEEP = """
    UPDATE crm_deletedrecord SET rows = rows || (
        SELECT coalesce(jsonb_agg(jsonb_build_array(%(table)s::text, to_jsonb(t)) ORDER BY t.id), '[]')
        FROM {table} AS t WHERE t.id = ANY(%(ids)s)
    ) WHERE id = %(record)s
"""


def keep(
    kind: DeletedKind, *records: models.Model, name: str, of: str = "", by: User, at: dt.datetime
) -> None:
    """Part of a command that deletes `records` next: keep them as they are in the database.

    `name` is what it was called, `of` what it belonged to.
    """
    row = DeletedRecord.objects.create(
        kind=kind, name=_short(name), of=_short(of), rows=[], at=at, by=by
    )
    by_model: dict[type[models.Model], list[int]] = {}
    for record in records:
        by_model.setdefault(type(record), []).append(record.pk)
    with connection.cursor() as cursor:
        for model, ids in by_model.items():
            table = model._meta.db_table
            said = {"table": table, "ids": ids, "record": row.pk}
            cursor.execute(_KEEP.format(table=table), said)  # type: ignore[arg-type]  # ids are an array


def with_parts(record: models.Model, parts: Iterable[str]) -> list[models.Model]:
    """A record and the rows that go with it, by the names by which it knows them."""
    return [record, *(row for part in parts for row in getattr(record, part).all())]


def forget(*, at: dt.datetime) -> int:
    """Delete for good what nobody has brought back; how many."""
    return DeletedRecord.objects.filter(at__lt=at - KEPT).delete()[0]


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
