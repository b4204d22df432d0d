"""The rules of pools as their page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch

from crm.models import LeadRule, LeadTaker
from pipeline.models import Team, User


@dataclass(frozen=True, kw_only=True)
class TeamRules:
    """A team with the rules of its pool, in the order in which they are asked."""

    team: Team
    rules: Sequence[LeadRule]
    may_edit: bool


def teams(user: User) -> list[TeamRules]:
    """The teams whose pool is in one's reach, each with its rules. Three queries."""
    scope = user.scope
    teams = Team.objects.visible_to(user)
    if not scope.everything:
        teams = teams.filter(pk__in=sorted(scope.pool_team_ids | scope.managed_team_ids))
    takers = LeadTaker.objects.select_related("person").order_by("person__name", "pk")
    rules = (
        LeadRule.objects.visible_to(user)
        .select_related("source")
        .prefetch_related(Prefetch("takers", queryset=takers))
        .order_by("position", "pk")
    )
    found: dict[int, list[LeadRule]] = {}
    for rule in rules:
        found.setdefault(rule.team_id, []).append(rule)
    return [
        TeamRules(
            team=team,
            rules=found.get(team.pk, ()),
            may_edit=scope.everything or team.pk in scope.managed_team_ids,
        )
        for team in teams.order_by("name", "pk")
    ]


def to_change(user: User, pk: int) -> LeadRule:
    """Raises LeadRule.DoesNotExist."""
    return LeadRule.objects.editable_by(user).select_related("team").get(pk=pk)


def team_led(user: User, pk: int) -> Team:
    """Raises Team.DoesNotExist."""
    return Team.objects.editable_by(user).get(pk=pk)
