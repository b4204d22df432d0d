"""The worked fixture of METRICS.md: ten deals whose every figure an independent script computed."""

import zoneinfo
from fractions import Fraction

import pytest

from reports.figures import Period
from reports.queries.funnel import funnel, reach
from reports.question import Question
from tests.conftest import Cast
from tests.factories import NOW
from tests.reports.worked import CLOSED_WIN_RATE, LINES, LOST, OPEN_VALUE, STOPPED_BY_US, on_day


def asked(cast: Cast) -> Question:
    """What Ana asks of the ninety days up to now."""
    period = Period(
        start_on=on_day(-1).date(), end_on=NOW.date(), zone=zoneinfo.ZoneInfo("Europe/Vienna")
    )
    return Question(reader=cast.again(cast.ana), today=NOW.date(), period=period)


@pytest.fixture
def question(worked_cast: Cast) -> Question:
    return asked(worked_cast)


def test_it_counts_the_visits_of_the_fixture(question: Question) -> None:
    table = {
        int(row.stage): tuple(figure.value for figure in row.ways.values())
        for row in funnel(question).stages
    }
    assert table == {
        stage: (line.visits, line.advanced, line.back, line.stopped, line.won, line.still)
        for stage, line in LINES.items()
    }


def test_it_keeps_the_accounting_identity(question: Question) -> None:
    for row in funnel(question).stages:
        total, *ways = [int(figure.value or 0) for figure in row.ways.values()]
        assert sum(ways) == total


def test_it_measures_the_time_in_stage_of_the_fixture(question: Question) -> None:
    medians = [row.median_days.value for row in funnel(question).stages]
    assert medians == [line.median_days for line in LINES.values()]


def test_it_finds_the_win_rate_of_the_fixture(question: Question) -> None:
    rate = funnel(question).win_rate
    part, whole = CLOSED_WIN_RATE
    assert (rate.part, rate.n) == CLOSED_WIN_RATE
    assert Fraction(str(rate.value)) == Fraction(part, whole)
    assert {k: f.value for k, f in funnel(question).closed.items()} == {
        "won": part,
        "lost": len(LOST),
        "stopped_by_us": len(STOPPED_BY_US),
    }


def test_it_sums_what_is_open_in_the_fixture(question: Question) -> None:
    stages = funnel(question).stages
    assert sum(row.open_value.value or 0 for row in stages) == OPEN_VALUE
    assert sum(row.open_count.value or 0 for row in stages) == sum(
        line.still for line in LINES.values()
    )


def test_it_tells_how_far_the_deals_of_the_fixture_came(question: Question) -> None:
    rows, lines = reach(question), LINES.values()
    assert [row.visited.value for row in rows] == [line.visited for line in lines]
    assert [row.reached.value for row in rows] == [line.reached for line in lines]
    assert [row.skipped.value for row in rows] == [len(line.skipped) for line in lines]
    assert [row.created_late.value for row in rows] == [len(line.created_late) for line in lines]


def test_it_covers_everything_where_every_visit_is_dated(question: Question) -> None:
    for row in funnel(question).stages:
        assert row.ways["entries"].coverage.share == 1
        assert row.median_days.coverage.is_reliable
