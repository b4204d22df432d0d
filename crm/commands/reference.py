"""Commands on the lists that admins keep: products, sources, methods and stop causes.

Nothing that is in use disappears. A row is retired (no longer offered, still shown where it is
used), merged into another one, which takes over its uses and can be undone, or deleted if it was
never used.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from django.db import connection, models, transaction
from django.db.models import ProtectedError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from crm import events, shipped
from crm.commands import deleted, values
from crm.models import (
    DeletedKind,
    ImportedRow,
    OfferLine,
    Product,
    SavedView,
    SettingChange,
    Source,
    StopCause,
)
from crm.models.reference import ReferenceRow
from crm.queries.reference import REFERENCE_LISTS, reference_list_of, referring_fields, same_name
from pipeline.models import User
from pipeline.people.events import Added
from salesprocess.lib.events import Event, RecordRef, Sum, change_event, event_columns
from salesprocess.lib.refused import Refused, Stale

# Any number, but no other lock's: one change of the lists at a time, so that no two rows get one
# name and nothing is merged into what goes.
LISTS_LOCK = 77_021
# For how long a merge can be undone.
UNDO = dt.timedelta(days=30)
Row = TypeVar("Row", bound=ReferenceRow)


class NameTaken(Refused):
    """Another row has the name; `other` may be what was meant, and can be merged with."""

    def __init__(self, message: str, *, other: ReferenceRow) -> None:
        super().__init__(message, field="name")
        self.other = other


def add(row: Row, *, by: User, at: dt.datetime) -> Row:
    """Put a row that is not saved yet on its list.

    Raises NameTaken, ValidationError for a value that its field cannot hold, Refused for a currency
    that no sum could hold, and for whoever is no admin.
    """
    with lists_locked(by):
        row.name = _clean_name(row)
        _check_name(row)
        if isinstance(row, StopCause):
            row.key = _free_key(row.name)
        _check(row)
        row.save(force_insert=True)
        _note(row, Added(), by=by, at=at)
    return row


def edit(
    row: ReferenceRow, *, by: User, at: dt.datetime, version: int | None = None, **fields: Any
) -> None:
    """Change the named fields of a row. A product's new price is for new lines only: what is on a
    deal or was offered stays as it was made.

    Raises Stale if `version` is not the present one, otherwise as `add` does.
    """
    if unknown := set(fields) - set(reference_list_of(type(row)).fields):
        raise TypeError(f"not editable: {sorted(unknown)}")
    with _locked(row, by=by, version=version) as now:
        before = {name: getattr(now, name) for name in fields}
        for name, value in fields.items():
            setattr(now, name, value)
        if "name" in fields:
            now.name = _clean_name(now)
            if now.name != before["name"]:
                _check_name(now)
                _keep_as_offered(now, before["name"])
        changed = [name for name in fields if getattr(now, name) != before[name]]
        if {"kind", "initiator"}.intersection(changed):
            _check_free(now)
        _check(now)
        for name in changed:
            _note(now, _changed(now, name, before), by=by, at=at)
        if changed:
            _save(now, *changed)


def retire(row: ReferenceRow, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """Offer the row no longer; records that have it keep it. No effect if it is retired already.

    Raises Stale, and Refused for what the process itself uses.
    """
    with _locked(row, by=by, version=version) as now:
        _check_free(now)
        if not now.retired:
            now.retired = True
            _save(now, "retired")
            _note(now, events.Retired(), by=by, at=at)


def bring_back(row: ReferenceRow, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """Offer a retired row again. Raises Stale."""
    with _locked(row, by=by, version=version) as now:
        if now.retired:
            now.retired = False
            _save(now, "retired")
            _note(now, events.BroughtBack(), by=by, at=at)


def delete(row: ReferenceRow, *, by: User, at: dt.datetime, version: int | None = None) -> None:
    """Take a row off its list, if nothing ever used it; it can be brought back (`restore`).

    Raises Stale, Refused for what is in use, and DoesNotExist for what is not there any more.
    """
    with _locked(row, by=by, version=version, goes=True) as now:
        _check_free(now)
        _note(now, events.Deleted(), kept={"row": _as_json(now)}, by=by, at=at)
        _imported_rows(now).delete()
        deleted.keep(DeletedKind.LIST_ROW, now, name=now.name, by=by, at=at)
        try:
            now.delete()
        except ProtectedError as error:
            words = _("“%(name)s” is in use: retire it, or merge it.") % {"name": now}
            raise Refused(words) from error


def note_brought_back(row: ReferenceRow, *, by: User, at: dt.datetime) -> None:
    """Part of the command that has put a deleted row back, under the lock of the lists.

    Raises NameTaken.
    """
    _check_name(row)
    _note(row, events.BroughtBack(), by=by, at=at)


def merge(
    row: ReferenceRow, *, into: ReferenceRow, by: User, at: dt.datetime, version: int | None = None
) -> SettingChange:
    """Let `into` take over everything that has `row`, which goes. Prices on deals, and offers that
    were sent, stay as they are.

    Raises Refused for a row into itself and for what the process itself uses, Stale, and
    DoesNotExist for what is not there any more.
    """
    with _locked(row, by=by, version=version, goes=True) as now:
        _check_free(now)
        target = type(now)._default_manager.select_for_update().get(pk=into.pk)
        if target.pk == now.pk:
            raise Refused(_("Choose another one to merge it into."), field="into")
        _keep_as_offered(now, now.name)
        moved = _move_all(now, target)
        what = {
            "row": _as_json(now),
            "into": target.pk,
            "moved": moved,
        }
        event = events.Merged(into=RecordRef.to(target))
        change = _note(now, event, kept=what, by=by, at=at)
        now.delete()
    return change


def unmerge(change: SettingChange, *, by: User, at: dt.datetime) -> int:
    """Undo a merge: the row comes back, with all records that still have the one it went into.

    The number of records that were moved on meanwhile, and so stay where they are.

    Raises SettingChange.DoesNotExist for what can be undone by nobody or was undone, Refused after
    30 days, if its name was given away, and if the other one is gone itself.
    """
    with lists_locked(by):
        merges = SettingChange.objects.editable_by(by).filter(kind=events.Merged.kind)
        found = merges.select_for_update(of=("self",)).get(pk=change.pk, undone_at=None)
        if at - found.at > UNDO:
            raise Refused(_("A merge can be undone for 30 days."))
        kept = found.kept or {}
        reference_list = next(
            one for one in REFERENCE_LISTS.values() if one.setting == found.setting
        )
        target = reference_list.model._default_manager.filter(pk=kept["into"]).first()
        if target is None:
            name = found.event.into.name if isinstance(found.event, events.Merged) else ""
            raise Refused(_("“%(name)s” is gone itself: undo that first.") % {"name": name})
        row = _from_json(reference_list.model, kept["row"])
        _check_name(row)
        row.save(force_insert=True)
        left = _move_back(kept["moved"], row, target)
        found.undone_at = at
        found.save(update_fields=["undone_at"])
        _note(row, events.Unmerged(out_of=RecordRef.to(target)), by=by, at=at)
    return left


# Locks --------------------------------------------------------------------------------------------


@contextmanager
def lists_locked(by: User) -> Iterator[None]:
    """One transaction in which nobody else changes a list. Taken before any row is locked."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LISTS_LOCK])
        if not User.objects.get(pk=by.pk).scope.everything:
            raise Refused(_("Only an admin changes this."))
        yield


