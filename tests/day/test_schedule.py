"""The hours of a day: nothing lies over anything else."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from day.presenters.day import ScheduleBlock, side_by_side

blocks = st.builds(
    ScheduleBlock,
    row=st.integers(1, 12),
    rows=st.integers(1, 4),
    title=st.just("Call"),
    text=st.just("08:00"),
)


def block(row: int, rows: int = 1) -> ScheduleBlock:
    return ScheduleBlock(row=row, rows=rows, title="Call", text="08:00")


def lanes(*some: ScheduleBlock) -> list[tuple[int, int, int]]:
    return [(one.row, one.lane, one.lanes) for one in side_by_side(some)]


@given(st.lists(blocks, max_size=12))
def test_no_block_lies_over_another(some: list[ScheduleBlock]) -> None:
    placed = side_by_side(some)
    assert len(placed) == len(some)
    for one, other in combinations(placed, 2):
        if one.row < other.row + other.rows and other.row < one.row + one.rows:
            assert one.lanes == other.lanes <= 3
            assert one.lane != other.lane
    assert all(1 <= one.lane <= one.lanes for one in placed)


def test_what_is_alone_has_the_whole_width_and_a_fourth_waits_until_there_is_room() -> None:
    assert lanes(block(1, 3), block(4)) == [(1, 1, 1), (4, 1, 1)]
    assert lanes(block(2), block(1, 3), block(6)) == [(1, 1, 2), (2, 2, 2), (6, 1, 1)]
    assert lanes(*[block(1, 2)] * 4) == [(1, 1, 3), (1, 2, 3), (1, 3, 3), (3, 1, 3)]
