from celery import shared_task
from django.utils import timezone

from crm.commands import deleted, party_merge, undo
from pipeline import mail
from pipeline.outbox import commands as outbox


@shared_task
def relay_outbox(pk: int | None = None) -> None:
    """Does for deals what the people's part of the product has left to be done."""
    with mail.kept_connection():
        outbox.relay("crm", now=timezone.now, only=pk)


@shared_task
def forget_deleted() -> None:
    """What was deleted and not brought back goes for good, as does what it takes to undo what was done."""
    deleted.forget(at=timezone.now())
    party_merge.forget(at=timezone.now())
    undo.forget(at=timezone.now())
