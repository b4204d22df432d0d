"""Django's PostgreSQL, for a server that may fall silent: nobody waits for it for ever.

`statement_timeout` is the server's own limit and ends nothing on a server that has stopped, or that
the network has swallowed. So a connection waits for an answer only so long (`TimeLimits.patience`),
and where opening one took long in vain, others are not kept waiting for the same.
"""

import time
from types import SimpleNamespace
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from salesprocess.lib.breaker import Breaker, breaker_of

# A server that is well says at once that it is there.
HEALTH_PATIENCE = 1.0
# A refusal comes at once and costs nobody anything.
SLOW = 0.5


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed when its server has not answered for `patience` seconds."""

    patience: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.OperationalError:
            # An error of the server's ends the statement; here it is still going on, and whatever
            # comes back would be taken for the answer to the next one.
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


class PatientDatabase(base.DatabaseWrapper):
    # psycopg, but for the class of its connections.
    Database = SimpleNamespace(**vars(psycopg) | {"connect": PatientConnection.connect})

    @property
    def _breaker(self) -> Breaker:
        return breaker_of(f"{self.settings_dict['HOST']}:{self.settings_dict['PORT']}")

    def get_new_connection(self, conn_params: Any) -> Any:
        breaker = self._breaker
        if not breaker.lets_through():
            raise psycopg.OperationalError("the server did not answer just now")
        start = time.monotonic()
        try:
            made = super().get_new_connection(conn_params)
        except psycopg.OperationalError:
            if time.monotonic() - start > SLOW:
                breaker.failed()
            raise
        breaker.worked()
        made.patience = self.settings_dict.get("PATIENCE")
        return made

    def is_usable(self) -> bool:
        own = self.connection
        if own is None or self._breaker.is_open:
            return False
        before, own.patience = own.patience, HEALTH_PATIENCE
        try:
            return super().is_usable()
        finally:
            own.patience = before
