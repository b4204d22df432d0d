import time

from celery import shared_task
from django.utils import timezone, translation

from crm import mail
from crm.commands import people
from crm.imports import work
from crm.models import ImportJob
from pipeline.commands import outbox
from pipeline.models import OutboxKind, OutboxRow, PeopleChange
from salesprocess.lib.enqueue import enqueue

# After so long other tasks have their turn.
TURN_SECONDS = 20


# A check is one transaction however long the file is; more than once at a time it does nothing.
@shared_task(soft_time_limit=540, time_limit=600)
def work_on_imports(pk: int | None = None) -> None:
    """Goes on with the imports that wait for it, or with that one; by the clock, and woken.

    It may run any number of times, in any number of workers.
    """
    waiting = ImportJob.objects.working().order_by("changed_at", "pk")
    if pk is not None:
        waiting = waiting.filter(pk=pk)
    for job, language in waiting.values_list("pk", "owner__language"):
        end = time.monotonic() + TURN_SECONDS
        # What it finds is kept as sentences, for the one who brought the file in.
        with translation.override(language):
            while more := work.step(job, at=timezone.now()):
                if time.monotonic() > end:
                    break
        if more:
            enqueue("crm.tasks.work_on_imports", pk=job)


@shared_task
def clear_old_import_files() -> None:
    """Deletes uploads that nobody has touched for a month."""
    work.clear_old_files(at=timezone.now())


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
