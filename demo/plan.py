"""What is planned on the open deals of a seller, by how much care is taken of them."""

import random

from demo.records import SimNextState

TODAY, PARKED = 0.09, 0.06


def deal_out(rng: random.Random, count: int, *, care: float) -> list[SimNextState]:
    """A planning state for each of a seller's open deals, shuffled; each state at least once. `care`
    is the share of them that is looked after."""
    shares = {
        SimNextState.OVERDUE: (1 - care) / 2,
        SimNextState.TODAY: TODAY,
        SimNextState.PARKED: PARKED,
        SimNextState.NOTHING: (1 - care) / 2,
    }
    states = [state for state, share in shares.items() for _ in range(max(1, round(count * share)))]
    states += [SimNextState.LATER] * (count - len(states))
    rng.shuffle(states)
    return states[:count]
