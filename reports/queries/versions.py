"""Which versions of the process deals moved under."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count, Min, OuterRef, Subquery

from pipeline.models import Version
from reports.axes import versions_of
from reports.flow_populations import FORWARD
from reports.populations import EXITS
from reports.question import Question


def latest_two(question: Question, *, enough: int) -> Mapping[int, tuple[str, str]]:
    """The version before and the newest one of each team under both of which so many visits ended
    forwards in the period, by the id of the team. One query."""
    rows = (
        EXITS.find(question)
        .filter(FORWARD)
        .exclude(playbook="")
        .order_by()
        .values_list("entry_team", "playbook")
        .annotate(first=Min("entered_at"), n=Count("pk"))
        .order_by("first")
    )
    found: dict[int, list[str]] = {}
    for team, playbook, _first, n in rows:
        if n >= enough:
            found.setdefault(team, []).append(playbook)
    return {team: (books[-2], books[-1]) for team, books in found.items() if len(books) > 1}


@dataclass(frozen=True, kw_only=True)
class LayerVersion:
    """A version of one team's part of the process, or of the organisation's, with the playbooks of
    which it was part. `since` is when it was published, `note` what was said of it; `before` is the id of
    the version of the same layer that came before, None of the first one, and `above` are the ids of what was in force above it."""

    id: int
    layer: int
    team: int
    since: dt.datetime
    number: int
    name: str
    note: str
    before: int | None
    above: tuple[int, ...]
    playbooks: frozenset[str]

    @property
    def changes_something(self) -> bool:
        """What was shipped changed nothing."""
        return self.before is not None or bool(self.above)


def layer_versions(question: Question, playbooks: Collection[str]) -> list[LayerVersion]:
    """The versions of which some playbooks were made, the first of each layer first. Two queries, one
    where their ids are known."""
    made_of = versions_of(question, playbooks)
    # What they say is large, and seldom asked for.
    versions = Version.objects.filter(pk__in={pk for ids in made_of.values() for pk in ids}).defer(
        "content"
    )
    former = Version.objects.filter(layer=OuterRef("layer"), number=OuterRef("number") - 1)
    rows = versions.select_related("layer__team").annotate(before=Subquery(former.values("pk")[:1]))
    above = {pk: tuple(ids[:place]) for ids in made_of.values() for place, pk in enumerate(ids)}
    return [
        LayerVersion(
            id=each.pk,
            layer=each.layer_id,
            team=each.layer.team_id or 0,
            since=each.published_at,
            number=each.number,
            name=f"{each.layer.team} {each.number}",
            note=each.note,
            before=each.before,
            above=above[each.pk],
            playbooks=frozenset(key for key, ids in made_of.items() if each.pk in ids),
        )
        for each in rows.order_by("layer", "number")
    ]
