"""Rows of a list that stand together, and which of the groups are folded: their rows are not read."""

from collections.abc import Iterable
from typing import Any

from django.db.models import CharField, Q
from django.db.models.functions import Cast

from salesprocess.lib.folding import fold

Group = int | None  # the owner, or the stage


class Grouping:
    """Rows of a list by `by`, "owner" or "stage"; `folded` are the groups whose rows are not read."""

    def __init__(self, by: str, asked: Iterable[str]) -> None:
        self.by = by
        self.folded = frozenset(_group(one, by) for one in asked if _is_group(one, by))

    @property
    def field(self) -> str:
        return "stage" if self.by == "stage" else "owner_id"

    @property
    def names(self) -> Any:
        return Cast("stage", CharField()) if self.by == "stage" else "owner__name"

    def of_row(self, line: Any, owner: int | None) -> Group:
        group: Group = line.stage if self.by == "stage" else owner
        return group

    def said(self, groups: Iterable[Group]) -> list[str]:
        """How an address says that these are folded."""
        return sorted(f"{self.by}-{group or 0}" for group in groups)

    def toggled(self, group: Group) -> list[str]:
        return self.said(self.folded ^ {group})

    def without_folded(self, rows: Any) -> Any:
        """The rows without those of folded groups."""
        someone = [group for group in self.folded if group is not None]
        shown = ~Q(**{f"{self.field}__in": someone})
        # A null is in no list, and not outside of one either.
        nobody = Q(**{self.field: None})
        return rows.filter(shown & ~nobody if None in self.folded else shown | nobody)

    def rank(self, group: Group, name: str) -> str:
        """What all keys begin with that `list_fields.by_group` gives to rows of a group."""
        if self.by == "stage":
            return f"{group}|"
        return f"{'~' if group is None else fold(name)}|{group or 0}|"


def _is_group(said: str, by: str) -> bool:
    name, _dash, number = said.partition("-")
    return name == by and number.isascii() and number.isdigit() and len(number) <= 18


def _group(said: str, by: str) -> Group:
    return int(said.removeprefix(f"{by}-")) or None
