"""Many ids in little room: those that follow each other, as ids that are given at once do, by the first and
the last of them. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

# An id, as earlier versions kept each; or the first and the last of a run.
Run = int | Sequence[int]


def add(runs: Sequence[Run], ids: Iterable[int]) -> list[list[int]]:
    """The runs with `ids` among them."""
    found: list[list[int]] = []
    singles = [[pk, pk] for pk in ids]
    for first, last in sorted([*map(_bounds, runs), *singles]):
        if found and first <= found[-1][1] + 1:
            found[-1][1] = max(last, found[-1][1])
        else:
            found.append([first, last])
    return found


def without(ids: Iterable[int], runs: Sequence[Sequence[int]]) -> list[int]:
    """Those of the ids that are in none of the runs, which are as `add` gives them."""
    firsts = [first for first, _last in runs]
    found = []
    for pk in ids:
        place = bisect_right(firsts, pk)
        if not place or runs[place - 1][1] < pk:
            found.append(pk)
    return found


def ids_of(runs: Iterable[Run]) -> Iterator[int]:
    for first, last in map(_bounds, runs):
        yield from range(first, last + 1)


def _bounds(run: Run) -> list[int]:
    return [run, run] if isinstance(run, int) else list(run)
