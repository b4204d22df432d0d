"""What is made of the words of a file for which there was nothing here: entries of lists, teams, and
people who have left. Only admins make any; what nothing uses goes again with the file."""

import datetime as dt
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.db import transaction

from crm.commands import reference
from crm.models import Method, Product, Source, StopCause
from exchange.models import ImportJob
from pipeline.models import Batch, Team, User
from pipeline.people.commands import people, team
from salesprocess.lib.refused import Refused

Made = Source | Method | Product | StopCause | User | Team
_LISTS = {each._meta.model_name: each for each in (Source, Method, Product, StopCause)}
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
    """People and teams that were made for the file are a part of what came in with it."""
    for name, model in _OF_BATCH.items():
        ids = [pk for of, pk in job.answers.get("made", ()) if of == name]
        if ids:
            model.objects.filter(pk__in=ids, batch=None).update(batch=batch)


def let_go(batch: Batch) -> None:
    """Nothing came in with a batch: people and teams that were made for it are the organisation's own."""
    for model in _OF_BATCH.values():
        model.objects.filter(batch=batch).update(batch=None)


def take_off_lists(job: ImportJob, *, by: User | None, at: dt.datetime) -> None:
    """What was put on the lists for this file alone: by whoever may, and where nothing uses it."""
    if by is None:
        return
    for name, pk in job.answers.get("made", ()):
        model: Any = _LISTS.get(name)
        row = model._default_manager.filter(pk=pk).first() if model else None
        if row is None:
            continue
        with suppress(Refused), transaction.atomic():
            reference.delete(row, by=by, at=at)
