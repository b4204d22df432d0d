import platform
from typing import Any

from celery import Task, shared_task
from celery.signals import after_task_publish, task_failure
from django.db import DatabaseError, connection
from django.utils import timezone

from pipeline import mail
from pipeline.idempotency import commands as idempotency
from pipeline.operations import commands as operations
from pipeline.operations.models import IncidentKind, Part
from pipeline.outbox import commands as outbox
from pipeline.people.commands import sign_in


@shared_task
def relay_outbox(pk: int | None = None) -> None:
    """Delivers what is due, or that one row; by the clock, and woken when something was put in.

    It may run any number of times, in any number of workers.
    """
    with mail.kept_connection():
        outbox.relay("pipeline", now=timezone.now, only=pk)
    if pk is None:
        outbox.give_up_unknown(at=timezone.now())


@shared_task
def forget_delivered() -> None:
    outbox.forget(at=timezone.now())


@shared_task
def forget_idempotency_keys() -> None:
    idempotency.forget(at=timezone.now())


@shared_task
def forget_sign_in_attempts() -> None:
    sign_in.forget_attempts(at=timezone.now())


@shared_task
def give_sign_of_life() -> None:
    """The clock starts it every half minute, so that who runs it is alive, and so is the clock."""
    operations.give_sign(Part.WORKER, platform.node(), at=timezone.now())


@shared_task
def forget_incidents() -> None:
    operations.forget(at=timezone.now())


@after_task_publish.connect(sender=give_sign_of_life.name)
def clock_is_alive(**kwargs: Any) -> None:
    """In the process of the clock, which nothing but this tells of, and nothing of this may stop."""
    try:
        operations.give_sign(Part.CLOCK, platform.node(), at=timezone.now())
    except DatabaseError:
        connection.close()  # half a minute later it is tried on a new one


@task_failure.connect
def count_failure(
    sender: Task[Any, Any] | None = None, exception: BaseException | None = None, **kwargs: Any
) -> None:
    name = sender.name if sender else "-"
    operations.note_incident(IncidentKind.TASK, name or "-", at=timezone.now(), error=exception)
