"""The stages as people have them: what they are called, and how long a visit usually takes.

Both come from the published process of a team; a person may have names of one's own on top.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.models import User
from pipeline.people.access import ProcessNow
from pipeline.process.queries.in_force import of_versions
from pipeline.process.stages import Stage


def names_of(reader: User) -> Mapping[int, str]:
    """What `reader` calls those stages that are not called as everywhere, by their number.

    The own team's names, with those of one's own on top: a stage has one name for one reader,
    whichever team a deal belongs to. No query once the versions are known.
    """
    now = reader.process_now
    book = of_versions(now.versions(now.team_id))
    return {**{stage.value: name for stage, name in book.labels.items()}, **now.own_names}


@dataclass(frozen=True, kw_only=True, order=True)
class Norm:
    """How many days a visit usually takes: one number, or a range where teams differ."""

    low: int
    high: int

    @property
    def differs(self) -> bool:
        return self.low != self.high

    def __str__(self) -> str:
        return f"{self.low}\N{EN DASH}{self.high}" if self.differs else str(self.low)


class Norms:
    """How long a visit in a stage usually takes, by team: the only place that says it.

    A stay is measured by the norm that its team has now, whoever looks, so that a mark on a card
    agrees with the head of its column, the page of its deal and the reports; several teams are
    measured each by its own. (In the history of a deal, what is over keeps the norm of its time.)
    """

    def __init__(self, now: ProcessNow) -> None:
        self._now = now
        self._by_team: dict[int | None, list[int]] = {}

    @property
    def team_ids(self) -> Iterable[int]:
        return self._now.teams

    def of(self, stage: int, team_id: int | None) -> int:
        """In days; None stands for the organisation."""
        norms = self._by_team.get(team_id)
        if norms is None:
            book = of_versions(self._now.versions(team_id))
            norms = self._by_team[team_id] = [book.norm_days(each) for each in Stage]
        return norms[stage - 1]

    def among(self, stage: int, team_ids: Iterable[int | None]) -> Norm:
        """From the shortest to the longest of some teams; of none, the organisation's."""
        found = {self.of(stage, pk) for pk in team_ids} or {self.of(stage, None)}
        return Norm(low=min(found), high=max(found))


def norms_for(reader: User) -> Norms:
    """The norms of all teams as they are now. No query once the versions are known."""
    return Norms(reader.process_now)
