from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline.models import OutboxRow, Role
from pipeline.outbox import commands, queries
from pipeline.requests import HtmxRequest
from salesprocess.lib.htmx import render
from salesprocess.lib.refused import Refused


@require_GET
def outbox(request: HtmxRequest) -> HttpResponse:
    """What was given up after its last attempt; for admins."""
    if request.user.role != Role.ADMIN:
        raise Http404
    context = {
        "rows": queries.dead(request.user),
        "waiting": OutboxRow.objects.visible_to(request.user).waiting().count(),
    }
    return render(request, page="pipeline/outbox/page.html", context=context)


@require_POST
def retry(request: HtmxRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(OutboxRow.objects.editable_by(request.user), pk=pk)
    try:
        commands.retry(row, by=request.user, at=timezone.now())
    except Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("It is being tried again."))
    return redirect("pipeline:outbox")
