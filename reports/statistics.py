"""The statistics of reports: pure functions over numbers, which know nothing of deals.

Everything here is an estimate, so it is a float; money and counts stay exact where they are summed.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import compress, pairwise
from statistics import NormalDist, fmean

from salesprocess.lib.chance import CONFIDENCE

# Natural limits of fewer points say more about the few than about what is usual.
FEWEST_POINTS = 20
# So many points in a row on one side of the mean are a shift.
LONG_RUN = 8
# Makes three standard deviations of the mean moving range of two: 3 ÷ 1.128.
_OF_MOVING_RANGE = 2.66
# Shares are products of fractions; those that differ by less are the same.
_SAME = 1e-9


def quantile(values: Iterable[float | Decimal], q: float) -> float | None:
    """The value below which the share `q` lies, between two values by the straight line between
    them, as PostgreSQL's percentile_cont does; None of no values."""
    ordered = sorted(map(float, values))
    if not ordered:
        return None
    place = _share(q) * (len(ordered) - 1)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return below + (above - below) * (place - math.floor(place))


@dataclass(frozen=True)
class Curve:
    """A share that changes in steps as time goes on, each step at one of the `times`."""

    # At the beginning: 1 of what falls, 0 of what rises.
    start: float
    # Ascending; at each of them the share becomes the height at the same place.
    times: tuple[float, ...]
    heights: tuple[float, ...]
    # How long each row was followed, ascending.
    followed: tuple[float, ...]
    # Up to which time it is known: None where it holds for ever, as nothing is left to happen.
    known_to: float | None
    # How far off each height may be: its standard error; empty where that is not estimated.
    errors: tuple[float, ...] = ()

    def at(self, time: float) -> float | None:
        """The share at that time; None where no row was followed so long."""
        if self.known_to is not None and time > self.known_to:
            return None
        steps = bisect_right(self.times, time)
        return self.heights[steps - 1] if steps else self.start

    def at_risk(self, time: float) -> int:
        """Of how many rows it was still open at that time what they would come to."""
        return len(self.followed) - bisect_left(self.followed, time)

    def quantile(self, q: float) -> float | None:
        """By when the share `q` has had its end; None where it has not come to that yet.

        Where the curve stands at exactly that share for a while, the middle of it: so the median
        of rows that all have ended is the usual one.
        """
        heights = self.heights
        first = bisect_left(heights, _share(q) - _SAME, key=lambda each: abs(each - self.start))
        if first == len(heights):
            return None
        if abs(heights[first] - self.start) > q + _SAME or first + 1 == len(heights):
            return self.times[first]
        return (self.times[first] + self.times[first + 1]) / 2

    def median(self) -> float | None:
        return self.quantile(0.5)

    def quantile_interval(
        self, q: float, *, confidence: float = CONFIDENCE
    ) -> tuple[float, float | None] | None:
        """Between which times the quantile of a falling curve is likely to lie: those at which the
        interval of its height holds what is left. None where it has not come so far; a last time of
        None where it may still take longer than anything that was seen.

        R. Brookmeyer and J. Crowley, Biometrics 38 (1982), 29-41.
        """
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        left = 1 - _share(q)

        def steps() -> Iterable[tuple[float, float, float]]:
            return zip(self.times, self.heights, self.errors, strict=False)

        low = next((t for t, s, e in steps() if s - z * e <= left + _SAME), None)
        high = next((t for t, s, e in steps() if s + z * e < left - _SAME), None)
        return None if low is None else (low, high)


def kaplan_meier(
    durations: Sequence[float], ended: Sequence[bool], *, since: Sequence[float] | None = None
) -> Curve:
    """The share that is still there after each time, counting those who have not ended yet.

    `ended` says of each duration whether it is over; the others are known to last at least so
    long (right-censored). A row that ends when another's is cut off ended before it. `since` is how
    long each had lasted when it came to be watched (left truncation): what a period finds already
    there says nothing of the time before. The errors are Greenwood's.
    E. L. Kaplan and P. Meier, Journal of the American Statistical Association 53 (1958), 457–481.
    """
    times, heights, errors, still, spread = [], [], [], 1.0, 0.0
    ordered, later = sorted(durations), sorted(since or ())
    ends = Counter(compress(durations, ended))
    for time, come in _come_so_far(ordered, ends):
        at_risk, gone = come - (len(later) - bisect_left(later, time)), ends[time]
        still *= 1 - gone / at_risk
        spread += gone / (at_risk * (at_risk - gone)) if at_risk > gone else 0.0
        times.append(time)
        heights.append(still)
        errors.append(still * math.sqrt(spread))
    return _curve(1.0, times, heights, ordered, still, errors)


