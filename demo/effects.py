"""What there is to find out in the demo: habits, sources and a version that change how deals go.

Each is a cause that reports can find by its effect; sizes are such that eighteen months show it.
Everything else about a deal is chance, skill and style (`paths`, `people`).
"""

import random
from dataclasses import dataclass

from demo.people import DemoPerson
from demo.working_time import MINUTES
from pipeline.process.stages import Stage

# How good a lead is by where it came from: the odds of getting on, in every stage.
SOURCE_ODDS = {
    "Referral by a customer": 1.5,
    "Referral by somebody else": 1.25,
    "Incoming call": 1.15,
    "Partner": 1.1,
    "Own research": 0.9,
    "Trade fair": 0.72,
}
# Who asks us waits for an answer; an hour decides.
WAITING_SOURCES = frozenset({"Website", "Incoming call"})
WITHIN_THE_HOUR, SLOW_ANSWERS, NEVER = 0.45, {"Emeka Obi": 0.15, "Jonas Petersen": 0.1}, 0.1
HOUR = 60 / MINUTES
ANSWERED_IN_TIME, ANSWERED_LATE = 1.8, 0.7

# Offers pile up: they stay, and fewer of them lead on (see also LEADS_ON in `paths`).
BOTTLENECK, BOTTLENECK_PACE = Stage.PROPOSAL, 1.7

# An offer before it is understood what is needed and who decides loses more often.
HASTY, HASTY_ODDS, HASTY_SKIPS = 0.22, 0.45, 0.3
# In one team that has become a habit: the recorded path leaves the defined one.
DRIFTING_TEAM, DRIFTING_DAYS = "Alps", 160
DRIFTING_HASTY, DRIFTING_SKIPS = 0.65, 0.85

# One team has measured before it offers since its second version (`layers`).
MEASURING_TEAM, MEASURING_DAYS = "Vienna", 150
MEASURED_ODDS = {Stage.NEEDS_ANALYSIS: 2.4, Stage.PROPOSAL: 1.5, Stage.OBJECTIONS: 1.5}
UNMEASURED_ODDS = {Stage.NEEDS_ANALYSIS: 0.6}
MEASURED_HASTY = 0.08

# Who names what they will object to before the price is on the table has less to settle later.
FRONT_LOADS, FRONT_LOADED_ODDS = 0.3, 1.7

# The share of their open deals that people keep whole, from day to day. Who does not, also writes
# down days later what was done, and ticks steps together when a deal has to move.
CARE, CARELESS = 0.95, {"Emeka Obi": 0.62}
LATE_RECORDS = 0.5

# How much of the usual time people allow for until a deal is closed: one hopes too much.
HOPES, HOPEFUL = (0.7, 1.7), {"Luca Ferrantino": (0.35, 0.8)}


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How one deal is worked on, decided when it begins."""

    # Multiply the odds of getting on, and the length of each visit.
    odds: float = 1.0
    pace: float = 1.0
    # They asked us; working days until we answered, None for never.
    waits: bool = False
    answered: float | None = None
    # The offer comes before needs and decision path are understood; needs analysis may be left out.
    hasty: bool = False
    skips: float = 0.0
    front_loads: bool = False
    # What was done is written down afterwards.
    records_late: bool = False
    # The working day from which on its team measures first; None for never.
    measures_since: float | None = None

    def odds_in(self, stage: Stage, when: float) -> float:
        """What multiplies the odds of getting on from a stage that is entered at `when`."""
        odds = self.odds
        if self.waits and stage <= Stage.PROSPECTING:
            in_time = self.answered is not None and self.answered <= HOUR
            odds *= ANSWERED_IN_TIME if in_time else ANSWERED_LATE
        if self.hasty and stage >= Stage.PROPOSAL:
            odds *= HASTY_ODDS
        if self.front_loads and stage >= Stage.PROPOSAL:
            odds *= FRONT_LOADED_ODDS
        if self.measures_since is not None:
            measured = when >= self.measures_since
            odds *= (MEASURED_ODDS if measured else UNMEASURED_ODDS).get(stage, 1.0)
        return odds

    def pace_in(self, stage: Stage) -> float:
        return self.pace * (BOTTLENECK_PACE if stage == BOTTLENECK else 1.0)


# Of nobody in particular.
USUAL = Manner()


@dataclass(frozen=True, kw_only=True)
class Manners:
    """Draws the manner of each deal. `drifts_since` and `measures_since` count working days."""

    rng: random.Random
    drifts_since: float
    measures_since: float

    def draw(self, person: DemoPerson, source: str, *, repeat: bool, when: float) -> Manner:
        waits = source in WAITING_SOURCES
        hasty, skips = self._haste(person, when)
        return Manner(
            odds=person.skill * (1.25 if repeat else 0.9 * SOURCE_ODDS.get(source, 1.0)),
            pace=(0.85 if repeat else 1.05) * (1.1 if person.skill < 0.9 else 1.0),
            waits=waits,
            answered=self._answered(person) if waits else None,
            hasty=hasty,
            skips=skips,
            front_loads=not hasty and self.rng.random() < FRONT_LOADS,
            records_late=person.name in CARELESS and self.rng.random() < LATE_RECORDS,
            measures_since=self.measures_since if person.team == MEASURING_TEAM else None,
        )

    def _haste(self, person: DemoPerson, when: float) -> tuple[bool, float]:
        share, skips = HASTY, HASTY_SKIPS
        if person.team == DRIFTING_TEAM and when >= self.drifts_since:
            share, skips = DRIFTING_HASTY, DRIFTING_SKIPS
        if person.team == MEASURING_TEAM and when >= self.measures_since:
            share = MEASURED_HASTY
        return self.rng.random() < share, skips

    def _answered(self, person: DemoPerson) -> float | None:
        if self.rng.random() < SLOW_ANSWERS.get(person.name, WITHIN_THE_HOUR):
            return self.rng.uniform(3, 55) / MINUTES
        if self.rng.random() < NEVER:
            return None
        return self.rng.uniform(1.2, 2.2) * HOUR * 2 ** self.rng.uniform(0, 4)
