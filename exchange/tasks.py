import datetime as dt
import time

from celery import shared_task
from django.utils import timezone, translation

from exchange.commands import job, whole_export, work
from exchange.models import ImportJob, ImportKind, WholeExport
from salesprocess.lib.enqueue import enqueue

# After so long other tasks have their turn.
TURN_SECONDS = 20
# A command that said nothing for so long was killed.
LEFT_AFTER = dt.timedelta(minutes=15)


# A check is one transaction however long the file is; more than once at a time it does nothing.
@shared_task(soft_time_limit=540, time_limit=600)
def work_on_imports(pk: int | None = None) -> None:
    """Goes on with the imports that wait for it, or with that one; by the clock, and woken.

    It may run any number of times, in any number of workers.
    """
    waiting = ImportJob.objects.working().order_by("changed_at", "pk")
    if pk is None:
        lately = timezone.now() - LEFT_AFTER
        waiting = waiting.exclude(kind=ImportKind.FILES, changed_at__gt=lately)
    else:
        waiting = waiting.filter(pk=pk)
    for pk, language in waiting.values_list("pk", "owner__language"):
        end = time.monotonic() + TURN_SECONDS
        # What it finds is kept as sentences, for the one who brought the file in.
        with translation.override(language):
            while more := work.step(pk, at=timezone.now()):
                if time.monotonic() > end:
                    break
        if more:
            enqueue("exchange.tasks.work_on_imports", pk=pk)


@shared_task(soft_time_limit=3540, time_limit=3600)
def write_exports(pk: int | None = None) -> None:
    """Writes the exports of everything that wait, or that one; by the clock, and woken."""
    waiting = WholeExport.objects.working().order_by("pk")
    if pk is not None:
        waiting = waiting.filter(pk=pk)
    for each in waiting.values_list("pk", flat=True):
        whole_export.write(each, at=timezone.now())


@shared_task
def clear_old_exports() -> None:
    """Deletes exports of everything whose day is over."""
    whole_export.clear_old(at=timezone.now())


@shared_task
def clear_old_import_files() -> None:
    """Deletes uploads that nobody has touched for a month, and files that belong to no import."""
    now = timezone.now()
    work.clear_old_files(at=now)
    job.sweep_files(at=now)


# By these names the release before there was an app for files left messages in the queue.
shared_task(name="crm.tasks.work_on_imports", soft_time_limit=540, time_limit=600)(
    work_on_imports.run
)
shared_task(name="crm.tasks.clear_old_import_files")(clear_old_import_files.run)
