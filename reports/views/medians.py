"""The usual days in each stage, for the heads of the board's columns."""

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from pipeline.requests import HtmxRequest
from reports.forms import QuestionForm
from reports.presenters.stage_time import stage_times
from salesprocess.lib.htmx import render


@require_GET
def medians(request: HtmxRequest) -> HttpResponse:
    """What half of the visits of the last 90 days took, stage by stage.

    The board knows filters that no report does ("No owner"): then its columns keep their norms.
    """
    reader = request.user
    today = timezone.localdate(timezone=reader.organisation.zone)
    form = QuestionForm(request.GET, reader=reader, today=today)
    return render(
        request,
        page="reports/medians.html",
        context={"stages": stage_times(form.question()), "told": form.is_valid()},
    )