@contextmanager
def _locked(row: Row, *, by: User, version: int | None, goes: bool = False) -> Iterator[Row]:
    """The row as it stands under the lock. Raises Stale if it is not the one that was shown.

    If it `goes`, whoever is about to use it waits until that is decided.
    """
    with lists_locked(by):
        rows = type(row)._default_manager.editable_by(by)
        now: Row = rows.select_for_update(no_key=not goes).get(pk=row.pk)
        if version is not None and version != now.version:
            words = _(
                "Somebody was faster: it is “%(name)s” by now. Save again to put yours in its place."
            )
            raise Stale(now, version=now.version, message=words % {"name": now})
        yield now


def _save(row: ReferenceRow, *fields: str) -> None:
    row.version += 1
    row.save(update_fields=[*fields, "version"])


# What is allowed ----------------------------------------------------------------------------------


def _clean_name(row: ReferenceRow) -> str:
    """Strip the name; a shipped name typed in any language is stored as shipped."""
    name = " ".join(row.name.split())
    return (
        shipped.name_on_record(name, shipped.NAMES)
        if reference_list_of(type(row)).is_shipped
        else name
    )


def _check_name(row: ReferenceRow) -> None:
    other = same_name(reference_list_of(type(row)), row.name).exclude(pk=row.pk).first()
    if other is None:
        return
    words = _("“%(name)s” exists, but is retired.") if other.retired else _("“%(name)s” exists.")
    raise NameTaken(words % {"name": other}, other=other)


def _check(row: ReferenceRow) -> None:
    values.check(row)
    if isinstance(row, Product):
        row.currency = row.currency.upper()


