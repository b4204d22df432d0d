import time

from celery import shared_task
from django.utils import timezone

from privacy.commands import retention

# After so long other tasks have their turn; the rest is done an hour later.
TURN_SECONDS = 30


@shared_task
def keep_to_rules() -> None:
    """Lists whom a rule of retention meets, and does what has stood on the list for long enough.

    It may run any number of times, in any number of workers.
    """
    retention.list_people(at=timezone.now())
    retention.forget_audit(at=timezone.now())
    end = time.monotonic() + TURN_SECONDS
    while time.monotonic() < end and retention.erase_next(at=timezone.now()):
        pass
