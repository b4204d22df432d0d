"""What can be done to a batch: an import, or the sample data. Taking it back is the only deletion
there is; what changed since, or is used by something that stays, is kept and listed."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models, transaction
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.utils.translation import gettext as _

from crm.commands import search
from crm.models import Company, Contact, Deal, Product, SearchKind
from pipeline.models import Batch, BatchKind, Team, User
from pipeline.moves import Refused

# What refers to another comes before it; what refers to each other, goes or stays together.
_GROUPS: tuple[tuple[type[models.Model], ...], ...] = (
    (Deal,),
    (Contact,),
    (Company,),
    (Product,),
    (User, Team),
)
_SEARCHED = {Deal: SearchKind.DEAL, Contact: SearchKind.CONTACT, Company: SearchKind.COMPANY}
_KINDS = {
    Deal: "deals",
    Contact: "contacts",
    Company: "companies",
    Product: "products",
    User: "people",
}

_UNTOUCHED = """
    CREATE TEMP TABLE {going} ON COMMIT DROP AS
    SELECT t.id FROM {table} AS t WHERE t.batch_id = %(batch)s AND {unchanged}
"""
_IDS = "SELECT id FROM {going}"
_STILL_USED = "DELETE FROM {going} AS t WHERE EXISTS (SELECT FROM {user} AS u WHERE u.{column} = t.id {staying})"
_STAYING = "AND NOT EXISTS (SELECT FROM {going} AS g WHERE g.id = u.id)"
_DELETE = "DELETE FROM {table} WHERE {column} IN (SELECT id FROM {going})"
_KEPT = (
    "SELECT t.id, t.name, {unchanged} FROM {table} AS t WHERE t.batch_id = %(batch)s ORDER BY t.id"
)
_FORGET = """
    DELETE FROM crm_importedrow AS l WHERE l.batch_id = %(batch)s AND (
        NOT l.created OR NOT EXISTS (
            SELECT FROM {table} AS t WHERE t.id = l.record_id AND t.batch_id = %(batch)s
        )
    ) AND l.kind = %(kind)s
"""
_RELATIONSHIP = """
    UPDATE crm_company AS c SET relationship = %(before)s, changed_at = %(at)s, changed_by_id = %(by)s
    WHERE c.id = %(company)s AND c.relationship = 'customer' AND NOT EXISTS (
        SELECT FROM crm_deal AS d WHERE d.company_id = c.id AND d.outcome = 'won'
    )
"""


@dataclass(frozen=True, kw_only=True)
class Kept:
    kind: str
    pk: int
    name: str
    why: str


@dataclass(kw_only=True)
class Undone:
    """`deleted` counts by kind of record; `kept` is what stays, and why."""

    deleted: dict[str, int] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)


def undo(batch: Batch, *, by: User | None, at: dt.datetime) -> Undone:
    """Take back what came in with `batch` and nobody touched since.

    A record that was changed after the batch's instant stays with all its history, and so does
    what it refers to. A company on record that only became a customer by it is what it was before.

    Raises Refused if it was taken back already.
    """
    with transaction.atomic():
        row = Batch.objects.select_for_update().get(pk=batch.pk)
        if row.undone_at is not None:
            raise Refused(_("This batch was taken back already."))
        undone = Undone()
        _run("SET LOCAL seven.undo = 'batch'")
        for group in _GROUPS:
            _choose(row, group)
            for model in group:
                undone.deleted[str(model._meta.verbose_name_plural)] = _delete(model)
            for model in group:
                _run(f"DROP TABLE {_going(model)}")
                undone.kept += _kept(row, model)
        _run("SET LOCAL seven.undo = ''")
        for model, kind in _KINDS.items():
            table = model._meta.db_table
            _run(_FORGET.format(table=table), {**_arguments(row), "kind": kind})
        _restore_relationships(row, by=by, at=at)
        row.undone_at = at
        row.save(update_fields=["undone_at"])
    batch.refresh_from_db()
    return undone


def _choose(batch: Batch, group: Sequence[type[models.Model]]) -> None:
    """Collect the untouched records of a group that nothing uses which stays."""
    for model in group:
        statement = _UNTOUCHED.format(
            going=_going(model), table=model._meta.db_table, unchanged=_unchanged(batch, model)
        )
        _run(statement, _arguments(batch))
    while sum([_spare_used(model, group) for model in group]):
        pass  # what stays may in turn use others of the group


def _spare_used(model: type[models.Model], group: Sequence[type[models.Model]]) -> int:
    spared = 0
    for rel in _relations(model):
        user: Any = rel.related_model
        if rel.on_delete is models.CASCADE and user not in group:
            continue  # a part of the record, which goes and stays with it
        spared += _run(
            _STILL_USED.format(
                going=_going(model),
                user=user._meta.db_table,
                column=rel.field.column,
                staying=_STAYING.format(going=_going(user)) if user in group else "",
            )
        )
    return spared


def _delete(model: type[models.Model]) -> int:
    """Delete the chosen records of one model with the parts that belong to them; how many."""
    going = _going(model)
    if kind := _SEARCHED.get(model):
        search.drop(kind, _ids(_IDS.format(going=going)))
    for rel in _relations(model):
        if rel.on_delete is models.CASCADE:
            part: Any = rel.related_model
            _run(_DELETE.format(going=going, table=part._meta.db_table, column=rel.field.column))
    return _run(_DELETE.format(going=going, table=model._meta.db_table, column="id"))


def _going(model: type[models.Model]) -> str:
    return f"going_{model._meta.model_name}"


def _relations(model: type[models.Model]) -> Iterator[Any]:
    """Every foreign key in the database that points at `model`, however it is hidden from code."""
    for rel in model._meta.get_fields(include_hidden=True):
        if isinstance(rel, ForeignObjectRel) and not rel.many_to_many:
            source: Any = rel.related_model
            if rel.field.concrete and not source._meta.proxy:
                yield rel


def _unchanged(batch: Batch, model: type[models.Model]) -> str:
    """Records that count their changes say so. People of an import changed if they were ever here;
    those of the sample data are there to sign in."""
    if model is User and batch.kind != BatchKind.SAMPLE:
        return "t.last_login IS NULL"
    if any(each.name == "changed_at" for each in model._meta.concrete_fields):
        return "t.changed_at <= %(at)s"
    return "true"


def _kept(batch: Batch, model: type[models.Model]) -> list[Kept]:
    statement = _KEPT.format(table=model._meta.db_table, unchanged=_unchanged(batch, model))
    with connection.cursor() as cursor:
        cursor.execute(statement, _arguments(batch))
        return [
            Kept(
                kind=str(model._meta.verbose_name),
                pk=pk,
                name=name,
                why=_("used by a record that stays") if unchanged else _("changed since"),
            )
            for pk, name, unchanged in cursor.fetchall()
        ]


def _arguments(batch: Batch) -> dict[str, Any]:
    return {"batch": batch.pk, "at": batch.at}


def _restore_relationships(batch: Batch, *, by: User | None, at: dt.datetime) -> None:
    before = batch.summary.get("relationships_before", {})
    for company, relationship in before.items():
        _run(
            _RELATIONSHIP,
            {
                "company": int(company),
                "before": relationship,
                "at": at,
                "by": by.pk if by else None,
            },
        )
    search.put(SearchKind.COMPANY, [int(company) for company in before])


def _ids(statement: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [pk for (pk,) in cursor.fetchall()]


def _run(statement: str, arguments: dict[str, Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return int(cursor.rowcount)
