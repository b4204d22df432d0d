"""The queue of what does not fit, as its owner and whoever asked see it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm.models import Deal, NoteKind, Place, ProcessNote
from pipeline.models import User
from pipeline.stages import Stage

MOST = 200


@dataclass(frozen=True, kw_only=True)
class Note:
    id: int
    kind: str
    words: str
    team: str
    stage: Stage | None
    step: str
    deal: tuple[int, str] | None
    place: str
    at: dt.datetime
    by: str
    mine: bool
    answerable: bool
    answer: str
    answered_at: dt.datetime | None
    answered_by: str


def notes(user: User, *, answered: bool) -> list[Note]:
    """One's own, and those that one is to answer: what waits first, oldest first. Two queries.

    A deal is named only to those who may see it.
    """
    scope = user.scope
    found = ProcessNote.objects.visible_to(user).select_related("team", "by", "answered_by")
    if not answered:
        found = found.filter(answered_at=None) | found.filter(by=user)
    rows = list(found.order_by("answered_at", "at", "pk")[:MOST])
    rows.sort(key=lambda note: note.answered_at is not None)
    deals = dict(
        Deal.objects.visible_to(user)
        .filter(pk__in={note.deal_id for note in rows if note.deal_id})
        .values_list("pk", "name")
    )
    return [
        Note(
            id=note.pk,
            kind=str(NoteKind(note.kind).label),
            words=note.words,
            team=note.team.name,
            stage=Stage(note.stage) if note.stage else None,
            step=note.key,
            deal=(note.deal_id, deals[note.deal_id]) if note.deal_id in deals else None,
            place="" if note.place == Place.UNCLEAR else str(Place(note.place).label),
            at=note.at,
            by=note.by.name,
            mine=note.by_id == user.pk,
            answerable=scope.everything or note.team_id in scope.managed_team_ids,
            answer=note.answer,
            answered_at=note.answered_at,
            answered_by=note.answered_by.name if note.answered_by else "",
        )
        for note in rows
    ]


def examples() -> Mapping[Stage, str]:
    """What people do who ask where it belongs, by stage."""
    return {
        Stage.LEAD_GENERATION: _("collecting addresses, a fair, a visit to a customer of old"),
        Stage.PROSPECTING: _("cold calls, a letter, asking for an appointment"),
        Stage.QUALIFICATION: _("a first conversation, a credit check, a look at each other"),
        Stage.NEEDS_ANALYSIS: _("a site visit, a workshop, a sample, asking who decides"),
        Stage.PROPOSAL: _("calculating, writing an offer, a demonstration of the solution"),
        Stage.OBJECTIONS: _("answering the buyer, a discount, talking with their lawyers"),
        Stage.CLOSING: _("asking for the order, the contract, handing over to delivery"),
    }
