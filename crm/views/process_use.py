"""How the steps of a stage are used, and the process as one deal has it."""

from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from crm.queries import process as queries
from crm.queries.deal import latest_visit, visible
from crm.queries.deal_process import versions_of_visit
from pipeline.process.queries import in_force
from pipeline.process.queries import step_history as step_histories
from pipeline.process.queries.page import LayerPage, NoSuchTeam, Of
from pipeline.process.stages import Stage
from pipeline.requests import HtmxRequest
from salesprocess.lib.found import found_or_404
from salesprocess.lib.htmx import render


@require_GET
def use(request: HtmxRequest) -> HttpResponse:
    """For the table of a level: fills the place beside each step. As a page it is a table itself."""
    look = _look(request)
    number = request.GET.get("stage", "")
    stage = Stage(int(number)) if number in {"1", "2", "3", "4", "5", "6", "7"} else Stage(1)
    teams = look.tree.below(look.team_id)
    steps = [line.step for line in look.lines[stage]]
    asked_on = step_histories.asked_on(look, stage, steps)
    used, n = queries.step_use(
        request.user, steps, stage=stage, teams=teams, at=timezone.now(), asked_on=asked_on
    )
    context = {
        "look": look,
        "stage": stage,
        "steps": steps,
        "used": used,
        "n": n,
        "floor": queries.MIN_DEALS,
        "worded": step_histories.step_history(look, stage),
        "zone": request.user.zone,
        "today": timezone.now().astimezone(request.user.zone).date(),
    }
    return render(
        request, page="crm/process/use.html", fragment="crm/process/_use.html", context=context
    )


def _look(request: HtmxRequest) -> LayerPage:
    text = request.GET.get("of", "")
    of: Of | None = "mine" if text == "mine" else None
    if text.isascii() and text.isdigit() and len(text) < 19:
        of = int(text)
    try:
        return LayerPage(request.user, of)
    except NoSuchTeam as missing:
        raise Http404 from missing


# So many to choose from; any other deal has the same link on its own page.
MOST_DEALS = 20


@require_GET
def deals(request: HtmxRequest) -> HttpResponse:
    """The deals in sight that were changed last, to preview the process as one of them has it."""
    context = {"deals": queries.open_deals(request.user, most=MOST_DEALS)}
    return render(
        request, page="crm/process/deals.html", fragment="crm/process/_deals.html", context=context
    )


@require_GET
def preview(request: HtmxRequest, pk: int) -> HttpResponse:
    """Exactly what a deal asks of its reader: the versions of its open visit, and one's own layer."""
    deal = found_or_404(visible, request.user, pk)
    book = in_force.for_person(versions_of_visit(deal, latest_visit(deal)), request.user.pk)
    context: dict[str, Any] = {
        "deal": deal,
        "book": book,
        "stages": list(Stage),
        "current": Stage(deal.stage),
        "kept": deal.kept_version_ids is not None,
        "sources": [source for source in book.sources if source.number],
    }
    return render(request, page="crm/process/deal.html", context=context)
