"""Two companies, or two people of the other side, that are one: everything of the one goes to the other.

The one that goes is deleted, so that no list, figure or search has to know of it; `PartyMerge` leads on
whoever comes by its old address, and keeps for some weeks what it takes to have it back. What refers
to it is read from the models, so that a new table comes along by itself.
"""

import datetime as dt
import json
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db import IntegrityError, connection, models, transaction
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from crm.commands import search
from crm.commands.company import lock_parents
from crm.commands.deleted import KEPT
from crm.events import PartyGivenBack, PartyTakenIn, Unmerged
from crm.models import (
    Company,
    Contact,
    Deal,
    DealContact,
    DealRole,
    ImportedRow,
    PartyChange,
    PartyKind,
    PartyMerge,
    SavedView,
    SearchKind,
)
from crm.queries.party import gone_into
from pipeline.models import User
from salesprocess.lib.events import Event, RecordRef, event_columns
from salesprocess.lib.refused import Refused, require_version

Party = Company | Contact

# What somebody chooses between, of either kind; the owner stays who looks after the one that stays.
FIELDS: dict[PartyKind, tuple[str, ...]] = {
    PartyKind.COMPANY: (
        *("name", "relationship", "parent", "website", "industry", "employees", "country"),
    ),
    PartyKind.CONTACT: ("name", "job_title", "company"),
}
_MODELS: dict[PartyKind, type[Any]] = {PartyKind.COMPANY: Company, PartyKind.CONTACT: Contact}
_LEDGERS = {PartyKind.COMPANY: "companies", PartyKind.CONTACT: "contacts"}
_SEARCHED = {PartyKind.COMPANY: SearchKind.COMPANY, PartyKind.CONTACT: SearchKind.CONTACT}
_ROWS = "SELECT to_jsonb(t)::text FROM {table} AS t WHERE t.id = ANY(%s) ORDER BY t.id"
_PUT_BACK = "INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, %s::jsonb)).*"
_DELETE = "DELETE FROM {table} WHERE id = %s"
_COPY_HISTORY = """
    INSERT INTO crm_partychange (company_id, contact_id, at, by_id, reason, kind, data)
    SELECT %(company)s, %(contact)s, c.at, c.by_id, c.reason, c.kind, c.data
    FROM crm_partychange AS c WHERE c.id = ANY(%(ids)s) ORDER BY c.id RETURNING id
"""


def kind_of(party: Party) -> PartyKind:
    return PartyKind.COMPANY if isinstance(party, Company) else PartyKind.CONTACT


def merge(
    gone: Party,
    *,
    into: Party,
    take: Collection[str] = (),
    by: User,
    at: dt.datetime,
    version: int | None = None,
    gone_version: int | None = None,
) -> PartyMerge:
    """Say that `gone` is the same as `into`, which stays with everything that belongs to either: deals,
    people, what was said and planned, addresses, history, numbers of other systems.

    `take` names the fields (of FIELDS) whose values come from `gone`; the others stay as they are. What
    only one of a thing may have (a place on a deal, a touch plan) stays that of `into`.

    Raises Refused for one and the same, DoesNotExist unless both are within the reach of `by` to change,
    Stale if `version` or `gone_version` is not the present one.
    """
    kind = kind_of(into)
    if gone.pk == into.pk:
        raise Refused(_("That is the same record already: choose another one."), field="other")
    with transaction.atomic():
        row, target = _locked_pair(gone, into, by=by)
        require_version(target, version)
        require_version(row, gone_version)
        parent = _parent_of_both(row, target, take) if isinstance(target, Company) else None
        kept = {
            "row": _rows_of(type(row), [row.pk]),
            "roles": _take_roles(row, target),
            "dropped": _drop_collisions(row, target),
            "moved": _move(row, target),
            "history": _move_history(row, target),
            "ledger": _move_ledger(kind, row.pk, target.pk, among=None),
            "views": _move_views(row.pk, target.pk, among=None) if kind == "company" else [],
        }
        fields = {name: getattr(row, name) for name in FIELDS[kind] if name in take}
        if isinstance(target, Company):
            fields["parent"] = parent
        kept["fields"] = _take_fields(target, fields, by=by, at=at)
        _delete(row)
        _note(target, PartyTakenIn(party=RecordRef(kind=kind, id=gone.pk, name=row.name)), by, at)
        done = PartyMerge.objects.create(
            kind=kind, gone_id=gone.pk, name=row.name, into_id=target.pk, at=at, by=by, kept=kept
        )
        search.remove(_SEARCHED[kind], [gone.pk])
        _index(target)
    into.refresh_from_db()
    return done


