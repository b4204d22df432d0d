"""Wake a worker; what it has to do stands in the database."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue(task: str, *, pk: int | None = None) -> None:
    """Send the Celery task `task` the id of a row, or have it look for all that is to do.

    A page must neither fail nor wait for the broker: call this through
    `transaction.on_commit(…, robust=True)`. If it is lost, the periodic run of the task finds the row.
    It opens a connection with short timeouts, because a dead broker would block the shared ones for
    seven seconds.
    """
    quick = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "max_retries": 0}
    try:
        with current_app.connection_for_write(transport_options=quick) as connection:
            current_app.send_task(
                task, kwargs={} if pk is None else {"pk": pk}, connection=connection, retry=False
            )
    except OperationalError as error:
        logger.warning("%s %s: no worker was woken: %s", task, pk, error)
