"""The mails about what somebody said of the process, written at the moment of sending from ids."""

from django.utils import translation
from django.utils.translation import gettext as _

from crm.models import Deal, NoteKind, ProcessNote
from pipeline.mail import address, send
from pipeline.models import OutboxRow, User
from pipeline.people.models.people import UserQuerySet
from pipeline.process.queries.stages import names_of
from pipeline.process.stages import Stage, use_stage_names


def process_note(row: OutboxRow) -> None:
    """To the owner of the process; nothing if it was answered, or the owner left, meanwhile."""
    note, person = _note(row), _person(row)
    if note is None or person is None or note.answered_at is not None:
        return
    with translation.override(person.language), use_stage_names(lambda: names_of(person)):
        kind = str(NoteKind(note.kind).label)
        about = {"team": note.team.name, "kind": kind, "about": _about(note, person)}
        context = _context(note, person) | {"by": note.by.name} | about
        said = {"name": note.by.name, "kind": kind}
        subject = _("%(name)s says of the process: %(kind)s") % said
        template = "crm/mail/process_note.txt"
        send(row, to=person.email or "", subject=subject, template=template, context=context)


def process_answer(row: OutboxRow) -> None:
    """To whoever asked."""
    note, person = _note(row), _person(row)
    if note is None or person is None or note.answered_by is None:
        return
    with translation.override(person.language), use_stage_names(lambda: names_of(person)):
        by = note.answered_by.name
        context = _context(note, person) | {"by": by, "answer": note.answer}
        subject = _("%(name)s has answered you about the process") % {"name": by}
        template = "crm/mail/process_answer.txt"
        send(row, to=person.email or "", subject=subject, template=template, context=context)


def _note(row: OutboxRow) -> ProcessNote | None:
    found = ProcessNote.objects.select_related("by", "team", "deal", "answered_by")
    return found.filter(pk=row.payload["note"]).first()


def _person(row: OutboxRow) -> User | None:
    people: UserQuerySet = User.objects.notified_of_process()
    return people.filter(pk=row.payload["person"]).first()


def _context(note: ProcessNote, person: User) -> dict[str, str]:
    return {
        "name": person.name,
        "words": note.words,
        "link": address("crm:process_notes"),
        "profile": address("pipeline:profile"),
    }


def _about(note: ProcessNote, person: User) -> str:
    """The stage and the deal that it is about; a deal only for those who may see it."""
    parts = [str(Stage(note.stage).label)] if note.stage else []
    if note.deal and Deal.objects.visible_to(person).filter(pk=note.deal.pk).exists():
        parts.append(note.deal.name)
    return " · ".join(parts)
