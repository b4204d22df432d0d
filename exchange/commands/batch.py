"""What can be done to a batch: an import, or the sample data. Taking it back deletes records of
selling, as little else does; what changed since, or is used by something that stays, is kept and listed."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.utils.translation import gettext as _

from crm.commands import search
from crm.models import (
    Activity,
    Company,
    Deal,
    DealLine,
    Offer,
    ProcessNote,
    Product,
    Rate,
    SearchKind,
)
from exchange.commands.undoable import UNDOABLE, Undoable
from exchange.imports import activities, offers, owners, parts, rates, step_answers, updates
from exchange.models import ImportJob
from pipeline.models import Batch, Team, User
from salesprocess.lib.refused import Refused

_LOCK = """
    SELECT FROM {table} WHERE id = ANY(ARRAY(
        SELECT id FROM {table} WHERE batch_id = %(batch)s
        UNION SELECT record_id FROM exchange_importchange
        WHERE job_id = %(job)s AND kind = %(kind)s AND applied {also}
    )) ORDER BY id FOR UPDATE
"""
# What is not of the batch, and is changed when it is taken back: the deals that it has put something
# on, and the companies that became customers or ceased to be.
_ALSO: dict[type[models.Model], str] = {
    Deal: """
        UNION SELECT p.deal_id FROM crm_dealline AS p JOIN crm_importedrow AS l
          ON l.kind = 'lines' AND l.batch_id = %(batch)s AND p.id = l.record_id
        UNION SELECT o.deal_id FROM crm_offer AS o JOIN crm_importedrow AS l
          ON l.kind = 'offers' AND l.batch_id = %(batch)s AND o.id = l.record_id
        UNION SELECT record_id FROM crm_importedrow
        WHERE kind IN ('roles', 'answers') AND %(batch)s IN (batch_id, changed_batch_id)
        UNION SELECT deal_id FROM crm_activity WHERE batch_id = %(batch)s AND deal_id IS NOT NULL
        UNION SELECT a.deal_id FROM exchange_importchange AS c JOIN crm_activity AS a ON a.id = c.record_id
          WHERE c.job_id = %(job)s AND c.kind = 'activities' AND c.applied AND a.deal_id IS NOT NULL
    """,
    Company: "UNION SELECT unnest(%(companies)s::bigint[])",
}
_UNTOUCHED = """
    CREATE TEMP TABLE {going} ON COMMIT DROP AS
    SELECT t.id FROM {table} AS t WHERE t.batch_id = %(batch)s AND {unchanged} AND {only}
"""
_IDS = "SELECT id FROM {going}"
_DEALS_OF_GOING = """
    SELECT DISTINCT a.deal_id FROM crm_activity AS a JOIN going_activity AS g ON g.id = a.id
    WHERE a.deal_id IS NOT NULL ORDER BY 1
"""
_STILL_USED = "DELETE FROM {going} AS t WHERE EXISTS (SELECT FROM {user} AS u WHERE u.{column} = t.id {staying})"
_OF_OTHERS = "AND u.batch_id IS DISTINCT FROM %(batch)s"
_STAYING = "AND NOT EXISTS (SELECT FROM {going} AS g WHERE g.id = u.id)"
# Nobody who stays can do without the organisation.
_ORGANISATION = """
    DELETE FROM {teams} AS t USING pipeline_team AS root
    WHERE root.id = t.id AND root.parent_id IS NULL AND EXISTS (
        SELECT FROM pipeline_user AS u WHERE NOT EXISTS (SELECT FROM {people} AS g WHERE g.id = u.id)
    )
"""
_PART_IDS = "SELECT id FROM {table} WHERE {condition}"
# Of people and teams each change is told, and a process that they wrote is their own.
_SAME = """
    NOT EXISTS (SELECT FROM pipeline_peoplechange AS c WHERE c.{of} = t.id AND c.at > %(at)s)
    AND NOT EXISTS (SELECT FROM pipeline_layer AS l WHERE l.{layer} = t.id AND l.revision > 0)
"""
_SAME_PERSON = _SAME.format(of="person_id", layer="user_id")
_SAME_TEAM = _SAME.format(of="team_id", layer="team_id")
_DELETE = "DELETE FROM {table} WHERE {condition}"
_FORGET_IT = "UPDATE {table} SET {column} = NULL WHERE {column} IN ({parts})"
_KEPT = (
    "SELECT t.id, {name}, {unchanged} FROM {table} AS t WHERE t.batch_id = %(batch)s"
    " AND {only} ORDER BY t.id"
)
# Rows of other imports too, which had found a record of this batch: they bring it in anew.
_FORGET = """
    DELETE FROM crm_importedrow AS l WHERE l.kind = %(kind)s AND (
        l.batch_id = %(batch)s AND NOT l.created
        OR NOT EXISTS (SELECT FROM {table} AS t WHERE t.id = l.record_id)
    )
