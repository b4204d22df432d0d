"""Where a change above meets a difference of a team: the team decides (ARCHITECTURE 4)."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline.commands import process as commands
from pipeline.models import Choice, Collision
from pipeline.moves import Refused
from pipeline.queries import process_page as queries
from salesprocess.htmx import HtmxRequest, render


@require_GET
def inbox(request: HtmxRequest) -> HttpResponse:
    """What waits for those who own a team's process: was, now, ours."""
    context = {
        "collisions": queries.undecided(request.user),
        "zone": request.user.zone,
        "today": timezone.now().astimezone(request.user.zone).date(),
        "problem": None,
    }
    return render(request, page="pipeline/process/collisions.html", context=context)


@require_GET
def count(request: HtmxRequest) -> HttpResponse:
    """The number beside the entry in the rail; nothing where nothing waits."""
    context = {"count": queries.undecided_count(request.user)}
    return render(request, page="pipeline/process/_count.html", context=context)


@require_POST
def decide(request: HtmxRequest, pk: int) -> HttpResponse:
    """Keep ours, or take theirs."""
    collision = get_object_or_404(Collision.objects.editable_by(request.user), pk=pk)
    choice = Choice.TAKE if request.POST.get("choice") == Choice.TAKE else Choice.KEEP
    try:
        commands.decide_collision(collision, choice=choice, by=request.user, at=timezone.now())
    except Refused as refused:
        return _refused(request, collision, refused)
    words = {
        Choice.KEEP: _("Yours is kept."),
        Choice.TAKE: _("Theirs is taken into the draft; publish it to put it in force."),
    }
    messages.success(request, words[choice])
    return HttpResponseRedirect(reverse("pipeline:collisions"))


def _refused(request: HtmxRequest, collision: Collision, refused: Refused) -> HttpResponse:
    context: dict[str, Any] = {
        "collisions": queries.undecided(request.user),
        "zone": request.user.zone,
        "today": timezone.now().astimezone(request.user.zone).date(),
        "problem": (collision.pk, refused.message),
    }
    page = "pipeline/process/collisions.html"
    return render(request, page=page, context=context, status=422)
