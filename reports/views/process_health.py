"""Whether the process is what METHOD asks for, with the figures that are really made of it."""

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from pipeline.process.queries.health import measure
from pipeline.process.queries.page import LayerPage, NoSuchTeam, Of
from pipeline.requests import HtmxRequest
from reports.metrics import figures_of_stages
from salesprocess.lib.htmx import render


@require_GET
def process_health(request: HtmxRequest, of: Of) -> HttpResponse:
    """The three measures of a level; fills a place on its page."""
    try:
        look = LayerPage(request.user, of)
    except NoSuchTeam as missing:
        raise Http404 from missing
    return render(
        request,
        page="reports/process_health.html",
        fragment="pipeline/process/_health.html",
        context={"look": look, "health": measure(look, figures=figures_of_stages())},
    )
