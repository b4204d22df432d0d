"""How long the database may work, wait and be kept waiting, by kind of work.

A process says by SEVEN_WORK which kind is its own; each of its connections begins with these limits,
so that they cost no round trip. `within` is for what differs from them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

# What the network may add before a server that says nothing is given up.
GRACE = 1.0


@dataclass(frozen=True, kw_only=True)
class TimeLimits:
    """In seconds, None for no limit: one statement; waiting for one lock; an open transaction in
    which nothing is asked."""

    statement: float | None
    lock: float | None
    idle: float | None

    @property
    def patience(self) -> float | None:
        """How long a connection waits for an answer before it takes the server for gone."""
        return None if self.statement is None else self.statement + GRACE

    @property
    def settings(self) -> dict[str, str]:
        """By the names that PostgreSQL has for them, in milliseconds; 0 is no limit."""
        named = {
            "statement_timeout": self.statement,
            "lock_timeout": self.lock,
            "idle_in_transaction_session_timeout": self.idle,
        }
        return {name: str(int((seconds or 0) * 1000)) for name, seconds in named.items()}

    @property
    def options(self) -> str:
        """As libpq takes them at the start of a connection."""
        return " ".join(f"-c {name}={value}" for name, value in self.settings.items())


LIMITS = {
    # Somebody waits for it: a page, a report, what a form asks for. More than a second of waiting for
    # a lock lets PostgreSQL find out first whether it waits in a circle (`deadlock_timeout`).
    "page": TimeLimits(statement=4, lock=1.5, idle=30),
    "task": TimeLimits(statement=60, lock=5, idle=60),
    # Set by set, over the rows of a whole file.
    "import": TimeLimits(statement=540, lock=5, idle=300),
    # Somebody sits before it and can end it.
    "command": TimeLimits(statement=None, lock=10, idle=None),
    # It may take long over what it has locked, but while it waits for a lock everybody waits behind
    # it, and pages no longer than they may: better it tries again (`manage.py migrate`).
    "migration": TimeLimits(statement=None, lock=1, idle=None),
}


@contextmanager
def within(work: str) -> Iterator[None]:
    """One transaction, with the limits of another kind of work than this process does.

    They are the transaction's own, so that they hold behind a pooler, too.
    """
    limits = LIMITS[work]
    with transaction.atomic():
        set_local(limits)
        own = connection.connection
        before, own.patience = own.patience, limits.patience
        try:
            yield
        finally:
            own.patience = before


def set_local(limits: TimeLimits) -> None:
    """Set limits for the rest of the transaction that is open, in one round trip."""
    asked = ", ".join("set_config(%s, %s, true)" for _ in limits.settings)
    values = [each for pair in limits.settings.items() for each in pair]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {asked}", values)
