from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline.models import Role
from pipeline.outbox import commands, queries
from pipeline.requests import HtmxRequest
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render
from salesprocess.lib.refused import Refused


@require_GET
def outbox(request: HtmxRequest) -> HttpResponse:
    """What was given up after its last attempt; for admins."""
    if request.user.role != Role.ADMIN:
        raise Http404
    context = {
        "rows": queries.dead(request.user),
        "waiting": queries.waiting_count(request.user),
    }
    return render(request, page="pipeline/outbox/page.html", context=context)


@require_POST
def retry(request: HtmxRequest, pk: int) -> HttpResponse:
    row = found_or_404(queries.to_retry, request.user, pk)
    try:
        commands.retry(row, by=request.user, at=timezone.now())
    except Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("It is being tried again."))
    return redirect("pipeline:outbox")
