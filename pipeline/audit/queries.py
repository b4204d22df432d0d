"""The audit for admins, for each person, and for a machine."""

import datetime as dt
import heapq
import json
from collections.abc import Collection, Iterable, Iterator
from operator import itemgetter
from typing import Any, NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Count, F, Max, Model, QuerySet
from django.db.models.functions import TruncDate

from pipeline.audit.models import AuditEntry, AuditKind
from pipeline.models import User
from salesprocess.lib.events import EventRow

PAGE = 50
CHUNK = 1000


def entries(
    user: User, *, kinds: Collection[AuditKind] = (), page: int = 1
) -> tuple[list[AuditEntry], bool]:
    """A page of what the reader may know, the latest first, and whether there are more; of some kinds
    only, where any are given."""
    found = AuditEntry.objects.visible_to(user).select_related("by").order_by("-at", "-pk")
    if kinds:
        found = found.filter(kind__in=kinds)
    start = (page - 1) * PAGE
    listed = list(found[start : start + PAGE + 1])
    return listed[:PAGE], len(listed) > PAGE


def all_of_it(user: User) -> QuerySet[AuditEntry]:
    found: QuerySet[AuditEntry] = AuditEntry.objects.visible_to(user)
    return found


def files_with_records_of(user: User) -> list[AuditEntry]:
    """The last files that others took with records of the reader's in them."""
    found = AuditEntry.objects.visible_to(user).of_records_of(user.pk)
    files = found.filter(kind=AuditKind.EXPORT)
    return list(files.select_related("by").order_by("-at", "-pk")[:PAGE])


class Look(NamedTuple):
    """One person who looked at one thing: `what` as in the audit, on how many `days`, and `last`."""

    by_id: int
    name: str
    what: str
    days: int
    last: dt.date


LOOK_DAYS = 90


def looks_at(person: int, *, reader: User, at: dt.datetime, begins: str = "") -> list[Look]:
    """Who opened lists with records of a person in them, in the last 90 days by the organisation's
    clock, who did last first; one query. Nobody who may not see the person's records is told.

    `begins` narrows it to what is so called in the audit.
    """
    zone = reader.organisation.zone
    since = at - dt.timedelta(days=LOOK_DAYS)
    found = AuditEntry.objects.visible_to(reader).of_records_of(person)
    found = found.filter(kind=AuditKind.VIEW, at__gte=since, what__startswith=begins)
    rows = (
        found.annotate(day=TruncDate("at", tzinfo=zone))
        .values_list("by_id", "by__name", "what")
        .annotate(days=Count("day", distinct=True), last=Max("day"), latest=Max("at"))
        .order_by("-latest", "by_id", "what")
    )
    return [Look(*row[:-1]) for row in rows]


def names_of(entries: Iterable[AuditEntry], *, most: int) -> dict[int, str]:
    """The names of the first `most` people whose records each entry is about."""
    ids = {pk for entry in entries for pk in entry.owner_ids[:most]}
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "name"))


def lines(tables: Iterable[type[Model]]) -> Iterator[str]:
    """Everything that happened, a line of JSON each: sign-ins and files, and what the tables of
    history say. Each table as it was written, together by time, so that what was entered for an
    earlier day stands where it was entered. In flat memory, however much it is."""
    merged = heapq.merge(
        _rows(AuditEntry), *(_rows(table) for table in tables), key=itemgetter("at")
    )
    for row in merged:
        yield json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n"


def _rows(table: type[Model]) -> Iterator[dict[str, Any]]:
    """Of one table, in pieces: one after the other by its id."""
    event = issubclass(table, EventRow)
    fields = [field.attname for field in table._meta.concrete_fields]
    last = 0
    while True:
        found = table._default_manager.filter(pk__gt=last).annotate(by_name=F("by__name"))
        piece = list(found.order_by("pk").values(*fields, "by_name")[:CHUNK])
        for row in piece:
            yield {"table": table._meta.model_name, "is_change": event, **row}
        if len(piece) < CHUNK:
            return
        last = piece[-1]["id"]
