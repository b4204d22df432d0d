"""Which entries of METRICS are computed is said there, and what for, and true."""

import re
from html import unescape
from pathlib import Path

from django.conf import settings
from django.test import Client

from reports import metrics  # noqa: F401  # registers them all
from reports.figures import Goal
from reports.metric import METRICS
from tests.conftest import Cast


def test_the_marked_entries_are_those_that_are_computed() -> None:
    text = Path(settings.BASE_DIR, "docs/METRICS.md").read_text()
    marked = set(re.findall(r"\*\*● (K\d+)\b", text))
    assert marked == {metric.definition.key for metric in METRICS.values()}


def test_d20_every_figure_names_its_goal_and_every_goal_has_figures() -> None:
    """Goals first: what answers none of them is no figure."""
    without = [slug for slug, metric in METRICS.items() if metric.definition.goal not in Goal]
    assert without == []
    served: dict[str, set[str]] = {str(goal.label): set() for goal in Goal}
    for metric in METRICS.values():
        served[str(metric.definition.goal.label)].add(metric.definition.key)
    text = Path(settings.BASE_DIR, "docs/METRICS.md").read_text()
    told = {
        goal: set(re.findall(r"K\d+", keys))
        for goal, keys in re.findall(r"^- \*(.+\?)\* (K.+)$", text, re.MULTILINE)
    }
    assert told == served


def test_d20_definitions_stand_under_their_goals_and_figures_say_theirs(
    client: Client, cast: Cast
) -> None:
    client.force_login(cast.mona)
    page = unescape(client.get("/reports/definitions/").content.decode())
    titles = re.findall(r'<h2 id="panel-goal-\w+-title">([^<]+)</h2>', page)
    assert titles == [goal.label for goal in Goal]
    effective = page.partition('id="panel-goal-effective"')[2].partition("</section>")[0]
    assert 'id="activities"' in effective
    wins = unescape(client.get("/reports/wins/").content.decode())
    assert f"Answers: {Goal.BEST.label}" in wins
