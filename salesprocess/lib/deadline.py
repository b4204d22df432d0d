"""How long somebody waits for an answer: its statements, and what is made of their rows, together.

A limit of statements alone (`time_limits`) lets a page of a dozen wait a dozen times as long, and says
nothing of the work on what they found. What is late fails like a statement that took too long.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from salesprocess.lib.time_limits import GRACE

T = TypeVar("T")
# So many rows are gone through between two looks at the clock.
_ROWS_A_LOOK = 500


class AnswerDeadline:
    """So many seconds from now on, by a clock that only goes forward."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock() + seconds

    @property
    def left(self) -> float:
        """In seconds; none or less once it has passed."""
        return self._at - self._clock()

    def check(self) -> float:
        """What is left. Raises OperationalError (`Trouble.SLOW`) if that is nothing."""
        left = self.left
        if left <= 0:
            raise OperationalError("all together took too long") from QueryCanceled()
        return left


_CURRENT: ContextVar[AnswerDeadline | None] = ContextVar("deadline", default=None)


def check_deadline() -> None:
    """Raise OperationalError (`Trouble.SLOW`) if whoever waits has waited long enough; for work that may be
    long. Where nobody waits it does nothing."""
    deadline = _CURRENT.get()
    if deadline is not None:
        deadline.check()


def in_time(rows: Iterable[T]) -> Iterator[T]:
    """The rows, as long as there is time to go through them."""
    deadline = _CURRENT.get()
    for place, row in enumerate(rows):
        if deadline is not None and not place % _ROWS_A_LOOK:
            deadline.check()
        yield row


@contextmanager
def answered_by(deadline: AnswerDeadline) -> Iterator[None]:
    """Let no statement begin after the deadline, none go on past it, and no `check_deadline` pass."""

    def run(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        left = deadline.check()
        if left >= _own_limit():
            return execute(sql, params, many, context)
        with _limited_to(left):
            return execute(sql, params, many, context)

    before = _CURRENT.set(deadline)
    try:
        with connection.execute_wrapper(run):
            yield
    finally:
        _CURRENT.reset(before)


def _own_limit() -> float:
    """The seconds within which the connection ends each of its statements by itself."""
    patience = connection.settings_dict.get("PATIENCE")
    return float("inf") if patience is None else patience - GRACE


@contextmanager
def _limited_to(seconds: float) -> Iterator[None]:
    """A statement in a transaction of its own with the limit, which so holds behind a pooler, too; or
    in the one that is open, whose later statements keep the limit."""
    if connection.in_atomic_block:
        _set_limit(seconds)
        yield
        return
    with transaction.atomic():
        _set_limit(seconds)
        own = connection.connection
        before, own.patience = own.patience, seconds + GRACE
        try:
            yield
        finally:
            own.patience = before


def _set_limit(seconds: float) -> None:
    # Not by a cursor of Django's: it would come by here again.
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        limit = f"{max(1, int(seconds * 1000))}ms"
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
