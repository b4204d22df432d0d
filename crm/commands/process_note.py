"""What can be said to the owner of the process, and what comes back (METHOD, edge rule 4)."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands import values
from crm.models import Deal, NoteKind, Place, ProcessNote
from pipeline.commands import outbox
from pipeline.models import OutboxKind, Role, Team, User
from pipeline.moves import Refused
from pipeline.stages import Stage

LONGEST = 4000


def file(
    *,
    kind: NoteKind,
    words: str,
    by: User,
    at: dt.datetime,
    stage: Stage | None = None,
    key: str = "",
    deal: Deal | None = None,
    place: Place = Place.UNCLEAR,
) -> ProcessNote:
    """Say to the owner of the process that something does not fit, is wrong, or could be better.

    It goes to whoever leads the team of `deal`, else the own one, else the organisation's; they are
    told by mail.

    Raises Refused without words or with too many, Deal.DoesNotExist for a deal out of reach.
    """
    words = _words(words, field="words")
    if deal is not None:
        deal = Deal.objects.visible_to(by).get(pk=deal.pk)
    team = deal.team if deal else by.team or Team.objects.root()
    note = ProcessNote(
        kind=kind,
        words=words,
        team=team,
        stage=stage,
        key=key,
        deal=deal,
        place=place,
        at=at,
        by=by,
    )
    values.check(note)
    with transaction.atomic():
        note.save(force_insert=True)
        tell_owner(note)
    return note


def tell_owner(note: ProcessNote) -> None:
    """Leave a mail to who owns the process that a note is about; part of other commands that file
    one, in their transaction."""
    payloads = ({"note": note.pk, "person": pk} for pk in _owners(note.team_id, but=note.by_id))
    outbox.put_all(OutboxKind.PROCESS_NOTE, payloads, at=note.at)


def _owners(team_id: int, *, but: int) -> list[int]:
    """Who leads the team, else the nearest one above whose leader is here and did not ask; of the
    organisation it is the owner of its process, else who leads it, else the admins. Whoever asks
    knows the question already."""
    teams = Team.objects.values_list("pk", "parent_id", "manager_id", "process_owner_id")
    leads = {pk: (parent, [owner, manager]) for pk, parent, manager, owner in teams}
    able = User.objects.able_to_sign_in().exclude(pk=but).exclude(role=Role.SALESPERSON)
    roles = dict(able.order_by("pk").values_list("pk", "role"))
    place: int | None = team_id
    while place is not None:
        place, leaders = leads[place]
        for leader in leaders:
            if leader in roles:
                return [leader]
    return [pk for pk, role in roles.items() if role == Role.ADMIN]


def answer(
    note: ProcessNote, *, words: str, by: User, at: dt.datetime, place: Place | None = None
) -> None:
    """Answer a note, so that whoever wrote it reads what becomes of it, and is told so by mail;
    `place` says where it belongs after all. A later answer takes the place of an earlier one.

    Raises Refused without words, ProcessNote.DoesNotExist for whom it is not to answer.
    """
    words = _words(words, field="answer")
    with transaction.atomic():
        rows = ProcessNote.objects.editable_by(by).select_for_update(of=("self",))
        row = rows.get(pk=note.pk)
        row.answer, row.answered_at, row.answered_by = words, at, by
        if place is not None:
            row.place = place
        row.save(update_fields=["answer", "answered_at", "answered_by", "place"])
        if row.by_id != by.pk:
            told = {"note": row.pk, "person": row.by_id}
            outbox.put(OutboxKind.PROCESS_ANSWER, told, at=at)
    note.refresh_from_db()


def _words(text: str, *, field: str) -> str:
    text = text.strip()
    if not text:
        raise Refused(_("Say it in a few words."), field=field)
    if len(text) > LONGEST:
        raise Refused(_("At most %(n)s characters.") % {"n": LONGEST}, field=field)
    return text