def unmerge(found: PartyMerge, *, by: User, at: dt.datetime) -> int:
    """Bring back the one that went, with everything that still is where it went; what it belonged to may
    have been merged itself since. How many records have moved on meanwhile, and so stay where they are, or
    belonged to what is gone; fields that were changed since stay, too.

    Raises PartyMerge.DoesNotExist for what was undone already, DoesNotExist unless `by` may change what
    it went into, Refused after 30 days and where that is gone itself.
    """
    with transaction.atomic():
        merges = PartyMerge.objects.editable_by(by).filter(undone_at=None)
        row = merges.select_for_update(of=("self",)).get(pk=found.pk)
        if at - row.at > KEPT or not row.kept:
            raise Refused(_("A merge can be undone for 30 days."))
        kind = PartyKind(row.kind)
        if kind == PartyKind.COMPANY:
            lock_parents()
        model = _MODELS[kind]
        if not model._base_manager.filter(pk=row.into_id).exists():
            raise Refused(_("What it went into is gone itself: undo that first."))
        target = model.objects.editable_by(by).select_for_update(of=("self",)).get(pk=row.into_id)
        try:
            with transaction.atomic():
                left = _put_all_back(row, target, by=by, at=at)
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        except IntegrityError as error:
            raise Refused(_("Something that belonged to it is gone by now.")) from error
        back = model._base_manager.get(pk=row.gone_id)
        _note(target, PartyGivenBack(party=RecordRef.to(back)), by, at)
        _note(back, Unmerged(out_of=RecordRef.to(target)), by, at)
        row.undone_at, row.kept = at, {}
        row.save(update_fields=["undone_at", "kept"])
        for party in (target, back):
            _index(party)
    return left


def forget(*, at: dt.datetime) -> None:
    """What it would take to undo is kept for 30 days; where it went is told for good."""
    PartyMerge.objects.filter(at__lt=at - KEPT).exclude(kept={}).update(kept={})


def references(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    """Every (model, field) that refers to rows of `model`, but history, which is only written."""
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel) and relation.related_model is not PartyChange:
            yield relation.related_model, relation.field.name  # type: ignore[misc]  # no "self" is left


# One after the other --------------------------------------------------------------------------------


def _locked_pair(gone: Party, into: Party, *, by: User) -> tuple[Any, Any]:
    """Both in one order, so that two who merge them the other way round do not wait in a circle."""
    model: Any = type(into)
    if model is Company:
        lock_parents()
    rows = model.objects.editable_by(by).filter(pk__in=[gone.pk, into.pk]).order_by("pk")
    found = {row.pk: row for row in rows.select_for_update(of=("self",))}
    if len(found) < 2:
        raise model.DoesNotExist
    return found[gone.pk], found[into.pk]


def _parent_of_both(row: Company, target: Company, take: Collection[str]) -> Company | None:
    """The one that is chosen, also where that is none; the other where it belongs to either of the two
    itself, as long as that does not."""
    wanted = [row.parent, target.parent] if "parent" in take else [target.parent, row.parent]
    if wanted[0] is None:
        return None
    below = _below([row.pk, target.pk])
    return next((one for one in wanted if one is not None and one.pk not in below), None)


def _below(ids: list[int]) -> set[int]:
    """These companies, and all that belong to them."""
    found = set(ids)
    some = ids
    while some:
        children = Company.objects.filter(parent__in=some).values_list("pk", flat=True)
        some = [pk for pk in children if pk not in found]
        found.update(some)
    return found


