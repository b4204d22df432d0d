"""Where a change above meets a difference of a team: the team decides (ARCHITECTURE 4)."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline.models import Choice
from pipeline.process import commands
from pipeline.process.queries import collisions as queries
from pipeline.process.queries.collisions import ORDERING
from pipeline.requests import HtmxRequest
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render
from salesprocess.lib.keyset import Cursor
from salesprocess.lib.refused import Refused


@require_GET
def inbox(request: HtmxRequest) -> HttpResponse:
    """What waits for those who own a team's process: was, now, theirs."""
    return _page(request, request.GET)


def _page(
    request: HtmxRequest, asked: QueryDict, *, problem: tuple[int, str] | None = None
) -> HttpResponse:
    after, before = (_cursor(asked, name) for name in ("after", "before"))
    found = queries.undecided_collisions(request.user, after=after, before=before)
    if (after or before) and not found.rows:
        # All that stood there is decided.
        found, after, before = queries.undecided_collisions(request.user), None, None
    context = {
        "inbox": found,
        "after": after,
        "before": before,
        "zone": request.user.zone,
        "today": timezone.now().astimezone(request.user.zone).date(),
        "problem": problem,
    }
    page = "pipeline/process/collisions.html"
    return render(request, page=page, context=context, status=422 if problem else 200)


@require_POST
def decide(request: HtmxRequest, pk: int) -> HttpResponse:
    """Keep ours, or take theirs."""
    collision = found_or_404(queries.to_decide, request.user, pk)
    back = _address(request.POST)  # or nothing is decided
    choice = Choice.TAKE if request.POST.get("choice") == Choice.TAKE else Choice.KEEP
    try:
        commands.decide_collision(collision, choice=choice, by=request.user, at=timezone.now())
    except Refused as refused:
        return _page(request, request.POST, problem=(collision.pk, refused.message))
    words = {
        Choice.KEEP: _("%(team)s keeps its own."),
        Choice.TAKE: _(
            "What is above goes into the draft of %(team)s; publish it to put it in force."
        ),
    }
    messages.success(request, words[choice] % {"team": collision.layer.team})
    return HttpResponseRedirect(back)


def _address(asked: QueryDict) -> str:
    """Back to the page of the list on which it was decided."""
    said = {name: asked[name] for name in ("after", "before") if _cursor(asked, name)}
    path = reverse("pipeline:collisions")
    return f"{path}?{urlencode(said)}" if said else path


def _cursor(asked: QueryDict, name: str) -> Cursor | None:
    text = asked.get(name, "")
    try:
        return Cursor.parse(text, ORDERING.sort_key) if text else None
    except ValueError as error:
        raise BadRequest("no place of a list") from error
