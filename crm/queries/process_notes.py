"""The queue of process notes, for its owner and for those who wrote them."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm.models import Deal, NoteKind, Place, ProcessNote
from pipeline.models import Role, Step, Team, User
from pipeline.process.queries.in_force import of_versions
from pipeline.process.stages import Stage

MOST = 200


@dataclass(frozen=True, kw_only=True)
class Note:
    id: int
    kind: str
    words: str
    team: str
    stage: Stage | None
    # The step that it is about, by its name; empty where it is not there (any more).
    step: str
    key: str
    team_id: int
    state: str  # what became of it: "", "draft", "published"
    deal: tuple[int, str] | None
    place: str
    at: dt.datetime
    by: str
    mine: bool
    answerable: bool
    answer: str
    answered_at: dt.datetime | None
    answered_by: str


def owners(asked: Collection[tuple[int, int]]) -> dict[tuple[int, int], list[int]]:
    """Who is to answer a note on a team's process, by (team, asker).

    The leader of the team, else the nearest leader above who is active and did not ask; for the
    organisation the process owner, else its leader, else the admins. Two queries.
    """
    teams = Team.objects.values_list("pk", "parent_id", "manager_id", "process_owner_id")
    leads = {pk: (parent, (owner, manager)) for pk, parent, manager, owner in teams}
    able = User.objects.able_to_sign_in().exclude(role=Role.SALESPERSON)
    roles = dict(able.order_by("pk").values_list("pk", "role"))
    return {
        (team, asker): _owners(team, {pk: role for pk, role in roles.items() if pk != asker}, leads)
        for team, asker in asked
    }


def _owners(
    team: int,
    roles: Mapping[int, str],
    leads: Mapping[int, tuple[int | None, tuple[int | None, ...]]],
) -> list[int]:
    place: int | None = team
    while place is not None:
        place, leaders = leads[place]
        for leader in leaders:
            if leader is not None and leader in roles:
                return [leader]
    return [pk for pk, role in roles.items() if role == Role.ADMIN]


def waiting_count(user: User) -> int:
    """How many notes wait for an answer of `user`, without those that somebody nearer is to answer.
    At most three queries."""
    asked = Counter(
        ProcessNote.objects.editable_by(user)
        .filter(answered_at=None, taken_up_at=None)
        .values_list("team_id", "by_id")
    )
    if not asked:
        return 0
    return sum(asked[place] for place, who in owners(asked).items() if user.pk in who)


def notes(user: User, *, answered: bool) -> list[Note]:
    """The user's own notes and those to be answered by the user: waiting ones first, oldest first.
    Three queries, once versions are cached. A deal is named only to those who may see it."""
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
    steps = _steps(user, rows)
    return [
        Note(
            id=note.pk,
            kind=str(NoteKind(note.kind).label),
            words=note.words,
            team=note.team.name,
            stage=Stage(note.stage) if note.stage else None,
            step=steps.get((note.team_id, note.stage, note.key), ""),
            key=note.key,
            team_id=note.team_id,
            state="published" if note.version_id else "draft" if note.taken_up_at else "",
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


def _steps(user: User, rows: Iterable[ProcessNote]) -> dict[tuple[int, int | None, str], str]:
    """The names of the steps that notes are about, as their team has them: in force, or else in the
    draft, which only those see who may change it."""
    named = [(note, Stage(note.stage)) for note in rows if note.stage and note.key]
    drafts = {
        (layer_id, stage, key): label or ""
        for layer_id, stage, key, label in Step.objects.filter(
            layer__in={note.layer_id for note, _stage in named if note.layer_id}
        ).values_list("layer_id", "stage", "key", "label")
    }
    found: dict[tuple[int, int | None, str], str] = {}
    for note, stage in named:
        book = of_versions(user.process_now.versions(note.team_id))
        step = book.find(stage, note.key)
        label = step.label if step else ""
        scope = user.scope
        if scope.everything or note.team_id in scope.managed_team_ids:
            label = drafts.get((note.layer_id or 0, stage.value, note.key)) or label
        if label:
            found[note.team_id, stage.value, note.key] = label
    return found


def examples() -> Mapping[Stage, str]:
    """Examples of what people do, by stage, for whoever wonders where something belongs."""
    return {
        Stage.LEAD_GENERATION: _("collecting addresses, a fair, a visit to a customer of old"),
        Stage.PROSPECTING: _("cold calls, a letter, asking for an appointment"),
        Stage.QUALIFICATION: _("a first conversation, a credit check, a look at each other"),
        Stage.NEEDS_ANALYSIS: _("a site visit, a workshop, a sample, asking who decides"),
        Stage.PROPOSAL: _("calculating, writing an offer, a demonstration of the solution"),
        Stage.OBJECTIONS: _("answering the buyer, a discount, talking with their lawyers"),
        Stage.CLOSING: _("asking for the order, the contract, handing over to delivery"),
    }


def note_to_answer(user: User, pk: int) -> ProcessNote:
    """Raises ProcessNote.DoesNotExist."""
    return ProcessNote.objects.editable_by(user).get(pk=pk)
