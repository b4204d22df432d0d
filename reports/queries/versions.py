"""Which versions of the process deals moved under."""

from collections.abc import Mapping

from django.db.models import Count, Min

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
