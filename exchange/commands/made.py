"""What is made of the words of a file for which there was nothing here: entries of lists, teams, and
people who have left. Only admins make any; what nothing uses, and nobody changed since, goes again with
the file."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Min, QuerySet
from django.utils.translation import gettext as _

from crm.commands import reference
from crm.models import Method, Product, Source, StopCause
from exchange.commands import batch as batch_commands
from exchange.commands.batch import KeptRecord, Undone
from exchange.models import ImportJob
from pipeline.models import Batch, BatchKind, PeopleChange, Team, User
from pipeline.people.commands import people, team
from salesprocess.lib.refused import Refused

Made = Source | Method | Product | StopCause | User | Team
_LISTS: dict[str | None, Any] = {
    each._meta.model_name: each for each in (Source, Method, Product, StopCause)
}
# These leave as what came in with the batch does, where people have not changed them since.
_OF_BATCH: dict[str | None, Any] = {each._meta.model_name: each for each in (User, Team)}


def add(row: Made, *, by: User, at: dt.datetime) -> Made:
    """Keep what is not saved yet: a person cannot sign in, and is deactivated at once.

    Raises Refused, or ValidationError, as the commands for each do.
    """
    if isinstance(row, User):
        facts: dict[str, Any] = {
            "name": row.name,
            "email": row.email,
            "role": row.role,
            "team": row.team,
        }
        person = people.add(by=by, at=at, **facts)
        people.deactivate(person, by=by, at=at)
        return person
    if isinstance(row, Team):
        return team.add(name=row.name, parent=Team.objects.root(), manager=None, by=by, at=at)
    return reference.add(row, by=by, at=at)


def named(rows: Iterable[Made]) -> list[list[Any]]:
    """As a job's answers keep them."""
    return [[row._meta.model_name, row.pk] for row in rows]


def belong(job: ImportJob, batch: Batch) -> None:
    """People and teams that were made for the file, and nobody changed since, are a part of what came in
    with it."""
    for model in _OF_BATCH.values():
        rows = _made(job, model)
        rows.filter(batch=None).exclude(pk__in=_changed(model, rows)).update(batch=batch)


def let_go(batch: Batch) -> None:
    """Nothing came in with a batch: people and teams that were made for it are the organisation's own."""
    for model in _OF_BATCH.values():
        model.objects.filter(batch=batch).update(batch=None)


def take_back(job: ImportJob, *, by: User | None, at: dt.datetime) -> Undone:
    """Take back what was made for a file of which nothing comes in, in the caller's transaction; what
    stays is used by others, was changed since, or is on a list that `by` may not change.

    People and teams go as those of an import do: by a batch of their own, which is gone then.
    """
    if not job.answers.get("made"):
        return Undone()
    owner = job.owner if by is None else by
    batch = Batch.objects.create(kind=BatchKind.IMPORT, name=job.name, by=owner, at=at)
    belong(job, batch)
    undone = batch_commands.undo(batch, by=by, at=at)
    let_go(batch)
    batch.delete()
    go_with(job, undone, by=by, at=at)
    return undone


def go_with(job: ImportJob, undone: Undone, *, by: User | None, at: dt.datetime) -> None:
    """Take off the lists what was put there for this file alone, where nothing uses it nor somebody
    changed it, and say of that, and of people and teams that are the organisation's own by now, what
    stays. Part of what takes the file back."""
    for model in _OF_BATCH.values():
        # Those of a batch were told of with all that came in with it.
        rows = _made(job, model).filter(batch=None)
        undone.kept += [
            _kept(row, _("changed since")) for row in rows.filter(pk__in=_changed(model, rows))
        ]
    if by is None:
        return
    for name, pk in job.answers.get("made", ()):
        model = _LISTS.get(name)
        row = model._default_manager.filter(pk=pk).first() if model else None
        if row is None:
            continue
        if row.version > 1:
            undone.kept.append(_kept(row, _("changed since")))
            continue
        try:
            with transaction.atomic():
                reference.delete(row, by=by, at=at)
        except Refused as refused:
            undone.kept.append(_kept(row, refused.message))
        else:
            label = str(row._meta.verbose_name_plural)
            undone.deleted[label] = undone.deleted.get(label, 0) + 1


def _made(job: ImportJob, model: Any) -> "QuerySet[Any]":
    ids = [pk for of, pk in job.answers.get("made", ()) if _OF_BATCH.get(of) is model]
    rows: QuerySet[Any] = model._default_manager.filter(pk__in=ids)
    return rows


def _changed(model: Any, rows: "QuerySet[Any]") -> list[int]:
    """Of people or teams that were made, those to whom something happened later."""
    of = "person" if model is User else "team"
    told = PeopleChange.objects.filter(**{f"{of}__in": rows}).values(of)
    spans = told.annotate(first=Min("at"), last=Max("at")).filter(last__gt=F("first"))
    return list(spans.values_list(of, flat=True))


def _kept(row: Made, why: str) -> KeptRecord:
    return KeptRecord(kind=str(row._meta.verbose_name), pk=row.pk, name=str(row), why=why)
