"""Files that are stored with a transaction: they stay if it does."""

import contextlib
import datetime as dt
import posixpath
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction


class _Kept:
    """Called by the commit. A rollback, of a savepoint alike, throws it away uncalled."""

    def __init__(self, stored: str) -> None:
        self._remove = weakref.finalize(self, remove, stored)

    def __call__(self) -> None:
        self._remove.detach()


def save(name: str, content: File[Any]) -> str:
    """Store a file under about this name; the name that it got.

    If the transaction around it is rolled back the file goes with it, and so it does where the process
    ends in good order before the commit. What a killed process leaves is found by a sweep.
    """
    stored = default_storage.save(name, content)
    transaction.on_commit(_Kept(stored))
    return stored


def sweep(folder: str, is_named: Callable[[str], bool], *, before: dt.datetime) -> int:
    """Delete the files of a folder that nothing names and that were last written to before an instant;
    how many. A process that was killed between storing and committing leaves such."""
    count = 0
    for stored in _of_folder(folder):
        if not is_named(stored) and default_storage.get_modified_time(stored) < before:
            remove(stored)
            count += 1
    return count


def _of_folder(folder: str) -> Iterator[str]:
    """The names of all files in a folder and those below it."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in files)
    for each in folders:
        yield from _of_folder(f"{folder}/{each}")


def remove(stored: str) -> None:
    """Delete a file, and the folder that it was the last in if that lies in another."""
    default_storage.delete(stored)
    folder = posixpath.dirname(stored)
    if posixpath.dirname(folder):
        with contextlib.suppress(OSError):  # there is more in it
            default_storage.delete(folder)