def _rows_of(model: type[models.Model], ids: Collection[int]) -> list[list[Any]]:
    """The rows as they are in the database, each with its table."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(_ROWS.format(table=table), [list(ids)])
        return [[table, json.loads(row)] for (row,) in cursor.fetchall()]


def _drop_collisions(row: Party, target: Party) -> list[list[Any]]:
    """Delete what `target` has already, and of which it may have no second: the rows."""
    dropped = []
    for model, field in references(type(target)):
        for others in _unique_with(model, field):
            theirs = model._base_manager.filter(
                **{field: target}, **{other: OuterRef(other) for other in others}
            )
            rows = model._base_manager.filter(Exists(theirs), **{field: row})
            ids = list(rows.values_list("pk", flat=True))
            dropped += _rows_of(model, ids)
            model._base_manager.filter(pk__in=ids).delete()
    return dropped


def _unique_with(model: type[models.Model], field: str) -> Iterator[list[str]]:
    """The other fields with which a reference is unique: none where it is by itself."""
    if model._meta.get_field(field).unique:  # type: ignore[union-attr]  # a foreign key
        yield []
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and field in constraint.fields:
            yield [other for other in constraint.fields if other != field]


def _move(row: Party, target: Party) -> dict[str, list[int]]:
    """The ids of what refers to `target` from now on, by model and field."""
    moved = {}
    for model, field in references(type(target)):
        rows = model._base_manager.filter(**{field: row})
        if model is type(target):
            rows = rows.exclude(pk=target.pk)
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
        model._base_manager.filter(pk__in=ids).update(**{field: target})
        if ids:
            moved[f"{model._meta.label} {field}"] = ids
    _count_deals(moved)
    return moved


def _count_deals(moved: dict[str, list[int]]) -> None:
    """Whoever has such a deal open is told that it is another one by now."""
    ids = moved.get("crm.Deal company", [])
    Deal.objects.filter(pk__in=ids).update(version=F("version") + 1)


def _move_history(row: Party, target: Party) -> dict[str, Any]:
    """History is only written: what happened to the one is written to the other, as it was."""
    kind = kind_of(target)
    ids = list(PartyChange.objects.filter(**{kind.value: row}).values_list("pk", flat=True))
    kept = _rows_of(PartyChange, ids)
    where = {"company": None, "contact": None, kind.value: target.pk, "ids": ids}
    with connection.cursor() as cursor:
        cursor.execute(_COPY_HISTORY, where)
        copies = [pk for (pk,) in cursor.fetchall()]
    _delete_history(ids)
    return {"rows": kept, "copies": copies}


def _delete_history(ids: Collection[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL seven.undo = 'act'")
        cursor.execute("DELETE FROM crm_partychange WHERE id = ANY(%s)", [list(ids)])
        cursor.execute("SET LOCAL seven.undo = ''")


def _move_ledger(kind: PartyKind, old: int, new: int, *, among: list[int] | None) -> list[int]:
    """What another system calls the one is the other from now on, when its next file comes."""
    rows = ImportedRow._base_manager.filter(kind=_LEDGERS[kind], record_id=old)
    if among is not None:
        rows = rows.filter(pk__in=among)
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    ImportedRow._base_manager.filter(pk__in=ids).update(record_id=new)
    return ids


def _move_views(old: int, new: int, *, among: list[int] | None) -> list[int]:
    """Saved views that are narrowed to the company."""
    views = SavedView._base_manager.filter(query__contains=f"company={old}").order_by("pk")
    said = []
    for view in views.select_for_update():
        asked = parse_qsl(view.query, keep_blank_values=True)
        if ("company", str(old)) not in asked or (among is not None and view.pk not in among):
            continue
        pairs = [(n, str(new) if (n, v) == ("company", str(old)) else v) for n, v in asked]
        view.query = urlencode(pairs)
        view.save(update_fields=["query"])
        said.append(view.pk)
    return said


def _take_roles(row: Party, target: Party) -> list[list[Any]]:
    """Where both stand on a deal, and only of the one it is known as what: the place, what it was, and
    what it is from now on."""
    if not isinstance(target, Contact):
        return []
    known = DealContact.objects.filter(contact=row.pk).exclude(role=DealRole.UNKNOWN)
    roles = dict(known.values_list("deal_id", "role"))
    taken = []
    places = DealContact.objects.filter(contact=target, role=DealRole.UNKNOWN, deal__in=roles)
    for place in places:
        taken.append([place.pk, place.role, roles[place.deal_id]])
        place.role = roles[place.deal_id]
        place.save(update_fields=["role"])
    return taken


def _take_fields(
    target: Party, fields: dict[str, Any], *, by: User, at: dt.datetime
) -> dict[str, list[Any]]:
    changed = {}
    for name, value in fields.items():
        field = target._meta.get_field(name)
        before = getattr(target, field.attname)  # type: ignore[union-attr]  # a column
        setattr(target, name, value)
        after = getattr(target, field.attname)  # type: ignore[union-attr]  # a column
        if before != after:
            changed[name] = [before, after]
    if isinstance(target, Company) and "relationship" in changed:
        changed["relationship_before_win"] = [target.relationship_before_win, None]
        target.relationship_before_win = None
    _save(target, *changed, by=by, at=at)
    return changed


def _save(party: Party, *fields: str, by: User, at: dt.datetime) -> None:
    party.version += 1
    party.changed_at, party.changed_by = at, by
    party.save(update_fields=[*fields, "version", "changed_at", "changed_by"])


def _delete(row: Party) -> None:
    """Nothing refers to it any more, which the database asks again at the commit."""
    with connection.cursor() as cursor:
        cursor.execute(_DELETE.format(table=row._meta.db_table), [row.pk])


def _note(party: Party, event: Event, by: User, at: dt.datetime) -> None:
    PartyChange.objects.create(
        **{kind_of(party).value: party}, at=at, by=by, **event_columns(event)
    )


def _index(party: Party) -> None:
    if isinstance(party, Company):
        search.index_company(party.pk)
    else:
        search.index(SearchKind.CONTACT, [party.pk])


# And back -------------------------------------------------------------------------------------------


def _put_all_back(found: PartyMerge, target: Party, *, by: User, at: dt.datetime) -> int:
    kept, kind = found.kept, PartyKind(found.kind)
    _put_back(kept["row"], by=by)
    model = _MODELS[kind]
    model._base_manager.filter(pk=found.gone_id).update(version=F("version") + 1)
    left = 0
    for user, field in references(model):
        ids = kept["moved"].get(f"{user._meta.label} {field}", [])
        rows = user._base_manager.filter(pk__in=ids, **{field: target})
        left += len(ids) - rows.update(**{field: found.gone_id})
    if kind == PartyKind.COMPANY:
        # What it belonged to went into one that belongs to it.
        below = Company.objects.filter(pk=found.gone_id, parent__in=_below([found.gone_id]))
        below.update(parent=None)
    _count_deals(kept["moved"])
    left += _put_back(kept["dropped"], by=by)
    _delete_history(kept["history"]["copies"])
    _put_back(kept["history"]["rows"], by=by)
    _move_ledger(kind, target.pk, found.gone_id, among=kept["ledger"])
    if kept["views"]:
        _move_views(target.pk, found.gone_id, among=kept["views"])
    for pk, was, now in kept["roles"]:
        DealContact.objects.filter(pk=pk, role=now).update(role=was)
    _save(target, *_give_fields_back(target, kept["fields"], by=by), by=by, at=at)
    return left


def _give_fields_back(target: Party, fields: dict[str, list[Any]], *, by: User) -> list[str]:
    """What was taken, unless it was changed since: the names of the fields."""
    back = []
    for name, (was, now) in fields.items():
        field: Any = target._meta.get_field(name)
        if getattr(target, field.attname) != now:
            continue
        old = was
        if isinstance(field, models.ForeignKey) and was is not None:
            old = _whereabouts(field, was, by=by)
        if name == "parent" and old in _below([target.pk]):
            continue  # it belongs to this one by now
        setattr(target, field.attname, old)
        back.append(name)
    return back


def _put_back(rows: list[list[Any]], *, by: User) -> int:
    """Insert them again; how many cannot be, because what they belong to is gone."""
    models_of: dict[str, type[models.Model]] = {
        model._meta.db_table: model
        for party in (Company, Contact)
        for model in (party, PartyChange, *(one for one, _field in references(party)))
    }
    left = 0
    with connection.cursor() as cursor:
        for table, row in rows:
            if table not in models_of:
                raise ValueError(table)
            model = models_of[table]
            # History refers to the record itself, and to people of ours, who stay.
            now = row if model is PartyChange else _as_of_now(model, row, by=by)
            if now is None:
                left += 1
            else:
                cursor.execute(_PUT_BACK.format(table=table), [json.dumps(now)])
    return left


def _as_of_now(
    model: type[models.Model], row: dict[str, Any], *, by: User
) -> dict[str, Any] | None:
    """A row that refers to what is there; None where it cannot."""
    now = dict(row)
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and row.get(field.column) is not None:
            now[field.column] = _whereabouts(field, row[field.column], by=by)
            if now[field.column] is None and not field.null:
                return None
    return now


def _whereabouts(field: "models.ForeignKey[Any, Any]", pk: int, *, by: User) -> int | None:
    """The id of what a reference is to: what was merged since is where it went. None if it is gone."""
    model: Any = field.remote_field.model
    there = model._base_manager.all()
    if there.filter(pk=pk).exists():
        return pk
    kind = next((kind for kind, party in _MODELS.items() if party is model), None)
    into = gone_into(by, kind, pk) if kind else None
    return into if into is not None and there.filter(pk=into).exists() else None