def cumulative_incidence(
    durations: Sequence[float], ends: Sequence[str | None], *, of: str
) -> Curve:
    """The share that had come to the end `of` by each time, where other ends compete with it.

    `ends` names the end of each duration, None where it is not over. The estimator of Aalen and
    Johansen: what ended otherwise can never come to this end and stays in the population. One
    minus the Kaplan–Meier curve would take those for open and promise too much.
    O. O. Aalen and S. Johansen, Scandinavian Journal of Statistics 5 (1978), 141–150.
    """
    times, heights, still, come = [], [], 1.0, 0.0
    ordered = sorted(durations)
    ended = Counter(compress(durations, (end is not None for end in ends)))
    ended_so = Counter(compress(durations, (end == of for end in ends)))
    for time, at_risk in _come_so_far(ordered, ended):
        if so := ended_so[time]:
            come += still * so / at_risk
            times.append(time)
            heights.append(come)
        still *= 1 - ended[time] / at_risk
    return _curve(0.0, times, heights, ordered, still)


def _come_so_far(ordered: Sequence[float], ends: Iterable[float]) -> Iterable[tuple[float, int]]:
    """Each time at which something ended, and how many rows had come so far."""
    left = 0
    for time in sorted(ends):
        left = bisect_left(ordered, time, left)
        yield time, len(ordered) - left


def _curve(
    start: float,
    times: list[float],
    heights: list[float],
    ordered: Sequence[float],
    still: float,
    errors: Sequence[float] = (),
) -> Curve:
    followed = tuple(ordered)
    longest = followed[-1] if followed else 0.0
    return Curve(
        start=start,
        times=tuple(times),
        heights=tuple(heights),
        followed=followed,
        known_to=None if followed and still < _SAME else longest,
        errors=tuple(errors),
    )


@dataclass(frozen=True)
class NaturalLimits:
    """Between which values a line of figures moves as long as nothing has changed."""

    mean: float
    moving_range: float
    low: float
    high: float
    # The places of the values that lie outside of the limits.
    outside: tuple[int, ...]
    # The long runs on one side of the mean: the places of their first and last value.
    runs: tuple[tuple[int, int], ...]

    @property
    def is_usual(self) -> bool:
        """Whether nothing but chance is seen in it."""
        return not self.outside and not self.runs


def natural_limits(
    values: Sequence[float | Decimal],
    *,
    least: float | None = None,
    fewest: int = FEWEST_POINTS,
) -> NaturalLimits | None:
    """The limits of a chart of individual values and moving ranges (XmR), and what leaves them.

    `least` is what a value cannot fall below, such as 0 of a count. None for fewer values than
    `fewest`. A value that is just the mean ends a run.
    D. J. Wheeler, Understanding Variation (1993); W. A. Shewhart's limits of three sigma.
    """
    if len(values) < max(fewest, 2):
        return None
    points = [float(value) for value in values]
    mean = fmean(points)
    moving_range = fmean(abs(after - before) for before, after in pairwise(points))
    low, high = mean - _OF_MOVING_RANGE * moving_range, mean + _OF_MOVING_RANGE * moving_range
    return NaturalLimits(
        mean=mean,
        moving_range=moving_range,
        low=low if least is None else max(low, least),
        high=high,
        outside=tuple(place for place, point in enumerate(points) if not low <= point <= high),
        runs=tuple(_long_runs(points, mean)),
    )


def _long_runs(points: Sequence[float], mean: float) -> Iterable[tuple[int, int]]:
    sides = [(point > mean) - (point < mean) for point in points]
    first = 0
    for place in range(1, len(sides) + 1):
        if place == len(sides) or sides[place] != sides[first]:
            if sides[first] and place - first >= LONG_RUN:
                yield first, place - 1
            first = place


def _share(q: float) -> float:
    if not 0 <= q <= 1:
        message = f"{q} is no share"
        raise ValueError(message)
    return q
