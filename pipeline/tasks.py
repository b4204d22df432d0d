from celery import shared_task
from django.utils import timezone

from pipeline.idempotency import commands as idempotency
from pipeline.outbox import commands as outbox


@shared_task
def relay_outbox(pk: int | None = None) -> None:
    """Delivers what is due, or that one row; by the clock, and woken when something was put in.

    It may run any number of times, in any number of workers.
    """
    outbox.relay("pipeline", now=timezone.now, only=pk)
    if pk is None:
        outbox.give_up_unknown(at=timezone.now())


@shared_task
def forget_delivered() -> None:
    outbox.forget(at=timezone.now())


@shared_task
def forget_idempotency_keys() -> None:
    idempotency.forget(at=timezone.now())
