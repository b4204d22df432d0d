import datetime as dt

import pytest

from salesprocess.lib.working_hours import WorkingHours, minutes_of


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        ("2026-03-02", "2026-03-08", 5),
        ("2026-03-07", "2026-03-08", 0),
        ("2026-03-06", "2026-03-09", 2),
        ("2026-03-09", "2026-03-06", 0),
    ],
)
def test_working_days_are_mondays_to_fridays_unless_it_is_said(
    start: str, end: str, count: int
) -> None:
    days = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    assert WorkingHours().days_between(*days) == count


def test_every_day_counts_where_every_day_is_worked() -> None:
    every = WorkingHours(days=frozenset(range(1, 8)))
    assert every.days_between(dt.date(2026, 3, 6), dt.date(2026, 3, 9)) == 4


@pytest.mark.parametrize(
    ("day", "n", "meant"),
    [
        ("2026-03-11", 1, "2026-03-12"),
        ("2026-03-13", 1, "2026-03-16"),
        ("2026-03-14", 3, "2026-03-18"),
    ],
)
def test_working_days_are_counted_on_from_a_day(day: str, n: int, meant: str) -> None:
    found = WorkingHours().day_after(dt.date.fromisoformat(day), n)
    assert found == dt.date.fromisoformat(meant)


def test_a_share_of_the_working_day_is_a_half_hour_of_it() -> None:
    assert WorkingHours().time_at(1 / 2) == dt.time(13)
    assert WorkingHours(opens=8 * 60, closes=16 * 60 + 30).time_at(1 / 8) == dt.time(9)
    assert WorkingHours(opens=23 * 60, closes=24 * 60).time_at(1) == dt.time(23, 30)


def test_an_hour_is_told_in_minutes() -> None:
    assert minutes_of("08:30") == 510
