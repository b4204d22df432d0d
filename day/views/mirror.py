"""The own week beside the own past: asked for by itself, so that the day need not wait for it."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from crm.presenters.viewer import Viewer
from crm.queries.process_notes import waiting_count
from day.presenters.mirror import (
    NewsOfTeam,
    news_of_team,
    reasons_words,
    team_lines,
    true_words,
    week_bars,
)
from day.queries import own
from day.queries.done import week_of
from day.queries.repair import team_load
from day.queries.team_news import gone_past, since_last_working_day, team_news
from day.queries.true_record import kept_of
from pipeline.requests import HtmxRequest
from salesprocess.lib.htmx import render


@require_GET
def mirror(request: HtmxRequest) -> HttpResponse:
    viewer = Viewer(request.user, at=timezone.now())
    week = week_of(request.user, at=viewer.at)
    # Whoever leads and does not sell has no week of selling to look at.
    is_idle = request.user.is_manager and not any(one.now or one.usual for one in week)
    context: dict[str, Any] = {
        "week": [] if is_idle else week_bars(week),
        "kept": true_words(*kept_of(request.user, today=viewer.today)),
        "not_today": reasons_words(own.why_not_today(request.user, at=viewer.at)),
        "team": team_lines(team_load(request.user, at=viewer.at)),
        "news": _news(viewer) if request.user.is_manager else None,
    }
    return render(request, page="day/mirror.html", fragment="day/_mirror.html", context=context)


def _news(viewer: Viewer) -> NewsOfTeam:
    """What whoever leads looks for in the morning. Five queries at most."""
    user = viewer.user
    since = since_last_working_day(user, at=viewer.at)
    return news_of_team(
        viewer,
        since,
        team_news(user, since=since),
        gone_past(user, since=since),
        waiting=waiting_count(user),
    )
