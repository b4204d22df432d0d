"""Whose records a person may see: one pure value, from which every list, count and form starts;
and by which process everybody works just then (`ProcessNow`), as the same query says it.

The scope holds ids, because PostgreSQL plans `owner_id IN (1, 2, 3)` far better than a subquery (a
search over a million deals: 113 times faster). Both are built by one query
(`User.scope`, `User.process_now`) and live as long as the request's user does; they are never
cached across requests.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.functional import cached_property

from salesprocess.lib.prepared import Param

# In an address: whoever reads it, so that each reader of a shared one sees his or her own.
ME = "me"
# So many people are still much the same as ten, for a plan.
WIDE = 50

_TEAMS_ABOVE = """
    WITH RECURSIVE above AS (
        SELECT id, parent_id FROM pipeline_team
        WHERE id = (SELECT team_id FROM pipeline_user WHERE id = %s)
        UNION
        SELECT team.id, team.parent_id FROM pipeline_team team JOIN above ON team.id = above.parent_id
    )
    SELECT id FROM above
"""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The reach of one person.

    `everything` is for admins. `owner_ids` are the people whose records are visible,
    `assignable_ids` those to whom a record may be handed over (team mates as well),
    `pool_team_ids` the teams whose unowned records are visible, `managed_team_ids` the teams that
    the person leads, directly or further up the tree.

    `sample_id` is the batch of the sample data that the organisation has, `tour_id` that of what
    people try out on the tour; the records of both say so.
    Whoever left (`is_active` is false) sees nothing.
    """

    user_id: int
    is_active: bool = True
    everything: bool = False
    owner_ids: frozenset[int] = frozenset()
    assignable_ids: frozenset[int] = frozenset()
    pool_team_ids: frozenset[int] = frozenset()
    managed_team_ids: frozenset[int] = frozenset()
    sample_id: int | None = None
    tour_id: int | None = None

    def owned_filter(
        self, *, owner: str = "owner", team: str | None = "team", prefix: str = ""
    ) -> Q:
        """A condition for records with an owner and, if `team` is given, a team's pool.

        `prefix` is a path to the record that carries them, such as `deal__`.
        """
        if self.everything:
            # Not an empty Q(): that vanishes when it is or-ed with another condition.
            return ~Q(pk__in=[])
        condition = Q(**{f"{prefix}{owner}_id__any_of": self.owner_ids})
        if team is not None and self.pool_team_ids:
            condition |= Q(
                **{
                    f"{prefix}{owner}_id__isnull": True,
                    f"{prefix}{team}_id__any_of": self.pool_team_ids,
                }
            )
        return condition

    def shared_filter(self) -> Q:
        """A condition for what has an `owner` and may be shared with a `team`: one's own; what is
        shared with one's team, or one above it; for a manager what is shared with a team below."""
        if self.everything:
            return ~Q(pk__in=[])
        return (
            Q(owner_id=self.user_id)
            | Q(team_id__in=RawSQL(_TEAMS_ABOVE, [self.user_id]))  # noqa: S611  # a constant
            | Q(team_id__any_of=self.managed_team_ids)
        )

    @property
    def scope(self) -> "Scope":
        """Itself, so that `visible_to` takes a person or a scope."""
        return self

    @property
    def shape(self) -> "Scope":
        """The same reach with a `Param` for each id: what prepared statements are written for.

        Who sees only the own records has a shape of its own: a plan for all counts on ten ids in a
        list, and for one it would rather walk through everybody's records (measured with 2,000
        people: 65 times slower).
        """
        if not self.is_active:
            return _NOTHING
        if self.everything:
            return _EVERYTHING
        return _ALONE if self.owner_ids == {self.user_id} else _SEVERAL

    def union(self, rows: "Callable[[Scope], QuerySet[Any, Any]]") -> "QuerySet[Any, Any]":
        """All the `rows` that somebody owns or that lie in a pool within it: each of the two is found
        by an index alone, while both at once must be looked at row by row."""
        if self.everything:
            return rows(self)
        owned, pooled = (
            replace(self, pool_team_ids=frozenset()),
            replace(self, owner_ids=frozenset()),
        )
        return rows(owned).union(rows(pooled), all=True)

    @property
    def is_wide(self) -> bool:
        """Whether a list within it needs a plan of its own: far more people than the ten that a
        plan for all counts on (measured with 1,000 of 2,000 people: up to 258 times slower)."""
        return len(self.owner_ids) > WIDE

    @cached_property
    def params(self) -> Mapping[str, Any]:
        """What the params of the shape stand for, by their names."""
        lists = {name: _array(getattr(self, name)) for name in _LISTS}
        return {name: getattr(self, name) for name in _IDS} | lists

    def is_sample(self, batch_id: int | None) -> bool:
        """Whether a record that came in with this batch is one of the sample data, or of a tour."""
        return batch_id is not None and batch_id in (self.sample_id, self.tour_id)

    def may_assign_to(self, user_id: int) -> bool:
        return self.everything or user_id in self.assignable_ids


class HasScope(Protocol):
    """Who reads: a person, or nothing of him or her but the scope."""

    @property
    def is_active(self) -> bool: ...

    @property
    def scope(self) -> Scope: ...


def _array(ids: Iterable[int]) -> str:
    """As PostgreSQL reads it: the type of a list would depend on the largest number in it."""
    return f"{{{','.join(map(str, sorted(ids)))}}}"


def _shape(**what: Any) -> Scope:
    ids: Any = {name: Param(name, BigIntegerField()) for name in _IDS}
    lists: Any = {name: Param(name, ArrayField(BigIntegerField())) for name in _LISTS}
    return Scope(**ids, **lists, **what)


_IDS = ("user_id", "sample_id", "tour_id")
_LISTS = ("owner_ids", "assignable_ids", "pool_team_ids", "managed_team_ids")
_NOTHING, _SEVERAL, _EVERYTHING = _shape(is_active=False), _shape(), _shape(everything=True)
_ALONE = replace(_SEVERAL, owner_ids=cast(Any, _SEVERAL.user_id))


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


def subtrees(parents: Mapping[int, int | None]) -> dict[int, list[int]]:
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
