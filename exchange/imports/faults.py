"""What keeps a file, or one row of it, from coming in; always said in words, with the place."""

from dataclasses import dataclass


class Unreadable(Exception):
    """A file or a mapping cannot be used at all, so nothing is brought in. `message` says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadValue(Exception):
    """A cell says something that its field cannot hold. `message` says what would be right."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One row that stays out, or with `comes_in` one that comes in without what is said here. `line`
    counts from 1 and includes the header; `column` is the foreign name of the column, empty where
    the whole row is meant."""

    file: str
    line: int
    column: str
    value: str
    reason: str
    comes_in: bool = False
