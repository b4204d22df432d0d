"""What the database was not able to do just now, and will be again: no fault of a page."""

import time
from collections.abc import Callable
from enum import Enum, auto
from typing import TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection
from psycopg import errors

T = TypeVar("T")
# Seconds before each time that a transaction is done again.
PAUSES = (0.05, 0.2)


class Trouble(Enum):
    LOCKED = auto()  # somebody else is at the same record; nothing was written
    SLOW = auto()  # a statement took longer than it may; nothing was written
    FULL = auto()  # there is no room to write
    AWAY = auto()  # no connection, or it broke: what was written last may have arrived or not


_AGAIN = (errors.DeadlockDetected, errors.SerializationFailure)
_KINDS = (
    ((*_AGAIN, errors.LockNotAvailable), Trouble.LOCKED),
    ((errors.QueryCanceled,), Trouble.SLOW),
    ((errors.DiskFull,), Trouble.FULL),
)


def trouble_of(error: BaseException | None) -> Trouble | None:
    """What kind of trouble an exception of Django's tells of; None if it is something else."""
    if isinstance(error, InternalError):
        ended = isinstance(error.__cause__, errors.IdleInTransactionSessionTimeout)
        return Trouble.SLOW if ended else None
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    for causes, trouble in _KINDS:
        if isinstance(error.__cause__, causes):
            return trouble
    return Trouble.AWAY


def may_be_tried_again(error: BaseException | None) -> bool:
    """Whether a transaction was undone because of another one: done again, it is likely to go
    through."""
    return isinstance(error, OperationalError) and isinstance(error.__cause__, _AGAIN)


def again(act: Callable[[], T]) -> T:
    """Do what is one transaction of its own, and again where another one undid it."""
    for pause in PAUSES:
        try:
            return act()
        except OperationalError as error:
            if connection.in_atomic_block or not may_be_tried_again(error):
                raise
            time.sleep(pause)
    return act()
