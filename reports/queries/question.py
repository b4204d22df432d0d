"""What a report is asked: by whom, about which time, and of whom."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db.models import Q

from crm.models import Rate
from crm.worth import Rates
from pipeline.models import Team, User
from pipeline.people.access import subtrees
from reports.figures import RELIABLE_FROM, Coverage, Period


@dataclass(frozen=True, kw_only=True)
class Question:
    """Who asks, about which time, and of whom; `person` and `teams` narrow the reader's reach.

    `today` is the organisation's.
    """

    reader: User
    today: dt.date
    period: Period
    person: User | None = None
    # The ids of a team and all below it; None for every team in reach.
    teams: frozenset[int] | None = None
    # The sample data, where it is no part of what is asked.
    left_out: int | None = None

    @property
    def team_ids(self) -> Iterable[int | None]:
        """The teams that are asked about, as they are now."""
        if self.teams is not None:
            return self.teams
        if self.person is not None:
            return [self.person.team_id]
        scope, now = self.reader.scope, self.reader.process_now
        return now.teams if scope.everything else scope.pool_team_ids

    @cached_property
    def rates(self) -> Rates:
        """Those of the period's last day; a rate that lies ahead is none yet."""
        return Rate.objects.on(min(self.period.end_on, self.today))

    def coverage(self, *, known: int, population: int) -> Coverage:
        """Judged by what the reader's organisation calls reliable."""
        needed = self.reader.organisation.reliable_from
        share = RELIABLE_FROM if needed is None else Decimal(needed) / 100
        return Coverage(known=known, population=population, reliable_from=share)

    def of_visits(self) -> Q:
        return self._narrowed(owner="entry_owner", team="entry_team", batch="deal__batch")

    def of_deals(self) -> Q:
        return self._narrowed(owner="owner", team="team", batch="batch")

    def _narrowed(self, *, owner: str, team: str, batch: str) -> Q:
        condition = Q()
        if self.left_out is not None:
            condition &= ~Q(**{f"{batch}_id": self.left_out})
        if self.person is not None:
            condition &= Q(**{f"{owner}_id": self.person.pk})
        if self.teams is not None:
            condition &= Q(**{f"{team}_id__in": sorted(self.teams)})
        return condition


def team_with_all_below(team: Team) -> frozenset[int]:
    """The ids of a team and of every team below it."""
    return frozenset(subtrees(dict(Team.objects.values_list("pk", "parent_id")))[team.pk])
