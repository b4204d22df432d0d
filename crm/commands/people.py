"""What a change among people asks of their deals."""

import datetime as dt
from functools import partial

from django.db import models, transaction

from crm.commands.locked_deal import note_change, save
from crm.models import Deal
from pipeline.models import User
from salesprocess.lib.trouble import again


def bring_along(person: User, *, by: User, at: dt.datetime) -> int:
    """Put the open deals of a person into the team that he or she is in now; how many moved.

    A closed deal stays with the team that closed it. Each deal is locked for itself and looked at
    again, so that a hand-over in between is kept, and so that it may be done twice or go on where
    it was cut off. `by` is who moved the person.
    """
    moved = 0
    for pk in _astray(person).order_by("pk").values_list("pk", flat=True):
        moved += again(partial(_bring_one, pk, person, by=by, at=at))
    return moved


def _bring_one(pk: int, person: User, *, by: User, at: dt.datetime) -> bool:
    with transaction.atomic():
        row = _astray(person).select_for_update(of=("self",)).filter(pk=pk).first()
        if row is None:
            return False
        note_change(row, "team", person.team, by=by, at=at)
        save(row, "team", by=by, at=at)
    return True


def _astray(person: User) -> models.QuerySet[Deal]:
    """The open deals that stand under another team than their owner does."""
    deals = Deal.objects.open().filter(owner=person)
    found: models.QuerySet[Deal] = deals.exclude(team=person.team) if person.team else deals.none()
    return found
