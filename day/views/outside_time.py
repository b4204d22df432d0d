"""Time outside of the process: service, delivery, internal; shown to the person alone."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.presenters.viewer import Viewer
from day.commands import outside_time as commands
from day.forms.outside_time import OutsideTimeForm
from day.presenters.leads import duration
from day.queries import outside_time as queries
from pipeline.requests import HtmxRequest
from salesprocess.lib.attempt import attempt, status_of
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_http_methods(["GET", "POST"])
def page(request: HtmxRequest) -> HttpResponse:
    viewer = Viewer(request.user, at=timezone.now())
    form = OutsideTimeForm(request.POST if request.method == "POST" else None, auto_id="outside-%s")

    def run() -> None:
        said = form.command_arguments(today=viewer.today)
        commands.log(**said, by=request.user, at=viewer.at)

    if attempt(form, run):
        messages.success(request, _("Logged."))
        return redirect("day:outside")
    found = queries.share(request.user, today=viewer.today)
    rows = queries.latest(request.user)
    context = {
        "form": form,
        "percent": found.percent,
        "spent": duration(found.minutes),
        "entries": [
            (row.pk, viewer.date(row.on), row.get_kind_display(), duration(row.minutes), row.words)
            for row in rows
        ],
    }
    return render(request, page="day/outside/page.html", context=context, status=status_of(form))


@require_POST
def remove(request: HtmxRequest, pk: int) -> HttpResponse:
    entry = found_or_404(queries.to_change, request.user, pk)
    commands.remove(entry, by=request.user)
    return redirect("day:outside")
