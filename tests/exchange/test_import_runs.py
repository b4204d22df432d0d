"""Ids that follow each other take up no more room the more there are."""

from exchange.imports import runs


def test_ids_are_kept_by_the_first_and_last_of_those_that_follow_each_other():
    found = runs.add([], [3, 1, 2, 7])
    assert found == [[1, 3], [7, 7]]
    found = runs.add(found, [4, 6, 9])
    assert found == [[1, 4], [6, 7], [9, 9]]
    assert list(runs.ids_of(found)) == [1, 2, 3, 4, 6, 7, 9]
    assert runs.without([0, 1, 4, 5, 7, 8, 9, 10], found) == [0, 5, 8, 10]
    for n in range(100):
        found = runs.add(found, range(n * 1_000, (n + 1) * 1_000))
    assert found == [[0, 99_999]]


def test_what_earlier_versions_kept_is_read_and_gone_on_with():
    assert list(runs.ids_of([4, 5, 9])) == [4, 5, 9]
    assert runs.add([4, 5, 9], [6]) == [[4, 6], [9, 9]]
