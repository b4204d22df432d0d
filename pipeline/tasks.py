from celery import shared_task
from django.utils import timezone

from pipeline import mail
from pipeline.models import OutboxKind
from pipeline.outbox import commands as outbox

HANDLERS: dict[str, outbox.Handler] = {
    OutboxKind.INVITATION: mail.invitation,
    OutboxKind.EMAIL_CHANGED: mail.email_changed,
    OutboxKind.PROCESS_PUBLISHED: mail.process_published,
}


@shared_task
def relay_outbox(pk: int | None = None) -> None:
    """Delivers what is due, or that one row; by the clock, and woken when something was put in.

    It may run any number of times, in any number of workers.
    """
    for row in outbox.claim(kinds=HANDLERS, at=timezone.now(), only=pk):
        outbox.deliver(row, HANDLERS[row.kind], now=timezone.now)


@shared_task
def forget_delivered() -> None:
    outbox.forget(at=timezone.now())
