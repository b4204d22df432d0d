from celery import shared_task
from django.utils import timezone

from pipeline import mail
from pipeline.outbox import commands as outbox
from reports.commands import report_mail


@shared_task
def relay_outbox(pk: int | None = None) -> None:
    """Works out and sends the reports that are due."""
    with mail.kept_connection():
        outbox.relay("reports", now=timezone.now, only=pk)


@shared_task
def put_due_reports() -> None:
    """What is due by the clocks of its readers is left to be sent."""
    report_mail.put_due(at=timezone.now())
