"""What is said where nothing stands out, or the rows are too few to tell."""

from collections.abc import Sequence

import pytest

from reports.presenters.report import too_few_words, unless_too_few

NONE = "Nothing differs."


@pytest.mark.parametrize(
    ("counts", "groups", "said"),
    [
        ([10, 10, 1], 2, NONE),
        # Beside the largest nothing could have been seen.
        ([200, 9, 1], 2, "Too few to tell: n 9 where it takes 10."),
        ([0, 3, 0], 2, "Too few to tell: n 3 where it takes 10."),
        # One group alone differs from none.
        ([200, 0], 2, ""),
        ([], 2, ""),
        ([9, 2], 1, "Too few to tell: n 9 where it takes 10."),
        ([10], 1, NONE),
    ],
)
def test_nothing_is_said_to_be_alike_of_which_there_is_not_enough(
    counts: Sequence[int], groups: int, said: str
) -> None:
    assert unless_too_few(NONE, counts, groups=groups) == said


def test_what_takes_more_rows_says_how_many() -> None:
    assert unless_too_few(NONE, [29], groups=1, enough=30) == too_few_words(29, enough=30)
    assert too_few_words(29, enough=30) == "Too few to tell: n 29 where it takes 30."
