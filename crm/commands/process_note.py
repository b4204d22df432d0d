"""Notes to the owner of the process, and the answers (METHOD, edge rule 4)."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from crm.commands import values
from crm.models import Deal, NoteKind, Place, ProcessNote
from crm.queries.process_notes import owners
from pipeline.models import Layer, Team, User, Version
from pipeline.outbox import commands as outbox
from pipeline.process import commands as process
from pipeline.process.layer_diff import diff
from pipeline.process.merging import merge
from pipeline.process.playbook import Importance, LayerContent
from pipeline.process.queries.in_force import inherited_layers, working_playbook
from pipeline.process.stages import Stage
from salesprocess.lib.refused import Refused

# What the outbox delivers of it.
ASKED, ANSWERED = "crm.process_note.ask", "crm.process_note.answer"
LONGEST = 4000
# How much of a note is the name of a step, and its reason.
LABEL, REASON = 80, 300


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
        payloads = (
            {"note": note.pk, "person": pk}
            for pk in owners([(note.team_id, note.by_id)])[note.team_id, note.by_id]
        )
        outbox.put_all(ASKED, payloads, at=note.at)
    return note


def answer(
    note: ProcessNote, *, words: str, by: User, at: dt.datetime, place: Place | None = None
) -> None:
    """Answer a note; its author is told by mail. `place` says where it belongs after all.

    A later answer replaces an earlier one. Raises Refused without words, ProcessNote.DoesNotExist
    for whoever may not answer it.
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
            outbox.put(ANSWERED, told, at=at)
    note.refresh_from_db()


@dataclass(frozen=True, kw_only=True)
class TakenUp:
    """The layer and step of whose draft a note became a change."""

    layer: Layer
    stage: Stage
    key: str


def take_up(note: ProcessNote, *, by: User, at: dt.datetime, stage: Stage | None = None) -> TakenUp:
    """Make a note a change of the draft of its team's process: at the step that it names, which is
    then edited there, or as a new step, in its words, which asks nothing of anybody until its owner
    says how much. `stage` is where a note belongs that names none. Whoever asked is told when it
    goes in force (`tell_published`).

    Raises Refused without a stage, and for what is in force already; ProcessNote.DoesNotExist for
    whom it is not to answer; and as `add_step`.
    """
    with transaction.atomic():
        rows = ProcessNote.objects.editable_by(by).select_for_update(of=("self",))
        row = rows.select_related("team", "by").get(pk=note.pk)
        if row.version_id is not None:
            raise Refused(_("It is in force already."))
        layer = process.layer_of(row.team, by=by, at=at)
        where = Stage(row.stage) if row.stage else stage
        if where is None:
            raise Refused(_("Choose the stage that it belongs to."), field="stage")
        if not row.key or working_playbook(layer).find(where, row.key) is None:
            row.key = _new_step(layer, row, stage=where, by=by, at=at)
        row.stage, row.layer, row.taken_up_at = where, layer, at
        row.save(update_fields=["stage", "key", "layer", "taken_up_at"])
    note.refresh_from_db()
    return TakenUp(layer=layer, stage=where, key=row.key)


def _new_step(layer: Layer, note: ProcessNote, *, stage: Stage, by: User, at: dt.datetime) -> str:
    first = " ".join(note.words.split())
    said: process.StepWording = {"label": first[:LABEL], "importance": Importance.HINT}
    reason = _("%(name)s: “%(words)s”") % {"name": note.by.name, "words": first}
    step = process.add_step(layer, stage=stage, said=said, reason=reason[:REASON], by=by, at=at)
    return step.key


def tell_published(version: Version, *, by: User, at: dt.datetime) -> None:
    """Tell those whose notes became a change that it went in force with `version`; part of
    publishing, in its transaction. What was left in the draft waits on."""
    notes = list(
        ProcessNote.objects.filter(layer=version.layer_id, taken_up_at__isnull=False, version=None)
        .exclude(key="")
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    if not notes:
        return
    changes = _changes(version)
    for note in notes:
        words = changes.get((note.stage, note.key))
        if words is None:
            continue
        said = {"of": version.layer.team, "number": version.number, "change": "; ".join(words)}
        text = _("In force with %(of)s v%(number)s: %(change)s") % said
        note.version = version
        note.answer = f"{note.answer}\n\n{text}".strip()[-LONGEST:]
        note.answered_at, note.answered_by = at, by
        note.save(update_fields=["version", "answer", "answered_at", "answered_by"])
        if note.by_id != by.pk:
            told = {"note": note.pk, "person": note.by_id}
            outbox.put(ANSWERED, told, at=at)


def _changes(version: Version) -> dict[tuple[int | None, str], list[str]]:
    """The changes of a version as texts, by (stage, key)."""
    before = version.layer.versions.filter(number__lt=version.number).order_by("-number").first()
    was = LayerContent.from_json(before.content) if before else LayerContent()
    now = LayerContent.from_json(version.content)
    found: dict[tuple[int | None, str], list[str]] = {}
    for change in diff(was, now, above=merge(inherited_layers(version.layer))):
        if change.key:
            found.setdefault((change.stage.value, change.key), []).append(change.words)
    return found


def _words(text: str, *, field: str) -> str:
    text = text.strip()
    if not text:
        raise Refused(_("Say it in a few words."), field=field)
    if len(text) > LONGEST:
        raise Refused(_("At most %(n)s characters.") % {"n": LONGEST}, field=field)
    return text
