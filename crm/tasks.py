from celery import shared_task
from django.utils import timezone

from crm import mail
from crm.commands import people
from pipeline.models import OutboxKind, OutboxRow, PeopleChange
from pipeline.outbox import commands as outbox


def person_moved(row: OutboxRow) -> None:
    """Whoever moves to another team takes the open deals along."""
    change = PeopleChange.objects.select_related("person__team", "by").get(pk=row.payload["change"])
    if change.person and change.by:
        people.bring_along(change.person, by=change.by, at=timezone.now())


HANDLERS: dict[str, outbox.Handler] = {
    OutboxKind.PERSON_MOVED: person_moved,
    OutboxKind.PROCESS_NOTE: mail.process_note,
    OutboxKind.PROCESS_ANSWER: mail.process_answer,
}


@shared_task
def relay_outbox(pk: int | None = None) -> None:
    """Does for deals what the people's part of the product has left to be done."""
    for row in outbox.claim(kinds=HANDLERS, at=timezone.now(), only=pk):
        outbox.deliver(row, HANDLERS[row.kind], now=timezone.now)
