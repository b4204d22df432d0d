"""Counts for the menu of the settings, and the history of settings."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast

from crm import events
from crm.models import SettingChange
from crm.queries.reference import REFERENCE_LISTS
from pipeline.models import PeopleChange, User
from pipeline.people.events import ORGANISATION_KINDS
from salesprocess.lib.events import Event, event_of
from salesprocess.lib.prepared import run

PAGE = 50
# What of the organisation's history is a setting; the rest of it is about its people.
ORGANISATION = "organisation"
_COUNTS = " UNION ALL ".join(
    f"SELECT '{name}', count(*) FROM {reference_list.model._meta.db_table} WHERE NOT retired"  # noqa: S608  # names of our own
    for name, reference_list in REFERENCE_LISTS.items()
)


def counts() -> dict[str, int]:
    """How many rows each list offers, by its page."""
    return dict(run(_COUNTS, {}))


def was_removed(user: User, setting: str, record_id: int) -> bool:
    """Whether a row of a list was deleted or merged into another one."""
    kinds = (events.Deleted.kind, events.Merged.kind)
    gone = SettingChange.objects.visible_to(user).filter(kind__in=kinds)
    return gone.filter(setting=setting, record_id=record_id).exists()


@dataclass(frozen=True, kw_only=True)
class SettingsHistoryRow:
    """A row of "All changes". `id` is that of a SettingChange; 0 for a change of the organisation."""

    id: int
    setting: str
    event: Event
    name: str
    at: dt.datetime
    by: str
    is_undone: bool


_COLUMNS = ("pk", "setting", "kind", "data", "name", "at", "by__name", "undone_at")


def changes(user: User, *, of: str = "", page: int = 1) -> tuple[list[SettingsHistoryRow], bool]:
    """A page of changes, latest first, and whether there are more; one query. `of` is a `Setting`
    or ORGANISATION; empty means all."""
    found: QuerySet[Any, tuple[Any, ...]]
    listed = SettingChange.objects.visible_to(user).order_by()
    if of == ORGANISATION:
        found = _of_organisation(user)
    elif of:
        found = listed.filter(setting=of).values_list(*_COLUMNS)
    else:
        found = listed.values_list(*_COLUMNS).union(_of_organisation(user), all=True)
    rows = list(found.order_by("-at", "-pk")[(page - 1) * PAGE : page * PAGE + 1])
    return list(_told(rows[:PAGE])), len(rows) > PAGE


def _of_organisation(user: User) -> QuerySet[Any, tuple[Any, ...]]:
    changes = PeopleChange.objects.visible_to(user).order_by()
    own = changes.filter(team__parent=None, team__isnull=False, kind__in=ORGANISATION_KINDS)
    rows: QuerySet[Any, tuple[Any, ...]] = own.annotate(
        setting=Value(ORGANISATION, CharField()),
        name=F("team__name"),
        undone_at=Cast(Value(None), SettingChange._meta.get_field("undone_at")),
    ).values_list(*_COLUMNS)
    return rows


def _told(rows: list[tuple[Any, ...]]) -> Iterator[SettingsHistoryRow]:
    for pk, setting, kind, data, name, at, by, undone_at in rows:
        yield SettingsHistoryRow(
            id=0 if setting == ORGANISATION else pk,
            setting=setting,
            event=event_of(kind, data),
            name=name,
            at=at,
            by=by or "",
            is_undone=undone_at is not None,
        )


def latest(user: User, setting: str) -> SettingsHistoryRow | None:
    """The last change of one page."""
    return next(iter(changes(user, of=setting)[0]), None)


def merge_to_undo(user: User, pk: int) -> SettingChange:
    """Raises SettingChange.DoesNotExist."""
    return SettingChange.objects.editable_by(user).filter(kind=events.Merged.kind).get(pk=pk)
