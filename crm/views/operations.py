"""For who runs this installation: whether all of it works, and what went wrong."""

import datetime as dt

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from crm.presenters.operations import incident_lines, part_lines, version_words
from crm.views.settings import admins_only, settings_page
from pipeline.operations import queries
from pipeline.outbox import queries as outbox_queries
from pipeline.requests import HtmxRequest

# Days of incidents shown, today included.
SHOWN_DAYS = 7


@require_GET
@admins_only
def operations(request: HtmxRequest) -> HttpResponse:
    at = timezone.now()
    found = queries.installation(at=at)
    since = at.date() - dt.timedelta(days=SHOWN_DAYS - 1)
    context = {
        "versions": version_words(found),
        "parts": part_lines(found, queries.processes(request.user), request.user),
        "incidents": incident_lines(queries.incidents(request.user, since=since), request.user),
        "failed": outbox_queries.dead(request.user)[:5],
        "failed_count": found.outbox_dead,
        "days": SHOWN_DAYS,
    }
    return settings_page(request, "operations", "crm/settings/operations.html", context)
