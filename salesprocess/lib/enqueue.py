"""Telling a worker that there is something to do; the something itself stands in the database."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue(task: str, *, pk: int) -> None:
    """Send `task` the id of a row. Whoever asked for the page must neither fail nor wait for it:
    call it through `transaction.on_commit(…, robust=True)`; the task's own clock finds the row too.

    By a connection of its own, because the shared ones are as patient as a worker needs them: a
    broker that is dead or hangs would hold the page for seven seconds.
    """
    quick = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "max_retries": 0}
    try:
        with current_app.connection_for_write(transport_options=quick) as connection:
            current_app.send_task(task, kwargs={"pk": pk}, connection=connection, retry=False)
    except OperationalError as error:
        logger.warning("%s %s: no worker was woken: %s", task, pk, error)
