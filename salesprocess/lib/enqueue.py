"""Wake a worker; what it has to do stands in the database."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

from salesprocess.lib.breaker import breaker_of

logger = logging.getLogger(__name__)

# For whoever somebody waits for, in seconds.
QUICK = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "max_retries": 0}


def enqueue(task: str, *, pk: int | None = None) -> None:
    """Send the Celery task `task` the id of a row, or have it look for all that is to do.

    A page must neither fail nor wait for the broker: call this through
    `transaction.on_commit(…, robust=True)`. If it is lost, the periodic run of the task finds the row.
    It opens a connection with short timeouts, because a dead broker would block the shared ones for
    seven seconds; and while the broker is silent, only one of many waits for it.
    """
    breaker = breaker_of(str(current_app.conf.broker_write_url))
    if not breaker.lets_through():
        return
    try:
        with current_app.connection_for_write(transport_options=QUICK) as connection:
            current_app.send_task(
                task, kwargs={} if pk is None else {"pk": pk}, connection=connection, retry=False
            )
        breaker.worked()
    except OperationalError as error:
        breaker.failed()
        logger.warning("%s %s: no worker was woken: %s", task, pk, error)
