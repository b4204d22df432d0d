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


def test_an_hour_is_told_in_minutes() -> None:
    assert minutes_of("08:30") == 510
