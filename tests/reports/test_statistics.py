"""Each estimate against a worked example that others published, and what must always hold."""

import random
import time
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from reports.statistics import (
    cumulative_incidence,
    kaplan_meier,
    natural_limits,
    quantile,
)
from salesprocess.lib.chance import Interval, differ, wilson

# Weeks of remission under 6-mercaptopurine and placebo, "+" where it still went on: E. J. Freireich
# et al., Blood 21 (1963), 699–716, as worked by D. R. Cox and D. Oakes, Analysis of Survival Data
# (1984), table 1.1.
MERCAPTOPURINE = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def followed(text: str) -> tuple[list[float], list[bool]]:
    rows = text.split()
    return [float(row.rstrip("+")) for row in rows], [not row.endswith("+") for row in rows]


@pytest.mark.parametrize(
    ("part", "n", "low", "high"),
    # R. G. Newcombe, Statistics in Medicine 17 (1998), 857–872, table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_an_interval_is_wilsons(part, n, low, high):
    assert wilson(part, n, confidence=0.95) == pytest.approx((low, high), abs=5e-5)
    mirrored = wilson(n - part, n, confidence=0.95)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_an_interval_is_as_wide_as_its_rows_are_few():
    assert wilson(12, 32) == pytest.approx((0.25, 0.52), abs=5e-3)


def test_an_interval_says_nothing_of_nothing():
    assert wilson(0, 0) == Interval(0, 1)
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)


def test_shares_differ_whose_intervals_do_not_overlap():
    assert differ(12, 32, 30, 35)
    assert not differ(12, 32, 15, 32)
    assert not differ(0, 0, 30, 35)
    assert not differ(12, 32, 30, 35, confidence=0.9999)


def test_a_curve_is_kaplans_and_meiers():
    curve = kaplan_meier(*followed(MERCAPTOPURINE))
    assert curve.times == (6, 7, 10, 13, 16, 22, 23)
    assert curve.heights == pytest.approx(
        (0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448), abs=5e-4
    )
    assert [curve.at_risk(week) for week in curve.times] == [21, 17, 15, 12, 11, 7, 6]
    assert (curve.median(), curve.quantile(0.25), curve.quantile(0.75)) == (23, 13, None)
    assert curve.at(5) == 1
    assert curve.at(6) == pytest.approx(0.857, abs=5e-4)
    assert curve.at(35) == pytest.approx(0.448, abs=5e-4)
    assert curve.at(36) is None


def test_a_curve_without_open_rows_is_the_plain_share():
    weeks, over = followed(PLACEBO)
    curve = kaplan_meier(weeks, over)
    assert curve.median() == 8
    assert curve.at(8) == pytest.approx(8 / 21)
    assert curve.at(23) == curve.at(100) == pytest.approx(0)


def test_a_curve_of_nothing_knows_nothing():
    curve = kaplan_meier([], [])
    assert (curve.median(), curve.at(1), curve.at_risk(0)) == (None, None, 0)
    waiting = kaplan_meier([3, 5], [False, False])
    assert (waiting.median(), waiting.at(4), waiting.at(6)) == (None, 1, None)


@given(st.lists(st.integers(0, 400).map(float), min_size=1))
def test_the_median_of_what_has_ended_is_the_usual_one(durations):
    assert kaplan_meier(durations, [True] * len(durations)).median() == quantile(durations, 0.5)


def test_the_incidence_is_aalens_and_johansens():
    # J. M. Satagopan et al., British Journal of Cancer 91 (2004), 1229–1235, table 2: the first
    # nine of 305 patients; those who follow were alive.
    months = [7, 10, 14, 16, 18, 23, 24, 26, 27] + [28] * 296
    ends = [None, "cancer", None, "cancer", "other", "cancer", None, "other", "cancer"]
    curve = cumulative_incidence(months, [*ends, *[None] * 296], of="cancer")
    assert curve.times == (10, 16, 23, 27)
    assert curve.heights == pytest.approx((0.003, 0.006, 0.009, 0.012), abs=1.5e-3)
    # Not rounded on the way, as the table's figures are.
    exact = (1 / 304, 303 / 304 / 302)
    assert curve.heights[1] == pytest.approx(sum(exact))
    assert curve.median() is None


END = st.sampled_from(["won", "stopped", None])


@given(st.lists(st.tuples(st.integers(0, 60), END), min_size=1))
def test_what_has_come_and_what_is_still_there_are_the_whole(rows):
    days = [float(day) for day, _end in rows]
    ends = [end for _day, end in rows]
    still = kaplan_meier(days, [end is not None for end in ends])
    won, stopped = (cumulative_incidence(days, ends, of=end) for end in ("won", "stopped"))
    for day in range(65):
        shares = [curve.at(day) for curve in (still, won, stopped)]
        if None in shares:
            assert shares == [None] * 3
        else:
            assert sum(share or 0 for share in shares) == pytest.approx(1)
    if None not in ends:
        assert won.at(60) == pytest.approx(ends.count("won") / len(ends))


# Flow rates of ten batches: NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2.
FLOW_RATES = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]


def test_natural_limits_are_three_sigma_of_the_moving_range():
    limits = natural_limits(FLOW_RATES, fewest=10)
    assert limits is not None
    assert limits.mean == pytest.approx(50.81)
    assert limits.moving_range == pytest.approx(1.8778, abs=5e-5)
    assert (limits.low, limits.high) == pytest.approx((45.8159, 55.8041), abs=1e-3)
    assert limits.is_usual


def test_natural_limits_need_twenty_points():
    assert natural_limits([1, 2] * 9 + [1]) is None
    assert natural_limits([1, 2] * 10) is not None
    assert natural_limits([3], fewest=1) is None


def test_a_point_outside_is_no_chance():
    limits = natural_limits([4, 6] * 12 + [30] + [4, 6], least=0)
    assert limits is not None
    assert (limits.outside, limits.runs, limits.is_usual, limits.low) == ((24,), (), False, 0)


def test_eight_in_a_row_on_one_side_are_a_shift():
    shifted = natural_limits([Decimal(6), Decimal(4)] * 6 + [Decimal(7)] * 8)
    assert shifted is not None
    assert shifted.runs == ((12, 19),)
    # Seven are none, nor is what lies on the mean itself.
    flat = natural_limits([5] * 20)
    seven = natural_limits([9, 1] * 7 + [6] * 7 + [1])
    assert flat is not None
    assert seven is not None
    assert flat.runs == seven.runs == ()


@pytest.mark.django_db
def test_a_quantile_is_that_of_the_database():
    values = [3.5, 8.0, 1.0, 21.0, 13.0, 2.0, 2.0]
    with connection.cursor() as cursor:
        for q in (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1):
            cursor.execute(
                "SELECT percentile_cont(%s) WITHIN GROUP (ORDER BY v) FROM unnest(%s::float[]) v",
                [q, values],
            )
            assert quantile(values, q) == pytest.approx(cursor.fetchone()[0])
    assert quantile([], 0.5) is None
    assert quantile([Decimal("1.5"), Decimal("2.5")], 0.5) == 2
    with pytest.raises(ValueError, match="no share"):
        quantile(values, 50)


def test_a_hundred_thousand_rows_are_computed_at_once():
    chance = random.Random(7)
    days = [chance.expovariate(1 / 40) for _ in range(100_000)]
    ends = [chance.choice(["won", "stopped", None]) for _ in days]
    began = time.process_time()
    cumulative_incidence(days, ends, of="won").quantile(0.1)
    kaplan_meier(days, [end is not None for end in ends]).median()
    assert time.process_time() - began < 5
