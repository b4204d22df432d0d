"""The worked fixture of METRICS, told as the product tells it, and found again by the metrics."""

import pytest

from reports.axes import REACHED, STAGE
from reports.figures import FigureCell
from reports.metrics import duration, flow, outcomes, paths, pipeline
from reports.question import Question
from tests.conftest import Cast
from tests.reports.test_metrics import asked
from tests.reports.worked import (
    CLOSED_WIN_RATE,
    CUMULATIVE_DAYS,
    CYCLES_OF_WON,
    CYCLES_OF_WON_FROM_STAGE_2,
    FLOW_CONVERSION,
    LATEST_DAYS,
    LINES,
    LOST,
    OPEN_VALUE,
    REACH_CONVERSION,
    SKIP_RATE,
    STOPPED_BY_US,
    STRICT_FUNNEL,
)


@pytest.fixture
def question(worked_cast: Cast) -> Question:
    """What Ana asks of the ninety days up to now."""
    return asked(worked_cast.again(worked_cast.ana))


def test_it_counts_the_visits_and_the_ways_they_add_up_to(question: Question) -> None:
    for stage, line in LINES.items():
        total, *ways = (
            metric.at(question, STAGE, stage).value for metric in (flow.entered, *flow.WAYS)
        )
        assert (total, *ways) == (
            line.visits, line.advanced, line.back, line.stopped, line.won, line.still,
        )  # fmt: skip
        assert sum(int(way or 0) for way in ways) == total
        assert flow.entered.at(question, STAGE, stage).coverage.share == 1


def test_it_tells_how_far_deals_came_and_what_they_left_out(question: Question) -> None:
    for stage, line in LINES.items():
        at = {
            metric.slug: metric.at(question, REACHED, stage)
            for metric in (paths.reached, paths.visited, paths.skipped, paths.entered_late)
        }
        assert at["reached"].part == line.reached
        assert at["visited"].value == line.visited
        assert at["skipped"].part == len(line.skipped)
        assert at["entered_late"].part == len(line.created_late)
    assert {
        stage: (rate.part, rate.n)
        for stage, rate in paths.skipped.measure(question, REACHED).items()
        if rate.part
    } == SKIP_RATE


def test_it_has_three_conversions_and_none_is_the_other(question: Question) -> None:
    for stage, expected in REACH_CONVERSION.items():
        found = paths.reached_next.at(question, REACHED, stage)
        assert (found.part, found.n) == expected
    for stage, expected in FLOW_CONVERSION.items():
        found = flow.flow_conversion.at(question, STAGE, stage)
        assert (found.part, found.n) == expected
    strict = paths.strict_conversion.measure(question, REACHED)
    assert tuple(figure.n for figure in strict.values()) == STRICT_FUNNEL
    assert (strict[6].part, strict[6].n) == (1, 1)


def test_a_cohort_counts_each_deal_once_and_says_how_settled_it_is(question: Question) -> None:
    """Ninety days are given, as too few went on to know better; D10 came to 2 on day 80, D9 to 6 on
    day 70 and D7 to 2 on day 30: they may yet go on."""
    found = flow.cohort_conversion.measure(question, STAGE)
    assert {stage: (figure.part, figure.n) for stage, figure in found.items()} == {
        1: (6, 7), 2: (4, 7), 3: (5, 6), 4: (4, 4), 5: (4, 5), 6: (2, 4), 7: (2, 2),
    }  # fmt: skip
    young = flow.cohort_young.measure(question, STAGE)
    assert {stage: figure.value for stage, figure in young.items()} == {2: 2, 5: 1, 6: 1}
    settled = flow.cohort_maturity.measure(question, STAGE)
    assert (settled[2].part, settled[2].n) == (3, 7)
    behind = flow.cohort_left_behind.measure(question, STAGE)
    for stage, figure in found.items():
        parts = [figure.part, *(each[stage].n for each in (young, behind) if stage in each)]
        assert sum(part or 0 for part in parts) == figure.n


def test_it_finds_win_rates_and_what_is_open(question: Question) -> None:
    rate = outcomes.closed_win_rate.whole(question)
    assert (rate.part, rate.n) == CLOSED_WIN_RATE
    assert outcomes.lost.whole(question).value == len(LOST)
    assert outcomes.stopped_by_us.whole(question).value == len(STOPPED_BY_US)
    assert pipeline.open_value.whole(question).value == OPEN_VALUE
    assert pipeline.open_deals.whole(question).value == sum(line.still for line in LINES.values())


def test_it_measures_times(question: Question) -> None:
    for stage, line in LINES.items():
        median = duration.median_days.at(question, STAGE, stage)
        assert median.value == line.median_days
        assert median.coverage.is_reliable
        # Whoever is still there makes it longer, never shorter.
        lasting = duration.lasting_days.at(question, STAGE, stage)
        assert lasting.n == median.n + line.still
        assert lasting.value is None or lasting.value >= line.median_days
    for metric, column, expected in (
        (duration.cumulative_days, "stayed", CUMULATIVE_DAYS),
        (duration.latest_days, "left_at", LATEST_DAYS),
    ):
        for (deal, stage), days in expected.items():
            cell = FigureCell(metric=metric.slug, by="stage", key=stage)
            row = metric.rows(question, cell, STAGE).get(deal__name=deal)
            took = row.stayed if column == "stayed" else row.left_at - row.entered_at
            assert took.days == days


def test_it_measures_the_cycle_by_each_of_its_clocks(question: Question) -> None:
    for metric, expected in (
        (duration.cycle_won, CYCLES_OF_WON),
        (duration.cycle_won_from_prospecting, CYCLES_OF_WON_FROM_STAGE_2),
    ):
        figure = metric.whole(question)
        assert figure.n == len(expected)
        assert figure.value == sum(expected.values()) / len(expected)
    assert duration.cycle_lost.whole(question).n == len(LOST)


def test_it_knows_no_worth_of_a_point_from_a_handful(question: Question) -> None:
    assert flow.worth_of_a_point.at(question, STAGE, 1).value is None


def test_what_was_stopped_is_never_won_on_the_curve(question: Question) -> None:
    """All who came to 7 were won within 12 days. Of the seven who began in 1, D1 was won on day 55,
    when D2, D7 and D10 of the others were neither stopped nor too young: D10 is 30 days old."""
    assert duration.won_within.at(question, STAGE, 7).value == 1
    began = duration.won_within.at(question, STAGE, 1)
    assert began.curve is not None
    assert began.curve.at(30) == 0
    # After 10, 19 and 25 days one of 7, 6 and 5 was stopped; D10 leaves after 30, unknown.
    assert began.curve.at(60) == pytest.approx(4 / 7 / 3)
    # Nobody was followed for 90 days: that is unknown, not the height that was last seen.
    assert began.value is None
