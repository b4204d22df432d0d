"""Rows of a list that stand together: the head of each group, and which groups are folded.

What is folded is said by the address alone: its rows are not read, its head stands where they would.
So it is the same page by page, with any filter and without a script; what is exported, counted or done
with all of a list has them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from crm.queries.list_groups import Group, Grouping
from crm.queries.lists import Page, Total

# In an address: `fold=owner-12`, of nobody `owner-0`, and so by stage.
FOLD = "fold"


class GroupHead(NamedTuple):
    id: str
    name: str
    said: str
    href: str
    is_folded: bool


def heads(
    grouping: Grouping,
    page: Page,
    lines: Sequence[Any],
    total: Total,
    *,
    name_of: Callable[[Group, str], str],
    head: Callable[[Group, str, Total | None], GroupHead],
    known: Mapping[Group, str],
) -> tuple[dict[int, list[GroupHead]], list[GroupHead]]:
    """The heads that stand before each row, by the row's id, and those after the last.

    `known` are names of groups; needed where there are more rows than are counted, so that nobody knows
    which groups there are.
    """
    parts = {group: part for (group, _name), part in total.groups.items()}
    names = {group: name or "" for group, name in total.groups}
    folded = sorted(
        (grouping.rank(group, names.get(group, known.get(group, ""))), group)
        for group in grouping.folded
        if group in parts or (total.count is None and (group is None or group in known))
    )

    def drawn(group: Group, name: str) -> GroupHead:
        return head(group, name_of(group, name), parts.get(group))

    def between(last: str, next: str | None) -> Iterator[GroupHead]:
        for rank, group in folded:
            if rank > last and (next is None or rank < next):
                yield drawn(group, names.get(group, known.get(group, "")))

    last = page.preceding.key if page.preceding else ""
    before: dict[int, list[GroupHead]] = {}
    begun: Group | str = ""
    for line, values in zip(lines, page.rows, strict=True):
        group = grouping.of_row(line, values[-1])
        if group == begun:
            continue
        begun = group
        rank = grouping.rank(group, line.owner)
        before[line.id] = [*between(last, rank), drawn(group, line.owner)]
        last = rank
    return before, list(between(last, None)) if page.after is None else []
