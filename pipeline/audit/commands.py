import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _

from pipeline.audit.models import AuditEntry, AuditKind
from pipeline.models import User
from salesprocess.lib.format import number
from salesprocess.lib.prepared import run
from salesprocess.lib.refused import Refused

# Records in one file may have very many owners; those of the first so many are told.
MOST_OWNERS = 1000


def record_sign_in(user: User, *, at: dt.datetime) -> None:
    AuditEntry.objects.create(at=at, by=user, kind=AuditKind.SIGN_IN)


def record_export(
    rows: "QuerySet[Any, Any]",
    *,
    owner: str | None,
    what: str,
    asked: str,
    by: User,
    at: dt.datetime,
) -> None:
    """Note that somebody takes `rows` away in a file, before the first of them goes.

    `owner` is the field of a row's owner, None where rows have none; `what` the name of the address,
    `asked` its query. Raises Refused where that is more than the person's role may take in a day; that
    is noted as well.
    """
    whose = {"owners": ArrayAgg(f"{owner}_id", distinct=True, default=[])} if owner else {}
    found = rows.order_by().aggregate(count=Count("pk"), **whose)
    owners = sorted(pk for pk in found.get("owners", ()) if pk is not None)[:MOST_OWNERS]
    facts = {"what": what, "asked": asked[:500], "rows": found["count"], "owner_ids": owners}
    with transaction.atomic():
        # One file after the other, so that two at once are counted as two.
        User.objects.select_for_update(of=("self",)).only("pk").get(pk=by.pk)
        most = settings.EXPORT_ROWS_A_DAY[by.role]
        refused = bool(most) and _taken_today(by, at=at) + found["count"] > most
        kind = AuditKind.EXPORT_REFUSED if refused else AuditKind.EXPORT
        AuditEntry.objects.create(at=at, by=by, kind=kind, **facts)
    if refused:
        words = _(
            "That would be more than %(most)s rows in files today, which is what you may take. Narrow "
            "the list, go on tomorrow, or ask an admin for the file."
        )
        raise Refused(words % {"most": number(most)})


def record_whole_export(*, what: str, rows: int, by: User, at: dt.datetime) -> None:
    """Note that an admin takes everything away, before it goes."""
    AuditEntry.objects.create(at=at, by=by, kind=AuditKind.EXPORT, what=what, rows=rows)


def record_view(
    owners: Iterable[int | None], *, what: str, asked: str, rows: int, by: User, at: dt.datetime
) -> None:
    """Note that somebody looks at `rows` records of a list, and of which `owners`; the own ones and
    those of nobody are no look. `what` and `asked` are as for a file.

    Once a day for each list and owner: one small statement, which mostly writes nothing, and none
    where all records are one's own.
    """
    others = sorted({pk for pk in owners if pk is not None} - {by.pk})
    if others:
        facts = {"what": what, "asked": asked[:500], "rows": rows, "owners": others}
        run(_NOTE_VIEW, {**facts, "by": by.pk, "at": at, "since": _midnight(by, at)})


def record_opening(owner: int | None, *, what: str, pk: int, by: User, at: dt.datetime) -> None:
    """Note that somebody opens one record of somebody else's; `what` says of which kind.

    Once a day for each record and owner: one small statement, and none where it is one's own or nobody's.
    """
    if owner is None or owner == by.pk:
        return
    facts = {"what": what, "asked": str(pk), "owner": owner}
    run(_NOTE_OPENING, {**facts, "by": by.pk, "at": at, "since": _midnight(by, at)})


_NOTE_OPENING = f"""
    INSERT INTO {AuditEntry._meta.db_table} (at, by_id, kind, what, asked, rows, owner_ids)
    SELECT %(at)s, %(by)s, '{AuditKind.VIEW.value}', %(what)s::varchar, %(asked)s::varchar, 1,
        ARRAY[%(owner)s::bigint]
    WHERE NOT EXISTS (
        SELECT FROM {AuditEntry._meta.db_table}
        WHERE by_id = %(by)s AND kind = '{AuditKind.VIEW.value}' AND at >= %(since)s
            AND what = %(what)s::varchar AND asked = %(asked)s::varchar
            AND owner_ids @> ARRAY[%(owner)s::bigint]
    )
    RETURNING id
"""  # noqa: S608  # names of our own


_NOTE_VIEW = f"""
    INSERT INTO {AuditEntry._meta.db_table} (at, by_id, kind, what, asked, rows, owner_ids)
    SELECT %(at)s, %(by)s, '{AuditKind.VIEW.value}', %(what)s, %(asked)s, %(rows)s,
        array_agg(owner ORDER BY owner)
    FROM (
        SELECT unnest(%(owners)s::bigint[]) AS owner
        EXCEPT
        SELECT unnest(owner_ids) FROM {AuditEntry._meta.db_table}
        WHERE by_id = %(by)s AND kind = '{AuditKind.VIEW.value}' AND at >= %(since)s AND what = %(what)s
    ) AS unseen
    HAVING count(*) > 0
    RETURNING id
"""  # noqa: S608  # names of our own


def _midnight(user: User, at: dt.datetime) -> dt.datetime:
    """When the day began, by a person's own clock."""
    return dt.datetime.combine(at.astimezone(user.zone), dt.time.min, tzinfo=user.zone)


def _taken_today(user: User, *, at: dt.datetime) -> int:
    """The rows that a person took in files on this day, by his or her own clock."""
    files = AuditEntry.objects.filter(by=user, kind=AuditKind.EXPORT, at__gte=_midnight(user, at))
    return int(files.aggregate(rows=Sum("rows", default=0))["rows"])
