"""The audit for admins, for each person, and for a machine."""

import heapq
import json
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Model, QuerySet

from pipeline.audit.models import AuditEntry
from pipeline.models import User
from salesprocess.lib.events import EventRow

PAGE = 50
CHUNK = 1000


def entries(user: User, *, page: int = 1) -> tuple[list[AuditEntry], bool]:
    """A page of what the reader may know, the latest first, and whether there are more."""
    found = AuditEntry.objects.visible_to(user).select_related("by").order_by("-at", "-pk")
    start = (page - 1) * PAGE
    listed = list(found[start : start + PAGE + 1])
    return listed[:PAGE], len(listed) > PAGE


def all_of_it(user: User) -> QuerySet[AuditEntry]:
    found: QuerySet[AuditEntry] = AuditEntry.objects.visible_to(user)
    return found


def of_records_of(user: User) -> list[AuditEntry]:
    """The last files that others took with records of the reader's in them."""
    found = AuditEntry.objects.visible_to(user).of_records_of(user)
    return list(found.select_related("by").order_by("-at", "-pk")[:PAGE])


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
