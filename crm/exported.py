"""What files of records are called that other apps hand out: they say so, as this one knows none."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    # Given what the audit calls a file: its name for people, and the address of its rows.
    ToldFile = Callable[[str], tuple[StrOrPromise, str] | None]

_TOLD: list["ToldFile"] = []


def tell_files(told: "ToldFile") -> None:
    """Has an app asked what its files are called; once, as it gets ready."""
    _TOLD.append(told)


def told_of(what: str) -> tuple["StrOrPromise", str] | None:
    """The name of a file and the address of its rows; None for one that nobody knows any more."""
    return next((found for told in _TOLD if (found := told(what))), None)
