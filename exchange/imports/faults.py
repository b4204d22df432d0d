"""What keeps a file or a row from being imported, with words for people and the place."""

from dataclasses import dataclass


class Unreadable(Exception):
    """A file or mapping cannot be used, so nothing is imported. `message` is for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadValue(Exception):
    """The value of a cell does not fit its field. `message` says what would be right."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A refused row; with `comes_in`, one that is imported without this value. A cell that
    `may_be_empty` need not keep it out.

    `line` counts from 1 and includes the header; `column` is the heading in the file, empty if the
    whole row is meant.
    """

    file: str
    line: int
    column: str
    value: str
    reason: str
    comes_in: bool = False
    may_be_empty: bool = False
