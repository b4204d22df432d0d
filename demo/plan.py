"""What is planned on the open deals: realistic shares, the same for every seller."""

import random

from demo.records import SimNextState

SHARES = {
    SimNextState.OVERDUE: 0.12,
    SimNextState.TODAY: 0.11,
    SimNextState.PARKED: 0.06,
    SimNextState.NOTHING: 0.13,
}


def deal_out(rng: random.Random, count: int) -> list[SimNextState]:
    """A planning state for each of a seller's open deals, shuffled; each state at least once."""
    states = [state for state, share in SHARES.items() for _ in range(max(1, round(count * share)))]
    states += [SimNextState.LATER] * (count - len(states))
    rng.shuffle(states)
    return states[:count]