"""
# Who changed nothing else since has changed nothing: another batch may take the company back, too.
_RELATIONSHIP = """
    UPDATE crm_company AS c SET relationship = %(before)s,
        relationship_before_win = CASE WHEN %(before)s = 'customer' THEN c.relationship END,
        changed_at = CASE WHEN c.changed_at = %(came_at)s THEN %(changed_at)s ELSE %(at)s END,
        changed_by_id = CASE WHEN c.changed_at = %(came_at)s THEN %(changed_by)s ELSE %(by)s END
    FROM (
        SELECT count(*) AS n FROM crm_deal AS d WHERE d.company_id = %(company)s AND d.outcome = 'won'
    ) AS wins
    WHERE c.id = %(company)s AND c.relationship = %(after)s
      AND CASE %(before)s WHEN 'customer' THEN wins.n > 0 ELSE wins.n <= %(wins)s END
"""


@dataclass(frozen=True, kw_only=True)
class KeptRecord:
    kind: str
    pk: int
    name: str
    why: str


@dataclass(kw_only=True)
class Undone:
    """`deleted` counts by kind of record, `restored` the records that are again as they were before a
    file changed them; `kept` is what stays, and why."""

    deleted: dict[str, int] = field(default_factory=dict)
    restored: int = 0
    kept: list[KeptRecord] = field(default_factory=list)


def fingerprints(batch: Batch) -> dict[str, dict[str, str]]:
    """How the records of a batch stand now that do not say when they were changed.

    Kept in the batch's summary as "as_filled", they tell `undo` which of them were changed since.
    """
    return {
        _label(each.model): {
            str(pk): hashlib.sha256(repr(values).encode()).hexdigest()
            for pk, *values in _of(each.model, batch).values_list("pk", *each.watched)
        }
        for group in UNDOABLE
        for each in group
        if each.watched
    }


def undo(batch: Batch, *, job: ImportJob | None = None, by: User | None, at: dt.datetime) -> Undone:
    """Take back what came in with `batch` and nobody touched since.

    A record that was changed after the batch's instant stays with all its history, as does a deal
    that somebody logged something on, and so does what they refer to: it is the organisation's own
    from then on. A company on record that only became a customer by it, or was none any more, is what it
    was before. Fields that the import `job` changed on record get their former values where nobody
    changed them since.

    Who is at one of the records just then is waited for.

    Raises Refused if it was taken back already.
    """
    with transaction.atomic():
        row = Batch.objects.select_for_update().get(pk=batch.pk)
        if row.undone_at is not None:
            raise Refused(_("This batch was taken back already."))
        undone = Undone()
        _wait_for_others(row, job)
        undone.restored = _restore_fields(row, job, undone.kept, by=by, at=at)
        _take_parts(row, undone)
        _take_offers(row, undone, by=by, at=at)
        _take_answers(row, undone, by=by, at=at)
        _take_rates(row, undone, by=by, at=at)
        _run("SET LOCAL seven.undo = 'batch'")
        for group in UNDOABLE:
            _choose(row, group)
            for each in group:
                deals = _ids(_DEALS_OF_GOING) if each.model is Activity else []
                gone = _delete(each)
                if deals:
                    activities.refresh_deals(deals, zone=Team.objects.root().time_zone)
                # Not every batch has these: it need not say that there were none.
                if gone or each.model not in (ProcessNote, Activity):
                    undone.deleted[str(each.model._meta.verbose_name_plural)] = gone
            for each in group:
                _run(f"DROP TABLE {_going(each.model)}")
                undone.kept += _kept(row, each)
        _run("SET LOCAL seven.undo = ''")
        for each in chain(*UNDOABLE):
            table = each.model._meta.db_table
            _run(_FORGET.format(table=table), {"batch": row.pk, "kind": each.kind})
        _restore_relationships(row, by=by, at=at)
        row.undone_at = at
        row.save(update_fields=["undone_at"])
    batch.refresh_from_db()
    return undone


def _wait_for_others(batch: Batch, job: ImportJob | None) -> None:
    """Lock all records of the batch, and those that it has changed: who is at one of them is waited for,
    and what is written on it counts; whoever comes later waits.

    What refers to another comes first: whoever has written on a deal still needs, at the commit, the
    company and the people that it refers to.
    """
    about = {
        "batch": batch.pk,
        "job": job.pk if job else None,
        "companies": [int(pk) for pk in batch.summary.get("relationships_before", {})],
    }
    for each in chain(*UNDOABLE):
        statement = _LOCK.format(table=each.model._meta.db_table, also=_ALSO.get(each.model, ""))
        _run(statement, {**about, "kind": each.kind})


def _choose(batch: Batch, group: Sequence[Undoable]) -> None:
    """Collect the untouched records of a group that nothing uses which stays."""
    for each in group:
        statement = _UNTOUCHED.format(
            going=_going(each.model),
            table=each.model._meta.db_table,
            unchanged=_unchanged(batch, each.model),
            only=each.only,
        )
        _run(statement, _arguments(batch, each.model))
    while sum([_spare_used(batch, each, group) for each in group]):
        pass  # what stays may in turn use others of the group


def _spare_used(batch: Batch, undoable: Undoable, group: Sequence[Undoable]) -> int:
    going = _going(undoable.model)
    spared = 0
    for rel in _relations(undoable.model):
        user: Any = rel.related_model
        staying = ""
        if (user._meta.label, rel.field.name) in undoable.parts:
            if not _has_field(user, "batch"):
                continue
            staying = _OF_OTHERS
        elif any(user is each.model for each in group):
            staying = _STAYING.format(going=_going(user))
        for label, path in chain(*(each.parts for each in group)):
            if label == user._meta.label and not _has_field(user, "batch"):
                staying += f" AND ({_belongs(user, path)}) IS NOT TRUE"
        statement = _STILL_USED.format(
            going=going, user=user._meta.db_table, column=rel.field.column, staying=staying
        )
        spared += _run(statement, {"batch": batch.pk})
    if undoable.model is Team:
        spared += _run(_ORGANISATION.format(teams=going, people=_going(User)))
    return spared


def _belongs(model: type[models.Model], path: str) -> str:
    """The condition on which a row belongs, by `path`, to a record that goes."""
    first, _dots, rest = path.partition("__")
    key: Any = model._meta.get_field(first)
    owner = key.related_model
    if rest:
        ids = _PART_IDS.format(table=owner._meta.db_table, condition=_belongs(owner, rest))
    else:
        ids = _IDS.format(going=_going(owner))
    return f"{key.column} IN ({ids})"


def _delete(undoable: Undoable) -> int:
    """Delete the chosen records of one model with the parts that belong to them; how many."""
    ids = _IDS.format(going=_going(undoable.model))
    if undoable.search:
        search.remove(undoable.search, _ids(ids))
    for label, path in undoable.parts:
        part = apps.get_model(label)
        names = {"table": part._meta.db_table, "condition": _belongs(part, path)}
        for rel in _relations(part):
            if rel.on_delete is models.SET_NULL:
                user: Any = rel.related_model
                _run(
                    _FORGET_IT.format(
                        table=user._meta.db_table,
                        column=rel.field.column,
                        parts=_PART_IDS.format(**names),
                    )
                )
        _run(_DELETE.format(**names))
    return _run(_DELETE.format(table=undoable.model._meta.db_table, condition=f"id IN ({ids})"))


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
    """Records that count their changes say so; of others the batch may know how they came in. Else
    people changed if they were ever here."""
    if _has_field(model, "changed_at"):
        return "coalesce(t.changed_at, %(at)s) <= %(at)s"
    if "as_filled" in batch.summary:
        return "NOT t.id = ANY(%(changed)s::bigint[])"
    if model is Product:
        return f"NOT {updates.PRODUCT_CHANGED}"
    return {User: f"t.last_login IS NULL AND {_SAME_PERSON}", Team: _SAME_TEAM}.get(model, "true")


def _changed(batch: Batch, model: type[models.Model]) -> list[int]:
    """The watched records of one model that do not stand as the batch remembers them."""
    before = batch.summary.get("as_filled", {}).get(_label(model), {})
    now = fingerprints(batch).get(_label(model), {}) if before else {}
    return [int(pk) for pk, mark in now.items() if before.get(pk) != mark]


def _label(model: type[models.Model]) -> str:
    return str(model._meta.model_name)


def _of(model: type[models.Model], batch: Batch) -> "models.QuerySet[Any]":
    return model._default_manager.filter(batch=batch)


def _has_field(model: type[models.Model], name: str) -> bool:
    return any(each.name == name for each in model._meta.concrete_fields)


def _kept(batch: Batch, undoable: Undoable) -> list[KeptRecord]:
    model = undoable.model
    names = {
        ProcessNote: "left(t.words, 80)",
        Activity: "coalesce(nullif(t.subject, ''), left(t.body, 80))",
    }
    statement = _KEPT.format(
        table=model._meta.db_table,
        name=names.get(model, "t.name"),
        unchanged=_unchanged(batch, model),
        only=undoable.only,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, _arguments(batch, model))
        return [
            KeptRecord(
                kind=str(model._meta.verbose_name),
                pk=pk,
                name=name,
                why=_("used by a record that stays") if unchanged else _("changed since"),
            )
            for pk, name, unchanged in cursor.fetchall()
        ]


def _arguments(batch: Batch, model: type[models.Model]) -> dict[str, Any]:
    return {"batch": batch.pk, "at": batch.at, "changed": _changed(batch, model)}


def _take_rates(batch: Batch, undone: Undone, *, by: User | None, at: dt.datetime) -> None:
    gone, left = rates.take_back(batch, by=by, at=at)
    if gone:
        undone.deleted[str(Rate._meta.verbose_name_plural)] = gone
    undone.kept += [
        KeptRecord(
            kind=str(Rate._meta.verbose_name),
            pk=rate.pk,
            name=f"{rate.currency} {rate.on.isoformat()}",
            why=_("changed since") if is_changed else _("used by a record that stays"),
        )
        for rate, is_changed in left
    ]


def _take_parts(batch: Batch, undone: Undone) -> None:
    """What the batch has put on deals that are not its own."""
    gone, left = parts.take_back(batch.pk, batch.summary, batch.at)
    if gone:
        undone.deleted[_("parts of deals")] = gone
    kind, why = str(DealLine._meta.verbose_name), _("the deal was changed since")
    undone.kept += [KeptRecord(kind=kind, pk=0, name=name, why=why) for name in left]


def _take_offers(batch: Batch, undone: Undone, *, by: User | None, at: dt.datetime) -> None:
    gone, left = offers.take_back(batch.pk, batch.summary, came_at=batch.at, by=by, at=at)
    if gone:
        undone.deleted[str(Offer._meta.verbose_name_plural)] = gone
    undone.kept += [
        KeptRecord(
            kind=str(Offer._meta.verbose_name),
            pk=pk,
            name=name,
            why=_("the deal was changed since") if is_near else _("out of your reach by now"),
        )
        for pk, name, is_near in left
    ]


def _take_answers(batch: Batch, undone: Undone, *, by: User | None, at: dt.datetime) -> None:
    gone, left = step_answers.take_back(batch.pk, batch.summary, came_at=batch.at, by=by, at=at)
    if gone:
        undone.deleted[_("answers to steps")] = gone
    undone.kept += [
        KeptRecord(
            kind=_("answer to a step"),
            pk=pk,
            name=name,
            why=_("changed since") if is_near else _("out of your reach by now"),
        )
        for pk, name, is_near in left
    ]


def _restore_fields(
    batch: Batch,
    job: ImportJob | None,
    kept: list[KeptRecord],
    *,
    by: User | None,
    at: dt.datetime,
) -> int:
    if job is None:
        return 0
    count, left = updates.take_back(job.pk, batch_id=batch.pk, came_at=batch.at, by=by, at=at)
    owners.give_plans_back(job.pk)
    activities.refresh_deals_of(job.pk)
    models_of = {each.kind: each.model for each in chain(*UNDOABLE)}
    kept += [
        KeptRecord(
            kind=str(models_of[kind]._meta.verbose_name),
            pk=pk,
            name=name,
            why=why,
        )
        for kind, pk, name, why in left
    ]
    return count


def _restore_relationships(batch: Batch, *, by: User | None, at: dt.datetime) -> None:
    before = batch.summary.get("relationships_before", {})
    for company, was in before.items():
        # Batches of earlier versions kept the relationship alone, or not how many wins there were.
        relationship, changed_at, changed_by, *more = (
            [was, at, None] if isinstance(was, str) else was
        )
        wins, after = more or (0, "customer")
        _run(
            _RELATIONSHIP,
            {
                "company": int(company),
                "before": relationship,
                "after": after,
                "wins": wins,
                "changed_at": changed_at,
                "changed_by": changed_by,
                "came_at": batch.at,
                "at": at,
                "by": by.pk if by else None,
            },
        )
    search.index(SearchKind.COMPANY, [int(company) for company in before])


def _ids(statement: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [pk for (pk,) in cursor.fetchall()]


def _run(statement: str, arguments: dict[str, Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return int(cursor.rowcount)
