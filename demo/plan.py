"""What is planned on the open deals: realistic shares, for every seller the same."""

import random

from demo.records import NextState

SHARES = {
    NextState.OVERDUE: 0.12,
    NextState.TODAY: 0.11,
    NextState.PARKED: 0.06,
    NextState.NOTHING: 0.13,
}


def deal_out(rng: random.Random, count: int) -> list[NextState]:
    """A state for each of a seller's open deals, in random order; at least one of each."""
    states = [state for state, share in SHARES.items() for _ in range(max(1, round(count * share)))]
    states += [NextState.LATER] * (count - len(states))
    rng.shuffle(states)
    return states[:count]
