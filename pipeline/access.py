"""Whose records a person may see: one pure value, from which every list, count and form starts;
and by which process everybody works just then (`ProcessNow`), as the same query says it.

The scope holds literal ids, because PostgreSQL plans `owner_id IN (1, 2, 3)` far better than a
subquery (a search over a million deals: 113 times faster). Both are built by one query
(`User.scope`, `User.process_now`) and live as long as the request's user does; they are never
cached across requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q

# In an address: whoever reads it, so that each reader of a shared one sees his or her own.
ME = "me"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The reach of one person.

    `everything` is for admins. `owner_ids` are the people whose records are visible,
    `assignable_ids` those to whom a record may be handed over (team mates as well),
    `pool_team_ids` the teams whose unowned records are visible, `managed_team_ids` the teams that
    the person leads, directly or further up the tree.

    `sample_id` is the batch of the sample data that the organisation has; its records say so.
    """

    user_id: int
    everything: bool = False
    owner_ids: frozenset[int] = frozenset()
    assignable_ids: frozenset[int] = frozenset()
    pool_team_ids: frozenset[int] = frozenset()
    managed_team_ids: frozenset[int] = frozenset()
    sample_id: int | None = None

    def owned(self, *, owner: str = "owner", team: str | None = "team", prefix: str = "") -> Q:
        """A condition for records with an owner and, if `team` is given, a team's pool.

        `prefix` is a path to the record that carries them, such as `deal__`.
        """
        if self.everything:
            # Not an empty Q(): that vanishes when it is or-ed with another condition.
            return ~Q(pk__in=[])
        condition = Q(**{f"{prefix}{owner}_id__in": sorted(self.owner_ids)})
        if team is not None and self.pool_team_ids:
            condition |= Q(
                **{
                    f"{prefix}{owner}_id__isnull": True,
                    f"{prefix}{team}_id__in": sorted(self.pool_team_ids),
                }
            )
        return condition

    def is_sample(self, batch_id: int | None) -> bool:
        """Whether a record that came in with this batch is one of the sample data."""
        return batch_id is not None and batch_id == self.sample_id

    def may_assign_to(self, user_id: int) -> bool:
        return self.everything or user_id in self.assignable_ids


@dataclass(frozen=True, kw_only=True)
class ProcessNow:
    """Which published versions each team works by at this moment, for one reader.

    `teams` has each team's parent (None for the organisation) and the version of its layer that is
    in force (None without one), by id. `team_id` is the reader's team, and `own_names` what he or
    she calls some of the stages, by the number of the stage.
    """

    team_id: int | None
    teams: Mapping[int, tuple[int | None, int | None]]
    own_names: Mapping[int, str]

    def versions(self, team_id: int | None) -> tuple[int, ...]:
        """What a team works by, from the framework down; without a team, the framework alone."""
        if team_id not in self.teams:
            team_id = next((pk for pk, (above, _own) in self.teams.items() if above is None), None)
        found: list[int] = []
        while team_id is not None:
            team_id, version = self.teams[team_id]
            if version is not None:
                found.append(version)
        return tuple(reversed(found))


def all_below(parents: Mapping[int, int | None]) -> dict[int, list[int]]:
    """Each team with all the teams under it, itself first, from the root down.

    `parents` has every team's parent (None for the root) by id; teams beside each other keep the
    order in which they come.
    """
    children: dict[int | None, list[int]] = {}
    for pk, parent in parents.items():
        children.setdefault(parent, []).append(pk)
    found: dict[int, list[int]] = {}

    def walk(pk: int) -> list[int]:
        found[pk] = [pk]
        for child in children.get(pk, ()):
            found[pk] += walk(child)
        return found[pk]

    for root in children.get(None, ()):
        walk(root)
    return found
