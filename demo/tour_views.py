"""The tour through the seven stages: its page, its beginning and its end."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from demo import tour
from demo.tour_steps import DONE, tour_steps
from pipeline.requests import HtmxRequest
from salesprocess.lib.htmx import render


@require_GET
def page(request: HtmxRequest) -> HttpResponse:
    deal = tour.tour_of(request.user)
    steps = tour_steps(deal)
    context = {
        "deal": deal,
        "steps": steps,
        "done": sum(step.state == DONE for step in steps),
    }
    return render(request, page="demo/tour.html", context=context)


@require_POST
def begin(request: HtmxRequest) -> HttpResponse:
    """Begin it, or go on with it."""
    tour.begin(by=request.user, at=timezone.now())
    return redirect("demo:tour")


@require_POST
def end(request: HtmxRequest) -> HttpResponse:
    tour.take_away(of=request.user, at=timezone.now())
    messages.success(request, _("The tour is gone, with all that you did on it."))
    return redirect("demo:tour")
