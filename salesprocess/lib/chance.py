"""How much of a share may be chance: pure functions over counts."""

import math
from statistics import NormalDist
from typing import NamedTuple

# How sure an interval is where nobody says otherwise: one in ten lies outside.
CONFIDENCE = 0.90


class Interval(NamedTuple):
    """The shares, between 0 and 1, between which the true one is likely to be."""

    low: float
    high: float

    def overlaps(self, other: "Interval") -> bool:
        return self.low <= other.high and other.low <= self.high


def wilson(part: int, n: int, *, confidence: float = CONFIDENCE) -> Interval:
    """The interval of the share `part` ÷ `n`; of nothing, every share is as likely.

    Wilson's score interval without correction for continuity: it stays within 0 and 1 and holds
    for few rows and for shares near the ends, where "± so much" does not.
    E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209–212.
    """
    if not 0 <= part <= n:
        message = f"{part} of {n} is no share"
        raise ValueError(message)
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = part / n, z * z / n
    middle = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    return Interval(
        0.0 if part == 0 else middle - half,
        1.0 if part == n else middle + half,
    )


def differ(part_a: int, n_a: int, part_b: int, n_b: int, *, confidence: float = CONFIDENCE) -> bool:
    """Whether two shares differ beyond chance: their intervals do not overlap.

    That is stricter than a test of the difference: what it calls a difference is one, and of some
    small ones it says nothing.
    """
    return not wilson(part_a, n_a, confidence=confidence).overlaps(
        wilson(part_b, n_b, confidence=confidence)
    )
