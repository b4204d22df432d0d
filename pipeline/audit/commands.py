import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _

from pipeline.audit.models import AuditEntry, AuditKind
from pipeline.models import User
from salesprocess.lib.format import number
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


def _taken_today(user: User, *, at: dt.datetime) -> int:
    """The rows that a person took in files on this day, by his or her own clock."""
    midnight = dt.datetime.combine(at.astimezone(user.zone), dt.time.min, tzinfo=user.zone)
    files = AuditEntry.objects.filter(by=user, kind=AuditKind.EXPORT, at__gte=midnight)
    return int(files.aggregate(rows=Sum("rows", default=0))["rows"])
