"""Looking at what a command does to a record that it has locked, from around the command."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

from crm.models import Company, Contact, Deal

Record = Deal | Company | Contact
Watch = Callable[[Record], AbstractContextManager[None]]
_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watching(watch: Watch | None) -> Iterator[None]:
    """What is done inside to a record that is `watched` is done within `watch` of its row, in the same
    transaction; what it locks in turn is part of it."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


@contextmanager
def watched(row: Record) -> Iterator[None]:
    """Around all that a command does to a row that it has just locked and not changed yet; at its end
    the row has the version that was written."""
    watch = _watch.get()
    with watching(None), watch(row) if watch else nullcontext():
        yield