def _check_free(row: ReferenceRow) -> None:
    if row.is_fixed:
        raise Refused(
            _("“%(name)s” is what a verdict stops a deal by: it can only be renamed.")
            % {"name": row}
        )


def _free_key(name: str) -> str:
    stem = slugify(name).replace("-", "_")[:30] or "cause"
    taken = set(StopCause.objects.filter(key__startswith=stem).values_list("key", flat=True))
    keys = (stem, *(f"{stem}_{n}" for n in range(2, len(taken) + 3)))
    return next(key for key in keys if key not in taken)


# What is moved ------------------------------------------------------------------------------------


def _keep_as_offered(row: ReferenceRow, name: str) -> None:
    """Offers that name the product keep its old name."""
    if isinstance(row, Product):
        OfferLine._base_manager.filter(product=row, what="").update(what=name)


def _move_all(row: ReferenceRow, target: ReferenceRow) -> dict[str, list[int]]:
    """The ids of the records that were moved, by model and field."""
    moved = {}
    for model, field in referring_fields(type(row)):
        users = model._base_manager.filter(**{field: row})
        moved[f"{model._meta.label} {field}"] = list(
            users.order_by("pk").values_list("pk", flat=True)
        )
        users.update(**{field: target})
    if isinstance(row, Source):
        moved["views"] = _update_saved_views(row.pk, target.pk, among=None)
    ledger = _imported_rows(row)
    moved["ledger"] = list(ledger.order_by("pk").values_list("pk", flat=True))
    ledger.update(record_id=target.pk)
    return moved


def _move_back(moved: dict[str, list[int]], row: ReferenceRow, target: ReferenceRow) -> int:
    left = 0
    for model, field in referring_fields(type(row)):
        ids = moved.get(f"{model._meta.label} {field}", [])
        back = model._base_manager.filter(pk__in=ids, **{field: target}).update(**{field: row})
        left += len(ids) - back
    if isinstance(row, Source):
        _update_saved_views(target.pk, row.pk, among=moved.get("views", []))
    ImportedRow._base_manager.filter(pk__in=moved.get("ledger", []), record_id=target.pk).update(
        record_id=row.pk
    )
    return left


def _update_saved_views(old: int, new: int, *, among: list[int] | None) -> list[int]:
    """Replace a source in the filters of saved views, of `among` only if given; returns the changed
    views."""
    views = SavedView._base_manager.filter(query__contains=f"source={old}").order_by("pk")
    said = []
    for view in views.select_for_update():
        asked = parse_qsl(view.query, keep_blank_values=True)
        if ("source", str(old)) not in asked or (among is not None and view.pk not in among):
            continue
        pairs = [(n, str(new) if (n, v) == ("source", str(old)) else v) for n, v in asked]
        view.query = urlencode(pairs)
        view.save(update_fields=["query"])
        said.append(view.pk)
    return said


def _imported_rows(row: ReferenceRow) -> models.QuerySet[ImportedRow]:
    """The import rows that became this product, so that the next import finds it."""
    if not isinstance(row, Product):
        return ImportedRow._base_manager.none()
    return ImportedRow._base_manager.filter(kind="products", record_id=row.pk)


# History ------------------------------------------------------------------------------------------


def _note(
    row: ReferenceRow,
    event: Event,
    *,
    by: User,
    at: dt.datetime,
    kept: dict[str, Any] | None = None,
) -> SettingChange:
    return SettingChange.objects.create(
        setting=reference_list_of(type(row)).setting,
        record_id=row.pk,
        name=row.name,
        kept=kept,
        by=by,
        at=at,
        **event_columns(event),
    )


def _changed(row: ReferenceRow, fact: str, before: Mapping[str, Any]) -> Event:
    old, new = before[fact], getattr(row, fact)
    if isinstance(row, Product) and fact == "price":
        old_currency = before.get("currency", row.currency)
        old = None if old is None else Sum(amount=old, currency=old_currency)
        new = None if new is None else Sum(amount=new, currency=row.currency)
    # Kinds and initiators are another thing on each list.
    own = fact in ("kind", "initiator")
    return change_event(
        f"{reference_list_of(type(row)).setting}_{fact}" if own else fact, old=old, new=new
    )


def _as_json(row: ReferenceRow) -> dict[str, Any]:
    """Decimal numbers as text, which keeps them exact."""
    raw = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {name: str(v) if isinstance(v, Decimal) else v for name, v in raw.items()}


def _from_json(model: type[Row], said: dict[str, Any]) -> Row:
    fields = model._meta.concrete_fields
    return model(**{f.attname: f.to_python(said[f.attname]) for f in fields if f.attname in said})
